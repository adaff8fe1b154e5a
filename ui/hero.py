"""The picture, the matrix beside it and the numbers under it."""

from typing import Any

import streamlit as st

from lossviz.lessons.scene import Metric, Scene
from ui.links import set_dials
from ui.matrix import Flipped, matrix
from ui.token_grid import Picked, token_grid


def hero(slug: str, scene: Scene, edited: str | None = None, *, live: bool = True) -> None:
    """Draw them; a click in the picture sets the dial `edited`. A picture that is not live takes no clicks."""
    left, right = st.columns([0.765, 0.235], gap="small")

    def picked(pick: Picked) -> None:
        new: dict[str, Any] = {} if pick.chosen is None else {"at": pick.chosen}
        if edited and scene.grid.edit and pick.values != scene.grid.edit.values:
            tokens = int(scene.numbers["n_positions"])  # the picture may have a column more, for the end of the text
            new[edited] = "".join(map(str, pick.values[:tokens]))
        set_dials(slug, **new)

    def flipped(flip: Flipped) -> None:
        set_dials(slug, open=flip.flips, **({} if flip.chosen is None else {"at": flip.chosen}))

    with left.container(key="grid"):
        token_grid(scene.grid, key=f"{slug}-grid", on_change=picked if live else None)
    with right.container(key="matrix"):
        first, *others = scene.matrices
        with st.columns([0.68, 0.32])[0] if others else st.container():
            matrix(first, key=f"{slug}-matrix", on_change=flipped if live and first.editable else None)
        for column, other in zip(st.columns(len(others)) if others else [], others, strict=True):
            with column:
                matrix(other, key=f"{slug}-{other.label}")
    with st.container(key="numbers"):
        show(scene.metrics)


def show(metrics: tuple[Metric, ...]) -> None:
    """Numbers side by side, two a row on a phone, each with its unit."""
    with st.container(horizontal=True, gap="small"):
        for metric in metrics:
            st.metric(metric.label, metric.value, help=metric.help or None, border=True)
