"""The table of contents: it reaches the navigation at once and imports nothing slow."""

import streamlit as st

from ui import warmup

st.set_page_config(page_title="lossviz", layout="wide")
warmup.start()

st.navigation({"": [st.Page("pages/home.py", title="Home", default=True)]}).run()
