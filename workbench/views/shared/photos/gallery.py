"""Where images come from: the samples, or the visitor's own."""

from datetime import datetime

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from crr.data.image_formats import ALLOWED, IMAGE_SUFFIXES
from crr.errors import ConfigError
from workbench.basics.markdown import as_text
from workbench.components.errors import guarded
from workbench.inspection.samples import read_samples, sample_thumbnail
from workbench.settings import MEGABYTE, settings
from workbench.views.shared.controls import show_strip
from workbench.views.shared.rights import folders_allowed
from workbench.views.shared.session import (
    current_visitor,
    forget_explanations,
    forget_images,
    has_visitor,
    shown_sample,
)
from workbench.views.shared.visit import (
    clear_uploaders,
    forget_what_was_lost,
    renew_uploaders,
    uploader_key,
)

_FOLDER, _CLOSED, _TAKEN = "folder_path", "popovers_closed", "camera_taken"


def show_gallery() -> None:
    """What stands first on a page about one photo: the samples, and beside them the visitor's own images."""
    with st.container(key="gallery_row"):
        st.html('<span id="gallery"></span>')
        samples, own_images = st.columns([7, 3], gap="medium")
        with samples:
            choose_sample()
        with own_images:
            offer_own_images()


def choose_sample() -> None:
    """A strip of samples; a click shows one."""
    samples = read_samples(settings().samples)
    with st.container(key="gallery"):
        show_strip(
            "Samples",
            "sample_choice",
            list(samples),
            shown_sample(),
            _sample_clicked,
            format_func=lambda name: f"![]({sample_thumbnail(samples[name])}) {as_text(samples[name].title)}",
            help="Real parts from public data sets, not used in training. Click one to inspect it.",
        )


def offer_own_images() -> None:
    """Upload of files and folders, and the camera. Files stay in memory and are seen by this visitor only."""
    with st.container(gap="xsmall"):
        lost = _uploader(
            "Your own photos",
            "files",
            several=True,
            help=f"{ALLOWED}, one or many. They are kept in memory for this visit, "
            "never written to disk and never shown to anybody else.",
        )
    with st.popover(
        "Folder or camera",
        icon=":material/add_a_photo:",
        width="stretch",
        key=f"popover-{st.session_state.get(_CLOSED, 0)}",
        on_change="rerun",  # gives it the key as its identity
        help="Inspect all photos of a folder at once, or take one now.",
    ):
        lost |= _uploader(
            "A folder", "folder", several="directory", help="Every image in the folder and in its subfolders."
        )
        if folders_allowed():
            _type_folder()
        if st.toggle(
            "Use the camera", help="Take a photo of a part. Your browser asks for permission first."
        ):
            _camera()
    renew_uploaders(lost)
    _say_what_is_held()


def _say_what_is_held() -> None:
    """How many photos are kept, which an uploader does not list once its page was left; and the way out."""
    uploads = list(current_visitor().batch.uploads.values()) if has_visitor() else []
    if not uploads:
        return
    size = sum(len(upload.content) for upload in uploads if upload.page == 0) / MEGABYTE
    photos = "1 photo" if len(uploads) == 1 else f"{len(uploads)} photos"
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.caption(f"{photos} kept, {max(size, 0.1):.1f} MB", width="content")
        offer_to_clear("gallery")


def offer_to_clear(place: str) -> None:
    """A button that forgets all photos of the visitor, once it is said what goes with them.

    Args:
        place: Tells the widgets of two places apart.
    """
    with st.popover("Clear all", icon=":material/delete:", key=f"clear_{place}"):
        visitor = current_visitor()
        count = len(visitor.batch.uploads)
        photos = "the photo" if count == 1 else f"all {count} photos"
        said = len(visitor.known_labels)
        truths = f", and what was said of {'one part' if said == 1 else f'{said} parts'}" if said else ""
        st.markdown(
            f"This forgets {photos} with their results{truths}. They are forgotten too when you close the "
            "page."
        )
        st.button("Forget them", key=f"forget_{place}", type="primary", on_click=guarded(_clear_images))


def _clear_images() -> None:
    """Forget all photos of the visitor, what was found in them, and what uploaders list; for a callback."""
    forget_images()
    clear_uploaders()
    st.rerun()


def _uploader(label: str, name: str, several: object, help: str) -> bool:
    """Show an uploader; returns whether it lists files that the server lost."""
    key = uploader_key(name)
    files = st.file_uploader(
        label,
        # Of a folder only the images; of single files any, so that the visitor hears what is wrong with one.
        type=sorted(IMAGE_SUFFIXES) if several == "directory" else None,
        accept_multiple_files=several,  # type: ignore[call-overload]
        key=key,
        help=help,
        on_change=_files_changed,
        args=(name, key),
    )
    if files or has_visitor():
        current_visitor().note(key, files)
    return len(st.session_state[key] or ()) > len(files)


def _camera() -> None:
    photo = st.camera_input("Photo of a part", key=uploader_key("camera"), label_visibility="collapsed")
    if photo is not None and photo.file_id != st.session_state.get(_TAKEN):
        st.session_state[_TAKEN] = photo.file_id
        current_visitor().take([(f"camera {datetime.now():%H.%M.%S}.jpg", photo.getvalue)])


def _type_folder() -> None:
    with st.form("typed_folder", border=False):
        st.text_input(
            "Path of a folder on this machine",
            key=_FOLDER,
            placeholder="/data/parts",
            help="Its images and those of its subfolders are read from there, nothing is uploaded.",
        )
        st.form_submit_button("Inspect this folder", on_click=_folder_typed)


def _sample_clicked(name: str) -> None:
    current_visitor().show_sample(name)
    forget_what_was_lost()


@guarded
def _files_changed(name: str, key: str) -> None:
    if key != uploader_key(name):  # it was cleared with the table, and the browser has not heard it yet
        return
    visitor = current_visitor()
    before = set(visitor.batch.uploads)
    at_hand = [file for file in st.session_state[key] or () if isinstance(file, UploadedFile)]
    visitor.follow(key, at_hand)  # what the server lost is told of where the uploader is drawn
    if before - set(visitor.batch.uploads):
        forget_explanations()
    _close_popover()


@guarded
def _folder_typed() -> None:
    folder = st.session_state[_FOLDER]
    if folder.strip():
        if not folders_allowed():
            raise ConfigError("Folders of the serving machine cannot be read from here: upload the folder.")
        current_visitor().take_folder(folder)
        _close_popover()


def _close_popover() -> None:
    """Put a new one in its place, as it hides the answer: closing the same one can get lost in a rerun."""
    st.session_state[_CLOSED] = st.session_state.get(_CLOSED, 0) + 1
