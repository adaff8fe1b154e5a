"""What masked diffusion refuses."""

import math
from typing import Any

import torch

import lossviz as lv
from tests.doors import Doors

G = torch.Generator().manual_seed(0)
LOGITS = torch.zeros(2, 3, 5)
TARGETS = torch.tensor([[0, 1, 2], [3, 4, -100]])
SELECTED = TARGETS > 0
RATES = torch.tensor([0.5, 1.0])


def masked(shape: Any = (2, 3), **options: Any) -> Any:
    return lv.sample_diffusion_mask(shape, **{"generator": G} | options)


def loss(logits: Any = LOGITS, targets: Any = TARGETS, selected: Any = SELECTED, rates: Any = RATES) -> Any:
    return lv.masked_diffusion_loss(logits, targets, selected, rates)


DOORS: Doors = {
    "sample_diffusion_mask": [
        (lambda: masked(()), "shape ends in the length of a sequence; got no size at all. Pass (length,)"),
        (lambda: masked((2, 0)), "shape is a sequence of sizes ≥ 1; got (2, 0)"),
        (lambda: masked(3), "shape is a sequence of sizes ≥ 1; got 3"),
        (lambda: masked(eps=-0.1), "eps is a rate in [0, 1]; got -0.1"),
        (lambda: masked(eps=1.1), "eps is a rate in [0, 1]; got 1.1"),
        (lambda: masked(eps=math.nan), "eps is a rate in [0, 1]; got nan"),
        (lambda: masked(rates=0.0), "rates are in (0, 1], above 0 in float32 too; got 0.0. Raise eps"),
        (lambda: masked(rates=1.5), "rates are in (0, 1], above 0 in float32 too; got 1.5"),
        (lambda: masked(rates=math.nan), "rates are in (0, 1], above 0 in float32 too; got nan"),
        (lambda: masked(rates=1e-60), "rates are in (0, 1], above 0 in float32 too; got 0.0"),
        (lambda: masked(rates=torch.tensor([0.5, -0.5])), "rates are in (0, 1], above 0 in float32 too; got -0.5"),
        (lambda: masked(rates=torch.tensor([1e-60, 0.5]).double()), "rates are in (0, 1]"),
        (lambda: masked(rates=torch.tensor(0.5)), "rates has one rate per sequence, [2]; got []. Nothing is broadcast"),
        (lambda: masked(rates=torch.full((2, 3), 0.5)), "rates has one rate per sequence, [2]; got [2, 3]"),
        (lambda: masked(rates=torch.tensor([1, 1])), "rates is a floating-point tensor; got a tensor of torch.int64"),
        (lambda: masked(rates=True), "rates is a number, or a tensor of the shape [2]; got bool True"),
        (lambda: masked(rates=[0.5, 0.5]), "rates is a number, or a tensor of the shape [2]; got list [0.5, 0.5]"),
        (lambda: masked(generator=None), "generator is a torch.Generator on the CPU; got None"),
        (lambda: masked(rates=0.5, generator=None), "generator is a torch.Generator on the CPU; got None"),
    ],
    "masked_diffusion_loss": [
        (lambda: loss(targets=TARGETS + 1), "targets are ids below V = 5, or ignore_index = -100; got 5"),
        (lambda: loss(targets=TARGETS[0]), "got logits [2, 3, 5] with targets [3]. Nothing is broadcast"),
        (lambda: loss(targets=TARGETS.float()), "targets is a tensor of integers"),
        (lambda: loss(LOGITS.long()), "logits is a floating-point tensor"),
        (lambda: loss(LOGITS[:0], TARGETS[:0], SELECTED[:0], RATES[:0]), "logits has at least one element"),
        (
            lambda: loss(LOGITS[0, 0], TARGETS[0, 0], SELECTED[0, 0], RATES[0]),
            "targets are [..., T], one row per sequence; got a single position. Give them an axis",
        ),
        (lambda: loss(selected=SELECTED[0]), "selected has the shape of what it belongs to, [2, 3]; got [3]"),
        (lambda: loss(selected=SELECTED.int() * 2), "selected holds only 0 and 1; got values up to 2"),
        (lambda: loss(selected=SELECTED.float()), "selected is a boolean tensor; got a tensor of torch.float32"),
        (lambda: loss(rates=0.5), "rates is a floating-point tensor; got float 0.5"),
        (lambda: loss(rates=RATES[:1]), "rates has one rate per sequence, [2]; got [1]. Nothing is broadcast"),
        (lambda: loss(rates=RATES[:, None]), "rates has one rate per sequence, [2]; got [2, 1]"),
        (lambda: loss(rates=RATES - 0.5), "rates are in (0, 1], above 0 in float32 too; got 0.0"),
        (lambda: loss(rates=RATES + 0.5), "rates are in (0, 1], above 0 in float32 too; got 1.5"),
        (lambda: loss(rates=RATES * math.nan), "rates are in (0, 1], above 0 in float32 too; got nan"),
        (lambda: loss(rates=RATES.double() * 1e-60), "rates are in (0, 1], above 0 in float32 too; got 5e-61"),
    ],
}
