"""Causal LM: every position predicts the next token, from the past alone."""

import dataclasses
import functools
import math
from collections.abc import Sequence
from typing import Any

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from lossviz.attention import bidirectional_mask, causal_mask, padding_mask
from lossviz.figures.grid import Cell, Grid, Legend, Row, each
from lossviz.figures.matrix import Matrix, Reason
from lossviz.figures.numerals import three
from lossviz.labels import next_token_labels
from lossviz.lessons import dials
from lossviz.lessons.listing import listing
from lossviz.lessons.measuring import gradient_norm, mean_of, scored_count
from lossviz.lessons.panels import Live, Part, Table
from lossviz.lessons.scene import Metric, Scene
from lossviz.lessons.sentence import Reading, chips, facts, read_text
from lossviz.losses import cross_entropy, cross_entropy_grad, mean_over_targets
from lossviz.models import LanguageModel, load
from lossviz.models.masks import sees_its_target
from lossviz.training.live import LiveRun
from lossviz.units import bits_per_byte, perplexity

EDITED = None  # no row of the grid is changed by a click: it chooses the position under the lens
TOP = 8  # tokens of the vocabulary that the position panel names; the rest is summed


@dataclasses.dataclass(frozen=True)
class Dials:
    """What the page can set. shift: 1 is right, 0 and 2 are the classic bugs. mask: who may look at whom, before the
    cells in `open` are turned over. at: the position under the lens."""

    text: str = dials.text("Anna had a small red kite. She lost it in the")
    shift: str = dials.choice("1", "0", "2")
    padding: int = dials.whole(0, 0, 8)
    mask: str = dials.choice("causal", "hole", "full")
    open: tuple[tuple[int, int], ...] = dials.cells(follows=("text", "mask", "padding"))
    model: str = dials.name("causal")
    at: int = dials.whole(4, 0, 511)
    seed: int = dials.whole(0, 0, 9999)
    temperature: int = dials.whole(10, 1, 30)


# --- The code that ran ------------------------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class Measured:
    """One forward and one backward pass over one text. Losses in nats, per position; 0 where nothing is scored."""

    logits: Float[Tensor, "T V"]
    labels: Int[Tensor, " T"]
    losses: Float[Tensor, " T"]
    loss: Float[Tensor, ""]
    gradient_norm: float


def who_sees_whom(mask: str, flips: Sequence[tuple[int, int]], length: int) -> Bool[Tensor, "T T"]:
    """The attention mask: "causal", "hole" (causal, and each position also sees its next token) or "full"."""
    allowed = bidirectional_mask(length) if mask == "full" else causal_mask(length)
    if mask == "hole":
        allowed = allowed | torch.diag(torch.ones(length - 1, dtype=torch.bool), diagonal=1)
    for row, column in flips:
        allowed[row, column] = not allowed[row, column]
    return allowed


def labels_at_shift(shift: int, input_ids: Int[Tensor, " T"], real: Bool[Tensor, " T"]) -> Int[Tensor, " T"]:
    """Targets under the right shift, 1, and under the two classic bugs: 0, no shift, and 2, shifted twice."""
    labels = next_token_labels(input_ids, attention_mask=real)
    if shift == 0:
        return input_ids.masked_fill(~real, -100)
    if shift == 2:
        return torch.cat([labels[1:], labels.new_tensor([-100])])
    return labels


def measure(
    model: LanguageModel,
    input_ids: Int[Tensor, " T"],
    real: Bool[Tensor, " T"],
    allowed: Bool[Tensor, "T T"],
    shift: int,
) -> Measured:
    """Score every position of one text against its label, average over the scored ones, and go back once."""
    logits = model.logits(input_ids, allowed)
    labels = labels_at_shift(shift, input_ids, real)
    losses = cross_entropy(logits, labels)
    loss = mean_over_targets(losses, labels)
    return Measured(logits.detach(), labels, losses.detach(), loss.detach(), gradient_norm(loss, model))


