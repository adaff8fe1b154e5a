"""What replaced token detection lets in: one logit per token, and two losses that add up."""

from typing import Any

import torch
from jaxtyping import Bool
from torch import Tensor

from lossviz.guards import is_real, kind, mask, refuse, scores


def tokens(logits: Any, is_replaced: Any, attention_mask: Any) -> tuple[Bool[Tensor, "..."], Bool[Tensor, "..."]]:
    """(is replaced, is real) of each token that has a logit; all are real where there is no attention mask."""
    if not scores("logits", logits).ndim:
        refuse("logits are [..., T], one per token", "a single number", "Give them an axis of tokens.")
    replaced = mask("is_replaced", is_replaced, like=logits)
    if attention_mask is None:
        return replaced, torch.ones_like(replaced)
    return replaced, mask("attention_mask", attention_mask, like=logits)


def summands(generator_loss: Any, discriminator_loss: Any) -> tuple[Any, Any]:
    """Two losses of one shape; a number has the shape of a 0-d tensor."""
    shapes = [shape_of("generator_loss", generator_loss), shape_of("discriminator_loss", discriminator_loss)]
    if shapes[0] != shapes[1]:
        came = f"{shapes[0]} and {shapes[1]}"
        refuse("generator_loss and discriminator_loss have one shape", came, "Average each over its own tokens first.")
    return generator_loss, discriminator_loss


def shape_of(name: str, loss: Any) -> list[int]:
    """The shape of a loss, a number or a floating-point tensor."""
    if isinstance(loss, Tensor):
        return list(scores(name, loss).shape)
    if not is_real(loss):
        refuse(f"{name} is a number or a tensor", kind(loss), "Pass the loss in nats.")
    return []
