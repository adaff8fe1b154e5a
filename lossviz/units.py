"""What a loss is counted in: per token, per byte, per word; and the windows that score a long text."""

from collections.abc import Sequence
from math import log
from typing import overload

import torch
from torch import Tensor

from lossviz import guards
from lossviz.losses.precision import full_precision


@overload
def perplexity(nll_sum: float, count: float | Tensor) -> float: ...
@overload
def perplexity(nll_sum: Tensor, count: float | Tensor) -> Tensor: ...
def perplexity(nll_sum: float | Tensor, count: float | Tensor) -> float | Tensor:
    """Among how many equally likely tokens the model hesitates: exp(nll_sum / count), nll_sum in nats.

    Jelinek et al. 1977. 1 is certainty, V is a uniform guess, and there is no upper bound. Comparable only between
    models of one tokenizer; bits_per_byte is comparable across them.
    """
    return _exp(_per(nll_sum, guards.positive("count", count)))


@overload
def bits_per_byte(nll_sum: float, n_bytes: float | Tensor) -> float: ...
@overload
def bits_per_byte(nll_sum: Tensor, n_bytes: float | Tensor) -> Tensor: ...
def bits_per_byte(nll_sum: float | Tensor, n_bytes: float | Tensor) -> float | Tensor:
    """Bits the model needs per byte of text: nll_sum / (n_bytes · ln 2), nll_sum in nats.

    n_bytes counts the UTF-8 bytes of the original text, len(text.encode()), whatever the tokenizer made of it.
    Gao et al. 2020 (The Pile), §3.1.
    """
    return _per(nll_sum, guards.positive("n_bytes", n_bytes) * log(2))


@overload
def word_perplexity(nll_sum: float, text: str) -> float: ...
@overload
def word_perplexity(nll_sum: Tensor, text: str) -> Tensor: ...
def word_perplexity(nll_sum: float | Tensor, text: str) -> float | Tensor:
    """Perplexity per word, whatever the tokens: exp(nll_sum / number of words), words as text.split() finds them.

    lm-evaluation-harness counts the pieces of re.split(r"\\s+", text) instead, where blanks at either end of the text
    add a word each, and pools all documents: the sum of all nll over the number of all words.
    """
    if not text.split():
        guards.refuse("text has at least one word", repr(text), "Leave empty texts out.")
    return perplexity(nll_sum, len(text.split()))


def rolling_windows(
    tokens: Sequence[int], *, prefix_token: int, max_length: int, context_length: int = 1
) -> list[tuple[list[int], list[int]]]:
    """Windows that score a text of any length: (inputs, targets), where the last len(targets) logits score targets.

    Every token is a target exactly once. The first window starts with prefix_token, never a target; each later
    one has max_length inputs and gives its first target at least context_length of them.
    `get_rolling_token_windows` of lm-evaluation-harness; no tokens raise here, where that yields nothing.
    """
    max_length = guards.whole("max_length", max_length, at_least=1)
    context_length = guards.whole("context_length", context_length, at_least=1, at_most=max_length)
    text = [guards.integer("prefix_token", prefix_token), *guards.sequence("tokens", tokens)]
    step = max_length - context_length + 1
    ends = [*range(max_length, len(text) - 1, step), len(text) - 1]
    begins = [0, *ends[:-1]]
    return [(text[max(0, e - max_length) : e], text[b + 1 : e + 1]) for b, e in zip(begins, ends, strict=True)]


def strided_windows(length: int, *, max_length: int, stride: int) -> list[tuple[int, int, int]]:
    """Windows that step by `stride` over `length` tokens: (begin, end, n_scored), the last n_scored of each are scored.

    Every position but the first, which has no context, is scored exactly once; the larger the stride, the less context.
    "Perplexity of fixed-length models" in Transformers' documentation, whose code weighs every later window one target
    too low. With stride = max_length the first token of each later window has no context either.
    """
    length = guards.whole("length", length, at_least=1)
    max_length = guards.whole("max_length", max_length, at_least=1)
    stride = guards.whole("stride", stride, at_least=1, at_most=max_length)
    begins = range(0, max(length - max_length, 0) + stride, stride)
    ends = [min(begin + max_length, length) for begin in begins]
    return [(b, e, e - last) for b, e, last in zip(begins, ends, [1, *ends[:-1]], strict=True)]


def _per(total: float | Tensor, n: float) -> float | Tensor:
    total = guards.scalar("nll_sum", total)
    return full_precision(total) / n if isinstance(total, Tensor) else float(total) / n


def _exp(x: float | Tensor) -> float | Tensor:
    """exp, with inf instead of Python's OverflowError."""
    return x.exp() if isinstance(x, Tensor) else torch.tensor(x, dtype=torch.float64).exp().item()
