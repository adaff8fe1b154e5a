"""Losses are computed and returned in float32 at least: bfloat16 near 12 is only exact to 0.03 nats."""

import torch
from jaxtyping import Float
from torch import Tensor


def full_precision(x: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
    """float16 and bfloat16 become float32; float32 and float64 stay."""
    return x.to(torch.promote_types(x.dtype, torch.float32))
