"""Span corruption: the same spans, twice. T5 asks only for what is missing, BART for the whole text."""

import dataclasses
import functools
import math
from collections.abc import Sequence

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from lossviz.corruption import corrupt_spans, infill_spans, sample_span_mask, span_corruption_lengths
from lossviz.figures.grid import Cell, Edit, Grid, Legend, Row, Slot, each, each_of
from lossviz.figures.matrix import Matrix, Reason
from lossviz.figures.numerals import three
from lossviz.lessons import dials
from lossviz.lessons.listing import listing
from lossviz.lessons.measuring import mean_of
from lossviz.lessons.panels import Part, Table
from lossviz.lessons.scene import Metric, Scene
from lossviz.lessons.sentence import CannotShow, Reading, chips, facts, read_text
from lossviz.losses import cross_entropy, mean_over_targets
from lossviz.models import LanguageModel, load

EDITED = "spans"
T5_DENSITY, T5_MEAN = 0.15, 3.0  # the settings of the T5 paper, for the arithmetic of lengths
NAMES = "XYZABCDEFGHIJKLMNOPQRSTUVW"  # sentinels are called ⟨X⟩, ⟨Y⟩, ⟨Z⟩ … as in the paper's Figure 2


@dataclasses.dataclass(frozen=True)
class Dials:
    """What the page can set. density: percent; spans: 1 where a token is corrupted by hand, one digit per token."""

    text: str = dials.text("Anna had a small red kite. She lost it in the")
    density: int = dials.whole(33, 1, 99)
    mean: int = dials.whole(2, 1, 10)
    final: bool = dials.flag()
    seed: int = dials.whole(5, 0, 9999)  # a draw whose spans differ in length
    spans: str = dials.marks(2, follows=("text", "density", "mean", "seed", "model"))
    length: int = dials.whole(512, 3, 4096)
    model: str = dials.name("built-in")
    at: int = dials.whole(3, 0, 511)


# --- The code that ran ------------------------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class Measured:
    """One encoder input, what the decoder writes for it, and the loss of every written token, in nats."""

    inputs: Int[Tensor, " S"]
    targets: Int[Tensor, " D"]
    losses: Float[Tensor, " D"]
    loss: Float[Tensor, ""]


def draw_spans(length: int, density: int, mean: int, seed: int) -> Bool[Tensor, " T"]:
    """Which tokens are noise: `density` percent of them, in runs of `mean` tokens on average. One token: none is."""
    if length < 2:
        return torch.zeros(length, dtype=torch.bool)
    generator = torch.Generator().manual_seed(seed)
    return sample_span_mask(length, noise_density=density / 100, mean_span_length=mean, generator=generator)


def noise_runs(noise: Bool[Tensor, " T"]) -> tuple[Int[Tensor, " n"], Int[Tensor, " n"]]:
    """Starts and lengths of the runs of noise."""
    edges = torch.diff(noise.int(), prepend=torch.zeros(1, dtype=torch.int), append=torch.zeros(1, dtype=torch.int))
    starts, ends = (edges == 1).nonzero().flatten(), (edges == -1).nonzero().flatten()
    return starts, ends - starts


def t5_pair(
    model: LanguageModel, input_ids: Int[Tensor, " T"], noise: Bool[Tensor, " T"], final: bool
) -> tuple[Int[Tensor, " S"], Int[Tensor, " D"]]:
    """T5: each run of noise becomes a sentinel of its own; the target names it and says what stood there."""
    return corrupt_spans(input_ids, noise, sentinel_ids=model.sentinel_ids, eos_id=model.eos_id, final_sentinel=final)


def bart_pair(
    model: LanguageModel, input_ids: Int[Tensor, " T"], noise: Bool[Tensor, " T"]
) -> tuple[Int[Tensor, " S"], Int[Tensor, " D"]]:
    """BART: each run becomes one and the same mask; the target is the whole text."""
    assert model.mask_id is not None, "this half is served by a model with a mask"
    end, (starts, lengths) = torch.tensor([model.eos_id]), noise_runs(noise)
    infilled = infill_spans(input_ids, starts, lengths, mask_id=model.mask_id)
    return torch.cat([infilled, end]), torch.cat([input_ids, end])


