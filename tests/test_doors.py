"""Bad input at every door: ValueError with the rule, what came, and what to do instead."""

import math
import re
from collections.abc import Callable
from typing import Any

import jaxtyping
import pytest
import torch

import lossviz as lv

G = torch.Generator().manual_seed(0)
IDS = torch.arange(6)
BATCH = IDS.view(2, 3)
NOTHING = torch.zeros(0, dtype=torch.long)
LOGITS = torch.zeros(2, 5)
TARGETS = torch.tensor([0, 4])
LOSSES = torch.zeros(2)
NOT_SPECIAL = torch.zeros(4, dtype=torch.bool)


@pytest.fixture(autouse=True)
def annotations_unchecked(monkeypatch: pytest.MonkeyPatch) -> None:
    """As for a user: nothing stands before the doors themselves."""
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)


def spans(starts: Any, lengths: Any, mask_id: int = 9) -> Any:
    return lv.infill_spans(IDS, starts, lengths, mask_id=mask_id)


def actions(mask: Any = NOT_SPECIAL, **options: Any) -> Any:
    return lv.sample_mlm_actions(mask, **{"generator": G} | options)


def applied(ids: Any = IDS, chosen: Any = IDS % 4, mask_token_id: Any = 1, random_ids: Any = IDS) -> Any:
    return lv.apply_mlm_actions(ids, chosen, mask_token_id=mask_token_id, random_ids=random_ids)


def corrupted(ids: Any = IDS, noise: Any = IDS % 2, sentinel_ids: Any = range(20, 30), **options: Any) -> Any:
    return lv.corrupt_spans(ids, noise, sentinel_ids=sentinel_ids, **options)


