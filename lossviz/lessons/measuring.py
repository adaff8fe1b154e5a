"""What every lesson measures in the same way."""

import math

import torch
from jaxtyping import Float, Int
from torch import Tensor

from lossviz import IGNORE_INDEX
from lossviz.figures.numerals import three
from lossviz.models import LanguageModel


def gradient_norm(loss: Float[Tensor, ""], model: LanguageModel) -> float:
    """Euclidean norm of the loss's gradient over all weights, in nats per unit of weight."""
    gradients = torch.autograd.grad(loss, list(model.model.parameters()), allow_unused=True)
    return math.sqrt(sum(gradient.square().sum().item() for gradient in gradients if gradient is not None))


def scored_count(labels: Int[Tensor, "..."]) -> int:
    """How many positions carry loss."""
    return int((labels != IGNORE_INDEX).sum())


def scored_losses(losses: Float[Tensor, " T"], labels: Int[Tensor, " T"]) -> list[float | None]:
    """The loss of each position; None where nothing is scored."""
    scored = (labels != IGNORE_INDEX).tolist()
    return [loss if is_scored else None for loss, is_scored in zip(losses.tolist(), scored, strict=True)]


def mean_of(losses: Float[Tensor, " T"], labels: Int[Tensor, " T"], most: int = 6) -> str:
    """The mean over the scored positions with its values in it, as LaTeX; long sums are shortened in the middle."""
    values = [_latex(loss) for loss in losses[labels != IGNORE_INDEX].tolist()]
    if not values:
        return r"\mathcal{L} = 0 \quad\text{(nothing is scored)}"
    shown = values if len(values) <= most else [*values[: most - 2], r"\dots", values[-1]]
    mean = losses.sum().item() / len(values)
    return rf"\mathcal{{L}} = \frac{{{' + '.join(shown)}}}{{{len(values)}}} = {_latex(mean)}\ \text{{nats}}"


def _latex(value: float) -> str:
    """Three significant digits as LaTeX: 2.26e-05 becomes 2.26 times ten to the −5."""
    digits, exponential, exponent = three(value).partition("e")
    return rf"{digits} \cdot 10^{{{int(exponent)}}}" if exponential else digits
