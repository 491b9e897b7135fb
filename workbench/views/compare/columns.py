"""One photo and several models: which models, their columns, and two of them under a slider."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import streamlit as st

from crr.types import Image
from workbench.basics.markdown import as_text
from workbench.basics.model_names import linked_model, shown_model
from workbench.basics.palettes import difference_gradient, legend
from workbench.comparison.comparison import Comparison
from workbench.comparison.drawing import ORIGINAL, STYLES, Style, draw_columns, draw_pair
from workbench.comparison.opening import OPENING_MODELS, missed_defect
from workbench.components.errors import guarded, plain_errors
from workbench.components.panels import show_panels
from workbench.explanation.study_image import original
from workbench.inspection.inspector import ModelChoice
from workbench.inspection.samples import read_samples
from workbench.model_store import available
from workbench.settings import settings
from workbench.views.compare.answers import show_answers
from workbench.views.compare.figure import offer_figure
from workbench.views.compare.identity import show_copying
from workbench.views.shared.address import use_shown_models, went_back
from workbench.views.shared.page import choose_device
from workbench.views.shared.session import current_visitor

MOST = 6
_MODELS, _LOST = "models", "lost_models"


def choose_models() -> list[ModelChoice]:
    """One to six models; raises `CheckpointError` if there is none, and stops the page if none is chosen.

    A sentence on the page says so if a link names a model that is not there.
    """
    found = available.find_models()
    # An empty choice stands in the address as an empty name.
    linked = [linked_model(name, found) for name in st.query_params.get_all(_MODELS) if name]
    wanted = linked if went_back() else st.session_state.get(_MODELS, linked)
    missing = [name for name in wanted if name not in found]
    use_shown_models(_MODELS)
    if missing:
        st.session_state[_LOST] = missing
        kept = [name for name in wanted if name in found]
        st.session_state[_MODELS] = kept or _default(list(found))
    with st.sidebar:
        device = choose_device()
    names = st.multiselect(
        f"Models, up to {MOST}",
        list(found),
        default=None if missing else _default(list(found)),  # always the same: the address leaves it out
        key=_MODELS,
        bind="query-params",
        max_selections=MOST,
        format_func=shown_model,
        on_change=_models_chosen,
        help="The trained models that are asked about the photo, two to six of those on this machine. "
        "Each has learned from photos of good parts only. An autoencoder beside CRR shows what it means "
        "when a model copies a defect instead of repairing it.",
    )
    with st.container():  # always there, so that what follows stays in its place
        lost = st.session_state.get(_LOST, ())
        _say_what_is_missing([name for name in lost if name not in found], len(found))
    if not names:
        st.info("Choose at least one model above, better two.", icon=":material/compare:")
        st.stop()
    return [ModelChoice(found[name], device) for name in names]


@guarded
def _models_chosen() -> None:
    st.session_state.pop(_LOST, None)


def _default(names: list[str]) -> list[str]:
    preferred = [name for name in OPENING_MODELS if name in names]
    return preferred if len(preferred) == len(OPENING_MODELS) else names[:2]


def _say_what_is_missing(missing: list[str], count: int) -> None:
    if missing:
        names = ", ".join(f'"{name[:60]}"' for name in missing[:MOST])
        st.warning(
            as_text(f"Not on this machine, or damaged, and therefore left out: {names}."),
            icon=":material/deployed_code_alert:",
        )
    if count == 1:
        st.info(
            "There is one model on this machine, so there is nothing to compare it with yet. Train another "
            "on your photos of good parts: `python -m crr train --method autoencoder --data FOLDER "
            "--out checkpoints/autoencoder`",
            icon=":material/model_training:",
        )


@st.fragment(key="comparing")
def show_columns_page(comparison: Comparison, choices: list[ModelChoice]) -> None:
    """The photo as it came and what each model says of it."""
    with plain_errors():
        missed = missed_defect(comparison)
        if missed is not None:
            st.info(as_text(missed), icon=":material/compare:")
        scale = show_columns(comparison, choices)
        photo = comparison.photo
        file = photo.open(choices[0])
        show_answers(original(photo, file), choices)
        show_details(comparison, scale, lambda: file.image)


@dataclass(frozen=True)
class Scale:
    """How maps are drawn: over the photo or alone, and whether all have one colour scale."""

    style: Style
    one: bool


def show_columns(comparison: Comparison, choices: Sequence[ModelChoice]) -> Scale:
    """Each model's map in columns; the photo first, unless it was painted on and stands beside them."""
    methods = {choice.model.name: choice.model.method for choice in choices}
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        scale = Scale(_choose_style(), _choose_scale())
    opacity = current_visitor().opacity
    show_panels(draw_columns(comparison, methods, scale.style, scale.one, opacity), "columns")
    _legend(scale.one)
    return scale


