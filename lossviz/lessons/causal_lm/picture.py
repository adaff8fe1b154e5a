"""The picture: what each position sees and is scored on, its loss, and who may look at whom."""

from lossviz.figures.grid import Cell, Grid, Legend, Row, each
from lossviz.figures.matrix import Matrix, Reason
from lossviz.lessons.causal_lm.run import Run
from lossviz.lessons.causal_lm.state import Dials
from lossviz.lessons.measuring import scored_losses
from lossviz.lessons.rows import bars, loss_row, right_row, target_chip
from lossviz.lessons.sentence import chips

REASONS = (
    Reason("it is in the past", True),
    Reason("it is the token itself", True),
    Reason("it lies in the future, and the answer is there", False),
    Reason("the hole shows each token the next one: its own answer", True),
    Reason("this mask hides nothing", True),
    Reason("padding is never looked at", False),
)


def grid(state: Dials, run: Run) -> Grid:
    """The tokens, their targets, the probability of the right token, and the loss."""
    losses = scored_losses(run.measured.losses, run.measured.labels)
    hint = {"1": "shift by one", "0": "no shift: a bug", "2": "shifted twice: a bug"}[state.shift]
    return Grid(
        columns=len(run.ids),
        rows=(
            Row("chips", "model sees", slots=each(_seen(run))),
            Row("chips", "is scored on", hint=hint, slots=each(_targets(run, int(state.shift), losses))),
            right_row(losses),
            loss_row(bars(losses)),
        ),
        legend=(
            Legend("context", "visible"),
            Legend("right", "right answer"),
            Legend("loss", "loss"),
            Legend("ignored", "no loss"),
        ),
        label="Tokens, their targets, and the loss at every position",
        chosen=state.at,
    )


def _seen(run: Run) -> list[Cell]:
    text = chips(run.pieces, run.joined, "context", "visible")
    padding = chips(run.pieces[run.n_real :], run.joined[run.n_real :], "ignored", "padding")
    return text[: run.n_real] + padding


def _targets(run: Run, shift: int, losses: list[float | None]) -> list[Cell]:
    return [target_chip(i, None if loss is None else run.pieces[i + shift]) for i, loss in enumerate(losses)]


def matrix(state: Dials, run: Run) -> Matrix:
    """Who may look at whom; a click turns a cell over."""
    length = len(run.ids)
    return Matrix(
        row_names=tuple(run.pieces),
        column_names=tuple(run.pieces),
        codes=tuple(tuple(_code(state.mask, i, j, run.n_real) for j in range(length)) for i in range(length)),
        reasons=REASONS,
        caption=_caption(state, run),
        label="Who may look at whom",
        chosen=state.at,
        editable=run.model.respects_attention,
        flips=state.open,
    )


def _caption(state: Dials, run: Run) -> str:
    if state.open and state.model == "causal":
        return "The hole is open, but this model was trained without it and never learned to look. Try the leaky one."
    here, answer = run.pieces[state.at], run.pieces[min(state.at + 1, len(run.ids) - 1)]
    return {
        "causal": f"Who may look at whom: the past. Click an empty cell: “{here}” could see “{answer}”, its answer.",
        "hole": "Every token also sees the next one: the answer it is scored on.",
        "full": "Everyone sees everyone, the answer included.",
    }[state.mask]


def _code(mask: str, row: int, column: int, n_real: int) -> int:
    """The place in REASONS of why `row` may look at `column`, or may not."""
    if column >= n_real:
        return 5
    if column == row:
        return 1
    if column < row:
        return 0
    if mask == "full":
        return 4
    return 3 if mask == "hole" and column == row + 1 else 2
