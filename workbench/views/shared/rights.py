"""What a visitor may do with the machine that serves the workbench."""

import streamlit as st

from workbench.settings import settings


def folders_allowed() -> bool:
    """Whether this visitor may read its folders, and change its models: only who sits at it."""
    return settings().folders_allowed(st.context.ip_address, st.context.headers)
