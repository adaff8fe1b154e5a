"""What masked LM refuses."""

import math
from typing import Any

import torch

import lossviz as lv
from tests.doors import Doors

G = torch.Generator().manual_seed(0)
IDS = torch.arange(6)
BATCH = IDS.view(2, 3)
NOTHING = torch.zeros(0, dtype=torch.long)
NOT_SPECIAL = torch.zeros(4, dtype=torch.bool)


def actions(mask: Any = NOT_SPECIAL, **options: Any) -> Any:
    return lv.sample_mlm_actions(mask, **{"generator": G} | options)


def applied(ids: Any = IDS, chosen: Any = IDS % 4, mask_token_id: Any = 1, random_ids: Any = IDS) -> Any:
    return lv.apply_mlm_actions(ids, chosen, mask_token_id=mask_token_id, random_ids=random_ids)


DOORS: Doors = {
    "sample_mlm_actions": [
        (lambda: actions(mask_rate=1.1), "mask_rate is a rate in [0, 1]; got 1.1. Pass a fraction, 0.15 for 15 %"),
        (lambda: actions(mask_rate=-0.1), "mask_rate is a rate in [0, 1]; got -0.1"),
        (lambda: actions(mask_rate=15), "mask_rate is a rate in [0, 1]; got 15"),
        (lambda: actions(mask_rate=math.nan), "mask_rate is a rate in [0, 1]; got nan"),
        (lambda: actions(mask_rate="15 %"), "mask_rate is a number or a 0-d tensor; got '15 %'"),
        (lambda: actions(mask_fraction=1.2), "mask_fraction is a rate in [0, 1]; got 1.2"),
        (lambda: actions(random_fraction=-0.2), "random_fraction is a rate in [0, 1]; got -0.2"),
        (lambda: actions(mask_fraction=0.8, random_fraction=0.3), "mask_fraction + random_fraction ≤ 1; got 1.1"),
        (lambda: actions(torch.zeros(4)), "special_tokens_mask is a boolean tensor; got a tensor of torch.float32"),
        (lambda: actions(torch.tensor([0, 2])), "special_tokens_mask holds only 0 and 1; got values up to 2"),
        (lambda: actions(torch.zeros(0, dtype=torch.bool)), "special_tokens_mask has at least one element"),
        (lambda: actions(torch.zeros(1, 1, 4).bool()), "special_tokens_mask is [T] or [B, T]"),
        (lambda: actions(word_ids=IDS), "word_ids has the shape of what it belongs to, [4]; got [6]"),
        (lambda: actions(word_ids=IDS[:4] - 2), "word_ids holds numbers ≥ 0, or -1 for none; got -2"),
        (lambda: actions(generator=None), "generator is a torch.Generator on the CPU; got None"),
        (lambda: actions(generator=7), "generator is a torch.Generator on the CPU; got 7"),
    ],
    "apply_mlm_actions": [
        (lambda: applied(chosen=IDS), "actions are MaskAction values 0 … 3; got values from 0 to 5"),
        (lambda: applied(chosen=IDS - 1), "actions are MaskAction values 0 … 3; got values from -1 to 4"),
        (lambda: applied(chosen=IDS % 5), "actions are MaskAction values 0 … 3; got values from 0 to 4"),
        (lambda: applied(chosen=IDS % 4 - 1), "actions are MaskAction values 0 … 3; got values from -1 to 2"),
        (lambda: applied(chosen=IDS > 0), "actions is a tensor of integers; got a tensor of torch.bool"),
        (lambda: applied(chosen=BATCH), "actions has the shape of what it belongs to, [6]; got [2, 3]"),
        (lambda: applied(random_ids=IDS[:2]), "random_ids has the shape of what it belongs to, [6]; got [2]"),
        (lambda: applied(random_ids=IDS - 1), "random_ids holds token ids ≥ 0; got -1"),
        (lambda: applied(mask_token_id=-1), "mask_token_id is a whole number ≥ 0; got -1"),
        (lambda: applied(mask_token_id=None), "mask_token_id is a whole number ≥ 0; got None"),
        (lambda: applied(NOTHING, NOTHING, 1, NOTHING), "input_ids has at least one element"),
    ],
    "sample_random_ids": [
        (lambda: lv.sample_random_ids((2,), vocab_size=0, generator=G), "vocab_size is a whole number ≥ 1; got 0"),
        (
            lambda: lv.sample_random_ids((2,), vocab_size=5, exclude=[5], generator=G),
            "an id of exclude is a whole number ≥ 0 and ≤ 4; got 5",
        ),
        (
            lambda: lv.sample_random_ids((2,), vocab_size=2, exclude=[0, 1], generator=G),
            "exclude leaves at least one id; got all 2 excluded",
        ),
        (lambda: lv.sample_random_ids((2, 0), vocab_size=5, generator=G), "shape is a sequence of sizes ≥ 1"),
        (lambda: lv.sample_random_ids((2.0,), vocab_size=5, generator=G), "shape is a sequence of sizes ≥ 1"),
        (lambda: lv.sample_random_ids(3, vocab_size=5, generator=G), "shape is a sequence of sizes ≥ 1; got 3"),
        (lambda: lv.sample_random_ids((2,), vocab_size=5, generator=None), "generator is a torch.Generator"),
    ],
}
