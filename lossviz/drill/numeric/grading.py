"""Was it right? And if not: which mistake was it?"""

from dataclasses import dataclass
from typing import Literal

from lossviz.drill.numeric.mistakes import SENTENCES
from lossviz.drill.numeric.reading import read_number
from lossviz.drill.numeric.template import Draft


@dataclass(frozen=True)
class Right:
    """Within the tolerance of the answer."""

    sentence: str = "Right."


@dataclass(frozen=True)
class Mistaken:
    """The number that a well-known mistake leads to."""

    name: str
    sentence: str


@dataclass(frozen=True)
class Wrong:
    """A number, but none that is known."""

    answer_is: Literal["bigger", "smaller"]

    @property
    def sentence(self) -> str:
        return f"Not this: the answer is {self.answer_is}."


@dataclass(frozen=True)
class Unreadable:
    """No number; the sentence says what was expected, what came, and what to do."""

    sentence: str


Verdict = Right | Mistaken | Wrong | Unreadable


def judge(asked: Draft, text: str) -> Verdict:
    """What a typed answer is worth: right where |x − answer| is within the tolerance."""
    try:
        x = read_number(text, asked.unit)
    except ValueError as error:
        return Unreadable(str(error))
    if abs(x - asked.answer) <= asked.tolerance:
        return Right()
    for name, value in asked.mistaken:
        if abs(x - value) <= asked.tolerance:
            return Mistaken(name, SENTENCES[name])
    return Wrong("bigger" if x < asked.answer else "smaller")
