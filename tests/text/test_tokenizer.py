"""The vocabulary of the built-in world."""

import re
from collections import Counter

import pytest

from lossviz.text.english import corpus
from lossviz.text.tokenizer import (
    N_SENTINELS,
    SENTINELS,
    TOKENIZER_FOLDER,
    VOCAB_SIZE,
    load_tokenizer,
    sentinel_ids,
    train_tokenizer,
)


@pytest.fixture(scope="module")
def tokenizer():
    return load_tokenizer()


def test_special_tokens_have_their_places(tokenizer):
    assert len(tokenizer) == VOCAB_SIZE
    assert tokenizer.convert_tokens_to_ids(["<pad>", "<s>", "</s>", "[MASK]"]) == [0, 1, 2, 3]
    assert sentinel_ids(tokenizer) == list(range(VOCAB_SIZE - 1, VOCAB_SIZE - 1 - N_SENTINELS, -1))
    assert set(tokenizer.all_special_tokens) == {"<pad>", "<s>", "</s>", "[MASK]", *SENTINELS}


def test_most_words_of_the_text_are_one_token(tokenizer):
    words = Counter(re.findall(r"[A-Za-z]+", corpus(1_000_000, seed=9)))
    whole = {word for word in words if len(tokenizer(word)["input_ids"]) == 1}
    assert len({word.lower() for word in whole}) >= 1_500
    assert sum(words[word] for word in whole) > 0.98 * words.total()


@pytest.mark.parametrize(
    "text",
    [
        "Anna had a small red kite. She lost it in the",
        "The quick brown fox jumped over the lazy dog.",
        "The capital of France is Paris.",
        "I like to drink coffee in the morning.",
        "The cat sat on the mat.",
        "My name is Anna and I live in London.",
    ],
)
def test_a_usual_sentence_is_a_token_per_word(text: str, tokenizer):
    assert len(tokenizer(text)["input_ids"]) == len(re.findall(r"\w+|[.]", text))


def test_a_word_is_the_same_token_first_and_later(tokenizer):
    first, later = tokenizer("Anna")["input_ids"], tokenizer("met Anna")["input_ids"]
    assert first == later[1:]


def test_digits_stand_alone(tokenizer):
    assert len(tokenizer("In 2026")["input_ids"]) == 5


def test_training_again_gives_the_shipped_file(tmp_path):
    train_tokenizer().save_pretrained(tmp_path)
    for name in ("tokenizer.json", "tokenizer_config.json"):
        assert (tmp_path / name).read_text() == (TOKENIZER_FOLDER / name).read_text()


def test_the_folder_can_be_opened_by_transformers(tokenizer):
    from transformers import AutoTokenizer

    opened = AutoTokenizer.from_pretrained(TOKENIZER_FOLDER, local_files_only=True)
    text = "Anna had a kite. [MASK]"
    assert opened(text)["input_ids"] == tokenizer(text)["input_ids"]
    assert opened.mask_token_id == 3
