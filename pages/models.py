"""Models: what is on this machine, what is on the Hub, and publishing."""

import streamlit as st

from workbench.components.errors import plain_errors
from workbench.views.shared.page import begin_page

_PUBLISH = "Publish"

with plain_errors():
    begin_page("Models")
    with st.spinner("Looking at the models"):
        # These need torch, which takes seconds to load.
        from workbench.views.models import downloads, local, publishing, search
        from workbench.views.models.permissions import may_change_models
    with st.container():  # always there, so that the tabs below stay the same ones, and the open one open
        downloads.show_pulls()
    if "shown" in st.session_state and not {"show"} & {*st.session_state, *st.query_params}:
        st.session_state["show"] = st.session_state["shown"]  # who comes back finds the tab that was open
    # Who may not publish is not offered it, but for a link that leads there and says why.
    offered = may_change_models() or st.query_params.get("show") == _PUBLISH
    names = ["On this machine", "On the Hugging Face Hub", *([_PUBLISH] if offered else [])]
    here, hub, *publish = st.tabs(names, key="show", bind="query-params")
    st.session_state["shown"] = st.session_state["show"]
    with here, plain_errors():
        local.show_local_models()
    with hub, plain_errors():
        search.show_hub()
    for place in publish:
        with place, plain_errors():
            publishing.show_publishing()
