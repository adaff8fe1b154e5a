"""Cross-entropy per position, in nats, and its gradient."""

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn.functional import one_hot

from lossviz import guards
from lossviz.labels import IGNORE_INDEX
from lossviz.losses.logits import log_sum_exp
from lossviz.losses.logits import softcap as capped
from lossviz.losses.precision import full_precision


def cross_entropy(
    logits: Float[Tensor, "*batch V"],
    targets: Int[Tensor, "*batch"],
    *,
    label_smoothing: float = 0.0,
    smoothing_over: str = "all",
    z_loss: float = 0.0,
    softcap: float | None = None,
    ignore_index: int = IGNORE_INDEX,
) -> Float[Tensor, "*batch"]:
    """The surprise at each target, in nats, one number per position: nothing is averaged here.

    ℓ = log Z − z_y = −log p_y with p = softmax(z); z_loss adds z_loss · log² Z; softcap bounds the logits first.
    label_smoothing ε gives away ε/V on every class (smoothing_over="all", PyTorch's) or ε/(V − 1) on the "others";
    over a logit of −inf that costs +inf.
    Bishop 2006, Eq. 4.108; smoothing: Szegedy et al. 2016, §7; z-loss: Chowdhery et al. 2022, §5.
    Ignored positions have loss and gradient exactly 0, even where their logits are NaN.
    """
    guards.one_of("smoothing_over", smoothing_over, ("all", "others"))
    targets = guards.targets(targets, guards.logits(logits), ignore_index)
    scored = targets != ignore_index
    y = targets.where(scored, 0)
    z = full_precision(logits).where(scored[..., None], 0)
    z = z if softcap is None else capped(z, softcap)
    log_p = z.log_softmax(-1)
    losses = -log_p.gather(-1, y[..., None])[..., 0]
    losses = smoothed(log_p, y, label_smoothing, over=smoothing_over) if label_smoothing else losses
    if z_loss:
        losses = losses + guards.at_least("z_loss", z_loss, 0) * log_sum_exp(z) ** 2
    return losses.where(scored, 0)


def smoothed(
    log_p: Float[Tensor, "*batch V"], targets: Int[Tensor, "*batch"], label_smoothing: float, *, over: str
) -> Float[Tensor, "*batch"]:
    """Cross-entropy against a target that gives away the share ε: −Σⱼ qⱼ log pⱼ, in nats.

    q = (1 − ε) y + ε/V on every class (over="all": PyTorch), or (1 − ε) y + ε/(V − 1) on the others.
    Szegedy et al. 2016, §7. T5X subtracts the entropy of q; here that entropy is the minimum.
    """
    V = guards.classes_to_share(log_p, over)
    epsilon = guards.rate("label_smoothing", label_smoothing)
    y = one_hot(targets, V).to(log_p)
    spread = torch.full_like(y, 1 / V) if over == "all" else (1 - y) / (V - 1)
    q = (1 - epsilon) * y + epsilon * spread
    return torch.where(q > 0, -q * log_p, 0).sum(-1)


def cross_entropy_grad(
    logits: Float[Tensor, "*batch V"], targets: Int[Tensor, "*batch"], *, ignore_index: int = IGNORE_INDEX
) -> Float[Tensor, "*batch V"]:
    """The gradient of each position's cross-entropy by its own logits: ∂ℓ/∂z = p − y, unscaled.

    p = softmax(z), y one-hot. Bishop 2006, Eq. 4.109. Each row sums to 0 and no entry leaves [−1, 1].
    What backward() leaves is this divided by what the mean was divided by.
    """
    targets = guards.targets(targets, guards.logits(logits), ignore_index)
    scored = targets != ignore_index
    p = full_precision(logits).where(scored[..., None], 0).softmax(-1)
    y = one_hot(targets.where(scored, 0), logits.shape[-1])
    return (p - y).where(scored[..., None], 0)
