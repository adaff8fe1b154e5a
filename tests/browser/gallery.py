"""Both pictures with made-up numbers: what the browser tests press, and what a person looks at while changing them.

`?scene=` takes causal, masked, span, long, odd.
"""

import sys
from pathlib import Path

import streamlit as st

sys.path.insert(0, str(Path(__file__).parents[2]))

from lossviz.figures.grid import Cell, Edit, Grid, Legend, Row, Slot, each, each_of  # noqa: E402
from lossviz.figures.matrix import Matrix, Reason  # noqa: E402
from ui.matrix import matrix  # noqa: E402
from ui.token_grid import token_grid  # noqa: E402

WORDS = tuple("Anna had a small red kite . She lost it in the".split())
RIGHT = (0.12, 0.55, 0.31, 0.08, 0.22, 0.41, 0.93, 0.62, 0.11, 0.71, 0.58)
LOSS = (2.12, 0.598, 1.17, 2.53, 1.51, 0.892, 0.0726, 0.478, 2.21, 0.342, 0.545)
OTHER = tuple("dog tree big had lost ran in Tom found we on a".split())
CAUSAL = (
    Reason("it is in the past", True),
    Reason("it is the token itself", True),
    Reason("it lies in the future", False),
)
EVERYONE = (Reason("everyone may", True),)


def kept(name, start):
    """The state of one picture, kept over the runs."""
    return st.session_state.setdefault(name, start)


def keep_grid(picked):
    st.session_state.values, st.session_state.chosen = picked.values, picked.chosen


def keep_matrix(flipped):
    st.session_state.flips, st.session_state.chosen = flipped.flips, flipped.chosen


def causal_matrix(names, chosen, **more):
    codes = tuple(tuple(0 if j < i else 1 if j == i else 2 for j in range(len(names))) for i in range(len(names)))
    return Matrix(names, names, codes, CAUSAL, "Who may look at whom", chosen=chosen, **more)


def full(rows, columns, label, **more):
    codes = tuple((0,) * len(columns) for _ in rows)
    return Matrix(rows, columns, codes, EVERYONE, label, **more)


def causal():
    chosen = kept("chosen", 4)
    sees = each(Cell(word, name=f"token {i + 1}, {word}, visible") for i, word in enumerate(WORDS))
    target = [Cell(word, "right", name=f"target {word}") for word in WORDS[1:]]
    rows = (
        Row("chips", "model sees", slots=sees, role="context"),
        Row(
            "chips", "is scored on", "(shift by one)", each([*target, Cell(role="ignored", name="no target")]), "right"
        ),
        Row("bars", "p(right)", slots=each(Cell(value=p) for p in RIGHT), role="right", peak=1.0),
        Row("bars", "loss", slots=each(Cell(value=loss) for loss in LOSS), role="loss", unit="nats"),
    )
    legend = (Legend("context", "visible"), Legend("right", "right answer"), Legend("loss", "loss"))
    left, right = st.columns([0.73, 0.27], gap="medium")
    with left:
        token_grid(
            Grid(12, rows, (*legend, Legend("ignored", "no loss")), "Causal LM", chosen),
            key="grid",
            on_change=keep_grid,
        )
    with right:
        caption = "Who may look at whom: the past. Click an empty cell: red sees its answer, and its loss leaks away."
        flips = kept("flips", ())
        figure = causal_matrix(WORDS, chosen, caption=caption, editable=True, flips=flips)
        matrix(figure, key="matrix", on_change=keep_matrix)


def masked():
    chosen, values = kept("chosen", 5), kept("values", (0, 0, 0, 1, 0, 1, 0, 0, 2, 0, 3, 0))
    words = ("left alone", "hidden", "replaced", "kept")
    text, sees = [], []
    for i, word in enumerate(WORDS):
        name = f"token {i + 1}, {word}"
        text.append(Cell(word, "context", name=f"{name}, {words[values[i]]}"))
        sees.append(
            (
                Cell(word, "context", name=f"{name}, visible"),
                Cell("[M]", "mask", name=f"{name}, hidden, scored"),
                Cell(OTHER[i], "replaced", name=f"{name}, replaced by {OTHER[i]}, scored"),
                Cell(word, "kept", name=f"{name}, kept, scored"),
            )
        )
    none = Cell(role="ignored", name="no loss")
    scored = [Cell(word, "right") if value else none for word, value in zip(WORDS, values, strict=True)]
    p = [0.21 + 0.07 * i if value else None for i, value in enumerate(values)]
    rows = (
        Row("chips", "text", "click to corrupt", each(text), editable=True),
        Row("chips", "model sees", slots=each_of(sees), editable=True),
        Row("chips", "is scored on", slots=each(scored), role="right"),
        Row("bars", "p(right)", slots=each(Cell(value=v) if v else None for v in p), role="right", peak=1.0),
        Row("bars", "loss", slots=each(Cell(value=2.6 * (1 - v)) if v else None for v in p), role="loss", unit="nats"),
        Row(
            "lines", "top guesses", slots=each(Cell(lines=("kite .64", "dog .11", "hat .05")) if v else None for v in p)
        ),
    )
    legend = (Legend("mask", "[M] hidden"), Legend("replaced", "replaced"), Legend("kept", "kept, still scored"))
    left, right = st.columns([0.73, 0.27], gap="medium")
    with left:
        grid = Grid(12, rows, (*legend, Legend("ignored", "no loss")), "Masked LM", chosen, Edit(words, values))
        token_grid(grid, key="grid", on_change=keep_grid)
    with right:
        caption = "Who may look at whom: everyone. Row = token that looks; kite's row is lit."
        matrix(full(WORDS, WORDS, "Who may look at whom", caption=caption, chosen=chosen), key="matrix")
    st.code(" ".join(map(str, values)))


