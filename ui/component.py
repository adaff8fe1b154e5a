"""Our own pictures in the page: register a component once, from its files, and read what the browser sends back."""

from pathlib import Path
from typing import Any

import streamlit as st
from streamlit.components.v2 import component

ASSETS = Path(__file__).parent.parent / "assets" / "components"
# the probe is never seen: its background tells light from dark, its size tells when type grows or a font arrives
HTML = '<div class="lossviz"><i class="probe" aria-hidden="true">00000000</i></div>'


def register(name: str):
    """The mount call of the component `name`, drawn by `name`.js and `name`.css on top of the shared palette."""
    return component(
        f"lossviz_{name}",
        html=HTML,
        css=_read("palette.css") + _read(f"{name}.css"),
        js=_read("palette.js") + _read(f"{name}.js"),
    )


def sent(key: str) -> dict[str, Any]:
    """What the browser last sent from the component `key`: its present state and `n`, the number of its event.

    Nothing in it is to be trusted but that it is a dict.
    """
    state = st.session_state.get(key)
    pick = state.get("pick") if state else None
    return pick if isinstance(pick, dict) else {}


def event(key: str) -> int:
    """The number of the last event from the component `key`; 0 before the first.

    It goes back with the data, so that the browser can tell an answer to its last click from one to an earlier click.
    """
    n = sent(key).get("n", 0)
    return n if inside(n, 2**53) else 0


def inside(value: Any, end: int) -> bool:
    """Whether `value` is one of the whole numbers 0 … end − 1."""
    return type(value) is int and 0 <= value < end


def _read(file: str) -> str:
    return (ASSETS / file).read_text(encoding="utf-8")
