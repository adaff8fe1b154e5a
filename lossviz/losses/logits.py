"""What happens to logits before they are a loss."""

from jaxtyping import Float
from torch import Tensor

from lossviz import guards
from lossviz.losses.precision import full_precision


def log_sum_exp(logits: Float[Tensor, "*batch V"]) -> Float[Tensor, "*batch"]:
    """log Z, the logarithm of the softmax's denominator: m + log Σⱼ exp(zⱼ − m), m the largest logit.

    The largest term becomes 1, so no exponential overflows and the sum lies between 1 and V: too much for float16,
    which ends at 65,504. Half precision is computed and comes back as float32.
    Blanchard, Higham & Higham 2021, §1.
    """
    z = full_precision(guards.logits(logits))
    m = z.detach().amax(-1, keepdim=True)
    m = m.where(m.isfinite(), 0)  # no shift helps a row of -inf alone, or one with +inf
    return (z - m).exp().sum(-1).log() + m[..., 0]


def softcap(x: Float[Tensor, "*shape"], cap: float) -> Float[Tensor, "*shape"]:
    """Squeeze x smoothly into (−cap, cap): cap · tanh(x / cap), nearly x where |x| ≪ cap.

    Gemma Team 2024 (Gemma 2), §2, with cap 30 for logits and 50 for attention. Half precision comes back as float32.
    """
    cap = guards.positive("cap", cap)
    return cap * (full_precision(guards.scores("x", x)) / cap).tanh()