def span():
    chosen, values = kept("chosen", None), kept("values", (0, 0, 0, 1, 1, 1, 0, 0, 1, 0, 0, 0))
    runs, i = [], 0
    while i < 12:
        j = i + 1
        while values[i] and j < 12 and values[j]:
            j += 1
        runs.append((i, j))
        i = j
    faces = [(Cell(w, "context", name=f"{w}, visible"), Cell(w, "picked", name=f"{w}, in a span")) for w in WORDS]
    encoder, decoder, loss, bart = [], [], [], []
    names = iter("XYZUVW")
    for start, end in runs:
        if not values[start]:
            encoder.append(Slot(start, cells=(Cell(WORDS[start], "context"),)))
            bart.append(encoder[-1])
            decoder.append(Slot(start, cells=(Cell(role="ignored", name="no loss"),)))
            continue
        sentinel = f"⟨{next(names)}⟩"
        encoder.append(Slot(start, end - start, (Cell(sentinel, "mask"),)))
        bart.append(Slot(start, end - start, (Cell("[M]", "mask"),)))
        own = tuple(Cell(word, "right") for word in WORDS[start:end])
        decoder.append(Slot(start, end - start, (Cell(sentinel, "mask"), *own)))
        bars = (Cell(value=0.04), *(Cell(value=v) for v in LOSS[start:end]))
        loss.append(Slot(start, end - start, bars))
    rows = (
        Row("chips", "text", "drag over a span", each_of(faces), editable=True),
        Row("chips", "encoder sees", slots=tuple(encoder), strong="T5"),
        Row("chips", "decoder writes", slots=tuple(decoder), role="right"),
        Row("bars", "loss", slots=tuple(loss), role="loss", unit="nats"),
        Row("chips", "encoder sees", slots=tuple(bart), strong="BART"),
        Row("chips", "decoder writes", slots=each(Cell(word, "right") for word in WORDS), role="right"),
        Row("bars", "loss", slots=each(Cell(value=v) for v in (*LOSS, 0.09)), role="loss", unit="nats"),
    )
    left, right = st.columns([0.73, 0.27], gap="medium")
    with left:
        grid = Grid(12, rows, (), "Span corruption", chosen, Edit(("visible", "in a span"), values))
        token_grid(grid, key="grid", on_change=keep_grid)
    with right:
        source, target = (
            tuple("Anna had a ⟨X⟩ . She ⟨Y⟩ it in the".split()),
            tuple("⟨X⟩ small red kite ⟨Y⟩ lost ⟨Z⟩".split()),
        )
        matrix(full(source, source, "Encoder", caption="encoder: everyone"), key="encoder")
        one, two = st.columns(2)
        with one:
            matrix(causal_matrix(target, 3, caption="decoder: the past"), key="decoder")
        with two:
            matrix(full(target, source, "Across", caption="across: all inputs", chosen=3), key="across")


def long():
    text = (WORDS * 6)[:64]
    sentinel = Slot(20, 9, (Cell("⟨X⟩", "mask"),))
    rows = (
        Row("chips", "model sees", slots=each(Cell(word, "context") for word in text)),
        Row("chips", "encoder sees", slots=(*each(Cell(w, "context") for w in text[:20]), sentinel)),
        Row("bars", "loss", slots=each(Cell(value=v) for v in (LOSS * 6)[:64]), role="loss", unit="nats"),
    )
    token_grid(
        Grid(64, rows, (Legend("loss", "loss"),), "Sixty-four tokens", kept("chosen", 40)),
        key="grid",
        on_change=keep_grid,
    )
    weights = tuple(tuple(1 / (1 + abs(i - j)) for j in range(64)) for i in range(64))
    matrix(causal_matrix(text, 40, editable=True, flips=kept("flips", ((3, 60),))), key="matrix", on_change=keep_matrix)
    matrix(causal_matrix(text[:16], 9, weights=tuple(row[:16] for row in weights[:16])), key="weights")


def odd():
    pieces = ("שלום", "Donau", "dampf", "schiff", "a" * 40, "U+200D", "<b>", "␣", "$x^2$", "", "👩", "مرحبا")
    joined = {2, 3}
    chips = each(Cell(piece, "context", joined=i in joined) for i, piece in enumerate(pieces))
    values = (0.5, -0.3, 0.12, -0.7, 0.001, 0.0, 1e-7, -1e-7, 0.04, float("inf"), float("nan"), 0.3)
    lines = each(Cell(lines=("kite .64", "dog .11", "شمس .05")) if i % 3 == 0 else None for i in range(12))
    rows = (
        Row("chips", "model sees", slots=chips),
        Row("signed", "p − y", slots=each(Cell(value=v) for v in values)),
        Row("bars", "loss", slots=each(Cell(value=abs(v)) for v in values), role="loss", unit="nats"),
        Row("lines", "top guesses", slots=lines),
    )
    token_grid(Grid(12, rows, (), "Odd tokens", kept("chosen", 1)), key="grid", on_change=keep_grid)
    matrix(
        causal_matrix(pieces, 4, editable=True, flips=kept("flips", ((2, 9), (7, 3)))),
        key="matrix",
        on_change=keep_matrix,
    )


st.set_page_config(page_title="gallery", layout="wide", initial_sidebar_state=220)
SCENES = {"causal": causal, "masked": masked, "span": span, "long": long, "odd": odd}
scene = SCENES.get(st.query_params.get("scene", "causal"), causal)
with st.sidebar:
    for name in SCENES:
        st.link_button(name, f"/?scene={name}", width="stretch")
st.title(scene.__name__.capitalize())
st.fragment(scene)()
