"""The workbench as it is served: its screens behind the guards of `workbench.server`."""

import streamlit as st
from streamlit.starlette import App

from workbench.review_service.routes import review_routes
from workbench.server.app import guards, keep_uploads_in_memory
from workbench.server.memory import memory_given_back
from workbench.server.messages import bound_messages
from workbench.settings import start_settings
from workbench.views.shared.services import services

keep_uploads_in_memory(start_settings().max_upload_bytes)
bound_messages()
app = App(
    "streamlit_app.py",
    middleware=guards(start_settings()),
    lifespan=memory_given_back,
    routes=review_routes(
        lambda: services().review, services().tickets, str(st.get_option("server.baseUrlPath") or "")
    ),
)
