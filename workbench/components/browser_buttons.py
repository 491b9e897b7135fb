"""Buttons that the browser itself answers: copy the address of the page, take a photo."""

import streamlit as st

from workbench.components.assets import read

_HTML = '<button type="button"></button>'


def show_copy_link(label: str = "Copy link") -> None:
    """A button that copies what stands in the browser's address then."""
    component = st.components.v2.component(
        "crr_copy_link", html=_HTML, css=read("browser_button.css"), js=read("copy_link.js")
    )
    component(data={"label": label}, key="copy_link")


def show_take_photo(label: str = "Take a photo") -> None:
    """A button that opens the camera of a phone, whose photo goes to the page's first uploader.

    The page's style decides where there is one: beside a mouse there is no such camera.
    """
    component = st.components.v2.component(
        "crr_take_photo", html=_HTML, css=read("browser_button.css"), js=read("take_photo.js")
    )
    with st.container(key="take_photo"):
        component(data={"label": label}, key="take_photo_button")
        st.html('<a class="hint-link" href="#gallery">Choose photos, or try a sample</a>')