def show_details(comparison: Comparison, scale: Scale, image: Callable[[], Image]) -> None:
    """Where the photo comes from, files to keep, who copies a damage, and two models under a slider.

    Args:
        comparison: What is shown.
        scale: How its maps are drawn.
        image: What the models were asked about.
    """
    credit = ""
    if not comparison.photo.own:
        sample = read_samples(settings().samples)[comparison.photo.key]
        label = f"According to its data set this part is {comparison.photo.label}. "
        credit = sample.credit
        st.caption(as_text(("" if comparison.painted else label) + credit))
    offer_figure(comparison, image, credit)
    show_copying(comparison)
    st.header("Before/after slider", anchor=False)
    pair = _choose_pair(list(comparison.inspected))
    opacity = current_visitor().opacity
    show_panels(draw_pair(comparison, pair, scale.style, scale.one, opacity), "pair")
    _explain_pair(*pair)


def _choose_style() -> Style:
    style: Style = st.segmented_control(
        "Heat-maps",
        STYLES,
        default=STYLES[0],
        required=True,
        key="maps",
        bind="query-params",
        help="Over the photo: where it looks as usual, the photo is seen. Map alone: small values show too.",
    )
    return style


def _choose_scale() -> bool:
    return st.toggle(
        "One colour scale",
        value=True,
        key="one_scale",
        bind="query-params",
        help="On: the colours of every map run from 0 to 1, so that the same colour means the same value. "
        "Off: each map uses the colours up to its own maximum, which shows faint traces and makes a good "
        "part look as bad as a defective one. Values, scores and verdicts are the same.",
    )


def _legend(one_scale: bool) -> None:
    ends = ("0 as usual", "1 very unusual") if one_scale else ("0 as usual", "each map's own maximum")
    st.html(legend(*ends))
    if not one_scale:
        st.caption("Each map has a scale of its own: colours of different models cannot be compared.")


def _scale(low: str, colours: str, high: str) -> None:
    st.html(legend(low, high, colours))


def _choose_pair(names: list[str]) -> tuple[str, str]:
    options = [ORIGINAL, *names]
    left, right = st.columns(2)
    with left:
        first = _choose_side("A", options, 1, "left of the slider")
    with right:
        second = _choose_side("B", options, min(2, len(names)) if len(names) > 1 else 0, "right of it")
    return first, second


def _choose_side(name: str, options: list[str], index: int, where: str) -> str:
    if st.session_state.get(name) not in (None, *options):
        del st.session_state[name]  # of a model that is not compared any more
    chosen: str = st.selectbox(
        name,
        options,
        index=index,
        key=name,
        bind="query-params",
        format_func=shown_model,
        help=f"What stands {where}: the photo alone, or a model's map.",
    )
    return chosen


def _explain_pair(left: str, right: str) -> None:
    if left != right and ORIGINAL not in (left, right):
        _scale("only B sees it", difference_gradient(), "only A sees it")
        st.caption(
            f"A is {as_text(shown_model(left))}, B is {as_text(shown_model(right))}. The difference of their "
            "maps runs from -1 to 1; without colour both see the same."
        )
    else:
        st.caption("Choose two models as A and B to see the difference of their maps too.")
