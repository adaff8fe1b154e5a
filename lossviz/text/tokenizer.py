"""The tokenizer of the built-in world: one byte-level BPE for every model, trained on the generated English.

Byte-level, so that any text is representable and decodes to itself. Three things differ from GPT-2: digits stand alone;
a space is put in front of every text (and taken away when decoding), so that a word is the same token at the start of
a text as after a space; and, as in Llama 3, a word that is in the vocabulary is one token whatever the merges say.
The vocabulary is therefore spent on words, and only a quarter of it on the merges that spell the unknown ones.
"""

import json
from collections import Counter
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from tokenizers import AddedToken, Regex, Tokenizer, decoders, normalizers, pre_tokenizers
from tokenizers.models import BPE
from tokenizers.trainers import BpeTrainer

from lossviz.text.english import corpus

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

VOCAB_SIZE = 2752
N_SENTINELS = 32
SENTINELS = tuple(f"<extra_id_{k}>" for k in range(N_SENTINELS))
TOKENIZER_FOLDER = Path(__file__).parents[2] / "assets" / "tokenizer"
N_SUBWORDS = 900
SPECIALS = ("<pad>", "<s>", "</s>", "[MASK]")
WORDS = r" ?\p{L}+(?:'\p{L}+)*| ?\p{N}| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
"""Where words end (as in GPT-2, but "don't" is one word and every digit its own)."""


def train_tokenizer(*, n_characters: int = 4_000_000, seed: int = 0) -> "PreTrainedTokenizerFast":
    """A new tokenizer of `VOCAB_SIZE` tokens, the same for the same seed.

    Ids: `<pad> <s> </s> [MASK]` are 0 to 3; `<extra_id_0>` is the last id and the other sentinels descend from it,
    as in T5.
    """
    text = corpus(n_characters, seed).splitlines()
    tokenizer = _blank(BPE())
    trainer = BpeTrainer(
        vocab_size=N_SUBWORDS,
        special_tokens=list(SPECIALS),
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    tokenizer.train_from_iterator(text, trainer)
    learned = json.loads(tokenizer.to_str())["model"]
    vocabulary = _with_words(learned["vocab"], _count_words(tokenizer, text))
    merges = [(left, right) for left, right in learned["merges"]]
    whole = _blank(BPE(vocab=vocabulary, merges=merges, ignore_merges=True))
    whole.add_special_tokens([AddedToken(special, special=True) for special in (*SPECIALS, *reversed(SENTINELS))])
    return _wrap(whole)


def _blank(model: BPE) -> Tokenizer:
    """A tokenizer with everything around the model."""
    tokenizer = Tokenizer(model)
    tokenizer.normalizer = normalizers.Prepend(" ")
    words = pre_tokenizers.Split(Regex(WORDS), behavior="isolated")
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [words, pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)]
    )
    tokenizer.decoder = decoders.Sequence([decoders.ByteLevel(), decoders.Strip(" ", left=1, right=0)])
    return tokenizer


def _count_words(tokenizer: Tokenizer, text: list[str]) -> Counter[str]:
    counts: Counter[str] = Counter()
    for line in text:
        counts.update(word for word, _ in tokenizer.pre_tokenizer.pre_tokenize_str(" " + line))
    return counts


def _with_words(vocabulary: dict[str, int], counts: Counter[str]) -> dict[str, int]:
    """The vocabulary, filled up with the most frequent words; ties go by the alphabet."""
    frequent = sorted(counts, key=lambda word: (-counts[word], word))
    tokens = list(dict.fromkeys([*sorted(vocabulary, key=vocabulary.__getitem__), *frequent]))
    return {token: index for index, token in enumerate(tokens[: VOCAB_SIZE - N_SENTINELS])}


@cache
def load_tokenizer(folder: Path = TOKENIZER_FOLDER) -> "PreTrainedTokenizerFast":
    """The tokenizer that the built-in checkpoints share."""
    return _wrap(Tokenizer.from_file(str(folder / "tokenizer.json")))


def sentinel_ids(tokenizer: "PreTrainedTokenizerFast") -> list[int]:
    """Ids of `<extra_id_0>`, `<extra_id_1>`, … as far as the vocabulary has them; empty where it has none."""
    vocabulary = tokenizer.get_vocab()
    ids = []
    while (sentinel := f"<extra_id_{len(ids)}>") in vocabulary:
        ids.append(vocabulary[sentinel])
    return ids


def _wrap(tokenizer: Tokenizer) -> "PreTrainedTokenizerFast":
    from transformers import PreTrainedTokenizerFast

    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token="<pad>",
        bos_token="<s>",
        eos_token="</s>",
        mask_token="[MASK]",
        extra_special_tokens=list(SENTINELS),
        split_special_tokens=True,
        clean_up_tokenization_spaces=False,
    )
