"""The layer explorer: a row a layer, the sum that makes the map, and what lies at a place that is chosen."""

from collections.abc import Sequence

import streamlit as st

from crr.errors import CRRError
from crr.inference.forward import FeatureMask
from workbench.basics.markdown import as_text
from workbench.basics.model_names import linked_model, shown_model
from workbench.components.errors import plain_errors
from workbench.explanation.explorer import LayerExplanation
from workbench.explanation.location import Location
from workbench.explanation.study_image import StudyImage, original, painted
from workbench.inspection.image_file import ImageFile
from workbench.inspection.inspector import ModelChoice
from workbench.inspection.photo import Photo
from workbench.inspection.samples import donor_files, read_samples
from workbench.model_store import available
from workbench.settings import settings
from workbench.views.layers.details import show_adding_up, show_answer_picture, show_channels
from workbench.views.layers.export import offer_exports
from workbench.views.layers.fusion import current_weights, show_answer, show_sum
from workbench.views.layers.identity import show_index
from workbench.views.layers.rows import say_what_was_copied, show_layers
from workbench.views.layers.state import ExplorerState, choose_measure, choose_pick, peak
from workbench.views.shared.address import use_shown_models, went_back, write_address
from workbench.views.shared.progress import progress
from workbench.views.shared.session import current_explorer, painting_so_far

_NONE = "none"
_AS_IT_IS, _DAMAGED = "As it is", "With my damage"
_HERE = "explored_before"
_HOW_TO_GET_NORMALS = (
    "There are no normal images for {category} beside this model, so nothing can be said of what is usual. "
    "`crr normals --model {model} --data FOLDER` puts some there, from the data that it was trained on."
)


def choose_other(choice: ModelChoice) -> list[ModelChoice]:
    """A second model to stand beside the first, chosen in the sidebar; none by default."""
    found = available.find_models()
    options = [_NONE, *(name for name in found if name != choice.model.name)]
    told = st.query_params.get("beside")
    wanted = st.session_state.get("beside", None if told is None else linked_model(told, options))
    if wanted not in (None, *options):
        st.session_state["beside"] = _NONE  # it is the first one now, or is not there any more
    use_shown_models("beside")
    with st.sidebar:
        name = st.selectbox(
            "Second model",
            options,
            format_func=shown_model,
            key="beside",
            bind="query-params",
            help="A second model on the same photo: an autoencoder beside CRR shows where one copies what "
            "the other repairs.",
        )
    return [] if name == _NONE else [ModelChoice(found[name], choice.device)]


@st.fragment(key="exploring")
def show_explorer(photo: Photo, choices: Sequence[ModelChoice]) -> None:
    """Everything about one photo; moving a control or choosing a place asks a model at most once."""
    with plain_errors():
        explorer = current_explorer()
        with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
            study = _choose_photo(photo, photo.open(choices[0]))
            pick = choose_pick()
            whole = _choose_whole()
            with st.popover("Advanced", icon=":material/tune:", help="Another discrepancy; masking."):
                discrepancy_choice = choose_measure()
                mask = _choose_mask()
        explanations, failures = [], []
        with st.spinner("Asking the models"), progress("Looking once at") as tell:
            for choice in choices:
                try:
                    explanations.append(explorer.explain(study, choice, mask, tell))
                except CRRError as error:
                    failures.append((choice.model.name, error))
        for name, failure in failures:
            if not explanations:
                raise failure
            st.warning(as_text(f"{name}: {failure}"), icon=":material/error:")
        location = _current_location(photo, study.size, explanations[0])
        _write_location(photo, location, study.size)
        for place, found in zip(st.columns(len(explanations), gap="medium"), explanations, strict=True):
            with place:
                view = ExplorerState(
                    found,
                    discrepancy_choice,
                    pick,
                    location,
                    len(explanations) == 1,
                    lambda place: _choose_location(photo, Location.of(place, explanations[0].picture.size)),
                )
                _show_model(view, whole)
        _show_credits(photo, explanations)
        show_index(study, explanations, mask)
        offer_exports(explanations, study, discrepancy_choice, location)


def _show_model(view: ExplorerState, whole: bool) -> None:
    weights = current_weights(view)
    show_answer(view, weights)
    say_what_was_copied(view.found)
    show_answer_picture(view)
    _say_what_is_missing(view.found)
    show_layers(view, weights, whole)
    show_sum(view, weights, show_adding_up)
    if whole:
        show_channels(view)


def _show_credits(photo: Photo, explanations: Sequence[LayerExplanation]) -> None:
    """Where the photo and the normal patches come from."""
    credits = [] if photo.own else [read_samples(settings().samples)[photo.key].credit]
    credits += [f"Normal patches: {found.normal.credit}" for found in explanations if found.normal.credit]
    for credit in dict.fromkeys(credits):
        st.caption(as_text(credit))


def _choose_photo(photo: Photo, file: ImageFile) -> StudyImage:
    """The photo as it came, or with what the visitor painted on it on the page Compare."""
    painting = painting_so_far()
    if painting is None or not painting.damages(photo):
        return original(photo, file)
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
        return original(photo, file)
    part = painting.part(photo, file)
    samples = read_samples(settings().samples)
    donors = donor_files(samples, photo.key)
    return painted(part, painting.make(part, donors))


def _choose_whole() -> bool:
    return st.toggle(
        "Show all layers",
        key="all_layers",
        bind="query-params",
        help="Every layer in a row, how much each counts in the sum, and the channels that differ most. "
        "Without: the first layer, which sees the finest patches, and the sum.",
    )


def _choose_mask() -> FeatureMask:
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
        "inspected with 0 %, and CRR is trained with a part hidden.",
    )
    seed = st.number_input(
        "Draw", 0, 9999, 0, key="hidden_seed", bind="query-params", help="Another number hides others."
    )
    return FeatureMask(rate / 100, int(seed))


def _current_location(photo: Photo, size: tuple[int, int], found: LayerExplanation) -> Location:
    """What the visitor chose in this photo, what the link asks for, or where the map is highest."""
    locations = current_explorer().locations
    arrived = not st.session_state.get(_HERE)
    # At any other time it may be the place of another photo.
    linked = st.query_params.get("spot") if arrived or went_back() else None
    if linked is not None:
        wanted = Location.parse(linked, size)
        if wanted is None:
            st.info(
                "The link names no place of this picture, so the most unusual one is shown.",
                icon=":material/wrong_location:",
            )
        locations[photo.key] = wanted or peak(found)
    return locations.setdefault(photo.key, peak(found))


def _choose_location(photo: Photo, location: Location | None) -> None:
    if location is None:
        st.toast("That place lies outside the picture: choose one inside.", icon=":material/wrong_location:")
    else:
        current_explorer().locations[photo.key] = location


def _write_location(photo: Photo, location: Location, size: tuple[int, int]) -> None:
    """Keep the place in the address, in pixels of the photo; of a visitor's own photo there is no link."""
    st.session_state[_HERE] = True
    write_address(spot=None if photo.own else location.as_link(size))


def _say_what_is_missing(found: LayerExplanation) -> None:
    if found.normal.reference is None:
        category = found.explanation.inspection.category
        st.info(
            _HOW_TO_GET_NORMALS.format(
                category=f"the category {as_text(category)}" if category else "its categories",
                model=found.name,
            ),
            icon=":material/photo_library:",
        )
