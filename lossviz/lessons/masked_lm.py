"""Masked LM: hide some tokens, look both ways, and pay only where something was chosen."""

import dataclasses
import functools
import math
from collections.abc import Sequence

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from lossviz.attention import bidirectional_mask
from lossviz.corruption import MaskAction, apply_mlm_actions, sample_mlm_actions, sample_random_ids
from lossviz.figures.grid import Cell, Edit, Grid, Legend, Row, each, each_of
from lossviz.figures.matrix import Matrix, Reason
from lossviz.figures.numerals import three
from lossviz.lessons import causal_lm, dials
from lossviz.lessons.listing import listing
from lossviz.lessons.measuring import gradient_norm, mean_of, scored_count
from lossviz.lessons.panels import Part, Table
from lossviz.lessons.scene import Metric, Scene
from lossviz.lessons.sentence import CannotShow, Reading, chips, facts, read_text
from lossviz.losses import cross_entropy, mean_over_targets
from lossviz.models import LanguageModel
from lossviz.units import perplexity

EDITED = "actions"
GUESSES = 3  # of the model's best guesses, shown at each scored position
MOST_MASKS = 6  # filled one by one; more would make every order a long list
MANY = 100_000  # tokens of the draw that is counted


@dataclasses.dataclass(frozen=True)
class Dials:
    """What the page can set. rate, mask, random: percent; actions: one MaskAction per token, set by hand."""

    text: str = dials.text("Anna had a small red kite. She lost it in the")
    rate: int = dials.whole(15, 0, 100)
    mask: int = dials.whole(80, 0, 100)
    random: int = dials.whole(10, 0, 100)
    words: bool = dials.flag()
    seed: int = dials.whole(605, 0, 9999)  # a draw in which every kind of corruption occurs
    actions: str = dials.marks(4, follows=("text", "rate", "mask", "random", "words", "seed", "model"))
    open: tuple[tuple[int, int], ...] = dials.cells(follows=("text", "model"))
    model: str = dials.name("masked")
    at: int = dials.whole(5, 0, 511)


# --- The code that ran ------------------------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class Measured:
    """One forward and one backward pass over one corrupted text. Losses in nats; 0 where nothing was selected."""

    corrupted: Int[Tensor, " T"]
    logits: Float[Tensor, "T V"]
    labels: Int[Tensor, " T"]
    losses: Float[Tensor, " T"]
    loss: Float[Tensor, ""]
    gradient_norm: float


def draw_actions(
    special: Bool[Tensor, " T"], word_ids: Int[Tensor, " T"] | None, rate: int, mask: int, random: int, seed: int
) -> Int[Tensor, " T"]:
    """What happens to each token, drawn from the seed: `rate` percent are selected; of these `mask` percent become
    [MASK], `random` percent another token, the rest stay."""
    return sample_mlm_actions(
        special,
        mask_rate=rate / 100,
        mask_fraction=mask / 100,
        random_fraction=random / 100,
        word_ids=word_ids,
        generator=torch.Generator().manual_seed(seed),
    )


def replacements(model: LanguageModel, length: int, seed: int) -> Int[Tensor, " T"]:
    """One token drawn from the whole vocabulary, specials left out, for each position that may be replaced."""
    return sample_random_ids(
        (length,),
        vocab_size=model.vocab_size,
        exclude=model.special_ids,
        generator=torch.Generator().manual_seed(seed),
    )


def look_both_ways(length: int, flips: Sequence[tuple[int, int]]) -> Bool[Tensor, "T T"]:
    """Everyone may look at everyone, but for the cells that were turned over."""
    allowed = bidirectional_mask(length)
    for row, column in flips:
        allowed[row, column] = not allowed[row, column]
    return allowed


def mask_of(model: LanguageModel) -> int:
    """The id of [MASK]; a model without one was not trained on this objective."""
    if model.mask_id is None:
        raise CannotShow(f"“{model.name}” has no mask token, so it cannot be asked what is hidden: choose another.")
    return model.mask_id


