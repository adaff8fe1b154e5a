"""Numbers in sentences.

A worked step goes on with the `rounded` numbers that it shows, so that whoever follows it with a calculator gets the
same digits, and at the end the answer.
"""

from collections.abc import Iterable


def shown(x: float, decimals: int | None = None) -> str:
    """A number with a real minus sign: with so many decimals, or else six digits, at most five behind the point.

    Whole numbers stand in full.
    """
    if decimals is not None:
        text = f"{x:z.{decimals}f}"
    elif x == round(x):
        text = str(round(x))
    else:
        text = f"{x:.6g}" if abs(x) >= 1 else f"{x:z.5f}".rstrip("0").rstrip(".")
    return text.replace("-", "−")


def rounded(x: float) -> float:
    """The number that is shown."""
    return float(shown(x).replace("−", "-"))


def listed(numbers: Iterable[float]) -> str:
    """Numbers with commas between them."""
    return ", ".join(map(shown, numbers))


def added(numbers: Iterable[float]) -> str:
    """A sum as it is written out; negative terms in brackets."""
    return " + ".join(map(bracketed, numbers))


def bracketed(x: float) -> str:
    """A number that can follow a sign."""
    return f"({shown(x)})" if x < 0 else shown(x)


def powers(exponents: Iterable[float]) -> str:
    """A sum of powers of e."""
    return " + ".join(f"e^{shown(x)}" for x in exponents)


def equations(calculations: Iterable[str], results: Iterable[float]) -> str:
    """Each calculation with its result."""
    return ", ".join(f"{left} = {shown(right)}" for left, right in zip(calculations, results, strict=True))


def surprising(probabilities: Iterable[float], losses: Iterable[float]) -> str:
    """What each of some right tokens costs."""
    return equations((f"−ln {shown(p)}" for p in probabilities), losses)