@torch.no_grad()
def measure(model: LanguageModel, inputs: Int[Tensor, " S"], targets: Int[Tensor, " D"]) -> Measured:
    """Read the inputs, write the targets with each one shown the right tokens before it, and average over all."""
    decoder_ids = torch.cat([torch.tensor([model.start_id]), targets[:-1]])
    logits = model.seq2seq_logits(inputs, decoder_ids)
    losses = cross_entropy(logits, targets)
    return Measured(inputs, targets, losses, mean_over_targets(losses, targets))


def metrics(t5: Measured | None, bart: Measured | None, rebuilt: str) -> tuple[Metric, ...]:
    """The numbers under the picture."""
    return (
        *_losses("T5", t5),
        *_losses("BART", bart),
        Metric("Decoder steps, T5 / BART", f"{len(t5.targets) if t5 else '–'} / {len(bart.targets) if bart else '–'}"),
        Metric("Same spans, text rebuilt", rebuilt),
    )


def _losses(name: str, measured: Measured | None) -> tuple[Metric, ...]:
    if measured is None:
        return ()
    return (Metric(f"{name} loss (mean of {len(measured.targets)} targets)", f"{three(measured.loss.item())} nats"),)


CALL = """\
noise = torch.tensor(by_hand).bool() if by_hand else draw_spans(len(ids), density, mean, seed)
t5, bart = (load(*names) if names else None for names in (t5_name, bart_name))
scored = (
    measure(t5, *t5_pair(t5, torch.tensor(ids), noise, final)) if t5 else None,
    measure(bart, *bart_pair(bart, torch.tensor(ids), noise)) if bart else None,
)
for metric in metrics(*scored, rebuilt):
    print(metric.label, metric.value, sep=": ")"""


def rebuild_t5(inputs: list[int], targets: list[int], sentinels: Sequence[int]) -> list[int]:
    """The text that a T5 pair stands for: each sentinel of the inputs replaced by what the targets say after it."""
    said: dict[int, list[int]] = {}
    sentinel = -1
    for token in targets:
        if token in sentinels:
            sentinel, said[token] = token, []
        else:
            said[sentinel].append(token)
    return [word for token in inputs for word in (said[token] if token in sentinels else [token])]


# --- The picture ------------------------------------------------------------------------------------------------------

READ = (Reason("the encoder looks both ways", True),)
WRITE = (
    Reason("it was written before", True),
    Reason("it is the token just written", True),
    Reason("it is not written yet", False),
)
ACROSS = (Reason("every written token may look at the whole input", True),)


@dataclasses.dataclass(frozen=True)
class _Run:
    """What was computed; a half without a model is None."""

    reading: Reading
    noise: Bool[Tensor, " T"]
    models: tuple[LanguageModel | None, LanguageModel | None]
    t5: Measured | None
    bart: Measured | None


def scene(state: Dials) -> Scene:
    """The page at these dials. Raises CannotShow with a sentence where there is nothing to compute."""
    state, reading, notices = _settled(state)
    run = _run(dataclasses.replace(state, at=0, length=512))
    t5_name, bart_name = _halves(state)
    shown = run.t5 or run.bart
    assert shown is not None, "every model that loads serves one half at least"
    return Scene(
        grid=_grid(state, run),
        matrices=_matrices(state, run, shown),
        metrics=metrics(run.t5, run.bart, _rebuilt(run)),
        today=mean_of(shown.losses, shown.targets),
        truth=float(span_corruption_lengths(512)[0]),
        listing=listing(
            [
                measure,
                t5_pair,
                corrupt_spans,
                bart_pair,
                infill_spans,
                noise_runs,
                draw_spans,
                sample_span_mask,
                cross_entropy,
                mean_over_targets,
                metrics,
            ],
            {
                "t5_name": t5_name,
                "bart_name": bart_name,
                "ids": list(reading.tokens.ids),
                "density": state.density,
                "mean": state.mean,
                "final": state.final,
                "seed": state.seed,
                "by_hand": [int(digit) for digit in state.spans],
                "rebuilt": _rebuilt(run),
            },
            CALL,
        ),
        numbers=numbers(state),
        notices=notices,
    )


def _halves(state: Dials) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """How the model of each half is loaded; a model by name serves the halves whose special tokens it has."""
    if state.model == "built-in":
        return ("t5",), ("bart",)
    model = load("t5", state.model)
    return (("t5", state.model) if model.sentinel_ids else (), ("t5", state.model) if model.mask_id is not None else ())


