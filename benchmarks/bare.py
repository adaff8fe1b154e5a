"""The yardstick: the least that Streamlit can show, a text and a button that changes a number."""

import streamlit as st


def count() -> None:
    st.session_state.number += 1


st.session_state.setdefault("number", 0)
st.write("A bare page.")
with st.container(key="numbers"):
    st.write(st.session_state.number)
with st.container(key="grid"):
    st.button("One more", on_click=count)
