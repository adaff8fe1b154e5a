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


def sees_its_target(attention: Bool[Tensor, "T T"], n_layers: int) -> Bool[Tensor, " T"]:
    """Whether position t can know token t + 1: directly, or through others in at most `n_layers` looks.

    Reach = (A ∨ I)^L; row t leaks when Reach[t, t+1]. The last row has no target, so it never leaks.
    """
    step = (attention | torch.eye(len(attention), dtype=torch.bool)).float()
    reach = step
    for _ in range(n_layers - 1):
        reach = (reach @ step).clamp(max=1)
    return torch.cat([reach.diagonal(1) > 0, torch.tensor([False])])
