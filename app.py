"""The table of contents: it reaches the navigation at once and imports nothing slow."""

import streamlit as st

from ui import warmup
from ui.menu import menu

st.set_page_config(page_title="lossviz", layout="wide", initial_sidebar_state=220)
warmup.start()

page = menu(
    {
        "": [st.Page("pages/home.py", title="Home", default=True)],
    }
)
page.run()
