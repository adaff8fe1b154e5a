"""How fast the app is, in a real browser, beside a bare Streamlit app in the same run."""
