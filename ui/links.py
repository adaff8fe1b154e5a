"""A page's state and its link, kept equal: what the learner sets is written to the address, an address is read back.

The session holds one dataclass of dials per page. Events (a click, a slider) change it through `set_dials`; a run that
no event started but that finds another address than the one written last was started by the browser's Back, a pasted
link or a reload, and reads it. The menu's bare link to a page that was open before brings back what was set there.
"""

from collections.abc import Mapping
from typing import Any

import streamlit as st

from lossviz.drill.proofs import parse_state
from lossviz.lessons import dials as link

OUTSIDE = ("embed", "embed_options")  # Streamlit's own


def open_state(slug: str, *kinds: type, came_back: bool) -> tuple[list[Any], list[str]]:
    """The page's dials, one object per dataclass in `kinds`, and sentences on what the link held that was no use.

    came_back: the visitor was on another page; a bare link then brings back what was set here before.
    """
    memory = st.session_state.setdefault(f"state-{slug}", {"dials": None, "address": None, "event": False, "said": []})
    address = parameters()
    if came_back and memory["dials"] is not None and not address:
        memory["address"] = None  # the link has to be written again
    elif memory["dials"] is None or (address != memory["address"] and not memory["event"]):
        memory["dials"], memory["said"] = _read(kinds, address)
    memory["event"] = False
    return memory["dials"], memory["said"]


def parameters() -> dict[str, str]:
    """What the address says of the page; Streamlit's own parameters are left out."""
    return {key: value for key, value in st.query_params.to_dict().items() if key not in OUTSIDE}


def arrived(slug: str) -> bool:
    """Whether this run is the first on the page since the visitor was on another one."""
    before, st.session_state["page"] = st.session_state.get("page"), slug
    return before != slug


def _read(kinds: tuple[type, ...], address: Mapping[str, str]) -> tuple[list[Any], list[str]]:
    read = [link.read(kind, address) for kind in kinds]
    known = {name for kind in kinds for name in link.kinds(kind)}
    said = [sentence for _, sentences in read for sentence in sentences]
    said += [
        f"The link names a dial “{name[:40]}” that this page does not have." for name in address if name not in known
    ]
    return [dials for dials, _ in read], said


def write_link(slug: str) -> None:
    """Make the address say what the page shows. Called at the end of a run."""
    memory = st.session_state[f"state-{slug}"]
    address = {name: value for dials in memory["dials"] for name, value in link.write(dials).items()}
    if address != memory["address"]:
        kept = {key: value for key, value in st.query_params.to_dict().items() if key in OUTSIDE}
        if {**kept, **address} != st.query_params.to_dict():
            st.query_params.from_dict({**kept, **address})
        memory["address"] = address


def set_dials(slug: str, **new: Any) -> None:
    """An event's effect: set these dials, wherever among the page's dataclasses they live."""
    memory = st.session_state[f"state-{slug}"]
    mine = [{name: new[name] for name in link.kinds(dials) if name in new} for dials in memory["dials"]]
    changed = [link.change(dials, **values) for dials, values in zip(memory["dials"], mine, strict=True)]
    memory["dials"] = [dials for dials, _ in changed]
    memory["said"] = [sentence for _, said in changed for sentence in said]
    memory["event"] = True


def open_link(slug: str, state: str) -> None:
    """An event's effect: jump to the state that a link of this page describes; the view (presenter, step) stays."""
    memory = st.session_state[f"state-{slug}"]
    dials, *view = memory["dials"]
    lesson, memory["said"] = link.read(type(dials), parse_state(state)[1])
    memory["dials"], memory["event"] = [lesson, *view], True
