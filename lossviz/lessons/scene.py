"""What a lesson hands to the page: pictures, numbers, an equation and the code that ran. Data only, ready to store."""

import dataclasses

from lossviz.figures.grid import Grid
from lossviz.figures.matrix import Matrix


@dataclasses.dataclass(frozen=True)
class Metric:
    """One number, with its unit in the value and what it was measured on in the label."""

    label: str
    value: str
    help: str = ""


@dataclasses.dataclass(frozen=True)
class Scene:
    """One state of a page.

    `numbers` are all values that the page shows or a proof may ask for; `truth` is what the learner predicts first;
    `today` is the equation with the values in it, in LaTeX; `notices` are sentences that belong beside the fields.
    """

    grid: Grid
    matrices: tuple[Matrix, ...]
    metrics: tuple[Metric, ...]
    today: str
    truth: float
    listing: str
    numbers: dict[str, float]
    notices: tuple[str, ...] = ()
