"""The menu: one flat list of pages, its parts told apart by headings."""

from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any

import streamlit as st

# Streamlit's own sections put a <div> between the list and its items, and a screen reader then counts neither.
# The headings are therefore drawn by style, above the first page of each part.
STYLE = """
[data-testid=stMainBlockContainer] { padding: 1.5rem 1.75rem 4rem; max-width: 88rem; }
@media (max-width: 640px) { [data-testid=stMainBlockContainer] { padding: 3.25rem 1rem 4rem; } }
[data-testid=stSidebarNavItems]::before { content: "lossviz"; display: block; padding: 0 0.5rem 0.25rem;
  font-size: 1.125rem; font-weight: 700; }
[data-testid=stSidebarNavItems] li::before { display: block; padding: 0.875rem 0.5rem 0.25rem;
  font-size: 0.75rem; font-weight: 600; letter-spacing: 0.06em; text-transform: uppercase; opacity: 0.75; }
"""
HEADING = '[data-testid=stSidebarNavItems] li:has(a[href$="/{path}"])::before {{ content: "{part}"; }}\n'


def menu(parts: Mapping[str, Sequence[Any]]) -> Any:
    """Draw the menu and return the page that the address names; `parts` maps a heading, or "", to its pages."""
    headings = (HEADING.format(path=pages[0].url_path, part=part) for part, pages in parts.items() if part)
    st.html(f"<style>{STYLE}{''.join(headings)}</style>")
    return st.navigation(list(chain.from_iterable(parts.values())), expanded=True)
