"""The bodies of the built-in models: small configurations of Transformers classes.

Pre-norm and rotary positions throughout: at one million parameters and a few minutes of training, post-norm bodies with
learned positions (BERT, BART) stay at the unigram plateau. A mask decides which objective a body serves: the causal and
the masked model are the same Llama, read with a causal mask and with an open one.
"""

from typing import Any

import torch
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedModel, T5GemmaConfig, T5GemmaForConditionalGeneration
from transformers.models.t5gemma.configuration_t5gemma import T5GemmaModuleConfig

MAX_TOKENS = 64
"""Longest sequence the built-in models were trained on."""

SHAPE: dict[str, Any] = {
    "hidden_size": 128,
    "intermediate_size": 352,
    "num_attention_heads": 4,
    "num_key_value_heads": 4,
    "head_dim": 32,
    "max_position_embeddings": MAX_TOKENS,
}
EAGER: dict[str, Any] = {"attn_implementation": "eager"}  # the only kind that can show its weights
SPECIAL_IDS: dict[str, Any] = {"pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2}


def decoder_config(vocab_size: int) -> LlamaConfig:
    """Four Llama layers, tied embeddings: 1.2 million parameters. Serves causal, leaky and masked."""
    return LlamaConfig(
        vocab_size=vocab_size,
        num_hidden_layers=4,
        tie_word_embeddings=True,
        **SHAPE,
        **SPECIAL_IDS,
        **EAGER,
    )


def encoder_decoder_config(vocab_size: int) -> T5GemmaConfig:
    """Three layers that read, two that write and look across. Serves t5 and bart."""
    start: dict[str, Any] = {"decoder_start_token_id": SPECIAL_IDS["bos_token_id"]}
    return T5GemmaConfig(
        encoder=stack_config(vocab_size, layers=3),
        decoder=stack_config(vocab_size, layers=2),
        vocab_size=vocab_size,
        tie_word_embeddings=True,
        dropout_rate=0.0,
        **SPECIAL_IDS,
        **EAGER,
        **start,
    )


def stack_config(vocab_size: int, *, layers: int) -> T5GemmaModuleConfig:
    """One half of an encoder–decoder: every layer sees the whole text, no caps on the logits, no dropout."""
    no_dropout: dict[str, Any] = {"dropout_rate": 0.0}
    return T5GemmaModuleConfig(
        vocab_size=vocab_size,
        num_hidden_layers=layers,
        layer_types=["full_attention"] * layers,
        query_pre_attn_scalar=SHAPE["head_dim"],
        attn_logit_softcapping=None,
        final_logit_softcapping=None,
        **SHAPE,
        **SPECIAL_IDS,
        **EAGER,
        **no_dropout,
    )


def new_body(kind: str, vocab_size: int, *, seed: int) -> PreTrainedModel:
    """An untrained model of the kind, float32, in eval mode; the same weights for the same seed."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return blank_body(kind, vocab_size).eval()


def blank_body(kind: str, vocab_size: int) -> PreTrainedModel:
    """The body of a kind with whatever weights its class begins with; encoder and decoder share one embedding."""
    if kind not in ("t5", "bart"):
        return LlamaForCausalLM(decoder_config(vocab_size))
    model = T5GemmaForConditionalGeneration(encoder_decoder_config(vocab_size))
    model.model.encoder.embed_tokens = model.model.decoder.embed_tokens
    return model
