"""What a learner may type, made into text that every tokenizer can take; nothing is changed in silence."""

import re

SURROGATES = re.compile("[\ud800-\udfff]")
LINE_ENDS = re.compile("\r\n?")


def clean(text: str) -> tuple[str, list[str]]:
    """The text as the models read it, and one sentence per kind of change; all else stays as it was typed.

    Half of a surrogate pair is no character and cannot be encoded: it becomes U+FFFD. Carriage returns become newlines.
    """
    changes = []
    text, surrogates = SURROGATES.subn("\ufffd", text)
    if surrogates:
        changes.append(f"{_count(surrogates, 'lone surrogate')} replaced by � (half of a pair is no character).")
    text, returns = LINE_ENDS.subn("\n", text)
    if returns:
        changes.append(f"{_count(returns, 'carriage return')} replaced by a newline.")
    return text, changes


def _count(n: int, noun: str) -> str:
    return f"1 {noun} was" if n == 1 else f"{n:,} {noun}s were"
