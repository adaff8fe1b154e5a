"""Numbers as people type them: with a comma or a point, with blanks between thousands, with the unit behind."""

import re
from math import isfinite

LONGEST = 60  # characters; no answer needs more
MINUS = str.maketrans("−–—﹣－", "-----")
NUMBER = re.compile(
    r"""(?P<sign>[+-]?)\ ?
        (?: (?P<plain>   \d+[.,]?\d* | [.,]\d+)
          | (?P<grouped> [1-9]\d{0,2} (?P<between>[ .,'])\d{3} (?:(?P=between)\d{3})* (?:(?!(?P=between))[.,]\d*)?) )
        (?:[eE](?P<exponent>[+-]?\d+))?
        \ ?(?P<unit>[^\d .,'+-].*)?""",
    re.VERBOSE | re.ASCII,
)
TWO_WAYS = re.compile(r"[1-9]\d{0,2},\d{3}", re.ASCII)
ALSO = {"bits per byte": {"bits/byte", "bpb"}, "decisions": {"bits", "bit", "binary decisions"}}  # other names of units


def read_number(text: str, unit: str = "") -> float:
    """The number that a learner typed: "0.41", "0,41", "4.1e-1", "−0.41", "1 234.5", "1,234.5", "0.41 nats".

    Behind it may stand the `unit` that was asked for, and "%" where that is a share. Raises ValueError for the rest,
    and for "1,234", which is one number in London and another in Paris.
    """
    found = NUMBER.fullmatch(" ".join(text.translate(MINUS).split())) if len(text) <= LONGEST else None
    if found is None:
        raise _refused("an answer is one number, such as 0.41 or 0,41", text, "Write it with digits.")
    value = float(f"{found['sign']}{_digits(found, text)}e{found['exponent'] or 0}")
    if not isfinite(value):
        raise _refused("an answer is a finite number", text, "Look at the exponent.")
    return value * _scale((found["unit"] or "").casefold(), unit, text)


def _digits(found: re.Match[str], text: str) -> str:
    """The digits with at most one point among them."""
    digits = found["plain"] or found["grouped"].replace(found["between"], "")
    if TWO_WAYS.fullmatch(digits):
        decimal, thousands = digits.replace(",", "."), digits.replace(",", "")
        raise _refused("a number reads one way only", text, f"Write {decimal} or {thousands}.")
    return digits.replace(",", ".")


def _scale(behind: str, unit: str, text: str) -> float:
    """What the number counts in: 1, or 0.01 for per cent of a share."""
    if behind == "%" and unit == "share":
        return 0.01
    if behind and behind not in _names(unit):
        rule = f"the answer counts {unit}" if unit not in ("", "share") else "the answer is a plain number"
        raise _refused(rule, text, "Convert it, or leave out what stands behind the number.")
    return 1.0


def _names(unit: str) -> set[str]:
    """What a unit may be called: nats or nat, bits per byte or bit per byte."""
    first, _, rest = unit.casefold().partition(" ")
    return {unit.casefold(), f"{first.removesuffix('s')} {rest}".strip(), *ALSO.get(unit, ())}


def _refused(rule: str, text: str, instead: str) -> ValueError:
    came = repr(text) if len(text) <= LONGEST else f"{text[:20]!r} and {len(text) - 20} characters more"
    return ValueError(f"{rule}; got {came}. {instead}")
