"""Language-model training losses: which token is scored, what the model sees, who may look at whom, what it costs.

One flat surface: every name below is `lossviz.<name>`. A name's module is loaded when the name is first used, so that
importing the package loads neither torch nor transformers.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

# The table of contents, in reading order: each name and the module that says what it means.
_CONTENTS = {
    # Labels: which token is scored where
    "IGNORE_INDEX": "labels",
    "next_token_labels": "labels",
    "future_labels": "labels",
    "PackedBatch": "labels",
    "pack_documents": "labels",
    # Corruption: what the model sees. Masked LM
    "MaskAction": "corruption.masked_lm",
    "sample_mlm_actions": "corruption.masked_lm",
    "apply_mlm_actions": "corruption.masked_lm",
    "sample_random_ids": "corruption.masked_lm",
    # Span corruption (T5) and text infilling (BART)
    "sample_span_mask": "corruption.spans",
    "corrupt_spans": "corruption.spans",
    "span_corruption_lengths": "corruption.spans",
    "sample_infilling_spans": "corruption.infilling",
    "infill_spans": "corruption.infilling",
    # Attention: who may look at whom
    "causal_mask": "attention",
    "bidirectional_mask": "attention",
    "prefix_mask": "attention",
    "sliding_window_mask": "attention",
    "document_mask": "attention",
    "padding_mask": "attention",
    # Losses, per position, in nats
    "cross_entropy": "losses.cross_entropy",
    "cross_entropy_grad": "losses.cross_entropy",
    "log_sum_exp": "losses.logits",
    "softcap": "losses.logits",
    # Averaging, where recipes differ
    "mean_over_targets": "losses.means",
    "mean_over_sequences": "losses.means",
    # Units: what the sum is counted in
    "perplexity": "units",
    "bits_per_byte": "units",
    "word_perplexity": "units",
    "rolling_windows": "units",
    "strided_windows": "units",
}

__all__ = list(_CONTENTS)  # pyright: ignore[reportUnsupportedDunderAll]


def __getattr__(name: str) -> Any:
    if name not in _CONTENTS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(f"{__name__}.{_CONTENTS[name]}"), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_CONTENTS})


# The same table for type checkers and editors; a test holds the two together.
# ruff: noqa: F401
if TYPE_CHECKING:
    from lossviz.attention import (
        bidirectional_mask,
        causal_mask,
        document_mask,
        padding_mask,
        prefix_mask,
        sliding_window_mask,
    )
    from lossviz.corruption.infilling import infill_spans, sample_infilling_spans
    from lossviz.corruption.masked_lm import MaskAction, apply_mlm_actions, sample_mlm_actions, sample_random_ids
    from lossviz.corruption.spans import corrupt_spans, sample_span_mask, span_corruption_lengths
    from lossviz.labels import IGNORE_INDEX, PackedBatch, future_labels, next_token_labels, pack_documents
    from lossviz.losses.cross_entropy import cross_entropy, cross_entropy_grad
    from lossviz.losses.logits import log_sum_exp, softcap
    from lossviz.losses.means import mean_over_sequences, mean_over_targets
    from lossviz.units import bits_per_byte, perplexity, rolling_windows, strided_windows, word_perplexity
