"""What masked diffusion lets in: rows of tokens, and a rate for each that the loss can divide by."""

from collections.abc import Iterable
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor

from lossviz import guards
from lossviz.guards import is_real, kind, refuse, scores


def shape(value: Iterable[int]) -> torch.Size:
    """The shape of one sequence or of a batch of them, the length last."""
    size = guards.shape(value)
    if not size:
        refuse("shape ends in the length of a sequence", "no size at all", "Pass (length,) or (rows, length).")
    return size


def targets(value: Any, logits: Tensor, ignore_index: int) -> Int[Tensor, "*batch T"]:
    """One class per position of `logits`, and positions at all: a row has a length."""
    value = guards.targets(value, logits, ignore_index)
    if not value.ndim:
        refuse("targets are [..., T], one row per sequence", "a single position", "Give them an axis of length 1.")
    return value


def rates(value: Any, shape: torch.Size) -> Float[Tensor, "*batch"]:
    """A rate in (0, 1] per sequence. float32 must be able to hold it: what it rounds to 0 cannot be divided by."""
    value = scores("rates", value)
    if value.shape != shape:
        refuse(f"rates has one rate per sequence, {list(shape)}", list(value.shape), "Nothing is broadcast.")
    wrong = value[~((value.float() > 0) & (value <= 1))]
    if wrong.numel():
        refuse("rates are in (0, 1], above 0 in float32 too", float(wrong[0]), "Raise eps, or leave such rows out.")
    return value


def rates_or_one(value: Any, shape: torch.Size) -> Float[Tensor, "*batch"]:
    """A rate per sequence, or one number that all share."""
    if is_real(value):
        value = torch.full(shape, float(value), dtype=torch.float32, device="cpu")
    if not isinstance(value, Tensor):
        refuse(f"rates is a number, or a tensor of the shape {list(shape)}", kind(value), "Convert it first.")
    return rates(value, shape)
