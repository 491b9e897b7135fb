"""Buttons that the browser itself answers: copy the address of the page, take a photo."""

import streamlit as st

from workbench.components.assets import read


def show_copy_link() -> None:
    """A button that copies what stands in the browser's address then."""
    _show("copy_link", "Copy link")


def show_take_photo() -> None:
    """A button that opens the camera of a phone, whose photo goes to the page's first uploader.

    The page's style decides where there is one: beside a mouse there is no such camera.
    """
    with st.container(key="take_photo"):
        _show("take_photo", "Take a photo")
        st.html('<a class="hint-link" href="#gallery">Choose photos, or try a sample</a>')


def _show(name: str, label: str) -> None:
    """The button of that script; its label is there before the script is, for who hears the page."""
    component = st.components.v2.component(
        f"crr_{name}",
        html=f'<button type="button" value="{label}">{label}</button>',
        css=read("browser_button.css"),
        js=read(f"{name}.js"),
    )
    component(key=f"{name}_button")
