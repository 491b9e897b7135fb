"""The sum of the layers that makes the map and the verdict, and what counts how much in it."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from html import escape

import numpy as np
import streamlit as st

from workbench.basics.markdown import as_text
from workbench.basics.model_names import shown_model
from workbench.components.answer import answer_html
from workbench.components.errors import guarded
from workbench.components.panels import show_panels
from workbench.explanation.drawing import draw_sum
from workbench.views.layers.state import ExplorerState
from workbench.views.shared.photos.no_verdict import say_why_no_verdict


@dataclass(frozen=True)
class Weights:
    """What counts how much in the sum.

    Attributes:
        layers: Weight of each layer; weights count in proportion.
        distance: Weight of all layers together, in [0, 1].
        calibrated: Whether nothing was changed.
    """

    layers: tuple[float, ...]
    distance: float
    calibrated: bool


def current_weights(view: ExplorerState) -> Weights:
    """Where the sliders stand, before they are drawn; this also puts them where they stand at first."""
    terms, state = view.found.explanation.terms, st.session_state
    calibrated = float(terms.settings.distance_weight)
    count = len(view.found.explanation.layers)
    layers = tuple(float(state.setdefault(view.key(f"weight-{index}"), 1.0)) for index in range(count))
    distance = float(state.setdefault(view.key("weight-distance"), calibrated))
    alike = len(set(layers)) == 1 and layers[0] > 0
    same = terms.segmentation is None or abs(distance - calibrated) < 1e-9
    return Weights(layers, 1.0 if terms.segmentation is None else distance, alike and same)


def choose_weight(view: ExplorerState, index: int) -> None:
    """How much a layer counts."""
    st.slider(
        "Weight",
        0.0,
        2.0,
        step=0.1,
        key=view.key(f"weight-{index}"),
        help="How much this layer counts in the sum, in proportion to the others. All count alike as "
        "calibrated. No model is asked again.",
    )


def choose_distance_weight(view: ExplorerState) -> None:
    """How much all layers together count against the segmentation network."""
    terms = view.found.explanation.terms
    if terms.segmentation is None:
        return
    st.slider(
        "Layers against segmentation",
        0.0,
        1.0,
        step=0.05,
        key=view.key("weight-distance"),
        help="1: only the distances of the layers make the map; 0: only the segmentation network does.",
    )


def show_sum(view: ExplorerState, weights: Weights, beside: Callable[[ExplorerState, Weights], None]) -> None:
    """The end of the column: fused distances, segmentation, and the final map; `beside` says more of it."""
    explanation = view.found.explanation
    fused = explanation.terms.fused(weights.layers, weights.distance)
    total = sum(weights.layers)
    names = [escape(layer.layer.name) for layer in explanation.layers]
    if total:
        sums = " + ".join(
            f"{weight / total:.2f} {name}" for weight, name in zip(weights.layers, names, strict=True)
        )
    else:
        sums = "no layer counts"
    whole = f"{weights.distance:.2f} distances"
    lines = [
        sums,
        "from encoder and decoder together",
        whole + (f" + {1 - weights.distance:.2f} segmentation" if fused.segmentation is not None else ""),
    ]
    words = "**The sum**: what the layers make together"
    if fused.segmentation is not None:
        words += f" · segmentation: {100 * fused.shares[-1]:.0f}\u00a0% of the score"
    st.markdown(words)
    left, right = view.sides()
    with left:
        show_panels(
            draw_sum(view.found, fused, lines, view.location, view.pick), view.key("sum"), view.chosen
        )
    with right:
        beside(view, weights)


def show_answer(view: ExplorerState, weights: Weights) -> None:
    """Verdict and score as calibrated, or as they would be with the weights that were chosen."""
    inspection = view.found.explanation.inspection
    score = inspection.score
    if not weights.calibrated:
        score = view.found.explanation.terms.fused(weights.layers, weights.distance).score
    if not any(weights.layers) and score == 0:
        st.html(
            f'<div class="answer"><b>No verdict</b><span>{escape(shown_model(view.found.name))}</span></div>'
        )
        _show_changed(view, weights)
        return
    verdict = replace(inspection, score=score).verdict_at(inspection.threshold)
    st.html(answer_html(verdict, score, inspection.threshold, [shown_model(view.found.name)]))
    say_why_no_verdict(inspection)
    if view.found.mask.rate:
        st.caption(
            f"With {100 * view.found.mask.rate:.0f} % of the features hidden. Limit, normal patches and "
            "the test damage are without masking."
        )
    if not weights.calibrated:
        _show_changed(view, weights)


def _show_changed(view: ExplorerState, weights: Weights) -> None:
    """What the weights were before, and what they would make of normal images."""
    inspection = view.found.explanation.inspection
    words = f"With your weights. As calibrated: {inspection.verdict}, score {inspection.score:.2f}."
    reference = view.found.normal.reference
    if reference is not None:
        scores = np.array(reference.scores(weights.layers, weights.distance))
        alarms = int((scores >= inspection.threshold).sum())
        words += f" Of {reference.images} good parts {alarms} would be called defective."
    if not any(weights.layers):
        words += " No layer counts: raise a weight."
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(as_text(words))
        st.button(
            "Reset weights",
            icon=":material/restart_alt:",
            key=view.key("reset"),
            on_click=_reset,
            args=(view,),
        )


@guarded
def _reset(view: ExplorerState) -> None:
    for index in range(len(view.found.explanation.layers)):
        st.session_state[view.key(f"weight-{index}")] = 1.0
    if view.found.explanation.terms.segmentation is not None:
        weight = view.found.explanation.terms.settings.distance_weight
        st.session_state[view.key("weight-distance")] = float(weight)
