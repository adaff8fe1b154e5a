"""Any text as tokens: nothing lost, nothing special by accident, every piece printable."""

import subprocess
import sys
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers
from transformers import PreTrainedTokenizerFast

from lossviz.text.clean import clean
from lossviz.text.tokenizer import load_tokenizer
from lossviz.text.tokens import piece, printable, tokenize

TOKENIZER = load_tokenizer()
ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=60)
FAMILY = "👩\u200d👩\u200d👧"


@given(ANY_TEXT, st.integers(1, 20))
@example("", 5)
@example(f" {FAMILY} [MASK]</s><extra_id_0>", 7)
@example("שלום\x00\ud800 <script>", 9)
def test_tokens_and_cut_are_the_whole_text(text: str, limit: int):
    text, _ = clean(text)
    tokens = tokenize(TOKENIZER, text, limit)
    assert TOKENIZER.decode(list(tokens.ids)) + tokens.cut == text
    assert len(tokens.ids) == len(tokens.pieces) == len(tokens.joined) == len(tokens.word_ids) <= limit


@given(ANY_TEXT)
def test_typed_special_tokens_are_plain_text(text: str):
    tokens = tokenize(TOKENIZER, clean(f"{text}[MASK]<s></s><pad><extra_id_3>")[0], 10_000)
    assert not set(tokens.ids) & set(TOKENIZER.all_special_ids)


@given(ANY_TEXT)
def test_every_piece_can_be_seen(text: str):
    for shown in tokenize(TOKENIZER, clean(text)[0], 10_000).pieces:
        assert shown
        assert all(unicodedata.category(character)[0] not in "CZ" or character == " " for character in shown)


def test_pieces_by_hand():
    assert tokenize(TOKENIZER, "Anna  saw\n\té", 64).pieces == ("Anna", "␣", "saw", "⏎", "⇥", "C3", "A9")


def test_joined_marks_what_continues_a_word():
    tokens = tokenize(TOKENIZER, "Unbelievably, Anna", 64)
    first_comma = tokens.pieces.index(",")
    assert first_comma > 1
    assert tokens.joined[:first_comma] == (False, *[True] * (first_comma - 1))
    assert not tokens.joined[first_comma] and not tokens.joined[first_comma + 1]
    assert tokens.word_ids[: first_comma + 2] == (*[0] * first_comma, 1, 2)


def test_a_contraction_is_one_word():
    assert tokenize(TOKENIZER, "I don't know", 64).word_ids == (0, 1, 2)


def test_a_character_is_not_cut_in_two():
    full = tokenize(TOKENIZER, f"hi {FAMILY} you", 100)
    for limit in range(1, len(full.ids)):
        tokens = tokenize(TOKENIZER, f"hi {FAMILY} you", limit)
        assert "�" not in TOKENIZER.decode(list(tokens.ids))


def test_an_emoji_longer_than_the_limit_leaves_no_token():
    assert tokenize(TOKENIZER, "x👩", 2).cut == "👩"
    assert len(tokenize(TOKENIZER, "x" * 10_000, 64).ids) == 64


def test_bytes_that_are_no_character_are_shown_in_hex():
    assert tokenize(TOKENIZER, "👩", 64).pieces[-4:] == ("F0", "9F", "91", "A9")


@pytest.mark.parametrize(
    ("character", "shown"),
    [(" ", "␣"), ("\n", "⏎"), ("\t", "⇥"), ("\x00", "␀"), ("\x7f", "␡"), ("\u200d", "U+200D"), ("\u202e", "U+202E")],
)
def test_invisible_characters_have_a_picture(character: str, shown: str):
    assert printable(character) == shown


def test_special_tokens_show_their_name():
    assert [piece(TOKENIZER, token) for token in (0, 1, 2, 3, len(TOKENIZER) - 1)] == [
        "<pad>",
        "<s>",
        "</s>",
        "[MASK]",
        "<extra_id_0>",
    ]


def test_a_limit_below_one_and_a_lone_surrogate_are_refused():
    with pytest.raises(ValueError, match="limit of 1 or more"):
        tokenize(TOKENIZER, "a", 0)
    with pytest.raises(ValueError, match="Pass it through `clean`"):
        tokenize(TOKENIZER, "a\ud800", 5)


def test_a_wordpiece_tokenizer_of_others():
    vocabulary = {"[UNK]": 0, "[MASK]": 1, "un": 2, "##believ": 3, "##able": 4, "[": 5, "mask": 6, "]": 7}
    backend = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    backend.normalizer, backend.pre_tokenizer = normalizers.Lowercase(), pre_tokenizers.BertPreTokenizer()
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=backend, mask_token="[MASK]", unk_token="[UNK]")
    tokens = tokenize(tokenizer, "Unbelievable [MASK] 你", 64)
    assert tokens.pieces == ("un", "believ", "able", "[", "mask", "]", "[UNK]")
    assert tokens.joined == (False, True, True, False, False, False, False)


def test_a_metaspace_tokenizer_of_others():
    vocabulary = {"<unk>": 0, "▁An": 1, "na": 2, "▁saw": 3, "▁": 4, "<0xC3>": 5, "<0xA9>": 6}
    backend = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
    backend.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=backend, unk_token="<unk>")
    tokens = tokenize(tokenizer, "An saw", 64)
    assert tokens.pieces == ("An", "saw") and tokens.joined == (False, False)
    assert piece(tokenizer, 4) == "␣" and piece(tokenizer, 5) == "C3"


def test_importing_the_text_loads_no_torch():
    code = "import sys, lossviz.text, lossviz.text.english as e; e.corpus(9, 0); sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
