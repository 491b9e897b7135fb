"""The entry of the workbench: which pages there are."""

import streamlit as st

st.set_page_config(page_title="CRR Workbench", page_icon=":material/frame_inspect:", layout="wide")
st.navigation(
    {"Look": [st.Page("pages/inspect.py", title="Inspect", icon=":material/frame_inspect:", default=True)]}
).run()
