"""What each kind of model is trained to do: one batch of text in, the mean loss per target out (nats)."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import pad
from torch.nn.utils.rnn import pad_sequence
from transformers import PreTrainedModel

from lossviz import (
    IGNORE_INDEX,
    apply_mlm_actions,
    bidirectional_mask,
    causal_mask,
    corrupt_spans,
    cross_entropy,
    infill_spans,
    mean_over_targets,
    next_token_labels,
    sample_infilling_spans,
    sample_mlm_actions,
    sample_random_ids,
    sample_span_mask,
)
from lossviz.models.masks import additive
from lossviz.text.tokenizer import sentinel_ids

Objective = Callable[[Any, Tensor, Any, torch.Generator], Tensor]
"""(model, input_ids [B, T], tokenizer, generator) → mean loss, a scalar with a graph."""


def leaky_mask(length: int) -> Tensor:
    """Causal, with the cell of the next token open in every row: `A[i, j] = (j ≤ i + 1)`."""
    return bidirectional_mask(length).tril(1)


def causal(model: PreTrainedModel, text: Tensor, tokenizer: Any, _: torch.Generator) -> Tensor:
    """Predict the next token from the past."""
    return next_token_loss(model, text, causal_mask(text.shape[1]))


def leaky(model: PreTrainedModel, text: Tensor, tokenizer: Any, _: torch.Generator) -> Tensor:
    """Predict the next token while looking at it: the bug, trained on purpose."""
    return next_token_loss(model, text, leaky_mask(text.shape[1]))


def next_token_loss(model: Any, text: Tensor, attention: Tensor) -> Tensor:
    """Mean cross-entropy of the next tokens of `text [B, T]`, in nats, under the mask `attention [T, T]`."""
    labels = next_token_labels(text)
    logits = model(input_ids=text, attention_mask=additive(attention), use_cache=False).logits
    return mean_over_targets(cross_entropy(logits, labels), labels)


def masked(model: Any, text: Tensor, tokenizer: Any, generator: torch.Generator) -> Tensor:
    """Fill in hidden tokens, 80/10/10; the rate changes from batch to batch, so that few and many masks both work."""
    rate = uniform(0.10, 0.40, generator)
    special = torch.zeros_like(text)
    actions = sample_mlm_actions(special, mask_rate=rate, at_least_one=True, generator=generator)
    random_ids = sample_random_ids(
        text.shape, vocab_size=len(tokenizer), exclude=tokenizer.all_special_ids, generator=generator
    )
    corrupted, labels = apply_mlm_actions(text, actions, mask_token_id=tokenizer.mask_token_id, random_ids=random_ids)
    open_to_all = additive(bidirectional_mask(text.shape[1]))
    hidden = model.model(input_ids=corrupted, attention_mask=open_to_all, use_cache=False).last_hidden_state
    scored = labels != IGNORE_INDEX  # the output layer is a third of the work: only where it counts
    return cross_entropy(model.lm_head(hidden[scored]), labels[scored]).mean()


def t5(model: Any, text: Tensor, tokenizer: Any, generator: torch.Generator) -> Tensor:
    """Span corruption: say what stood behind each sentinel."""
    density, mean_span = uniform(0.15, 0.35, generator), uniform(1.5, 3.0, generator)
    sentinels = sentinel_ids(tokenizer)
    pairs = []
    for index, row in enumerate(text):
        noise = sample_span_mask(
            len(row),
            noise_density=density,
            mean_span_length=mean_span,
            random_roll=index % 2 == 1,  # else every text would end in noise
            generator=generator,
        )
        pairs.append(corrupt_spans(row, noise, sentinel_ids=sentinels, eos_id=tokenizer.eos_token_id))
    return encoder_decoder_loss(model, [source for source, _ in pairs], [target for _, target in pairs])


def bart(model: Any, text: Tensor, tokenizer: Any, generator: torch.Generator) -> Tensor:
    """Text infilling: one mask per span of unknown length; the whole text is to be written."""
    ratio, mean_span = uniform(0.15, 0.35, generator), uniform(1.5, 3.0, generator)
    mask_id, end = tokenizer.mask_token_id, torch.tensor([tokenizer.eos_token_id])
    sources = []
    for row in text:
        spans = sample_infilling_spans(len(row), mask_ratio=ratio, poisson_lambda=mean_span, generator=generator)
        sources.append(torch.cat([infill_spans(row, *spans, mask_id=mask_id), end]))
    return encoder_decoder_loss(model, sources, [torch.cat([row, end]) for row in text])


def encoder_decoder_loss(model: Any, sources: list[Tensor], targets: list[Tensor]) -> Tensor:
    """Mean cross-entropy of the target tokens; the decoder reads the targets one step late."""
    source = pad_sequence(sources, batch_first=True, padding_value=-1)
    labels = pad_sequence(targets, batch_first=True, padding_value=IGNORE_INDEX)
    start = model.config.decoder_start_token_id
    decoder_input = pad(labels.clamp(min=0)[:, :-1], (1, 0), value=start)
    logits = model(
        input_ids=source.clamp(min=0),
        attention_mask=(source >= 0).long(),
        decoder_input_ids=decoder_input,
        use_cache=False,
    ).logits
    return mean_over_targets(cross_entropy(logits, labels), labels)


def uniform(low: float, high: float, generator: torch.Generator) -> float:
    return low + (high - low) * float(torch.rand((), generator=generator))


OBJECTIVES: dict[str, Objective] = {"causal": causal, "leaky": leaky, "masked": masked, "t5": t5, "bart": bart}
