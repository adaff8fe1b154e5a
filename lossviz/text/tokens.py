"""A text as the tokens of a model, each with a piece that can be printed."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

VISIBLE = {" ": "␣", "\n": "⏎", "\t": "⇥", "\x7f": "␡"}
BYTE = re.compile(r"<0x([0-9A-F]{2})>")


@dataclass(frozen=True)
class Tokens:
    """Tokens of one text: everything is as long as `ids`, and `cut` is the text that came after the limit."""

    ids: tuple[int, ...]
    pieces: tuple[str, ...]
    """Printable text of each token, without the space before a word."""
    joined: tuple[bool, ...]
    """Whether the token continues the word before it."""
    word_ids: tuple[int, ...]
    """The number of the word a token belongs to; -1 for a token of no word."""
    cut: str


def tokenize(tokenizer: "PreTrainedTokenizerFast", text: str, limit: int) -> Tokens:
    """The first `limit` tokens of `text`, without special tokens, and the rest as text.

    Special tokens typed literally ("[MASK]", "</s>") are plain text. A character whose bytes lie on both sides of the
    limit is cut off whole. Raises ValueError where a character cannot be encoded (`clean` replaces those).
    """
    if limit < 1:
        raise ValueError(f"At least one token is kept, but the limit is {limit}. Give a limit of 1 or more.")
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise ValueError(
            f"A text must be Unicode, but it has {text[error.start]!r}. Pass it through `clean`."
        ) from None
    encoded: Any = tokenizer(text, add_special_tokens=False, split_special_tokens=True)
    encoding = encoded.encodings[0]
    kept, end = _kept(encoding.offsets, limit)
    words = _word_ids(encoding.word_ids, encoding.tokens)[:kept]
    return Tokens(
        ids=tuple(encoding.ids[:kept]),
        pieces=tuple(_piece(tokenizer, token) for token in encoding.tokens[:kept]),
        joined=tuple(after == before >= 0 for before, after in pairwise([-1, *words])),
        word_ids=tuple(words),
        cut=text[end:] if kept < len(encoding.ids) else "",
    )


def piece(tokenizer: "PreTrainedTokenizerFast", token_id: int) -> str:
    """Printable text of one token of the vocabulary."""
    return _piece(tokenizer, str(tokenizer.convert_ids_to_tokens(token_id)))


def printable(text: str) -> str:
    """The text with the invisible made visible: ␣ ⏎ ⇥, control pictures, `U+200D` for what has no picture."""
    return "".join(map(_visible, text))


def _kept(offsets: Sequence[tuple[int, int]], limit: int) -> tuple[int, int]:
    """How many tokens stay, and where their text ends: never between the bytes of one character."""
    kept = min(limit, len(offsets))
    while 0 < kept < len(offsets) and offsets[kept][0] < offsets[kept - 1][1]:
        kept -= 1
    return kept, offsets[kept - 1][1] if kept else 0


def _word_ids(word_ids: Sequence[int | None], tokens: Sequence[str]) -> list[int]:
    """The tokenizer's words; where it knows of none, a word begins at the mark of a space."""
    if len(tokens) > 1 and len(set(word_ids)) == 1:
        starts = [token.startswith("▁") for token in tokens]
        return [sum(starts[: i + 1]) for i in range(len(tokens))]
    return [-1 if word is None else word for word in word_ids]


def _piece(tokenizer: "PreTrainedTokenizerFast", token: str) -> str:
    if token in tokenizer.all_special_tokens:
        return token
    if byte := BYTE.fullmatch(token):
        return byte[1]
    if _is_byte_level(tokenizer) and set(token) <= _byte_of_letter().keys():
        return _text_of_bytes(bytes(_byte_of_letter()[letter] for letter in token))
    if token.startswith("##"):
        return printable(token[2:])
    return printable(_without_space(token.replace("▁", " ")))


def _text_of_bytes(raw: bytes) -> str:
    """Text where the bytes are whole characters, else the bytes in hex."""
    try:
        return printable(_without_space(raw.decode()))
    except UnicodeDecodeError:
        return raw.hex(" ").upper()


def _without_space(text: str) -> str:
    return text[1:] if text.startswith(" ") and len(text) > 1 else text


@cache
def _visible(character: str) -> str:
    if character in VISIBLE:
        return VISIBLE[character]
    if character < " ":
        return chr(0x2400 + ord(character))
    if unicodedata.category(character) in ("Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp", "Zs"):
        return f"U+{ord(character):04X}"
    return character


@cache
def _byte_of_letter() -> dict[str, int]:
    """GPT-2's alphabet of bytes: printable ones stand for themselves, the others for letters from U+0100 on."""
    printable_bytes = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(256) if byte not in printable_bytes]
    return {chr(b): b for b in printable_bytes} | {chr(0x100 + i): b for i, b in enumerate(others)}


@cache
def _is_byte_level(tokenizer: "PreTrainedTokenizerFast") -> bool:
    """Whether tokens are spelled in GPT-2's alphabet of bytes."""
    return "ByteLevel" in str(tokenizer.backend_tokenizer.pre_tokenizer)