def _settled(state: Dials) -> tuple[Dials, Reading, tuple[str, ...]]:
    """The dials with everything inside this text's bounds, the text read, and sentences on what had to give."""
    reading = read_text(*(("t5",) if state.model == "built-in" else ("t5", state.model)), text=state.text, room=4)
    if not any(_halves(state)):
        raise CannotShow("This model has neither sentinels, as T5 has, nor a mask, as BART has: choose another.")
    length, notices, spans = len(reading.tokens.ids), reading.notices, state.spans
    if spans and len(spans) != length:
        notices += (f"The spans of this link are for {len(spans)} tokens, the text has {length}: they were fitted.",)
        spans = spans[:length].ljust(length, "0")
    return dataclasses.replace(state, spans=spans, at=min(state.at, length)), reading, notices


@functools.lru_cache(maxsize=32)
def _run(state: Dials) -> _Run:
    _, reading, _ = _settled(state)
    ids = torch.tensor(reading.tokens.ids)
    if state.spans:
        noise = torch.tensor([digit == "1" for digit in state.spans])
    else:
        noise = draw_spans(len(ids), state.density, state.mean, state.seed)
    t5, bart = (load(*which) if which else None for which in _halves(state))
    needed = len(noise_runs(noise)[0]) + int(state.final)
    if t5 and needed > len(t5.sentinel_ids):
        raise CannotShow(
            f"{needed} spans need as many sentinels, and this tokenizer has {len(t5.sentinel_ids)}: join some spans."
        )
    return _Run(
        reading,
        noise,
        (t5, bart),
        measure(t5, *t5_pair(t5, ids, noise, state.final)) if t5 else None,
        measure(bart, *bart_pair(bart, ids, noise)) if bart else None,
    )


def _name(k: int) -> str:
    return f"⟨{NAMES[k]}⟩" if k < len(NAMES) else f"⟨{k + 1}⟩"