DOORS: dict[str, list[tuple[Callable[[], Any], str]]] = {
    "next_token_labels": [
        (lambda: lv.next_token_labels(NOTHING), "input_ids has at least one element; got the shape [0]"),
        (lambda: lv.next_token_labels(IDS.view(1, 2, 3)), "input_ids is [T] or [B, T]; got the shape [1, 2, 3]"),
        (lambda: lv.next_token_labels(torch.tensor(3)), "input_ids is [T] or [B, T]; got the shape []"),
        (lambda: lv.next_token_labels(IDS.float()), "input_ids is a tensor of integers; got a tensor of torch.float32"),
        (lambda: lv.next_token_labels(IDS > 0), "input_ids is a tensor of integers; got a tensor of torch.bool"),
        (lambda: lv.next_token_labels([1, 2]), "input_ids is a tensor of integers; got list [1, 2]"),
        (lambda: lv.next_token_labels(IDS - 1), "input_ids holds token ids ≥ 0; got -1"),
        (
            lambda: lv.next_token_labels(IDS, attention_mask=IDS[:3]),
            "attention_mask has the shape of what it belongs to, [6]; got [3]",
        ),
        (lambda: lv.next_token_labels(BATCH, loss_mask=BATCH[0]), "[2, 3]; got [3]. Nothing is broadcast"),
        (lambda: lv.next_token_labels(IDS, loss_mask=IDS), "loss_mask holds only 0 and 1; got values up to 5"),
        (lambda: lv.next_token_labels(IDS, attention_mask=IDS - 5), "attention_mask holds only 0 and 1"),
        (lambda: lv.next_token_labels(IDS, attention_mask=(IDS > 0).float()), "attention_mask is a boolean tensor"),
        (lambda: lv.next_token_labels(IDS, document_ids=IDS - 2), "document_ids holds numbers ≥ 0, or -1 for none"),
        (lambda: lv.next_token_labels(IDS, document_ids=BATCH), "document_ids has the shape of what it belongs to"),
    ],
    "future_labels": [
        (lambda: lv.future_labels(IDS, 0), "n_future is a whole number ≥ 1; got 0"),
        (lambda: lv.future_labels(IDS, 1.0), "n_future is a whole number ≥ 1; got 1.0"),
        (lambda: lv.future_labels(IDS, 2, document_ids=BATCH), "document_ids has the shape"),
        (lambda: lv.future_labels(NOTHING, 2), "input_ids has at least one element"),
    ],
    "pack_documents": [
        (lambda: lv.pack_documents([], 4), "documents holds at least one document; got none"),
        (lambda: lv.pack_documents([[1], []], 4), "each document has at least one token; got none"),
        (lambda: lv.pack_documents([[1.5]], 4), "each document holds token ids, whole numbers ≥ 0; got [1.5]"),
        (lambda: lv.pack_documents([[-1]], 4), "each document holds token ids, whole numbers ≥ 0; got [-1]"),
        (lambda: lv.pack_documents([[1]], 0), "max_length is a whole number ≥ 1; got 0"),
        (lambda: lv.pack_documents([[1]], 4, pad_id=-1), "pad_id is a whole number ≥ 0; got -1"),
    ],
    "sample_mlm_actions": [
        (lambda: actions(mask_rate=1.1), "mask_rate is a rate in [0, 1]; got 1.1. Pass a fraction, 0.15 for 15 %"),
        (lambda: actions(mask_rate=-0.1), "mask_rate is a rate in [0, 1]; got -0.1"),
        (lambda: actions(mask_rate=15), "mask_rate is a rate in [0, 1]; got 15"),
        (lambda: actions(mask_rate=math.nan), "mask_rate is a rate in [0, 1]; got nan"),
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
        (lambda: lv.sample_random_ids(3, vocab_size=5, generator=G), "shape is a sequence of sizes ≥ 1; got 3"),
        (lambda: lv.sample_random_ids((2,), vocab_size=5, generator=None), "generator is a torch.Generator"),
    ],
    "sample_span_mask": [
        (lambda: lv.sample_span_mask(1, generator=G), "length is a whole number ≥ 2; got 1"),
        (lambda: lv.sample_span_mask(9, noise_density=0.0, generator=G), "noise_density is a rate in (0, 1)"),
        (lambda: lv.sample_span_mask(9, noise_density=1.0, generator=G), "noise_density is a rate in (0, 1)"),
        (lambda: lv.sample_span_mask(9, noise_density=1.5, generator=G), "both ends left out; got 1.5"),
        (lambda: lv.sample_span_mask(9, mean_span_length=0.5, generator=G), "mean_span_length is a finite number ≥ 1"),
        (lambda: lv.sample_span_mask(9, mean_span_length=math.inf, generator=G), "finite number ≥ 1; got inf"),
        (lambda: lv.sample_span_mask(9, generator=None), "generator is a torch.Generator on the CPU"),
    ],
    "corrupt_spans": [
        (lambda: corrupted(sentinel_ids=[7, 8]), "one more for final_sentinel: 3; got 2 ids. Give more sentinels"),
        (lambda: corrupted(sentinel_ids=[7, 8, 9], final_sentinel=True), "one more for final_sentinel: 4; got 3 ids"),
        (lambda: corrupted(sentinel_ids=[7, 8, 9, 7]), "sentinel_ids are distinct; got 1 repeated"),
        (lambda: corrupted(sentinel_ids=[7, 8, -9]), "an id of sentinel_ids is a whole number ≥ 0; got -9"),
        (lambda: corrupted(BATCH, BATCH % 2), "input_ids is [T]; got the shape [2, 3]"),
        (lambda: corrupted(noise=IDS[:2] % 2), "noise_mask has the shape of what it belongs to, [6]; got [2]"),
        (lambda: corrupted(noise=IDS), "noise_mask holds only 0 and 1; got values up to 5"),
        (lambda: corrupted(NOTHING, NOTHING), "input_ids has at least one element"),
        (lambda: corrupted(eos_id=-1), "eos_id is a whole number ≥ 0; got -1"),
    ],
    "span_corruption_lengths": [
        (lambda: lv.span_corruption_lengths(2), "inputs_length is a whole number ≥ 3; got 2"),
        (lambda: lv.span_corruption_lengths(512, noise_density=1.0), "noise_density is a rate in (0, 1)"),
        (lambda: lv.span_corruption_lengths(512, mean_span_length=0.0), "mean_span_length is a finite number ≥ 1"),
    ],
    "sample_infilling_spans": [
        (lambda: lv.sample_infilling_spans(0, generator=G), "num_words is a whole number ≥ 1; got 0"),
        (lambda: lv.sample_infilling_spans(9, mask_ratio=1.1, generator=G), "mask_ratio is a rate in [0, 1]; got 1.1"),
        (
            lambda: lv.sample_infilling_spans(9, poisson_lambda=0.0, generator=G),
            "poisson_lambda is a finite number > 0",
        ),
        (lambda: lv.sample_infilling_spans(9, generator=None), "generator is a torch.Generator on the CPU"),
    ],
    "infill_spans": [
        (lambda: spans([0, 1], [2, 1]), "spans are disjoint; got one at 1 where the last one ends at 2"),
        (lambda: spans([0, 1], [3, 0]), "spans are disjoint; got one at 1 where the last one ends at 3"),
        (lambda: spans([2, 2], [1, 1]), "spans are disjoint"),
        (lambda: spans([5], [2]), "spans lie inside the 6 tokens; got 5 + 2"),
        (lambda: spans([7], [0]), "spans lie inside the 6 tokens; got 7 + 0"),
        (lambda: spans([-1], [1]), "a number of starts is a whole number ≥ 0; got -1"),
        (lambda: spans([1], [-1]), "a number of lengths is a whole number ≥ 0; got -1"),
        (lambda: spans([1, 2], [1]), "starts and lengths are of one size; got 2 and 1"),
        (lambda: spans([1], [1], mask_id=-1), "mask_id is a whole number ≥ 0; got -1"),
        (lambda: lv.infill_spans(BATCH, [0], [1], mask_id=9), "input_ids is [T]; got the shape [2, 3]"),
        (lambda: lv.infill_spans(NOTHING, [], [], mask_id=9), "input_ids has at least one element"),
    ],
    "causal_mask": [
        (lambda: lv.causal_mask(0), "length is a whole number ≥ 1; got 0"),
        (lambda: lv.causal_mask(2.0), "length is a whole number ≥ 1; got 2.0. Pass a plain integer"),
        (lambda: lv.causal_mask(True), "length is a whole number ≥ 1; got True"),
    ],
    "bidirectional_mask": [(lambda: lv.bidirectional_mask(-1), "length is a whole number ≥ 1; got -1")],
    "prefix_mask": [
        (lambda: lv.prefix_mask(4, 5), "prefix_length is a whole number ≥ 0 and ≤ 4; got 5. Nothing is clipped"),
        (lambda: lv.prefix_mask(4, -1), "prefix_length is a whole number ≥ 0 and ≤ 4; got -1"),
    ],
    "sliding_window_mask": [(lambda: lv.sliding_window_mask(4, 0), "window is a whole number ≥ 1; got 0")],
    "document_mask": [
        (lambda: lv.document_mask(IDS.float()), "document_ids is a tensor of integers"),
        (lambda: lv.document_mask(IDS - 2), "document_ids holds numbers ≥ 0, or -1 for none; got -2"),
        (lambda: lv.document_mask(NOTHING), "document_ids has at least one element"),
    ],
    "padding_mask": [
        (lambda: lv.padding_mask(IDS), "attention_mask holds only 0 and 1"),
        (lambda: lv.padding_mask(IDS.float()), "attention_mask is a boolean tensor"),
        (lambda: lv.padding_mask(NOTHING), "attention_mask has at least one element"),
    ],
    "cross_entropy": [
        (lambda: lv.cross_entropy(LOGITS, TARGETS + 1), "targets are ids below V = 5, or ignore_index = -100; got 5"),
        (lambda: lv.cross_entropy(LOGITS, TARGETS - 1), "targets are ids below V = 5, or ignore_index = -100; got -1"),
        (lambda: lv.cross_entropy(LOGITS, TARGETS - 100, ignore_index=-1), "or ignore_index = -1; got -100"),
        (lambda: lv.cross_entropy(LOGITS, IDS), "got logits [2, 5] with targets [6]. Nothing is broadcast"),
        (lambda: lv.cross_entropy(LOGITS, TARGETS.float()), "targets is a tensor of integers"),
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
        (lambda: lv.mean_over_targets(LOSSES, IDS), "losses has the shape of what it belongs to, [6]; got [2]"),
        (lambda: lv.mean_over_targets(LOSSES[:0], TARGETS[:0]), "losses has at least one element"),
        (lambda: lv.mean_over_targets(TARGETS, TARGETS), "losses is a floating-point tensor"),
    ],
    "mean_over_sequences": [
        (lambda: lv.mean_over_sequences(LOSSES, IDS), "losses has the shape of what it belongs to"),
        (lambda: lv.mean_over_sequences(LOSSES[:0], TARGETS[:0]), "losses has at least one element"),
    ],
    "perplexity": [
        (lambda: lv.perplexity(3.0, 0), "count is a finite number > 0; got 0"),
        (lambda: lv.perplexity(3.0, torch.tensor(0)), "count is a finite number > 0; got 0"),
        (lambda: lv.perplexity(3.0, -1), "count is a finite number > 0; got -1"),
        (lambda: lv.perplexity(LOSSES, 2), "nll_sum is a number or a 0-d tensor; got the shape [2]. Sum it first"),
    ],
    "bits_per_byte": [(lambda: lv.bits_per_byte(3.0, 0), "n_bytes is a finite number > 0; got 0")],
    "word_perplexity": [(lambda: lv.word_perplexity(3.0, " \n"), "text has at least one word; got ' \\n'")],
    "rolling_windows": [
        (lambda: lv.rolling_windows([], prefix_token=0, max_length=4), "tokens has at least one token; got none"),
        (lambda: lv.rolling_windows([1], prefix_token=0, max_length=0), "max_length is a whole number ≥ 1; got 0"),
        (
            lambda: lv.rolling_windows([1], prefix_token=0, max_length=4, context_length=5),
            "context_length is a whole number ≥ 1 and ≤ 4; got 5",
        ),
        (
            lambda: lv.rolling_windows([1], prefix_token=0, max_length=4, context_length=0),
            "context_length is a whole number ≥ 1 and ≤ 4; got 0",
        ),
        (lambda: lv.rolling_windows([1], prefix_token=-1, max_length=4), "prefix_token is a whole number ≥ 0; got -1"),
    ],
    "strided_windows": [
        (lambda: lv.strided_windows(0, max_length=4, stride=2), "length is a whole number ≥ 1; got 0"),
        (lambda: lv.strided_windows(9, max_length=4, stride=5), "stride is a whole number ≥ 1 and ≤ 4; got 5"),
        (lambda: lv.strided_windows(9, max_length=4, stride=0), "stride is a whole number ≥ 1 and ≤ 4; got 0"),
        (lambda: lv.strided_windows(9, max_length=0, stride=1), "max_length is a whole number ≥ 1; got 0"),
    ],
}

CASES = [pytest.param(call, says, id=f"{name}-{says[:40]}") for name, cases in DOORS.items() for call, says in cases]


@pytest.mark.parametrize("call, says", CASES)
def test_bad_input_is_refused_in_words(call: Callable[[], Any], says: str) -> None:
    with pytest.raises(ValueError, match=re.escape(says)) as refused:
        call()
    assert re.fullmatch(r"(?s).+; got .+\. [A-Z].+[.)]", str(refused.value)), "rule; got what came. What to do."


def test_every_function_has_a_door() -> None:
    assert list(DOORS) == [name for name in lv.__all__ if name not in {"IGNORE_INDEX", "PackedBatch", "MaskAction"}]
