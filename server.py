"""The workbench as it is served: its screens behind the guards of `workbench.server`."""

from streamlit.starlette import App

from workbench.server.app import guards
from workbench.server.memory import memory_given_back
from workbench.settings import start_settings

app = App("streamlit_app.py", middleware=guards(start_settings()), lifespan=memory_given_back)