def measure(
    model: LanguageModel,
    input_ids: Int[Tensor, " T"],
    actions: Int[Tensor, " T"],
    random_ids: Int[Tensor, " T"],
    allowed: Bool[Tensor, "T T"],
) -> Measured:
    """Corrupt the text, score the selected positions, average over them, and go back once."""
    corrupted, labels = apply_mlm_actions(input_ids, actions, mask_token_id=mask_of(model), random_ids=random_ids)
    logits = model.logits(corrupted, allowed)
    losses = cross_entropy(logits, labels)
    loss = mean_over_targets(losses, labels)
    norm = gradient_norm(loss, model)
    return Measured(corrupted, logits.detach(), labels, losses.detach(), loss.detach(), norm)


def metrics(measured: Measured) -> tuple[Metric, ...]:
    """The numbers under the picture."""
    scored, length = scored_count(measured.labels), len(measured.labels)
    return (
        Metric(f"Loss (mean of {scored} scored)", f"{three(measured.loss.item())} nats"),
        Metric(
            f"Perplexity of the {scored}", three(perplexity(measured.losses.sum().item(), scored)) if scored else "–"
        ),
        Metric("Gradient norm", three(measured.gradient_norm)),
        Metric("Positions with loss", f"{scored} / {length}"),
    )


CALL = """\
model = load(*which)
actions = torch.tensor(by_hand) if by_hand else draw_actions(
    torch.tensor(special), torch.tensor(word_ids) if whole_words else None, rate, mask, random, seed
)
random_ids = replacements(model, len(ids), seed)
measured = measure(model, torch.tensor(ids), actions, random_ids, look_both_ways(len(ids), flips))
for metric in metrics(measured):
    print(metric.label, metric.value, sep=": ")"""


# --- The picture ------------------------------------------------------------------------------------------------------

REASONS = (
    Reason("a masked model looks both ways", True),
    Reason("it is the token itself, as the model sees it", True),
)


@dataclasses.dataclass(frozen=True)
class _Run:
    """What was computed."""

    reading: Reading
    actions: Int[Tensor, " T"]
    random_ids: Int[Tensor, " T"]
    allowed: Bool[Tensor, "T T"]
    measured: Measured


def scene(state: Dials) -> Scene:
    """The page at these dials. Raises CannotShow with a sentence where there is nothing to compute."""
    state, reading, notices = _settled(state)
    run = _run(dataclasses.replace(state, at=0))
    beside = _causal_beside(state)
    return Scene(
        grid=_grid(state, run),
        matrices=(_matrix(state, run),),
        metrics=(*metrics(run.measured), Metric("Same text, causal LM", beside)),
        today=mean_of(run.measured.losses, run.measured.labels),
        truth=100 * 0.15 * 0.8,
        listing=listing(
            [
                measure,
                apply_mlm_actions,
                draw_actions,
                sample_mlm_actions,
                replacements,
                look_both_ways,
                cross_entropy,
                mean_over_targets,
                gradient_norm,
                metrics,
            ],
            {
                "which": _which(state),
                "ids": list(reading.tokens.ids),
                "special": reading.special,
                "word_ids": list(reading.tokens.word_ids),
                "whole_words": state.words,
                "rate": state.rate,
                "mask": state.mask,
                "random": state.random,
                "seed": state.seed,
                "by_hand": [int(digit) for digit in state.actions],
                "flips": list(state.open),
            },
            CALL,
        ),
        numbers=_numbers(state, run),
        notices=notices,
    )


def _which(state: Dials) -> tuple[str, ...]:
    return ("masked",) if state.model == "masked" else ("masked", state.model)


