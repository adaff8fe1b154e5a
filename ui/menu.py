"""The menu: one flat list of pages, its parts told apart by headings."""

from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any

import streamlit as st

from lossviz.content import ASSETS

STYLE = (ASSETS / "style.css").read_text(encoding="utf-8")
HEADING = '[data-testid=stSidebarNavItems] li:has(a[href$="/{path}"])::before {{ content: "{part}"; }}\n'


def menu(parts: Mapping[str, Sequence[Any]]) -> Any:
    """Draw the menu and return the page that the address names; `parts` maps a heading, or "", to its pages.

    Streamlit's own sections put a <div> between the list and its items, and a screen reader then counts neither. The
    headings are therefore drawn by style, above the first page of each part.
    """
    headings = (HEADING.format(path=pages[0].url_path, part=part) for part, pages in parts.items() if part)
    st.html(f"<style>{STYLE}{''.join(headings)}</style>")
    return st.navigation(list(chain.from_iterable(parts.values())), expanded=True)