def metrics(measured: Measured, scored_bytes: int) -> tuple[Metric, ...]:
    """The numbers under the picture."""
    scored = scored_count(measured.labels)
    total = measured.losses.sum().item()
    return (
        Metric(f"Loss (mean of {scored} scored)", f"{three(measured.loss.item())} nats"),
        Metric("Perplexity", three(perplexity(total, scored)) if scored else "–"),
        Metric("Bits per byte", three(bits_per_byte(total, scored_bytes)) if scored else "–"),
        Metric("Gradient norm", three(measured.gradient_norm)),
    )


CALL = """\
model = load(*which)
input_ids = torch.tensor(ids)
real = torch.arange(len(ids)) < n_real
allowed = who_sees_whom(mask, flips, len(ids)) & padding_mask(real)
measured = measure(model, input_ids, real, allowed, shift)
for metric in metrics(measured, scored_bytes):
    print(metric.label, metric.value, sep=": ")"""


# --- The picture ------------------------------------------------------------------------------------------------------


REASONS = (
    Reason("it is in the past", True),
    Reason("it is the token itself", True),
    Reason("it lies in the future, and the answer is there", False),
    Reason("the hole shows each token the next one: its own answer", True),
    Reason("this mask hides nothing", True),
    Reason("padding is never looked at", False),
)


def scene(state: Dials) -> Scene:
    """The page at these dials. Raises CannotShow with a sentence where there is nothing to compute."""
    state, reading, notices = _settled(state)
    run = _run(state)
    measured = run.measured
    scored_bytes = _scored_bytes(state, reading)
    return Scene(
        grid=_grid(state, run, reading),
        matrices=(_matrix(state, run),),
        metrics=metrics(measured, scored_bytes),
        today=mean_of(measured.losses, measured.labels),
        truth=math.log(measured.logits.shape[-1]),
        listing=listing(
            [
                measure,
                who_sees_whom,
                labels_at_shift,
                next_token_labels,
                cross_entropy,
                mean_over_targets,
                gradient_norm,
                metrics,
            ],
            {
                "which": _which(state),
                "ids": run.ids,
                "n_real": run.n_real,
                "mask": state.mask,
                "flips": list(state.open),
                "shift": int(state.shift),
                "scored_bytes": scored_bytes,
            },
            CALL,
        ),
        numbers=_numbers(state, run, scored_bytes),
        notices=notices,
    )


@dataclasses.dataclass(frozen=True)
class _Run:
    """What was computed, and the strings that stand for its tokens, padding included."""

    model: LanguageModel
    ids: list[int]
    n_real: int
    pieces: list[str]
    joined: list[bool]
    allowed: Bool[Tensor, "T T"]
    measured: Measured


def _which(state: Dials) -> tuple[str, ...]:
    return (state.model,) if state.model in ("causal", "leaky") else ("causal", state.model)


def _settled(state: Dials) -> tuple[Dials, Reading, tuple[str, ...]]:
    """The dials with everything inside this text's bounds, the text read, and sentences on what had to give."""
    reading = read_text(*_which(state), text=state.text, room=state.padding)
    length = len(reading.tokens.ids) + state.padding
    inside = tuple(cell for cell in state.open if max(cell) < length)
    seeing = tuple(cell for cell in inside if who_sees_whom(state.mask, inside, length)[cell[0]].any())
    notices = reading.notices
    if len(inside) < len(state.open):
        notices += (f"This text has {length} positions; opened cells beyond them are left out.",)
    if len(seeing) < len(inside):
        notices += ("A token that may look at nothing has no softmax to take, so its row stays as it was.",)
    return dataclasses.replace(state, open=seeing, at=min(state.at, length - 1)), reading, notices


def _run(state: Dials) -> _Run:
    """Compute the state once; the position under the lens and the continuation's dials do not matter to it."""
    return _run_cached(dataclasses.replace(state, at=0, seed=0, temperature=10))


