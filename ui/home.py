"""The map of the whole subject, under one sentence that every objective scores in its own way."""

import time

import streamlit as st

from lossviz.lessons.words import Page, load_home
from ui import opening, warmup
from ui.frame import BREATH
from ui.hero import show
from ui.links import arrived
from ui.token_grid import token_grid

# a link's text stands in line with the text under it
STYLE = "<style>[class*=st-key-map] a { padding-left: 0; } [class*=st-key-map] a p { font-size: 1rem; }</style>"


def home() -> None:
    """Draw the opening picture and the map."""
    arriving = arrived("home")
    words = load_home()
    with st.container(gap="xxsmall"):
        st.title(words.title, anchor=False)
        st.markdown(words.sentence)
    scene = live_scene() if warmup.ready() else opening.recorded_scene("home")
    with st.container(key="grid"):
        token_grid(scene.grid, key="home-grid")
    with st.container(key="numbers"):
        show(scene.metrics)
    if arriving:
        time.sleep(BREATH)
    for column, line in zip(st.columns(len(words.how)), words.how, strict=True):
        column.markdown(line)
    st.html(STYLE)
    for part in words.parts:
        st.header(part.title, anchor=False)
        st.caption(part.says)
        with st.container(horizontal=True, key=f"map-{part.title.split()[0].lower()}"):
            for page in part.pages:
                _card(page, words.to_come)


def live_scene():
    """The scene, computed in this process."""
    from lossviz.lessons.home import Dials, scene

    return scene(Dials())


def _card(page: Page, to_come: str) -> None:
    with st.container(border=True, width=300, height="stretch"):
        if page.ready:
            st.page_link(f"pages/{page.slug.replace('-', '_')}.py", label=f"**{page.title}**")
        else:
            st.markdown(f"{page.title} :gray-badge[{to_come}]")
        st.caption(page.shows)
