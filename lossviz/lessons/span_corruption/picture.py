"""The picture: the text and its spans, what each half reads and writes, and the three masks of an encoder-decoder."""

import dataclasses
from collections.abc import Iterable

from jaxtyping import Int
from torch import Tensor

from lossviz.corruption.spans import runs_of
from lossviz.figures.grid import Cell, Edit, Grid, Legend, Role, Row, Slot, each, each_of
from lossviz.figures.matrix import Matrix, Reason
from lossviz.lessons.rows import bars, loss_row
from lossviz.lessons.sentence import chips
from lossviz.lessons.span_corruption.measure import Measured
from lossviz.lessons.span_corruption.run import Run
from lossviz.lessons.span_corruption.state import NAMES, Dials

READ = (Reason("the encoder looks both ways", True),)
WRITE = (
    Reason("it was written before", True),
    Reason("it is the token just written", True),
    Reason("it is not written yet", False),
)
ACROSS = (Reason("every written token may look at the whole input", True),)


def _name(k: int) -> str:
    return f"⟨{NAMES[k]}⟩" if k < len(NAMES) else f"⟨{k + 1}⟩"


def grid(state: Dials, run: Run) -> Grid:
    """The text, and for each half what its encoder sees, what its decoder writes, and the loss; a drag hides a span."""
    return Grid(
        columns=len(run.noise) + 1,
        rows=(
            _text_row(run),
            *(_t5_rows(run, run.t5, state.final) if run.t5 else ()),
            *(_bart_rows(run, run.bart) if run.bart else ()),
        ),
        legend=(
            Legend("mask", "hidden span"),
            Legend("right", "right answer"),
            Legend("loss", "loss"),
            Legend("ignored", "not written, no loss"),
        ),
        label="The text, what each encoder sees, what each decoder writes, and the loss of every written token",
        chosen=state.at,
        edit=Edit(("left alone", "in a span"), (*map(int, run.noise.tolist()), 0)),
    )


def _text_row(run: Run) -> Row:
    tokens = run.reading.tokens
    faces = each_of(
        (chip, dataclasses.replace(chip, role="picked", name=chip.name.replace("in the text", "in a span")))
        for chip in chips(tokens.pieces, tokens.joined, "context", "in the text")
    )
    end = Slot(len(tokens.ids), faces=(Cell("end", "plain", name="end of the text"),) * 2)
    return Row("chips", "text", hint="drag over a span", editable=True, slots=(*faces, end))


def _layout(run: Run) -> list[tuple[int, int, int | None]]:
    """The text as slots: (start, span, number of the noise run or None for a clean token)."""
    hidden = {start: (end - start, k) for k, (start, end) in enumerate(runs_of(run.noise))}
    slots: list[tuple[int, int, int | None]] = []
    i = 0
    while i < len(run.noise):
        size, k = hidden.get(i, (1, None))
        slots.append((i, size, k))
        i += size
    return slots


def _sees(run: Run, hidden: str | None) -> tuple[Slot, ...]:
    """The encoder's row: clean tokens, and one cell as wide as its span; `hidden` names them all, None counts them."""
    tokens, slots = run.reading.tokens, []
    clean = chips(tokens.pieces, tokens.joined, "context", "visible")
    for start, span, k in _layout(run):
        word = hidden or (_name(k) if k is not None else "")
        cell = clean[start] if k is None else Cell(word, "mask", name=f"{word} stands for {span} hidden tokens")
        slots.append(Slot(start, span, (cell,)))
    return (*slots, Slot(len(tokens.ids), 1, (Cell("</s>", "context", name="end token"),)))


def _t5_rows(run: Run, measured: Measured, final: bool) -> tuple[Row, ...]:
    written = (*_t5_writes(run), Slot(len(run.noise), 1, _closing(run, final)))
    return (
        Row("chips", "encoder sees", strong="T5", slots=_sees(run, None)),
        Row("chips", "decoder writes", slots=written),
        loss_row(_under(written, measured.losses.tolist()), peak=_peak(run)),
    )


def _t5_writes(run: Run) -> list[Slot]:
    """Under each span its sentinel and what it hides; under a clean token nothing."""
    pieces, slots = run.reading.tokens.pieces, []
    for start, span, k in _layout(run):
        nothing = Cell("–", "ignored", name=f"{pieces[start]} is not written")
        hidden = (_written_chip(piece, "right") for piece in pieces[start : start + span])
        slots.append(Slot(start, span, (nothing,) if k is None else (_written_chip(_name(k), "mask"), *hidden)))
    return slots


