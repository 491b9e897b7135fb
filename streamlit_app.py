"""The entry of the workbench: which pages there are."""

from pathlib import Path

import streamlit as st

from workbench.views.shared.visit import tend_visit

ICON = Path(__file__).parent / "workbench" / "components" / "frontend" / "icon.png"

# A picture of our own, because for an icon by name the browser would ask a font server.
st.set_page_config(page_title="CRR Workbench", page_icon=ICON, layout="wide")
tend_visit()
st.navigation(
    [
        st.Page("pages/start.py", title="Start", icon=":material/flag:", default=True),
        st.Page("pages/lesson.py", title="Lesson (10 min)", icon=":material/school:", url_path="lesson"),
        st.Page("pages/inspect.py", title="Inspect", icon=":material/frame_inspect:"),
        st.Page("pages/compare.py", title="Compare", icon=":material/compare:"),
        st.Page("pages/layers.py", title="Layers", icon=":material/layers:"),
        st.Page("pages/annotate.py", title="Annotate", icon=":material/edit_square:"),
        st.Page("pages/models.py", title="Models", icon=":material/deployed_code:"),
    ]
).run()
