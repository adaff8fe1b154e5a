"""Sentences that carry a learner's own words: shown as they were typed, never taken for Markdown."""

import streamlit as st

SIGNS = frozenset("\\`*_{}[]()#+-.!|<>$:~")


def plain(sentence: str) -> str:
    """The sentence with every sign that means something to Markdown made harmless."""
    return "".join(f"\\{sign}" if sign in SIGNS else sign for sign in sentence)


def notice(sentence: str) -> None:
    """A word beside the fields: what could not be used, what was left out, what is not live yet."""
    st.markdown(f":small[:orange[{plain(sentence)}]]")
