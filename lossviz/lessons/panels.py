"""What stands in a page's panels: sentences, pictures, numbers, tables, and a training that runs while one watches."""

import dataclasses
from collections.abc import Callable
from typing import Any

from lossviz.figures.grid import Grid
from lossviz.figures.matrix import Matrix
from lossviz.lessons.scene import Metric


@dataclasses.dataclass(frozen=True)
class Table:
    """Rows of text under a header; numbers come formatted. Raises ValueError for a column without a name or a cell."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def __post_init__(self) -> None:
        if not all(self.header) or any(len(row) != len(self.header) for row in self.rows):
            raise ValueError(f"every column has a name, every row its cells; got {self.header}: name or fill them")


@dataclasses.dataclass(frozen=True)
class Live:
    """A training that runs beside the page while its curve is watched.

    key: what it depends on; another key is another run. start: begins it and hands the run over. shown: what to show
    of the run once it has ended.
    """

    key: str
    start: Callable[[], Any]
    shown: Callable[[Any], "tuple[Part, ...]"]


Part = str | Grid | Matrix | Table | Live | tuple[Metric, ...]
