"""Presenter mode: larger type, no menu, and the lesson in steps; the arrows step, Space shows the answer."""

import streamlit as st

from lossviz.drill.questions import Question, load_questions
from lossviz.lessons.words import Lesson
from ui.links import open_link, set_dials

STYLE = """<style>
html { font-size: 122%; }
[data-testid=stSidebar], [data-testid=stExpandSidebarButton] { display: none; }
</style>"""


def switch(slug: str, on: bool) -> None:
    """The toggle that turns presenter mode on and off."""
    key = f"{slug}-present"
    st.session_state[key] = on
    st.toggle("Present", key=key, on_change=lambda: set_dials(slug, present=st.session_state[key], step=0, shown=False))


def bar(slug: str, words: Lesson, present: bool, step: int, shown: bool) -> None:
    """The bar under a presented page: where we are, what to ask, and the answer once it is asked for."""
    if not present:
        return
    st.html(STYLE)
    asked = [question for question in load_questions() if question.id in words.questions]
    steps = len(words.steps) + len(asked)
    step = min(step, steps - 1)
    with st.bottom.container(key="presenter"):
        text, back, reveal, on = st.columns([0.64, 0.11, 0.14, 0.11], vertical_alignment="center")
        if step < len(words.steps):
            text.markdown(
                f"**{step + 1}/{steps}** " + (words.steps[step].says if shown else "What do you expect to see?")
            )
        else:
            text.markdown(_question(asked[step - len(words.steps)], f"**{step + 1}/{steps}** ", shown))
        back.button("Back", shortcut="Left", disabled=step == 0, on_click=_go, args=(slug, words, step - 1))
        reveal.button(
            "Answer", shortcut="Space", disabled=shown, on_click=set_dials, args=(slug,), kwargs={"shown": True}
        )
        on.button("Next", shortcut="Right", disabled=step == steps - 1, on_click=_go, args=(slug, words, step + 1))


def _question(question: Question, where: str, shown: bool) -> str:
    asked = f"{where}{question.question}"
    return asked if not shown else f"{asked}\n\n{question.short_answer}"


def _go(slug: str, words: Lesson, step: int) -> None:
    if step < len(words.steps):
        open_link(slug, words.steps[step].state)
    set_dials(slug, step=step, shown=False)