def _closing(run: Run, final: bool) -> tuple[Cell, ...]:
    """What ends T5's target: the end token, after the sentinel that follows the last one where that is wanted."""
    end, sentinel = _written_chip("</s>", "right", "end token"), _name(len(runs_of(run.noise)))
    return (_written_chip(sentinel, "mask", f"closing {sentinel}"), end) if final else (end,)


def _written_chip(text: str, role: Role, spoken: str = "") -> Cell:
    return Cell(text, role, name=f"{spoken or text}, written and scored")


def _under(written: Iterable[Slot], losses: list[float]) -> tuple[Slot, ...]:
    """One bar under every written chip."""
    left = iter(losses)
    scored = (slot for slot in written if slot.cells[0].role != "ignored")
    return tuple(Slot(slot.start, slot.span, tuple(Cell(value=next(left)) for _ in slot.cells)) for slot in scored)


def _bart_rows(run: Run, measured: Measured) -> tuple[Row, ...]:
    tokens = run.reading.tokens
    whole = chips([*tokens.pieces, "</s>"], [*tokens.joined, False], "right", "written and scored")
    return (
        Row("chips", "encoder sees", strong="BART", slots=_sees(run, "[M]")),
        Row("chips", "decoder writes", slots=each(whole)),
        loss_row(bars(measured.losses.tolist()), peak=_peak(run)),
    )


def _peak(run: Run) -> float:
    """One scale for both halves, so that bars can be compared."""
    return max(1e-6, *(half.losses.max().item() for half in (run.t5, run.bart) if half))


def matrices_of(state: Dials, run: Run, shown: Measured) -> tuple[Matrix, ...]:
    """Encoder, decoder, and decoder over encoder, of the half that is shown."""
    reads, writes = _pieces_of(run, shown.inputs), ("start", *_pieces_of(run, shown.targets)[:-1])
    name = "T5" if run.t5 else "BART"
    row, column = min(_written_at(state, run), len(writes) - 1), min(_read_at(state, run), len(reads) - 1)
    everyone, all_inputs = f"{name} encoder: everyone sees everyone.", "Across: all inputs."
    return (
        _all_open(reads, reads, READ, "Encoder, who may look at whom", everyone, column),
        _past_only(writes, row),
        _all_open(writes, reads, ACROSS, "Decoder over encoder, who may look at whom", all_inputs, row),
    )


def _past_only(writes: tuple[str, ...], chosen: int) -> Matrix:
    length = len(writes)
    codes = tuple(tuple(1 if i == j else 0 if j < i else 2 for j in range(length)) for i in range(length))
    return Matrix(writes, writes, codes, WRITE, "Decoder, who may look at whom", "Decoder: the past.", chosen=chosen)


def _all_open(
    rows: tuple[str, ...],
    columns: tuple[str, ...],
    reasons: tuple[Reason, ...],
    label: str,
    caption: str,
    chosen: int,
) -> Matrix:
    return Matrix(rows, columns, ((0,) * len(columns),) * len(rows), reasons, label, caption, chosen=chosen)


def _pieces_of(run: Run, ids: Int[Tensor, " n"]) -> tuple[str, ...]:
    """The tokens as the page writes them, sentinels by their names."""
    model = run.models[0] or run.models[1]
    assert model is not None
    names = {model.mask_id: "[M]"} | {token: _name(k) for k, token in enumerate(model.sentinel_ids)}
    return tuple(names.get(token) or model.piece(token) for token in ids.tolist())


def _read_at(state: Dials, run: Run) -> int:
    """The place in the encoder's input of the column under the lens."""
    slots = _layout(run)
    return next((place for place, (start, span, _) in enumerate(slots) if start <= state.at < start + span), len(slots))


def _written_at(state: Dials, run: Run) -> int:
    """The place in T5's target of the column under the lens, or of what is written next; BART writes every column."""
    if run.t5 is None:
        return state.at
    place = 0
    for start, span, k in _layout(run):
        if k is not None and state.at < start + span:
            return place + 1 + max(0, state.at - start) if state.at >= start else place
        place += 0 if k is None else span + 1
    return place
