"""The built-in text, its tokenizer, and any text as tokens."""

from lossviz.text.clean import clean
from lossviz.text.tokens import Tokens, piece, printable, tokenize

__all__ = ["Tokens", "clean", "piece", "printable", "tokenize"]
