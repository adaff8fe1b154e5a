"""What the model sees: sample_* makes the draw, a pure function applies it."""

from lossviz.corruption.infilling import infill_spans, sample_infilling_spans
from lossviz.corruption.masked_lm import MaskAction, apply_mlm_actions, sample_mlm_actions, sample_random_ids
from lossviz.corruption.spans import corrupt_spans, sample_span_mask, span_corruption_lengths

__all__ = [
    "MaskAction",
    "sample_mlm_actions",
    "apply_mlm_actions",
    "sample_random_ids",
    "sample_span_mask",
    "corrupt_spans",
    "span_corruption_lengths",
    "sample_infilling_spans",
    "infill_spans",
]
