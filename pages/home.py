"""The map of the whole subject."""

import streamlit as st

st.title("lossviz")
st.write("Language-model training losses, visible and touchable.")
