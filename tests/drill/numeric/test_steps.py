"""The worked steps by someone with a pocket calculator, who sees nothing but their printed numbers."""

import math
import re
from functools import lru_cache
from itertools import pairwise
from math import floor, log10

import pytest

from lossviz.drill.numeric import Exercise, Right, Template, judge, templates
from tests.drill.numeric.drawn import exercises
from tests.drill.numeric.oracles import NUMBER

SOME = 150  # of each template
LOOKED_UP = {"label-of-a-position", "sentinels-at-a-tie", "raw-text-of-an-encoder"}  # the end is no calculation

CALCULATION = re.compile(r"(?:max\(0, |(?<!\w)ln(?!\w)|σ|tanh|√|e\^|\d+(?:\.\d+)?| %(?: of)?|[-−+·/()=²³⁴⁵ ])+")
AS_PYTHON = {"−": "-", "·": "*"} | {power: f"**{n}" for n, power in enumerate("²³⁴⁵", 2)}
AS_PYTHON |= {" % of": "/100*", " %": "/100", "e^": "e**", "√": "sqrt "}
NAMES = {"e": math.e, "ln": math.log, "sqrt": math.sqrt, "tanh": math.tanh, "max": max}
NAMES["σ"] = lambda x: 1 / (1 + math.exp(-x))


@lru_cache(100_000)
def value(calculation: str) -> float:
    """What the calculator says."""
    for sign, python in AS_PYTHON.items():
        calculation = calculation.replace(sign, python)
    return eval(re.sub(r"(ln|sqrt) (σ\([^)]*\)|[\d.]+)", r"\1(\2)", calculation.strip()), NAMES)


def equations(step: str) -> list[list[str]]:
    """The sides of each: "Z = e^0 + e^1 = 3.71828, so ln 3.71828 = 1.3133" are two, of two sides each."""
    chains = [[side.strip() for side in run.split("=")] for run in CALCULATION.findall(step) if "=" in run]
    return [sides if sides[0] else sides[1:] for sides in chains]


def decimals(text: str) -> set[float]:
    """The numbers in a text that are not whole."""
    return {float(number) for number in NUMBER.findall(text.replace("−", "")) if float(number) % 1}


def close(left: float, right: float) -> bool:
    """Equal to six digits, or to five behind the point."""
    return abs(left - right) < 0.500001e-5 * 10 ** max(0, floor(log10(abs(left) or 1)))


def followed(asked: Exercise) -> str:
    """The last number of the steps; every other one is in the prompt, or follows from what stands before it."""
    known, result = decimals(asked.prompt), ""
    number = asked.shown.split(" ")[0]
    for step in asked.steps:
        for sides in equations(step):
            for left, right in pairwise(sides):
                assert decimals(left) <= known, (asked, left)
                assert right == number or close(value(left), value(right)), (asked, left, right)
                result = left if right == number else right
                known |= decimals(right)
        assert decimals(step) <= known | decimals(number), (asked, step)
    return result


every_template = pytest.mark.parametrize("made", templates(), ids=lambda made: made.name)


@every_template
def test_the_steps_lead_to_the_answer_with_the_numbers_they_show(made: Template) -> None:
    for asked in exercises(made)[:SOME]:
        last, number = value(followed(asked)), asked.shown.split(" ")[0]
        if made.name not in LOOKED_UP:
            assert equations(asked.steps[-1])[-1][-1] == number, asked
            assert judge(asked, repr(last)) == judge(asked, f"{last:.{asked.decimals}f}") == Right(), asked


def test_the_calculator_calculates() -> None:
    assert value("15 % of 40") == 6 and value("1 − 15 % · 20 %") == pytest.approx(0.97)
    assert value("e^−1 + e^(−2)") == pytest.approx(math.exp(-1) + math.exp(-2))
    assert value("−ln σ(−2)") == pytest.approx(math.log1p(math.exp(2))) and value("√16 · 2³ + 3²") == 41
    assert value("max(0, 1 − 3)") == 0 and value("30 · tanh(3 / 2)") == pytest.approx(30 * math.tanh(1.5))
    assert equations("Z = e^0 + e^1 = 3.71828, so ln 3.71828 = 1.3133.") == [
        ["e^0 + e^1", "3.71828"],
        ["ln 3.71828", "1.3133"],
    ]