@functools.lru_cache(maxsize=32)
def _run_cached(state: Dials) -> _Run:
    reading = read_text(*_which(state), text=state.text, room=state.padding)
    model, tokens = reading.model, reading.tokens
    pad = "<pad>"
    ids = list(tokens.ids) + [model.pad_id] * state.padding
    real = torch.arange(len(ids)) < len(tokens.ids)
    allowed = who_sees_whom(state.mask, state.open, len(ids)) & padding_mask(real)
    measured = measure(model, torch.tensor(ids), real, allowed, int(state.shift))
    pieces, joined = list(tokens.pieces) + [pad] * state.padding, list(tokens.joined) + [False] * state.padding
    return _Run(model, ids, len(tokens.ids), pieces, joined, allowed, measured)


def _scored_bytes(state: Dials, reading: Reading) -> int:
    """UTF-8 bytes of the tokens that are targets: all but the first ones, which nothing predicts."""
    tokens = reading.tokens
    read = state.text.removesuffix(tokens.cut) if tokens.cut else state.text
    first = tokens.ids[: int(state.shift)]
    skipped = str(reading.model.tokenizer.decode(first))
    # a token of the vocabulary's bytes that is no whole character decodes to U+FFFD; it is one byte
    return len(read.encode()) - (len(first) if "\ufffd" in skipped else len(skipped.encode()))


