"""The panels of the causal page."""

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from lossviz import cross_entropy, cross_entropy_grad, next_token_labels
from lossviz.figures.grid import Cell, Grid, Legend, Row, each
from lossviz.figures.numerals import three
from lossviz.lessons.causal_lm.measure import who_sees_whom
from lossviz.lessons.causal_lm.numbers import denominators
from lossviz.lessons.causal_lm.run import Run, run_at, settled, which
from lossviz.lessons.causal_lm.state import TOP, Dials
from lossviz.lessons.cells import within
from lossviz.lessons.panels import Live, Part, Table
from lossviz.lessons.rows import bars
from lossviz.lessons.sentence import Reading, chips, facts, read_text
from lossviz.models import LanguageModel
from lossviz.training.live import LiveRun


def position(state: Dials) -> tuple[Part, ...]:
    """p, y and p − y at the chosen position, over the likeliest tokens, the right one, and the rest summed."""
    state, _, _ = settled(state)
    run = run_at(state)
    logits, label = run.measured.logits[state.at], int(run.measured.labels[state.at])
    p, gradient = logits.softmax(-1), cross_entropy_grad(logits[None], torch.tensor([label]))[0]
    named = _named(p, label)
    pieces = [run.model.piece(token) for token in named] + [f"{len(p) - len(named):,} others"]
    right = [token == label for token in [*named, None]]
    pull = _with_rest(gradient, named)
    rows = (*_share_rows(pieces, right, _with_rest(p, named)), *(_pull_rows(right, pull) if label >= 0 else ()))
    here = run.pieces[state.at]
    return (
        f"After “{here}” (position {state.at + 1}){_said(run, state.at, sum(pull))}",
        Grid(len(pieces), rows, (Legend("right", "right answer"),), f"Probabilities after {here}"),
    )


def _named(p: Float[Tensor, " V"], label: int) -> list[int]:
    """The tokens that get a column of their own, the likeliest first; the right one, where there is one, has its."""
    right = [label] if label >= 0 else []
    named = list(dict.fromkeys(right + p.topk(TOP).indices.tolist()))[:TOP]
    return sorted(named, key=lambda token: -p[token].item())


def _with_rest(values: Float[Tensor, " V"], named: list[int]) -> list[float]:
    """The named tokens' values, and the sum of all others."""
    kept = values[named]
    return [*kept.tolist(), (values.sum() - kept.sum()).item()]


def _share_rows(pieces: list[str], right: list[bool], share: list[float]) -> tuple[Row, ...]:
    tokens = (Cell(piece, "right" if yes else "plain") for piece, yes in zip(pieces, right, strict=True))
    return (
        Row("chips", "next token", slots=each(tokens), selectable=False),
        Row("bars", "p", role="mask", peak=1.0, slots=bars(share), selectable=False),
    )


def _pull_rows(right: list[bool], pull: list[float]) -> tuple[Row, ...]:
    truth = (Cell("1" if yes else "0", "plain") for yes in right)
    return (
        Row("chips", "y", slots=each(truth), selectable=False),
        Row("signed", "p − y", hint="the gradient", peak=1.0, slots=bars(pull), selectable=False),
    )


def _said(run: Run, at: int, pull: float) -> str:
    if run.measured.labels[at] < 0:
        return ": nothing is scored here, so the gradient is exactly 0."
    return f": loss {three(run.measured.losses[at].item())} nats, p − y sums to {three(abs(round(pull, 6)))}."


def denominator(state: Dials) -> tuple[Part, ...]:
    """The same losses under four denominators."""
    state, _, _ = settled(state)
    run, padding = run_at(state), state.padding or 6
    value = dict(denominators(which(state), run.real_ids, padding))
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
    state, _, _ = settled(state)
    run, warmth = run_at(state), state.temperature / 10
    ids = list(run.real_ids)
    greedy = write_on(run.model, ids, state.mask, steps, temperature=0.0, seed=state.seed)
    sampled = write_on(run.model, ids, state.mask, steps, temperature=warmth, seed=state.seed)
    return (
        _written(run.model, greedy, "greedy"),
        _written(run.model, sampled, f"sampled at temperature {three(warmth)}"),
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
            Row("bars", "p", role="mask", peak=1.0, slots=bars(p for _, p in written), selectable=False),
        ),
        (),
        f"The continuation, {how}: {' '.join(pieces)}",
    )


def train(state: Dials) -> tuple[Part, ...]:
    """A copy of the causal model goes on training under the mask of the page, on windows as long as this text."""
    reading = read_text("causal", text=state.text)
    length = len(reading.tokens.ids)
    if length < 2:
        return ("A text of one token has no target: type another word.",)
    flips = within(settled(state)[0].open, length)
    allowed = who_sees_whom(state.mask, flips, length)
    return (
        Live(
            key=f"{state.mask} {flips} {length}",
            start=lambda: LiveRun(reading.model, allowed).start(),
            shown=lambda run: _trained(reading, run.snapshot().model, state.mask, allowed),
        ),
    )


def _trained(reading: Reading, trained: LanguageModel, mask: str, allowed: Bool[Tensor, "T T"]) -> tuple[Part, ...]:
    """This text before and after, under the same mask, and what the trained model writes when nothing lies ahead."""
    tokens = reading.tokens
    ids, labels = torch.tensor(tokens.ids), next_token_labels(torch.tensor(tokens.ids))
    with torch.no_grad():
        before, after = (
            cross_entropy(model.logits(ids, allowed), labels).tolist()[:-1] for model in (reading.model, trained)
        )
    peak = max(*before, *after, 1e-6)
    grid = Grid(
        len(ids),
        (
            Row("chips", "model sees", slots=each(chips(tokens.pieces, tokens.joined, "context", "visible"))),
            *(
                Row("bars", f"loss {when}", unit="nats", role="loss", peak=peak, slots=bars(losses), selectable=False)
                for when, losses in (("before", before), ("after", after))
            ),
        ),
        (Legend("loss", "loss under the mask of this page"),),
        "The losses of this text before and after the training",
    )
    written = write_on(trained, list(tokens.ids), mask, 16, temperature=0.0, seed=0)
    return grid, _written(trained, written, "greedy")


def model(state: Dials) -> tuple[Part, ...]:
    """The model that is asked."""
    return (facts(settled(state)[1].model),)


PANELS = {"position": position, "denominator": denominator, "continue": continuation, "train": train, "model": model}
