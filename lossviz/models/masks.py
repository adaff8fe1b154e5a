"""Boolean attention as the models take it."""

import torch
from jaxtyping import Bool, Float
from torch import Tensor


def additive(attention: Bool[Tensor, "*batch Q K"], dtype: torch.dtype = torch.float32) -> Float[Tensor, "batch 1 Q K"]:
    """0 where a query may look and the most negative number elsewhere; one head axis, a batch axis always.

    Never a boolean mask: Transformers' eager attention *adds* the mask, and True would add one to the scores of the
    allowed cells and hide nothing. A row that may look at nothing would be NaN after −inf, but is uniform after this.
    """
    hidden = torch.finfo(dtype).min
    mask = torch.zeros(attention.shape, dtype=dtype, device=attention.device).masked_fill(~attention, hidden)
    return mask.reshape(-1, 1, *attention.shape[-2:])