def _grid(state: Dials, run: _Run, reading: Reading) -> Grid:
    measured = run.measured
    scored = (measured.labels != -100).tolist()
    targets = [_target(run, state, i) if is_scored else None for i, is_scored in enumerate(scored)]
    seen = chips(run.pieces, run.joined, "context", "visible")
    seen[run.n_real :] = chips(run.pieces[run.n_real :], run.joined[run.n_real :], "ignored", "padding")
    losses = measured.losses.tolist()
    hint = {"1": "shift by one", "0": "no shift: a bug", "2": "shifted twice: a bug"}[state.shift]
    return Grid(
        columns=len(run.ids),
        rows=(
            Row("chips", "model sees", slots=each(seen)),
            Row("chips", "is scored on", hint=hint, slots=each(_targets(targets))),
            Row(
                "bars",
                "p(right)",
                role="right",
                peak=1.0,
                slots=each(
                    Cell(value=math.exp(-loss)) if target else None
                    for loss, target in zip(losses, targets, strict=True)
                ),
            ),
            Row(
                "bars",
                "loss",
                unit="nats",
                role="loss",
                slots=each(Cell(value=loss) if target else None for loss, target in zip(losses, targets, strict=True)),
            ),
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


def _target(run: _Run, state: Dials, position: int) -> str:
    return run.pieces[position + int(state.shift)]


def _targets(targets: list[str | None]) -> list[Cell]:
    return [
        Cell(target, "right", name=f"position {i + 1} is scored on {target}")
        if target is not None
        else Cell("–", "ignored", name=f"position {i + 1} carries no loss")
        for i, target in enumerate(targets)
    ]


def _matrix(state: Dials, run: _Run) -> Matrix:
    length = len(run.ids)
    codes = tuple(tuple(_code(state.mask, i, j, run.n_real) for j in range(length)) for i in range(length))
    here, answer = run.pieces[state.at], run.pieces[min(state.at + 1, length - 1)]
    caption = {
        "causal": f"Who may look at whom: the past. Click an empty cell: “{here}” could see “{answer}”, its answer.",
        "hole": "Every token also sees the next one: the answer it is scored on.",
        "full": "Everyone sees everyone, the answer included.",
    }[state.mask]
    if state.open and state.model == "causal":
        caption = (
            "The hole is open, but this model was trained without it and never learned to look. Try the leaky one."
        )
    return Matrix(
        row_names=tuple(run.pieces),
        column_names=tuple(run.pieces),
        codes=codes,
        reasons=REASONS,
        caption=caption,
        label="Who may look at whom",
        chosen=state.at,
        editable=True,
        flips=state.open,
    )


def _code(mask: str, row: int, column: int, n_real: int) -> int:
    if column >= n_real:
        return 5
    if column == row:
        return 1
    if column < row:
        return 0
    if mask == "full":
        return 4
    return 3 if mask == "hole" and column == row + 1 else 2


# --- The numbers that proofs ask for ----------------------------------------------------------------------------------


def _numbers(state: Dials, run: _Run, scored_bytes: int) -> dict[str, float]:
    measured, real = run.measured, torch.arange(len(run.ids)) < run.n_real
    scored = measured.labels != -100
    total, n_scored = measured.losses.sum().item(), int(scored.sum())
    gradient = cross_entropy_grad(measured.logits, measured.labels)[state.at]
    right = int(measured.labels[state.at])
    under = {
        shift: _mean_loss(measured.logits, labels_at_shift(shift, torch.tensor(run.ids), real)) for shift in (0, 1, 2)
    }
    future = torch.ones_like(run.allowed).triu(1) & run.allowed
    leaks = sees_its_target(run.allowed, run.model.model.config.num_hidden_layers) & scored
    return {
        "loss": measured.loss.item(),
        "n_scored": n_scored,
        "n_positions": len(run.ids),
        "sum_loss": total,
        "perplexity": perplexity(total, n_scored) if n_scored else math.nan,
        "bits_per_byte": bits_per_byte(total, scored_bytes) if n_scored else math.nan,
        "gradient_norm": measured.gradient_norm,
        "vocabulary": measured.logits.shape[-1],
        "log_vocabulary": math.log(measured.logits.shape[-1]),
        "loss_untrained": untrained_loss(_which(state), tuple(run.ids[: run.n_real])),
        "loss_right_shift": under[1],
        "loss_no_shift": under[0],
        "loss_double_shift": under[2],
        "allowed_pairs": int(run.allowed.sum()),
        "future_pairs_open": int(future.sum()),
        "rows_leaking": int(leaks.sum()),
        "loss_rows_open": measured.losses[leaks].mean().item() if leaks.any() else math.nan,
        "p_right_chosen": measured.logits[state.at].softmax(-1)[right].item() if right >= 0 else math.nan,
        "gradient_right_chosen": gradient[right].item() if right >= 0 else math.nan,
        "gradient_sum_chosen": gradient.sum().item(),
        "loss_chosen": measured.losses[state.at].item(),
        **{
            f"loss_{name}": loss
            for name, loss in denominators(_which(state), tuple(run.ids[: run.n_real]), state.padding)
        },
    }


def _mean_loss(logits: Float[Tensor, "T V"], labels: Int[Tensor, " T"]) -> float:
    return mean_over_targets(cross_entropy(logits, labels), labels).item()


@functools.lru_cache(maxsize=128)
def untrained_loss(which: tuple[str, ...], ids: tuple[int, ...]) -> float:
    """Mean next-token loss of a model of the same shape with weights fresh from the generator, seed 0."""
    input_ids = torch.tensor(ids)
    with torch.no_grad():
        logits = _untrained(which).logits(input_ids, causal_mask(len(ids)))
    return _mean_loss(logits, next_token_labels(input_ids))


@functools.lru_cache(maxsize=2)
def _untrained(which: tuple[str, ...]) -> LanguageModel:
    model = load(*which)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        fresh: Any = type(model.model)(model.model.config).eval()
    return dataclasses.replace(model, model=fresh.to(model.device))


# --- Panels -----------------------------------------------------------------------------------------------------------


def position(state: Dials) -> tuple[Part, ...]:
    """p, y and p − y at the chosen position, over the likeliest tokens, the right one, and the rest summed."""
    state, _, _ = _settled(state)
    run = _run(state)
    logits, label = run.measured.logits[state.at], int(run.measured.labels[state.at])
    p, gradient = logits.softmax(-1), cross_entropy_grad(logits[None], torch.tensor([label]))[0]
    named = list(dict.fromkeys(([label] if label >= 0 else []) + p.topk(TOP).indices.tolist()))[:TOP]
    named.sort(key=lambda token: -p[token].item())
    pieces = [run.model.piece(token) for token in named] + [f"{len(p) - len(named):,} others"]
    share, pull = _with_rest(p, named), _with_rest(gradient, named)
    here = run.pieces[state.at]
    rows = [
        Row(
            "chips",
            "next token",
            slots=each(
                Cell(piece, "right" if token == label else "plain")
                for piece, token in zip(pieces, [*named, None], strict=True)
            ),
            selectable=False,
        ),
        Row("bars", "p", role="mask", peak=1.0, slots=each(Cell(value=value) for value in share), selectable=False),
    ]
    if label >= 0:
        rows += [
            Row(
                "chips",
                "y",
                slots=each(Cell("1" if token == label else "0", "plain") for token in [*named, None]),
                selectable=False,
            ),
            Row(
                "signed",
                "p − y",
                hint="the gradient",
                peak=1.0,
                slots=each(Cell(value=value) for value in pull),
                selectable=False,
            ),
        ]
    said = f"After “{here}” (position {state.at + 1})" + (
        f": loss {three(run.measured.losses[state.at].item())} nats, p − y sums to {three(abs(round(sum(pull), 6)))}."
        if label >= 0
        else ": nothing is scored here, so the gradient is exactly 0."
    )
    return said, Grid(len(pieces), tuple(rows), (Legend("right", "right answer"),), f"Probabilities after {here}")


def _with_rest(values: Float[Tensor, " V"], named: list[int]) -> list[float]:
    """The named tokens' values, and the sum of all others."""
    kept = values[named]
    return [*kept.tolist(), (values.sum() - kept.sum()).item()]


@functools.lru_cache(maxsize=64)
def denominators(which: tuple[str, ...], ids: tuple[int, ...], padding: int) -> tuple[tuple[str, float], ...]:
    """One text, its end token and `padding` pads under four recipes: (name, mean loss in nats), then counts."""
    model = load(*which)
    full = torch.tensor([*ids, model.eos_id] + [model.pad_id] * padding)[: model.max_tokens]
    same = full.masked_fill(full == model.pad_id, model.eos_id)  # the vocabulary in which pad = eos
    real = torch.arange(len(full)) <= len(ids)
    with torch.no_grad():
        logits = model.logits(full, causal_mask(len(full)) & padding_mask(real))
    labels = next_token_labels(full, attention_mask=real)
    losses = cross_entropy(logits, labels)
    by_id = next_token_labels(same).masked_fill(next_token_labels(same) == model.eos_id, -100)
    return (
        ("scored_only", mean_over_targets(losses, labels).item()),
        ("over_all_positions", losses.sum().item() / len(full)),
        ("padding_scored", _mean_loss(logits, next_token_labels(full))),
        ("pad_is_eos", _mean_loss(logits, by_id)),
        ("of_the_end", losses[len(ids) - 1].item()),
        ("count", float((labels != -100).sum())),
        ("count_pad_is_eos", float((by_id != -100).sum())),
        ("count_all", float(len(full))),
    )


def denominator(state: Dials) -> tuple[Part, ...]:
    """The same losses under four denominators."""
    state, _, _ = _settled(state)
    run, padding = _run(state), state.padding or 6
    value = dict(denominators(_which(state), tuple(run.ids[: run.n_real]), padding))
    count, everything = int(value["count"]), int(value["count_all"])
    return (
        f"The text, its end token and {padding} padding positions: {everything} in all, {count} scored.",
        Table(
            ("recipe", "divided by", "loss, nats", "verdict"),
            (
                ("scored positions only", str(count), three(value["scored_only"]), "right"),
                (
                    "sum over the scored, divided by all positions",
                    str(everything),
                    three(value["over_all_positions"]),
                    "too small: it falls as padding grows",
                ),
                (
                    "padding scored as if it were text",
                    str(everything - 1),
                    three(value["padding_scored"]),
                    "wrong: the model is paid for predicting padding",
                ),
                (
                    "masked by id where pad = eos",
                    str(int(value["count_pad_is_eos"])),
                    three(value["pad_is_eos"]),
                    f"the end token ({three(value['of_the_end'])} nats) is gone: it never learns to stop",
                ),
            ),
        ),
    )


def continuation(state: Dials, steps: int = 16) -> tuple[Part, ...]:
    """The model writes on from the text: greedily, and sampled at the dialled temperature."""
    state, _, _ = _settled(state)
    run = _run(state)
    ids = run.ids[: run.n_real]
    greedy = write_on(run.model, ids, state.mask, steps, temperature=0.0, seed=state.seed)
    sampled = write_on(run.model, ids, state.mask, steps, temperature=state.temperature / 10, seed=state.seed)
    return (
        _written(run.model, greedy, "greedy"),
        _written(run.model, sampled, f"sampled at temperature {three(state.temperature / 10)}"),
    )


@torch.no_grad()
def write_on(
    model: LanguageModel, ids: list[int], mask: str, steps: int, *, temperature: float, seed: int
) -> list[tuple[int, float]]:
    """The next `steps` tokens and the probability of each; temperature 0 takes the likeliest. Nothing lies ahead of
    the last token when one writes, so a model that was trained to peek has nothing to peek at."""
    generator = torch.Generator().manual_seed(seed)
    written: list[tuple[int, float]] = []
    while len(written) < steps and (not written or written[-1][0] != model.eos_id):
        context = torch.tensor([*ids, *(token for token, _ in written)])[-model.max_tokens :]
        logits = model.logits(context, who_sees_whom(mask, (), len(context)))[-1].cpu()
        p = (logits / (temperature or 1.0)).softmax(-1)
        token = int(torch.multinomial(p, 1, generator=generator)) if temperature else int(p.argmax())
        written.append((token, p[token].item()))
    return written


def _written(model: LanguageModel, written: list[tuple[int, float]], how: str) -> Grid:
    pieces = [model.piece(token) for token, _ in written]
    return Grid(
        len(written),
        (
            Row("chips", how, slots=each(Cell(piece, "plain") for piece in pieces), selectable=False),
            Row("bars", "p", role="mask", peak=1.0, slots=each(Cell(value=p) for _, p in written), selectable=False),
        ),
        (),
        f"The continuation, {how}: {' '.join(pieces)}",
    )


def train(state: Dials) -> tuple[Part, ...]:
    """A copy of the causal model goes on training under the mask of the page, on windows as long as this text."""
    state, _, _ = _settled(state)
    length = _run(dataclasses.replace(state, padding=0)).n_real
    if length < 2:
        return ("A text of one token has no target: type another word.",)
    flips = tuple(cell for cell in state.open if max(cell) < length)
    allowed = who_sees_whom(state.mask, flips, length)
    return (
        Live(
            key=f"{state.mask} {flips} {length}",
            start=lambda: LiveRun(load("causal"), allowed).start(),
            shown=lambda run: _trained(state, run.snapshot().model, allowed),
        ),
    )


def _trained(state: Dials, trained: LanguageModel, allowed: Bool[Tensor, "T T"]) -> tuple[Part, ...]:
    """This text before and after, under the same mask, and what the trained model writes when nothing lies ahead."""
    tokens = read_text("causal", text=state.text).tokens
    ids, labels = torch.tensor(tokens.ids), next_token_labels(torch.tensor(tokens.ids))
    with torch.no_grad():
        before, after = (
            cross_entropy(model.logits(ids, allowed), labels).tolist()[:-1] for model in (load("causal"), trained)
        )
    bars = (each(Cell(value=loss) for loss in losses) for losses in (before, after))
    peak = max(*before, *after, 1e-6)
    grid = Grid(
        len(ids),
        (
            Row("chips", "model sees", slots=each(chips(tokens.pieces, tokens.joined, "context", "visible"))),
            *(
                Row("bars", f"loss {when}", unit="nats", role="loss", peak=peak, slots=slots, selectable=False)
                for when, slots in zip(("before", "after"), bars, strict=True)
            ),
        ),
        (Legend("loss", "loss under the mask of this page"),),
        "The losses of this text before and after the training",
    )
    return grid, _written(
        trained, write_on(trained, list(tokens.ids), state.mask, 16, temperature=0.0, seed=0), "greedy"
    )


def model(state: Dials) -> tuple[Part, ...]:
    """The model that is asked."""
    return (facts(_settled(state)[1].model),)


PANELS = {"position": position, "denominator": denominator, "continue": continuation, "train": train, "model": model}
