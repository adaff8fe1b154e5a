"""The table of contents: it reaches the navigation at once and imports nothing slow."""

import streamlit as st

from ui import warmup
from ui.menu import menu

st.set_page_config(page_title="lossviz", layout="wide", initial_sidebar_state=220)
warmup.start()

page = menu(
    {
        "": [st.Page("pages/home.py", title="Home", default=True)],
        "Objectives": [
            st.Page("pages/causal_lm.py", title="Causal LM", url_path="causal-lm"),
            st.Page("pages/masked_lm.py", title="Masked LM", url_path="masked-lm"),
            st.Page("pages/span_corruption.py", title="Span corruption", url_path="span-corruption"),
        ],
    }
)
page.run()
