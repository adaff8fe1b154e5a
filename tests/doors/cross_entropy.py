"""What cross-entropy, its parts and its means refuse."""

import torch

import lossviz as lv
from tests.doors import Doors

IDS = torch.arange(6)
LOGITS = torch.zeros(2, 5)
TARGETS = torch.tensor([0, 4])
LOSSES = torch.zeros(2)

DOORS: Doors = {
    "cross_entropy": [
        (lambda: lv.cross_entropy(LOGITS, TARGETS + 1), "targets are ids below V = 5, or ignore_index = -100; got 5"),
        (lambda: lv.cross_entropy(LOGITS, TARGETS - 1), "targets are ids below V = 5, or ignore_index = -100; got -1"),
        (lambda: lv.cross_entropy(LOGITS, TARGETS - 100, ignore_index=-1), "or ignore_index = -1; got -100"),
        (lambda: lv.cross_entropy(LOGITS, IDS), "got logits [2, 5] with targets [6]. Nothing is broadcast"),
        (lambda: lv.cross_entropy(LOGITS, TARGETS.float()), "targets is a tensor of integers"),
        (lambda: lv.cross_entropy(LOGITS, TARGETS, softcap="3"), "cap is a number or a 0-d tensor; got '3'"),
        (lambda: lv.cross_entropy(LOGITS, TARGETS, z_loss=True), "z_loss is a number or a 0-d tensor; got True"),
        (lambda: lv.cross_entropy(LOGITS, TARGETS, ignore_index=1.5), "ignore_index is a whole number; got 1.5"),
        (lambda: lv.cross_entropy(LOGITS.to(torch.float8_e4m3fn), TARGETS), "logits has at least 16 bits a number"),
        (
            lambda: lv.cross_entropy(LOGITS.long(), TARGETS),
            "logits is a floating-point tensor; got a tensor of torch.int64",
        ),
        (lambda: lv.cross_entropy(LOGITS[:0], TARGETS[:0]), "logits has at least one element; got the shape [0, 5]"),
        (lambda: lv.cross_entropy(LOGITS[:, :0], TARGETS), "logits has at least one element; got the shape [2, 0]"),
        (lambda: lv.cross_entropy(torch.tensor(1.0), torch.tensor(0)), "logits are [..., V]"),
        (
            lambda: lv.cross_entropy(LOGITS, TARGETS, label_smoothing=1.1),
            "label_smoothing is a rate in [0, 1]; got 1.1",
        ),
        (lambda: lv.cross_entropy(LOGITS, TARGETS, label_smoothing=-0.1), "label_smoothing is a rate in [0, 1]"),
        (lambda: lv.cross_entropy(LOGITS, TARGETS, smoothing_over="rest"), "smoothing_over is one of 'all', 'others'"),
        (
            lambda: lv.cross_entropy(LOGITS[:, :1], 0 * TARGETS, label_smoothing=0.1, smoothing_over="others"),
            "smoothing over the others needs at least two classes; got V = 1",
        ),
        (lambda: lv.cross_entropy(LOGITS, TARGETS, z_loss=-1.0), "z_loss is a finite number ≥ 0; got -1.0"),
        (lambda: lv.cross_entropy(LOGITS, TARGETS, softcap=0.0), "cap is a finite number > 0; got 0.0"),
    ],
    "cross_entropy_grad": [
        (lambda: lv.cross_entropy_grad(LOGITS, TARGETS + 1), "targets are ids below V = 5"),
        (lambda: lv.cross_entropy_grad(LOGITS, IDS), "targets have the shape of logits without the last axis"),
        (lambda: lv.cross_entropy_grad(LOGITS[:0], TARGETS[:0]), "logits has at least one element"),
    ],
    "log_sum_exp": [
        (lambda: lv.log_sum_exp(LOGITS[:, :0]), "logits has at least one element"),
        (lambda: lv.log_sum_exp(IDS), "logits is a floating-point tensor"),
    ],
    "softcap": [
        (lambda: lv.softcap(LOGITS, -1.0), "cap is a finite number > 0; got -1.0"),
        (lambda: lv.softcap(LOGITS[:0], 1.0), "x has at least one element"),
    ],
    "mean_over_targets": [
        (lambda: lv.mean_over_targets(LOSSES, TARGETS, count=0), "count is a finite number > 0; got 0"),
        (lambda: lv.mean_over_targets(LOSSES, TARGETS, count=torch.tensor(0)), "count is a finite number > 0; got 0"),
        (lambda: lv.mean_over_targets(LOSSES, TARGETS, count=-2), "count is a finite number > 0; got -2"),
        (lambda: lv.mean_over_targets(LOSSES, TARGETS, count=TARGETS), "count is a number or a 0-d tensor"),
        (lambda: lv.mean_over_targets(LOSSES, TARGETS, ignore_index=1.5), "ignore_index is a whole number; got 1.5"),
        (lambda: lv.mean_over_targets(LOSSES, IDS), "losses has the shape of what it belongs to, [6]; got [2]"),
        (lambda: lv.mean_over_targets(LOSSES[:0], TARGETS[:0]), "losses has at least one element"),
        (lambda: lv.mean_over_targets(TARGETS, TARGETS), "losses is a floating-point tensor"),
    ],
    "mean_over_sequences": [
        (lambda: lv.mean_over_sequences(LOSSES, IDS), "losses has the shape of what it belongs to"),
        (lambda: lv.mean_over_sequences(LOSSES[:0], TARGETS[:0]), "losses has at least one element"),
        (lambda: lv.mean_over_sequences(LOSSES, TARGETS, ignore_index=0.5), "ignore_index is a whole number; got 0.5"),
    ],
}
