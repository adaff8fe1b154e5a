"""The picture: the text, what the model sees of it, the loss where something was selected, and who looks at whom."""

from jaxtyping import Float
from torch import Tensor

from lossviz import MaskAction
from lossviz.figures.grid import Cell, Edit, Grid, Legend, Row, each, each_of
from lossviz.figures.matrix import Matrix, Reason
from lossviz.lessons.masked_lm.run import Run
from lossviz.lessons.masked_lm.state import GUESSES, Dials
from lossviz.lessons.measuring import scored_losses
from lossviz.lessons.rows import bars, loss_row, right_row, target_chip
from lossviz.lessons.sentence import chips
from lossviz.models import LanguageModel

REASONS = (
    Reason("a masked model looks both ways", True),
    Reason("it is the token itself, as the model sees it", True),
)


def grid(state: Dials, run: Run) -> Grid:
    """The text, what the model sees, what it is scored on and its best guesses; a click corrupts a token."""
    losses = scored_losses(run.measured.losses, run.measured.labels)
    return Grid(
        columns=len(losses),
        rows=(*_text_rows(run), right_row(losses), loss_row(bars(losses)), _guess_row(run, losses)),
        legend=(
            Legend("mask", "[M] hidden"),
            Legend("replaced", "replaced"),
            Legend("kept", "kept, still scored"),
            Legend("ignored", "no loss"),
        ),
        label="The text, what the model sees of it, and the loss where something was selected",
        chosen=state.at,
        edit=Edit(("left alone", "hidden", "replaced", "kept"), tuple(run.actions.tolist())),
    )


def _text_rows(run: Run) -> tuple[Row, ...]:
    tokens, model = run.reading.tokens, run.reading.model
    text = each(chips(tokens.pieces, tokens.joined, "context", "in the text"))
    others = (model.piece(token) for token in run.random_ids.tolist())
    columns = zip(tokens.pieces, tokens.joined, others, strict=True)
    seen = each_of(_faces(i, *column) for i, column in enumerate(columns))
    return (
        Row("chips", "text", hint="click to corrupt", editable=True, slots=text),
        Row("chips", "model sees", slots=seen),
        Row("chips", "is scored on", slots=each_of(_targets(i, piece) for i, piece in enumerate(tokens.pieces))),
    )


def _faces(i: int, piece: str, joins: bool, other: str) -> tuple[Cell, ...]:
    """How a token looks to the model: left alone, hidden, replaced, kept."""
    where = f"token {i + 1}, {piece}"
    return (
        Cell(piece, "context", name=f"{where}, visible, not scored", joined=joins),
        Cell("[M]", "mask", name=f"{where}, hidden, scored"),
        Cell(other, "replaced", name=f"{where}, replaced by {other}, scored"),
        Cell(piece, "kept", name=f"{where}, kept, scored", joined=joins),
    )


def _targets(i: int, piece: str) -> tuple[Cell, ...]:
    """What a position is scored on: nothing if left alone, else the token of the text, whatever was done to it."""
    return target_chip(i, None), *(target_chip(i, piece),) * 3


def _guess_row(run: Run, losses: list[float | None]) -> Row:
    guesses = (
        None if loss is None else _guesses(run.reading.model, run.measured.logits[i], i)
        for i, loss in enumerate(losses)
    )
    return Row("lines", "best guesses", slots=each(guesses))


def _guesses(model: LanguageModel, logits: Float[Tensor, " V"], i: int) -> Cell:
    p, ids = logits.softmax(-1).topk(GUESSES)
    lines = tuple(f"{model.piece(int(token))} {_short(share.item())}" for share, token in zip(p, ids, strict=True))
    return Cell(lines=lines, name=f"position {i + 1}, best guesses: " + ", ".join(lines))


def _short(p: float) -> str:
    """A probability in the narrow column of the guesses: .64, <.01, 1.0."""
    return "<.01" if p < 0.005 else "1.0" if p >= 0.995 else f"{p:.2f}"[1:]


def matrix(state: Dials, run: Run) -> Matrix:
    """Who may look at whom; a click turns a cell over, where the model heeds it."""
    length = len(run.actions)
    seen = tuple(
        "[M]" if action == MaskAction.MASK else piece
        for action, piece in zip(run.actions.tolist(), run.reading.tokens.pieces, strict=True)
    )
    return Matrix(
        row_names=seen,
        column_names=seen,
        reasons=REASONS,
        codes=tuple(tuple(int(i == j) for j in range(length)) for i in range(length)),
        caption=f"Who may look at whom: everyone. Row = token that looks; the row of “{seen[state.at]}” is lit.",
        label="Who may look at whom",
        chosen=state.at,
        editable=run.reading.model.respects_attention,
        flips=state.open,
    )
