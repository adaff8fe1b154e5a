"""The first seconds of a cold process: the recorded opening view stands in until the models are loaded."""

import json

import streamlit as st
from pydantic import TypeAdapter

from lossviz.content import ASSETS
from lossviz.lessons.scene import Scene
from ui import warmup
from ui.hero import hero
from ui.links import parameters
from ui.say import notice


def recorded(slug: str) -> None:
    """Show the recorded opening view, and say so, until the live one can be computed."""
    if parameters():
        st.info("The models are being loaded; this state is computed in a few seconds.")
        _wait()
    else:
        hero(slug, recorded_scene(slug), live=False)


def recorded_scene(slug: str) -> Scene:
    """The recorded opening view, under a line that says what it is; the page runs again once the models are there."""
    notice(
        "Recorded: the opening view as it was computed when this version was made. "
        "The models are being loaded; in a few seconds everything here is live."
    )
    _wait()
    return _scene(slug)


@st.fragment(run_every=0.3)
def _wait() -> None:
    if warmup.ready():
        st.rerun()


@st.cache_resource(max_entries=8)
def _scene(slug: str) -> Scene:
    return TypeAdapter(Scene).validate_python(json.loads((ASSETS / "recorded" / f"{slug}.json").read_text("utf-8")))
