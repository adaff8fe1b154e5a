"""One frame for every lesson: it draws the eight blocks of a page from a scene and the lesson's words.

A page declares its dials and names its lesson; everything that a learner sees of a lesson is drawn here.
"""

import dataclasses
import time
from collections.abc import Callable, Mapping
from typing import Any, Protocol

import streamlit as st

from lossviz.drill.questions import load_questions
from lossviz.figures.grid import Grid
from lossviz.figures.matrix import Matrix
from lossviz.lessons import dials as link
from lossviz.lessons.panels import Live, Part, Table
from lossviz.lessons.scene import Scene
from lossviz.lessons.words import Lesson as Words
from lossviz.lessons.words import load_lesson
from ui import links, opening, present, warmup
from ui.copy_link import copy_link
from ui.hero import hero, show
from ui.live import live
from ui.matrix import matrix
from ui.predict import predict
from ui.questions import folklore, questions
from ui.say import notice, plain
from ui.token_grid import token_grid
from ui.widgets import Model, Widget

BREATH = 0.25  # seconds that a browser needs for the picture before the other widgets keep it busy


class Lesson(Protocol):
    """What the module of a lesson offers to the frame."""

    Dials: type
    EDITED: str | None  # the dial that a click on the token grid's editable row changes
    PANELS: Mapping[str, Callable[[Any], tuple[Any, ...]]]

    @staticmethod
    def scene(state: Any) -> Scene: ...


@dataclasses.dataclass(frozen=True)
class View:
    """How a page is looked at, on top of what it shows. look: the open panel; guess: the learner's prediction."""

    look: str = link.word()
    guess: float | None = link.number()
    code: bool = link.flag()
    present: bool = link.flag()
    step: int = link.whole(0, 0, 99)
    shown: bool = link.flag()


def lesson(slug: str, load: Callable[[], Any], *widgets: Widget) -> None:
    """Draw the page `slug`. `load` imports the lesson's module: that is slow on a cold process, so the words come
    first and, until the models are warm, the recorded opening view."""
    words = load_lesson(slug)
    with st.container(gap="xxsmall"):
        st.title(words.title, anchor=False)
        st.markdown(words.sentence)
    if not warmup.ready():
        opening.recorded(slug)
    else:
        _live(slug, load(), widgets)
    folklore(words)
    questions([question for question in load_questions() if question.id in words.questions])


@st.fragment
def _live(slug: str, module: Lesson, widgets: tuple[Widget, ...]) -> None:
    """Everything that answers to the dials. The picture is sent first: on arrival, the rest waits until it is drawn."""
    words = load_lesson(slug)
    arriving = links.arrived(slug)
    (state, view), said = links.open_state(slug, module.Dials, View, came_back=arriving)
    above, picture = st.container(key="above"), st.container()
    room = above.empty()
    if arriving:
        room.html("<span></span>")  # a container with nothing in it would take no room
    with picture:
        scene = _picture(slug, module, state, said)
    if arriving:
        time.sleep(BREATH)
        room.empty()
    with above:
        _dials(slug, words, state, view, widgets)
    if scene is not None:
        predict(slug, words.predict, scene, view.guess)
        _equation(words, scene)
        _code(slug, scene, view)
        _panels(slug, module, words, state, view, widgets)
    present.bar(slug, words, view.present, view.step, view.shown)
    links.write_link(slug)


def _picture(slug: str, module: Lesson, state: Any, said: list[str]) -> Scene | None:
    """The hero and the sentences that belong beside it; None where there is only a sentence."""
    for sentence in said:
        notice(sentence)
    try:
        scene = module.scene(state)
    except ValueError as error:
        st.info(plain(str(error)))
        return None
    for sentence in scene.notices:
        notice(sentence)
    hero(slug, scene, module.EDITED)
    return scene


