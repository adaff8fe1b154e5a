"""Predict first: one number, locked before it is computed; the guess then stays beside the truth."""

from typing import Any

import streamlit as st

from lossviz.figures.grid import Cell, Grid, Legend, Row, each
from lossviz.figures.numerals import three
from lossviz.lessons.words import Predict
from ui.links import set_dials
from ui.say import notice
from ui.token_grid import token_grid


def predict(slug: str, words: Predict, scene: Any, guess: float | None) -> None:
    """Draw the question, or the guess beside the truth once it is locked."""
    with st.container(border=True, key="predict"):
        if guess is None:
            _ask(slug, words, scene)
        else:
            _reveal(slug, words, scene, guess)


def _ask(slug: str, words: Predict, scene: Any) -> None:
    key = f"{slug}-guess"
    with st.form(f"{slug}-predict", border=False):
        question, number, button = st.columns([0.66, 0.2, 0.14], vertical_alignment="bottom")
        question.markdown(f"**Predict first.** {words.asked(scene.numbers)}")
        question.caption(words.hint)
        number.text_input(f"Your number, {words.unit}", key=key)
        button.form_submit_button("Lock", on_click=lambda: _lock(slug, key))
    if problem := st.session_state.pop(f"{key}-problem", None):
        notice(problem)


def _lock(slug: str, key: str) -> None:
    typed = st.session_state[key].strip()
    try:
        guess = float(typed.replace(",", ".").replace("−", "-"))
        if not abs(guess) < 1e12:
            raise ValueError
    except ValueError:
        st.session_state[f"{key}-problem"] = "A guess is one number, such as 0.41 or 568. Yours is not locked yet."
    else:
        set_dials(slug, guess=guess)


def _reveal(slug: str, words: Predict, scene: Any, guess: float) -> None:
    left, right = st.columns([0.4, 0.6], vertical_alignment="center")
    with left:
        token_grid(_beside(guess, scene.truth, words.unit), key=f"{slug}-truth")
    right.markdown(f"**{words.asked(scene.numbers)}** {words.revealed(scene.truth, guess, scene.numbers)}")
    right.button(
        "Guess again", key=f"{slug}-again", type="tertiary", on_click=set_dials, args=(slug,), kwargs={"guess": None}
    )


def _beside(guess: float, truth: float, unit: str) -> Grid:
    cells = (Cell(value=max(guess, 0.0), text=three(guess), role="mask"), Cell(value=truth, role="right"))
    return Grid(
        columns=2,
        rows=(Row("bars", unit, slots=each(cells), selectable=False),),
        legend=(Legend("mask", "your guess"), Legend("right", "computed")),
        label=f"Your guess {three(guess)}, computed {three(truth)} {unit}",
    )
