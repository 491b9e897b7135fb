"""Where images come from: the samples, or the visitor's own."""

from datetime import datetime

import streamlit as st

from crr.image_formats import IMAGE_SUFFIXES
from workbench.components.session import current_visit, shown_sample
from workbench.components.shell import plain_errors
from workbench.samples import read_samples, sample_thumbnail
from workbench.settings import settings

_SAMPLE, _CAMERA, _FOLDER = "sample_choice", "camera", "folder_path"


def choose_sample() -> None:
    """A strip of samples; a click shows one."""
    samples = read_samples(settings().samples)
    st.session_state[_SAMPLE] = shown_sample()
    with st.container(key="gallery"):
        st.pills(
            "Samples",
            list(samples),
            key=_SAMPLE,
            format_func=lambda name: f"![]({sample_thumbnail(samples[name])}) {samples[name].title}",
            help="Real parts from public data sets, not used in training. Click one to inspect it.",
            on_change=_sample_clicked,
            wrap=False,
        )


def offer_own_images() -> None:
    """Upload of files and folders, and the camera. Files stay in memory and are seen by this visitor only."""
    with st.container(gap="xsmall"):
        _uploader(
            "Your own photos",
            "files",
            several=True,
            help="JPEG, PNG, TIFF, BMP or WebP, one or many. They are kept in memory for this visit, "
            "never written to disk and never shown to anybody else.",
        )
    with st.popover(
        "Folder or camera",
        icon=":material/add_a_photo:",
        width="stretch",
        help="Inspect all photos of a folder at once, or take one now.",
    ):
        _uploader(
            "A folder", "folder", several="directory", help="Every image in the folder and in its subfolders."
        )
        host = st.context.headers.get("Host", "")
        if settings().folders_allowed(st.context.ip_address, host):
            st.text_input(
                "Path of a folder on this machine",
                key=_FOLDER,
                placeholder="/data/parts",
                on_change=_folder_typed,
                help="Paste the path and press Enter: its images are read from there, nothing is uploaded.",
            )
        if st.toggle(
            "Use the camera", help="Take a photo of a part. Your browser asks for permission first."
        ):
            st.camera_input(
                "Photo of a part", key=_CAMERA, on_change=_photo_taken, label_visibility="collapsed"
            )


def _uploader(label: str, name: str, several: object, help: str) -> None:
    # A new key empties the uploader's list when the table is cleared.
    key = f"{name}-{st.session_state.get('cleared', 0)}"
    files = st.file_uploader(
        label,
        # Of a folder only the images; of single files any, so that the visitor hears what is wrong with one.
        type=sorted(IMAGE_SUFFIXES) if several == "directory" else None,
        accept_multiple_files=several,  # type: ignore[call-overload]
        key=key,
        help=help,
        on_change=_files_changed,
        args=(key,),
    )
    if files or "visit" in st.session_state:
        current_visit().note(key, files)


def _sample_clicked() -> None:
    name = st.session_state[_SAMPLE]
    if name is not None:  # a second click on the same sample deselects it, which means nothing here
        current_visit().show_sample(name)


def _files_changed(key: str) -> None:
    current_visit().follow(key, st.session_state[key] or [])


def _photo_taken() -> None:
    photo = st.session_state[_CAMERA]
    if photo is not None:
        current_visit().take([(f"camera {datetime.now():%H.%M.%S}.jpg", photo.getvalue)])


def _folder_typed() -> None:
    folder = st.session_state[_FOLDER]
    if folder.strip():
        with plain_errors():
            current_visit().take_folder(folder)