def _dials(slug: str, words: Words, state: Any, view: View, widgets: tuple[Widget, ...]) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom", key="text-row"):
        _text(slug, words, state)
        for widget in (widget for widget in widgets if isinstance(widget, Model)):
            widget.draw(slug, state, words.help.get(widget.name))
        copy_link()
        present.switch(slug, view.present)
    with st.container(horizontal=True, vertical_alignment="bottom", key="dials"):
        for widget in widgets:
            if not widget.panel and not isinstance(widget, Model):
                widget.draw(slug, state, words.help.get(widget.name))


def _text(slug: str, words: Words, state: Any) -> None:
    key = f"{slug}-text"
    st.session_state[key] = state.text
    st.text_input(
        "Your text",
        key=key,
        on_change=lambda: links.set_dials(slug, text=st.session_state[key]),
        placeholder="Type a sentence",
        label_visibility="collapsed",
    )
    with st.popover("Examples"):
        for i, example in enumerate(words.examples):
            st.button(
                example.name,
                key=f"{slug}-example-{i}",
                type="tertiary",
                help=plain(example.text),
                on_click=links.set_dials,
                args=(slug,),
                kwargs={"text": example.text},
            )


def _equation(words: Words, scene: Scene) -> None:
    with st.container(key="equation"):
        st.latex(words.equation.symbols)
        st.latex(scene.today)
        st.caption("  \n".join(f"${symbol}$ – {meaning}" for symbol, meaning in words.equation.where))


def _code(slug: str, scene: Scene, view: View) -> None:
    key = f"{slug}-code"
    folded = st.expander(
        "The code that ran",
        expanded=view.code,
        key=key,
        on_change=lambda: links.set_dials(slug, code=bool(st.session_state[key])),
    )
    if folded.open:
        folded.caption(
            "The source of every function that made these numbers, with today's inputs. "
            "Run it where lossviz is installed: it prints the same digits."
        )
        folded.code(scene.listing, wrap_lines=True)


def _panels(slug: str, module: Lesson, words: Words, state: Any, view: View, widgets: tuple[Widget, ...]) -> None:
    names = [name for name in module.PANELS if name in words.panels]
    key, opened = f"{slug}-look", view.look if view.look in names else names[0]
    st.session_state[key] = opened
    st.segmented_control(
        "Look closer",
        names,
        format_func=lambda name: words.panels[name].title,
        key=key,
        required=True,
        on_change=lambda: links.set_dials(slug, look=st.session_state[key]),
    )
    with st.container(border=True, key="panel"):
        st.markdown(words.panels[opened].text)
        mine = [widget for widget in widgets if widget.panel == opened]
        if mine:
            with st.container(horizontal=True, vertical_alignment="bottom"):
                for widget in mine:
                    widget.draw(slug, state, words.help.get(widget.name))
        try:
            parts = module.PANELS[opened](state)
        except ValueError as error:
            st.info(plain(str(error)))
        else:
            _parts(parts, f"{slug}-{opened}")


def _parts(parts: tuple[Part, ...], key: str) -> None:
    """Draw the parts of a panel under each other; a panel of matrices alone stands side by side."""
    matrices = all(isinstance(part, Matrix) for part in parts)
    places = st.columns(len(parts)) if matrices else [st.container() for _ in parts]
    for i, (place, part) in enumerate(zip(places, parts, strict=True)):
        with place:
            _part(part, f"{key}-{i}")


def _part(part: Part, key: str) -> None:
    """Draw one part of a panel by its kind."""
    match part:
        case str():
            st.markdown(plain(part))
        case Grid():
            token_grid(part, key=key)
        case Matrix():
            matrix(part, key=key)
        case tuple():
            show(part)
        case Table():
            lines = [part.header, ("---",) * len(part.header), *part.rows]
            st.markdown(
                "\n".join(
                    "| " + " | ".join(plain(cell) if cell != "---" else cell for cell in line) + " |" for line in lines
                )
            )
        case Live():
            live(part, key, _parts)