def _grid(state: Dials, run: _Run) -> Grid:
    tokens = run.reading.tokens
    length = len(tokens.ids)
    text = Row(
        "chips",
        "text",
        hint="drag over a span",
        editable=True,
        slots=each_of(
            (chip, dataclasses.replace(chip, role="picked", name=chip.name.replace("in the text", "in a span")))
            for chip in chips(tokens.pieces, tokens.joined, "context", "in the text")
        )
        + (Slot(length, faces=(Cell("end", "plain", name="end of the text"),) * 2),),
    )
    return Grid(
        columns=length + 1,
        rows=(text, *(_t5_rows(run, run.t5) if run.t5 else ()), *(_bart_rows(run, run.bart) if run.bart else ())),
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


def _layout(run: _Run) -> list[tuple[int, int, int | None]]:
    """The text as slots: (start, span, number of the noise run or None for a clean token)."""
    starts, lengths = (values.tolist() for values in noise_runs(run.noise))
    hidden = {start: (size, k) for k, (start, size) in enumerate(zip(starts, lengths, strict=True))}
    slots: list[tuple[int, int, int | None]] = []
    i = 0
    while i < len(run.noise):
        size, k = hidden.get(i, (1, None))
        slots.append((i, size, k))
        i += size
    return slots


def _sees(run: _Run, hidden: str | None) -> tuple[Slot, ...]:
    """The encoder's row: clean tokens, and one cell as wide as its span; `hidden` names them all, None counts them."""
    tokens, slots = run.reading.tokens, []
    clean = chips(tokens.pieces, tokens.joined, "context", "visible")
    for start, span, k in _layout(run):
        word = hidden or (_name(k) if k is not None else "")
        cell = clean[start] if k is None else Cell(word, "mask", name=f"{word} stands for {span} hidden tokens")
        slots.append(Slot(start, span, (cell,)))
    return (*slots, Slot(len(tokens.ids), 1, (Cell("</s>", "context", name="end token"),)))


def _t5_rows(run: _Run, measured: Measured) -> tuple[Row, ...]:
    pieces, length = run.reading.tokens.pieces, len(run.reading.tokens.ids)
    written, losses = [], iter(measured.losses.tolist())
    bars = []
    for start, span, k in _layout(run):
        if k is None:
            written.append(Slot(start, span, (Cell("–", "ignored", name=f"{pieces[start]} is not written"),)))
            continue
        words = [Cell(_name(k), "mask", name=f"{_name(k)}, written and scored")]
        words += [Cell(piece, "right", name=f"{piece}, written and scored") for piece in pieces[start : start + span]]
        written.append(Slot(start, span, tuple(words)))
        bars.append(Slot(start, span, tuple(Cell(value=next(losses)) for _ in words)))
    rest = list(losses)
    closing = [Cell("</s>", "right", name="end token, written and scored")]
    if len(rest) > 1:
        k = len(bars)
        closing.insert(0, Cell(_name(k), "mask", name=f"closing {_name(k)}, written and scored"))
    written.append(Slot(length, 1, tuple(closing)))
    bars.append(Slot(length, 1, tuple(Cell(value=loss) for loss in rest)))
    return (
        Row("chips", "encoder sees", strong="T5", slots=_sees(run, None)),
        Row("chips", "decoder writes", slots=tuple(written)),
        Row("bars", "loss", unit="nats", role="loss", slots=tuple(bars), peak=_peak(run)),
    )


def _bart_rows(run: _Run, measured: Measured) -> tuple[Row, ...]:
    tokens = run.reading.tokens
    whole = chips([*tokens.pieces, "</s>"], [*tokens.joined, False], "right", "written and scored")
    return (
        Row("chips", "encoder sees", strong="BART", slots=_sees(run, "[M]")),
        Row("chips", "decoder writes", slots=each(whole)),
        Row(
            "bars",
            "loss",
            unit="nats",
            role="loss",
            slots=each(Cell(value=loss) for loss in measured.losses.tolist()),
            peak=_peak(run),
        ),
    )


def _peak(run: _Run) -> float:
    """One scale for both halves, so that bars can be compared."""
    return max(1e-6, *(half.losses.max().item() for half in (run.t5, run.bart) if half))


def _matrices(state: Dials, run: _Run, shown: Measured) -> tuple[Matrix, ...]:
    reads, writes = _pieces_of(run, shown.inputs), ["start", *_pieces_of(run, shown.targets)[:-1]]
    name = "T5" if run.t5 else "BART"
    row, column = min(_written_at(state, run), len(writes) - 1), min(_read_at(state, run), len(reads) - 1)
    causal = tuple(tuple(1 if i == j else 0 if j < i else 2 for j in range(len(writes))) for i in range(len(writes)))
    return (
        _all_open(
            reads, reads, READ, f"{name} encoder: everyone sees everyone.", "Encoder, who may look at whom", column
        ),
        Matrix(
            tuple(writes),
            tuple(writes),
            causal,
            WRITE,
            "Decoder, who may look at whom",
            "Decoder: the past.",
            chosen=row,
        ),
        _all_open(writes, reads, ACROSS, "Across: all inputs.", "Decoder over encoder, who may look at whom", row),
    )


def _all_open(
    rows: list[str], columns: list[str], reasons: tuple[Reason, ...], caption: str, label: str, chosen: int
) -> Matrix:
    return Matrix(
        tuple(rows), tuple(columns), ((0,) * len(columns),) * len(rows), reasons, label, caption, chosen=chosen
    )


def _pieces_of(run: _Run, ids: Int[Tensor, " n"]) -> list[str]:
    model = run.models[0] or run.models[1]
    assert model is not None
    names = {token: _name(k) for k, token in enumerate(model.sentinel_ids)}
    return [names.get(token) or ("[M]" if token == model.mask_id else model.piece(token)) for token in ids.tolist()]


def _read_at(state: Dials, run: _Run) -> int:
    """The place in the encoder's input of the column under the lens."""
    slots = _layout(run)
    return next((place for place, (start, span, _) in enumerate(slots) if start <= state.at < start + span), len(slots))


def _written_at(state: Dials, run: _Run) -> int:
    """The place in T5's target of the column under the lens, or of what is written next; BART writes every column."""
    if run.t5 is None:
        return state.at
    place = 0
    for start, span, k in _layout(run):
        if k is not None and state.at < start + span:
            return place + 1 + max(0, state.at - start) if state.at >= start else place
        place += 0 if k is None else span + 1
    return place


# --- The numbers that proofs ask for ----------------------------------------------------------------------------------


def _rebuilt(run: _Run) -> str:
    halves = [name for name, good in (("T5", _t5_rebuilds(run)), ("BART", _bart_rebuilds(run))) if good]
    return "✓ both" if len(halves) == 2 else f"✓ {halves[0]}" if halves else "no"


def _t5_rebuilds(run: _Run) -> bool:
    if run.t5 is None or run.models[0] is None:
        return False
    text = rebuild_t5(run.t5.inputs[:-1].tolist(), run.t5.targets[:-1].tolist(), run.models[0].sentinel_ids)
    return text == list(run.reading.tokens.ids)


def _bart_rebuilds(run: _Run) -> bool:
    return run.bart is not None and run.bart.targets[:-1].tolist() == list(run.reading.tokens.ids)


def cost(model: LanguageModel, measured: Measured) -> float:
    """Floating-point operations of one forward pass, about: two for each weight that a token meets. The encoder's
    weights meet the input tokens, the decoder's and the output matrix the written ones; attention's own products,
    small at this length, are left out."""
    encoder, decoder = model.stack_sizes
    return 2.0 * (encoder * len(measured.inputs) + decoder * len(measured.targets))


def numbers(state: Dials) -> dict[str, float]:
    """All numbers of the state."""
    state, reading, _ = _settled(state)
    run = _run(dataclasses.replace(state, at=0, length=512))
    t5_model, bart_model = run.models
    raw, target = span_corruption_lengths(state.length, noise_density=T5_DENSITY, mean_span_length=T5_MEAN)
    return {
        "n_positions": len(reading.tokens.ids),
        "n_spans": len(noise_runs(run.noise)[0]),
        "n_noise": int(run.noise.sum()),
        "rebuilt": float(_rebuilt(run) == "✓ both"),
        **_half("t5", t5_model, run.t5),
        **_half("bart", bart_model, run.bart),
        "t5_loss_content": _content_loss(t5_model, run.t5),
        "raw_length": raw,
        "target_length": target,
    }


def _half(name: str, model: LanguageModel | None, measured: Measured | None) -> dict[str, float]:
    if model is None or measured is None:
        return {f"{name}_{what}": math.nan for what in ("loss", "input_length", "target_length", "cost")}
    return {
        f"{name}_loss": measured.loss.item(),
        f"{name}_input_length": len(measured.inputs),
        f"{name}_target_length": len(measured.targets),
        f"{name}_cost": cost(model, measured),
    }


def _content_loss(model: LanguageModel | None, measured: Measured | None) -> float:
    if model is None or measured is None:
        return math.nan
    marks = torch.tensor([*model.sentinel_ids, model.eos_id])
    content = ~torch.isin(measured.targets, marks)
    return measured.losses[content].mean().item() if content.any() else math.nan


# --- Panels -----------------------------------------------------------------------------------------------------------


def lengths(state: Dials) -> tuple[Part, ...]:
    """How much raw text fills an encoder, and how much the decoder then writes."""
    rows = []
    for name, density, mean in (
        ("T5's setting", T5_DENSITY, T5_MEAN),
        ("this page", state.density / 100, float(state.mean)),
    ):
        raw, target = span_corruption_lengths(state.length, noise_density=density, mean_span_length=mean)
        rows.append(
            (
                f"{name}: {three(100 * density)} %, mean {three(mean)}",
                str(state.length),
                f"{raw:,}",
                f"{target:,}",
                f"{raw + 1:,}",
            )
        )
    return (Table(("", "encoder reads", "raw tokens", "T5 decoder writes", "BART decoder would write"), tuple(rows)),)


def costs(state: Dials) -> tuple[Part, ...]:
    """Lengths and forward cost of both halves on this text."""
    state, _, _ = _settled(state)
    run = _run(dataclasses.replace(state, at=0, length=512))
    rows = tuple(
        (
            name,
            str(len(half.inputs)),
            str(len(half.targets)),
            f"{three(cost(model, half) / 1e6)} MFLOP",
            f"{three(half.losses.sum().item())} nats",
            f"{three(half.loss.item())} nats",
        )
        for name, model, half in zip(("T5", "BART"), run.models, (run.t5, run.bart), strict=True)
        if model is not None and half is not None
    )
    return (Table(("", "encoder tokens", "decoder tokens", "forward cost", "sum of losses", "mean"), rows),)


def matrices(state: Dials) -> tuple[Part, ...]:
    """BART's three masks beside T5's in the picture above: the same rules, another length of the target."""
    state, _, _ = _settled(state)
    run = _run(dataclasses.replace(state, at=0, length=512))
    if run.bart is None:
        return ("This model has no mask token, so it has no BART half.",)
    return _matrices(state, dataclasses.replace(run, t5=None), run.bart)


def model(state: Dials) -> tuple[Part, ...]:
    """The models of both halves."""
    state, reading, _ = _settled(state)
    return (facts(reading.model),)


PANELS = {"lengths": lengths, "cost": costs, "matrices": matrices, "model": model}