def _settled(state: Dials) -> tuple[Dials, Reading, tuple[str, ...]]:
    """The dials with everything inside this text's bounds, the text read, and sentences on what had to give."""
    if state.mask + state.random > 100:
        raise CannotShow(
            f"[MASK] and random shares are parts of one whole, at most 100 % together; "
            f"they are {state.mask} % and {state.random} %. Lower one of them."
        )
    reading = read_text(*_which(state), text=state.text)
    length = len(reading.tokens.ids)
    notices = reading.notices
    actions = state.actions
    if actions and len(actions) != length:
        notices += (f"The marks of this link are for {len(actions)} tokens, the text has {length}: they were fitted.",)
        actions = actions[:length].ljust(length, "0")
    inside = tuple(cell for cell in state.open if max(cell) < length)
    seeing = tuple(cell for cell in inside if look_both_ways(length, inside)[cell[0]].any())
    if len(seeing) < len(state.open):
        notices += ("Cells outside this text, or that would leave a token blind, stay as they were.",)
    return dataclasses.replace(state, actions=actions, open=seeing, at=min(state.at, length - 1)), reading, notices


@functools.lru_cache(maxsize=32)
def _run(state: Dials) -> _Run:
    reading = read_text(*_which(state), text=state.text)
    tokens = reading.tokens
    if state.actions:
        actions = torch.tensor([int(digit) for digit in state.actions]).masked_fill(torch.tensor(reading.special), 0)
    else:
        word_ids = torch.tensor(tokens.word_ids) if state.words else None
        actions = draw_actions(
            torch.tensor(reading.special), word_ids, state.rate, state.mask, state.random, state.seed
        )
    random_ids = replacements(reading.model, len(tokens.ids), state.seed)
    allowed = look_both_ways(len(tokens.ids), state.open)
    measured = measure(reading.model, torch.tensor(tokens.ids), actions, random_ids, allowed)
    return _Run(reading, actions, random_ids, allowed, measured)


