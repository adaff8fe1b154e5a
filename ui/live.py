"""A training that runs while one watches: start, cancel, a curve that grows, and what it learned at the end."""

from collections.abc import Callable
from typing import Any

import streamlit as st

from lossviz.lessons.panels import Live, Part

POLL = 0.4  # seconds between two looks at a running training


def live(part: Live, key: str, show: Callable[[tuple[Part, ...], str], None]) -> None:
    """Draw the buttons, the curve, and, once the run has ended, the parts that `part.shown` makes of it."""
    memory = st.session_state.setdefault(f"{key}-run", {"key": part.key, "run": None})
    if memory["key"] != part.key:  # other words or another mask: that run is not this one's
        _stop(memory)
        memory |= {"key": part.key, "run": None}
    run = memory["run"]
    going = run is not None and not run.snapshot().ended
    with st.container(horizontal=True):
        st.button("Train with this mask", key=f"{key}-start", disabled=going, on_click=_start, args=(memory, part))
        st.button("Cancel", key=f"{key}-stop", disabled=not going, on_click=_stop, args=(memory,))
    if run is not None:
        st.fragment(_curve, run_every=POLL if going else None)(run, going)
        if not going and run.snapshot().model is not None:
            show(part.shown(run), f"{key}-shown")


def _start(memory: dict[str, Any], part: Live) -> None:
    memory["run"] = part.start()


def _stop(memory: dict[str, Any]) -> None:
    if memory["run"] is not None:
        memory["run"].cancel()


def _curve(run: Any, going: bool) -> None:
    now = run.snapshot()
    st.progress(min(1.0, now.step / now.steps), text=f"{now.state}: step {now.step} of {now.steps}")
    if now.step:
        st.line_chart(now.curves, x_label="step", y_label="loss, nats", height=220, alt="Training loss by step")
    if going and now.ended:
        st.rerun()
