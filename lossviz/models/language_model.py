"""A model with its tokenizer, asked the only question the lessons ask: the logits under a given mask."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
from transformers import PreTrainedModel, PreTrainedTokenizerFast

from lossviz.attention import bidirectional_mask, causal_mask
from lossviz.models.masks import additive
from lossviz.text.tokenizer import sentinel_ids
from lossviz.text.tokens import piece

SEQ2SEQ_KINDS = ("t5", "bart")
KINDS = ("causal", "leaky", "masked", *SEQ2SEQ_KINDS)


@dataclass(frozen=True)
class LanguageModel:
    """A transformer (eval mode, float32, eager attention) of one kind, with its tokenizer, on a device.

    `prefix_ids` and `suffix_ids` are put around every text before the model reads it, are open to all, and have no
    rows in the logits: the `[CLS]` and `[SEP]` of a hub model. The built-in models have none.
    """

    kind: str
    name: str
    model: PreTrainedModel
    tokenizer: PreTrainedTokenizerFast
    device: torch.device
    max_tokens: int
    prefix_ids: tuple[int, ...] = ()
    suffix_ids: tuple[int, ...] = ()

    def logits(self, input_ids: Int[Tensor, " T"], attention: Bool[Tensor, "T T"]) -> Float[Tensor, "T V"]:
        """What each position predicts when it may look where its row of `attention` is True; float32, on the CPU.

        Row t of a causal model is about token t + 1, of a masked model about token t. Keeps the graph.
        Raises ValueError where the model cannot take this mask (see `respects_attention`).
        """
        ids = self._framed(input_ids)[None].to(self.device)
        mask = self._mask(attention)
        mask = None if mask is None else mask.to(self.device)
        logits = self._model(input_ids=ids, attention_mask=mask, use_cache=False).logits[0]
        start = len(self.prefix_ids)
        return logits[start : start + len(input_ids)].float().cpu()

    def seq2seq_logits(self, encoder_ids: Int[Tensor, " S"], decoder_ids: Int[Tensor, " D"]) -> Float[Tensor, "D V"]:
        """What each decoder position predicts for the next target; float32, on the CPU. Keeps the graph.

        `decoder_ids` begin with `start_id`. The encoder is open, the decoder causal, and every decoder position sees
        the whole input.
        """
        source, written = encoder_ids[None].to(self.device), decoder_ids[None].to(self.device)
        output = self._model(
            input_ids=source,
            attention_mask=torch.ones_like(source),  # without it T5Gemma hides every padding token of a text
            decoder_input_ids=written,
            decoder_attention_mask=torch.ones_like(written),
            use_cache=False,
        )
        return output.logits[0].float().cpu()

    @cached_property
    def respects_attention(self) -> bool:
        """Whether `logits` hides what it is told to; some models of the hub ignore a mask per cell, or refuse it."""
        return respects_attention(self)

    @property
    def n_parameters(self) -> int:
        """Weights, shared ones counted once."""
        return sum(parameter.numel() for parameter in self.model.parameters())

    @property
    def stack_sizes(self) -> tuple[int, int]:
        """Weights that multiply each input token and each written token: encoder; decoder with the output matrix.

        Embeddings are looked up, not multiplied, and are in neither.
        """
        encoder = _n_weights(self._model.get_encoder())
        output: Any = self._model.get_output_embeddings()
        return encoder, _n_weights(self._model.get_decoder()) + output.weight.numel()

    @property
    def vocab_size(self) -> int:
        """How many ids the tokenizer knows. The logits may be wider: some bodies round up."""
        return len(self.tokenizer)

    @property
    def special_ids(self) -> tuple[int, ...]:
        return tuple(sorted(set(self.tokenizer.all_special_ids)))

    @property
    def pad_id(self) -> int:
        """The padding token; where a tokenizer has none (GPT-2), the end of text stands in, as is common."""
        return _first(self.tokenizer.pad_token_id, self.tokenizer.eos_token_id, 0)

    @property
    def eos_id(self) -> int:
        return _first(self.tokenizer.eos_token_id, self.tokenizer.sep_token_id, self.pad_id)

    @property
    def mask_id(self) -> int | None:
        return self.tokenizer.mask_token_id  # type: ignore[return-value]

    @property
    def start_id(self) -> int:
        """What the decoder reads before the first target."""
        return _first(self.model.config.decoder_start_token_id, self.tokenizer.bos_token_id, self.pad_id)

    @cached_property
    def sentinel_ids(self) -> list[int]:
        """`<extra_id_0>`, `<extra_id_1>`, …; empty where the tokenizer has none."""
        return sentinel_ids(self.tokenizer)

    def piece(self, token_id: int) -> str:
        """Printable text of a token."""
        return piece(self.tokenizer, token_id)

    @property
    def _model(self) -> Any:
        return self.model

    def _framed(self, input_ids: Tensor) -> Tensor:
        return torch.cat([torch.tensor(self.prefix_ids).long(), input_ids.cpu(), torch.tensor(self.suffix_ids).long()])

    def _mask(self, attention: Tensor) -> Tensor | None:
        attention = nn.functional.pad(attention.cpu(), self._frame_sizes * 2, value=True)
        if self.kind in ("causal", "leaky"):
            attention[: len(self.prefix_ids)] = causal_mask(len(attention))[: len(self.prefix_ids)]
        return additive(attention) if self.respects_attention else self._mask_by_token(attention)

    @property
    def _frame_sizes(self) -> tuple[int, int]:
        return len(self.prefix_ids), len(self.suffix_ids)

    def _mask_by_token(self, attention: Tensor) -> Tensor:
        """The old kind of mask, one number per token, where it says the same as `attention`."""
        length = len(attention)
        natural = bidirectional_mask(length) if self.kind == "masked" else causal_mask(length)
        visible = attention.any(0)
        if not torch.equal(attention, natural & visible):
            raise ValueError(
                f"{self.name} takes a mask per token only, but this one hides single cells. "
                "Close or open whole columns, or choose another model."
            )
        return visible.long()[None]


@torch.no_grad()
def respects_attention(language_model: LanguageModel) -> bool:
    """Change a token that the mask hides, then one that it shows: does the output stay, and does it move?"""
    first, second = _two_ordinary_ids(language_model)
    length, model, device = 4, language_model._model, language_model.device
    closed = torch.ones(length, length, dtype=torch.bool)
    closed[0, 1:] = False
    mask = additive(closed).to(device)

    def first_row(*ids: int) -> Tensor:
        output = model(input_ids=torch.tensor([ids], device=device), attention_mask=mask, use_cache=False)
        return output.logits[0, 0]

    try:
        base = first_row(first, first, first, first)
        hidden, shown = first_row(first, first, first, second), first_row(second, first, first, first)
    except (RuntimeError, ValueError, TypeError, IndexError):
        return False
    return torch.equal(base, hidden) and not torch.equal(base, shown)


def _two_ordinary_ids(language_model: LanguageModel) -> tuple[int, int]:
    special = set(language_model.special_ids)
    ordinary = [token for token in range(language_model.vocab_size) if token not in special]
    return ordinary[-1], ordinary[-2]


def _n_weights(stack: nn.Module) -> int:
    looked_up = {id(m.weight) for m in stack.modules() if isinstance(m, nn.Embedding)}
    return sum(parameter.numel() for parameter in stack.parameters() if id(parameter) not in looked_up)


def _first(*choices: Any) -> int:
    """The first that is there. Transformers types special ids as almost anything; they are a number or None."""
    return next(choice for choice in choices if choice is not None)
