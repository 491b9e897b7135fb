"""The layer explorer: a row a layer, the sum that makes the map, and what lies at a place that is chosen."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from html import escape

import streamlit as st

from crr.errors import CRRError
from crr.explanation import Hidden
from workbench import models
from workbench.batch import Question
from workbench.comparison import Photo
from workbench.components import exploring_rows as rows
from workbench.components.exploring_export import offer_exports
from workbench.components.exploring_index import show_index
from workbench.components.exploring_spot import show_adding_up, show_channels, show_painting
from workbench.components.session import WORKSHOP, current_exploration
from workbench.components.shell import plain_errors
from workbench.explored import Explored, Shown, explore, shown_as_it_is, shown_damaged
from workbench.inspection import Inspector
from workbench.layers import Exploration, Spot
from workbench.markdown import as_text
from workbench.normality import Measuring, Tell, normality
from workbench.painted import Workshop
from workbench.samples import read_samples, samples_of_other_kinds
from workbench.settings import settings

_NONE = "none"
_AS_IT_IS, _DAMAGED = "As it is", "With my damage"
_MOMENT = 0.3  # seconds
_HOW_TO_GET_NORMALS = (
    "There are no normal images for {category} beside this model, so nothing can be said of what is usual. "
    "`crr normals --model {model} --data FOLDER` puts some there, from the data that it was trained on."
)


def choose_other(question: Question) -> list[Question]:
    """A second model to stand beside the first, chosen in the sidebar; none by default."""
    found = models.find_models()
    options = [_NONE, *(name for name in found if name != question.model.name)]
    if st.session_state.get("beside", st.query_params.get("beside")) not in (None, *options):
        st.session_state["beside"] = _NONE  # it is the first one now, or is not there any more
    with st.sidebar:
        name = st.selectbox(
            "Beside it",
            options,
            key="beside",
            bind="query-params",
            help="A second model on the same photo: an autoencoder beside CRR shows where one copies what "
            "the other repairs.",
        )
    return [] if name == _NONE else [Question(found[name], question.device)]


@st.fragment(key="exploring")
def show(photo: Photo, questions: Sequence[Question], inspector: Inspector) -> None:
    """Everything about one photo; moving a control or choosing a place asks a model at most once."""
    with plain_errors():
        exploration = current_exploration()
        with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
            shown = _choose_photo(photo)
            measuring = rows.choose_measure()
            pick = rows.choose_pick()
            hidden = _choose_hidden()
        explored, failures = [], []
        with st.spinner("Asking the models"), _progress() as tell:
            for question in questions:
                try:
                    explored.append(
                        explore(shown, question, inspector, normality(), exploration, hidden, tell)
                    )
                except CRRError as error:
                    failures.append((question.model.name, error))
        for name, failure in failures:
            if not explored:
                raise failure
            st.warning(as_text(f"{name}: {failure}"), icon=":material/error:")
        spot = _current_spot(photo, explored[0], exploration)
        places = st.columns(len(explored), gap="medium")
        for place, found in zip(places, explored, strict=True):
            with place:
                _show_model(found, shown, photo, measuring, pick, spot, inspector, len(explored) == 1)
        if not photo.own:
            st.caption(as_text(read_samples(settings().samples)[photo.key].credit))
        show_index(shown, questions, inspector, exploration, hidden)
        offer_exports(explored, shown, measuring, spot, inspector, exploration)


def _show_model(
    found: Explored,
    shown: Shown,
    photo: Photo,
    measuring: Measuring,
    pick: str,
    spot: Spot,
    inspector: Inspector,
    alone: bool,
) -> None:
    exploration = current_exploration()

    def chosen(place: Sequence[float]) -> None:
        _choose_spot(photo, Spot.of(place, found.picture.size), found)

    view = rows.View(found, measuring, pick, spot, alone, chosen)
    answer = st.container()
    _say_what_is_missing(found)
    weights = rows.show_layers(view, damaged=shown.mask is not None)
    fused = rows.show_sum(view, weights, show_adding_up)
    with answer:
        rows.show_answer(view, weights, fused)
    show_painting(view, exploration, inspector)
    show_channels(view)


def _choose_photo(photo: Photo) -> Shown:
    """The photo as it came, or with what the visitor painted on it on the page Compare."""
    workshop: Workshop | None = st.session_state.get(WORKSHOP)
    if workshop is None or not workshop.damages(photo):
        return shown_as_it_is(photo)
    look = st.segmented_control(
        "The photo",
        (_AS_IT_IS, _DAMAGED),
        default=_DAMAGED,
        required=True,
        key="explored_photo",
        persist_state="session",
        help="With my damage: as you damaged it on the page Compare. Since the part without the damage is "
        "known, each layer shows how much of it was copied.",
    )
    if look == _AS_IT_IS:
        return shown_as_it_is(photo)
    part = workshop.part(photo)
    samples = read_samples(settings().samples)
    donors = [sample.path for sample in samples_of_other_kinds(samples, photo.key)]
    return shown_damaged(part, workshop.make(part, donors))


def _choose_hidden() -> Hidden:
    with st.popover("Masking", icon=":material/blur_on:", help="Hide part of the features from the decoder."):
        rate = st.slider(
            "Hidden",
            0,
            80,
            0,
            5,
            format="%d %%",
            key="hidden_rate",
            bind="query-params",
            help="Share of the feature values that is hidden from the decoder, at random. What is hidden "
            "cannot be copied: the decoder has to fill it in from what it knows of normal parts. Models are "
            "inspected with 0 %; CRR was trained with 40 %.",
        )
        seed = st.number_input(
            "Draw", 0, 9999, 0, key="hidden_seed", bind="query-params", help="Another number hides others."
        )
    return Hidden(rate / 100, int(seed))


@contextmanager
def _progress() -> Iterator[Tell]:
    """Inside the `with` block: shows how far the first use of normal images is, if it takes a moment."""
    place, start = st.empty(), time.perf_counter()

    def tell(done: int, count: int, what: str) -> None:
        if time.perf_counter() - start > _MOMENT:
            place.progress(done / count, text=f"Looking at {as_text(what)} once ({done} of {count})")

    try:
        yield tell
    finally:
        place.empty()


def _current_spot(photo: Photo, found: Explored, exploration: Exploration) -> Spot:
    """What the visitor chose in this photo, what the link asks for, or where the map is highest."""
    if photo.key not in exploration.spots:
        linked = st.query_params.get("spot")
        wanted = None if linked is None else _parse(linked, found)
        if linked is not None and wanted is None:
            st.info(
                "The place that the link names lies outside this picture, so the most unusual one is shown.",
                icon=":material/wrong_location:",
            )
        exploration.spots[photo.key] = wanted or rows.peak(found)
    spot = exploration.spots[photo.key]
    _write_spot(photo, spot, found)
    return spot


def _choose_spot(photo: Photo, spot: Spot | None, found: Explored) -> None:
    exploration = current_exploration()
    if spot is None:
        st.toast("That place lies outside the picture: choose one inside.", icon=":material/wrong_location:")
        return
    exploration.spots[photo.key] = spot
    _write_spot(photo, spot, found)


def _parse(text: str, found: Explored) -> Spot | None:
    try:
        sides = [float(part) for part in text.split(",")]
    except ValueError:
        return None
    left, top = found.corner
    sides = sides * 2 if len(sides) == 2 else sides
    if len(sides) != 4:
        return None
    return Spot.of([sides[0] - left, sides[1] - top, sides[2] - left, sides[3] - top], found.picture.size)


def _write_spot(photo: Photo, spot: Spot, found: Explored) -> None:
    """Keep the place in the address, in pixels of the photo; of a visitor's own photo there is no link."""
    if photo.own:
        st.query_params.pop("spot", None)
        return
    left, top = found.corner
    sides = [round(side) for side in spot.place(found.picture.size)]
    words = [str(sides[0] + left), str(sides[1] + top)]
    if sides[2:] != sides[:2]:
        words += [str(sides[2] + left), str(sides[3] + top)]
    text = ",".join(words)
    if st.query_params.get("spot") != text:
        st.query_params["spot"] = text


def _say_what_is_missing(found: Explored) -> None:
    if found.normal.reference is None:
        category = found.explanation.inspection.category
        st.info(
            _HOW_TO_GET_NORMALS.format(
                category=f"the category {as_text(category)}" if category else "its categories",
                model=escape(found.name),
            ),
            icon=":material/photo_library:",
        )
