"""Replaced token detection: some tokens give way to a generator's samples, and a second model says which."""

from jaxtyping import Bool, Int
from torch import Tensor

from lossviz import guards


def replaced_token_inputs(
    input_ids: Int[Tensor, "*batch T"],
    selected: Bool[Tensor, "*batch T"] | Int[Tensor, "*batch T"],
    sampled_ids: Int[Tensor, "*batch T"],
) -> tuple[Int[Tensor, "*batch T"], Bool[Tensor, "*batch T"]]:
    """What the discriminator sees and what it must tell: (discriminator_inputs, is_replaced).

    xᶜₜ = x̂ₜ where selected, else xₜ; is_replacedₜ = (xᶜₜ ≠ xₜ): a sample that is the original counts as original.
    Clark et al. 2020, §2. The base x is the uncorrupted text: no mask token, no random one is left of what the
    generator saw. Where nothing is selected, sampled_ids change nothing.
    ELECTRA's code never replaces the first token of a row.
    """
    input_ids = guards.ids("input_ids", input_ids)
    selected = guards.mask("selected", selected, like=input_ids)
    sampled_ids = guards.ids("sampled_ids", sampled_ids, like=input_ids)
    seen = sampled_ids.where(selected, input_ids)
    return seen, seen != input_ids