def _grid(state: Dials, run: _Run) -> Grid:
    tokens, measured, model = run.reading.tokens, run.measured, run.reading.model
    pieces, joined, length = tokens.pieces, tokens.joined, len(tokens.ids)
    scored = (measured.labels != -100).tolist()
    losses = [loss if is_scored else None for loss, is_scored in zip(measured.losses.tolist(), scored, strict=True)]
    others = [model.piece(int(token)) for token in run.random_ids]
    return Grid(
        columns=length,
        rows=(
            Row(
                "chips",
                "text",
                hint="click to corrupt",
                editable=True,
                slots=each(chips(pieces, joined, "context", "in the text")),
            ),
            Row(
                "chips", "model sees", slots=each_of(_faces(i, pieces[i], joined[i], others[i]) for i in range(length))
            ),
            Row("chips", "is scored on", slots=each_of(_targets(i, pieces[i]) for i in range(length))),
            Row(
                "bars",
                "p(right)",
                role="right",
                peak=1.0,
                slots=each(None if loss is None else Cell(value=math.exp(-loss)) for loss in losses),
            ),
            Row(
                "bars",
                "loss",
                unit="nats",
                role="loss",
                slots=each(None if loss is None else Cell(value=loss) for loss in losses),
            ),
            Row(
                "lines",
                "best guesses",
                slots=each(_guesses(model, measured.logits[i], i) if scored[i] else None for i in range(length)),
            ),
        ),
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
    scored = Cell(piece, "right", name=f"position {i + 1} is scored on {piece}")
    return Cell("–", "ignored", name=f"position {i + 1} carries no loss"), scored, scored, scored


def _guesses(model: LanguageModel, logits: Float[Tensor, " V"], i: int) -> Cell:
    p, ids = logits.softmax(-1).topk(GUESSES)
    lines = tuple(f"{model.piece(int(token))} {_short(share.item())}" for share, token in zip(p, ids, strict=True))
    return Cell(lines=lines, name=f"position {i + 1}, best guesses: " + ", ".join(lines))


def _short(p: float) -> str:
    """A probability in the narrow column of the guesses: .64, <.01, 1.0."""
    return "<.01" if p < 0.005 else "1.0" if p >= 0.995 else f"{p:.2f}"[1:]


def _matrix(state: Dials, run: _Run) -> Matrix:
    tokens = run.reading.tokens
    length = len(tokens.ids)
    seen = tuple(
        "[M]" if action == MaskAction.MASK else piece
        for action, piece in zip(run.actions.tolist(), tokens.pieces, strict=True)
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


@functools.lru_cache(maxsize=64)
def _causal(text: str) -> tuple[int, int, float]:
    """The same text under the built-in causal model: positions scored, positions, mean loss in nats."""
    numbers = causal_lm.scene(causal_lm.Dials(text=text)).numbers
    return int(numbers["n_scored"]), int(numbers["n_positions"]), numbers["loss"]


def _causal_beside(state: Dials) -> str:
    scored, length, _ = _causal(state.text)
    return f"{scored} / {length}"


# --- The numbers that proofs ask for ----------------------------------------------------------------------------------


def _numbers(state: Dials, run: _Run) -> dict[str, float]:
    measured = run.measured
    n_selected = scored_count(measured.labels)
    return {
        "loss": measured.loss.item(),
        "n_selected": n_selected,
        "n_positions": len(measured.labels),
        **{f"n_{action.name.lower()}": int((run.actions == action).sum()) for action in MaskAction},
        "perplexity": perplexity(measured.losses.sum().item(), n_selected) if n_selected else math.nan,
        "gradient_norm": measured.gradient_norm,
        "expected_mask": state.rate * state.mask / 100,
        "expected_random": state.rate * state.random / 100,
        "expected_keep": state.rate * (100 - state.mask - state.random) / 100,
        "allowed_pairs": int(run.allowed.sum()),
        "loss_unselected": measured.losses[measured.labels == -100].sum().item(),
        "clm_scored": _causal(state.text)[0],
        "clm_loss": _causal(state.text)[2],
    }


def numbers(state: Dials) -> dict[str, float]:
    """All numbers of the state, those of the panels included."""
    state, _, _ = _settled(state)
    run = _run(dataclasses.replace(state, at=0))
    mask, random, keep = observed(state)
    orders = joint_scores(run)
    return _numbers(state, run) | {
        "observed_mask_percent": mask,
        "observed_random_percent": random,
        "observed_keep_percent": keep,
        "joint_left_to_right": orders["left to right"],
        "joint_right_to_left": orders["right to left"],
        "joint_confident_first": orders["surest first"],
        "joint_independent": orders["all at once"],
        "joint_spread": max(orders.values()) - min(orders.values()),
    }


# --- Panels -----------------------------------------------------------------------------------------------------------


@functools.lru_cache(maxsize=64)
def observed(state: Dials) -> tuple[float, float, float]:
    """Percent of 100,000 tokens that became [MASK], another token, or were kept and scored, at these dials."""
    nothing = torch.zeros(MANY, dtype=torch.bool)
    actions = draw_actions(nothing, None, state.rate, state.mask, state.random, state.seed)
    mask, random, keep = ((actions == action).sum().item() / MANY * 100 for action in list(MaskAction)[1:])
    return mask, random, keep


def counts(state: Dials) -> tuple[Part, ...]:
    """What the draw did, beside what it does on average and over many tokens."""
    state, _, _ = _settled(state)
    run = _run(dataclasses.replace(state, at=0))
    numbers, length = _numbers(state, run), len(run.actions)
    rows = [
        (
            name,
            f"{int(numbers[f'n_{key}'])} of {length}",
            f"{three(100 * numbers[f'n_{key}'] / length)} %",
            f"{three(numbers[f'expected_{key}'])} %",
            f"{three(many)} %",
        )
        for (name, key), many in zip(
            (("[MASK]", "mask"), ("another token", "random"), ("kept, still scored", "keep")),
            observed(dataclasses.replace(state, text="", actions="", at=0, open=(), model="masked")),
            strict=True,
        )
    ]
    return (Table(("", "this text", "share", "expected", "in 100,000 tokens"), tuple(rows)),)


def beside(state: Dials) -> tuple[Part, ...]:
    """The same text under the causal objective."""
    state, _, _ = _settled(state)
    run = _run(dataclasses.replace(state, at=0))
    scored, length, loss = _causal(state.text)
    return (
        Table(
            ("objective", "positions with loss", "share", "mean loss, nats"),
            (
                (
                    "masked LM",
                    f"{scored_count(run.measured.labels)} / {len(run.actions)}",
                    f"{three(100 * scored_count(run.measured.labels) / len(run.actions))} %",
                    three(run.measured.loss.item()),
                ),
                ("causal LM", f"{scored} / {length}", f"{three(100 * scored / length)} %", three(loss)),
            ),
        ),
        "The two losses are means over different questions, so they do not rank the models.",
    )


@torch.no_grad()
def fill(
    model: LanguageModel,
    corrupted: Int[Tensor, " T"],
    allowed: Bool[Tensor, "T T"],
    order: Sequence[int] | None,
    masked: Sequence[int],
    targets: Int[Tensor, " T"] | None = None,
) -> list[tuple[int, int, float]]:
    """Fill the masks one by one, each with the earlier fills in view: (position, token, log-probability in nats).

    order: which next; None takes the surest. targets: what to write; None writes the likeliest token.
    """
    ids, left, filled = corrupted.clone(), list(masked), []
    while left:
        log_p = model.logits(ids, allowed).log_softmax(-1)
        best = {i: int(log_p[i].argmax()) if targets is None else int(targets[i]) for i in left}
        i = order[len(filled)] if order is not None else max(left, key=lambda j: log_p[j].max().item())
        filled.append((i, best[i], log_p[i, best[i]].item()))
        ids[i] = best[i]
        left.remove(i)
    return filled


def _masked(run: _Run) -> list[int]:
    return (run.actions == MaskAction.MASK).nonzero().flatten().tolist()[:MOST_MASKS]


def _orders(run: _Run) -> dict[str, list[int] | None]:
    masked = _masked(run)
    return {"left to right": masked, "right to left": masked[::-1], "surest first": None}


def joint_scores(run: _Run) -> dict[str, float]:
    """Log-probability, in nats, that the model gives the true words when it is led through them in each order."""
    model, truth = run.reading.model, torch.tensor(run.reading.tokens.ids)
    start, masked = run.measured.corrupted, _masked(run)
    scores = {
        name: sum(log_p for _, _, log_p in fill(model, start, run.allowed, order, masked, truth))
        for name, order in _orders(run).items()
    }
    return scores | {"all at once": sum(-run.measured.losses[i].item() for i in masked)}


def orders(state: Dials) -> tuple[Part, ...]:
    """Several masks filled one by one, in three orders."""
    state, _, _ = _settled(state)
    run = _run(dataclasses.replace(state, at=0))
    masked = _masked(run)
    if len(masked) < 2:
        return ("Hide at least two tokens: click them in the text.",)
    model, truth = run.reading.model, joint_scores(run)
    rows = []
    for name, order in _orders(run).items():
        filled = fill(model, run.measured.corrupted, run.allowed, order, masked)
        steps = " → ".join(f"{model.piece(token)} ({i + 1}) {three(math.exp(log_p))}" for i, token, log_p in filled)
        rows.append((name, steps, three(sum(log_p for _, _, log_p in filled)), three(truth[name])))
    rows.append(("all at once", "each as if the others stayed hidden", "", three(truth["all at once"])))
    return (
        Table(
            ("order", "likeliest fill: token (position) p", "ln p of that fill", "ln p of the true words"), tuple(rows)
        ),
    )


def model(state: Dials) -> tuple[Part, ...]:
    """The model that is asked."""
    return (facts(_settled(state)[1].model),)


PANELS = {"counts": counts, "beside": beside, "orders": orders, "model": model}
