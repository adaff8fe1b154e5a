"""Losses in nats, per position, and the named ways to average them."""

from lossviz.losses.cross_entropy import cross_entropy, cross_entropy_grad
from lossviz.losses.logits import log_sum_exp, softcap
from lossviz.losses.means import mean_over_sequences, mean_over_targets

__all__ = [
    "cross_entropy",
    "cross_entropy_grad",
    "log_sum_exp",
    "softcap",
    "mean_over_targets",
    "mean_over_sequences",
]
