"""The rows of the layer explorer: one a layer, and the sum of them that makes the map and the verdict."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape

import numpy as np
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from crr.explanation import Fused
from workbench.colours import copying_gradient, gradient
from workbench.components.compare import show_panels
from workbench.explored import Explored
from workbench.judgement import verdict_at
from workbench.layer_drawing import draw_layer, draw_sum, highest
from workbench.layer_plots import patches_figure
from workbench.layers import LayerAtSpot, Spot, among_normal_patches, discrepancy_map, look_at
from workbench.markdown import as_text
from workbench.normality import MEASURES, Measuring
from workbench.patch_pictures import neighbours_html

_POINT, _AREA = "Point", "Area"
_PICKS = {_POINT: "point", _AREA: "area"}


@dataclass(frozen=True)
class View:
    """How a model's answer is looked at.

    Attributes:
        found: The answer.
        measuring: Of the discrepancy.
        pick: "point" or "area": what a drag chooses.
        spot: What was chosen.
        alone: Whether no other model stands beside it, so that there is room at the side.
        chosen: Hears which place was chosen next.
    """

    found: Explored
    measuring: Measuring
    pick: str
    spot: Spot
    alone: bool
    chosen: Callable[[Sequence[float]], None]

    def key(self, name: str) -> str:
        """A widget's, for this model."""
        return f"{name}-{self.found.name}"

    def sides(self) -> tuple[DeltaGenerator, DeltaGenerator]:
        """Where pictures go and what is said of them: beside each other if there is room."""
        if self.alone:
            left, right = st.columns([11, 9], gap="medium")
            return left, right
        below = st.container()
        return below, below


@dataclass(frozen=True)
class Weights:
    """What counts how much in the sum.

    Attributes:
        layers: Of each layer; they count in proportion.
        distance: Of all layers together, in [0, 1].
        calibrated: Whether nothing was changed.
    """

    layers: tuple[float, ...]
    distance: float
    calibrated: bool


def choose_measure() -> Measuring:
    """How far apart is far."""
    name = st.segmented_control(
        "Discrepancy",
        list(MEASURES),
        default=next(iter(MEASURES)),
        required=True,
        key="discrepancy",
        bind="query-params",
        help="Model's own: as the model counts it, on the scale of the anomaly map, where 0.5 is rare among "
        "normal patches; these are the maps that are summed. 1 - cosine: by direction alone, as in the "
        "paper. L2: root mean square of the difference over channels. One channel: the absolute difference "
        "in a single channel. The colours of the last three end at twice what is rare among normal patches.",
    )
    channel = 0
    if name == "One channel":
        channel = st.number_input(
            "Channel",
            0,
            9999,
            0,
            key="channel",
            bind="query-params",
            width=110,
            help="Its number in each layer; of a layer that has fewer channels its last one.",
        )
    return Measuring(name, int(channel))


def choose_pick() -> str:
    """What the mouse chooses."""
    name = st.segmented_control(
        "Choose",
        list(_PICKS),
        default=_POINT,
        required=True,
        key="pick",
        persist_state="session",
        help="Click a place in any picture to look at that patch in every layer; the arrow keys move it. "
        "Area: drag a rectangle, and everything is about the mean of its patches.",
    )
    return _PICKS[name]


def peak(found: Explored) -> Spot:
    """Where the anomaly map is highest."""
    levels = found.explanation.terms.fused().anomaly_map
    row, column = divmod(int(levels.argmax()), levels.shape[1])
    x, y = (column + 0.5) / levels.shape[1], (row + 0.5) / levels.shape[0]
    return Spot(x, y, x, y)


def show_layers(view: View, damaged: bool) -> Weights:
    """A row a layer; returns the weights that its sliders stand at."""
    found = view.found
    st.html(_legend(damaged))
    shares = found.explanation.terms.fused().shares
    weights = []
    for index, layer in enumerate(found.explanation.layers):
        at = look_at(
            found.explanation, index, view.spot, view.measuring.of(layer.layer.channels), found.normal
        )
        _show_heading(view, index, shares[index], damaged)
        pictures, beside = view.sides()
        with pictures:
            _show_pictures(view, index)
            weights.append(_choose_weight(view, index))
        with beside:
            _show_normals(view, index, at)
    left, _ = view.sides()
    with left:
        distance = _choose_distance_weight(view)
    calibrated = found.explanation.terms.settings.distance_weight
    unchanged = len(set(weights)) == 1 and weights[0] > 0
    only = found.explanation.terms.segmentation is None
    return Weights(tuple(weights), distance, unchanged and (only or abs(distance - calibrated) < 1e-9))


def _show_heading(view: View, index: int, share: float, damaged: bool) -> None:
    layer = view.found.explanation.layers[index].layer
    words = (
        f"**{as_text(layer.name)}** · {layer.grid[0]} × {layer.grid[1]} patches · {layer.channels} channels"
    )
    words += f" · {100 * share:.0f} % of the score"
    copied = None if view.found.index is None else view.found.index.layers.get(layer.name)
    if copied is not None:
        what = "your damage" if damaged else "a test damage"
        words += f" · copies **{100 * min(1.0, max(0.0, copied)):.0f} %** of {what}"
    st.markdown(words)


def _show_pictures(view: View, index: int) -> None:
    found = view.found
    layer = found.explanation.layers[index]
    show_panels(
        draw_layer(
            layer,
            index,
            found.picture,
            found.bases[index],
            view.measuring.of(layer.layer.channels),
            found.normal.reference,
            view.spot,
            view.pick,
            None if found.copied is None else found.copied.maps[index],
        ),
        view.key(f"layer-{index}"),
        view.chosen,
    )


def _show_normals(view: View, index: int, at: LayerAtSpot) -> None:
    """The place that was chosen among normal patches: in numbers and in pictures."""
    found = view.found
    layer, reference = found.explanation.layers[index], found.normal.reference
    measure = view.measuring.of(layer.layer.channels)
    values = discrepancy_map(layer, measure)
    if float(values.max()) < 1e-6:
        st.caption(
            "Encoder and decoder agree everywhere in this layer: nothing differs, so nothing is found here."
        )
    st.plotly_chart(
        patches_figure(
            values,
            None if reference is None else reference.layers[index].discrepancies(measure),
            at.discrepancy,
            highest(layer, index, measure, reference),
            view.measuring.unit(layer.layer.channels),
        ),
        key=view.key(f"patches-{index}"),
        config={"displayModeBar": False},
    )
    st.markdown(among_normal_patches(at, reference))
    if found.normal.memory is not None and at.seen:
        st.html(neighbours_html(at, found.normal.memory, layer.layer.grid, found.image, view.spot))
        if at.reading:
            st.caption(at.reading)


def _choose_weight(view: View, index: int) -> float:
    return st.slider(
        "Weight",
        0.0,
        2.0,
        1.0,
        0.1,
        key=view.key(f"weight-{index}"),
        help="How much this layer counts in the sum, in proportion to the others. All count alike as "
        "calibrated. No model is asked again.",
    )


def _choose_distance_weight(view: View) -> float:
    terms = view.found.explanation.terms
    if terms.segmentation is None:
        return 1.0
    return st.slider(
        "Layers against segmentation",
        0.0,
        1.0,
        float(terms.settings.distance_weight),
        0.05,
        key=view.key("weight-distance"),
        help="1: only the distances of the layers make the map; 0: only the segmentation network does.",
    )


def show_sum(view: View, weights: Weights, beside: Callable[[View, Weights], None]) -> Fused:
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
        "from what encoder and decoder agree on",
        whole + (f" + {1 - weights.distance:.2f} segmentation" if fused.segmentation is not None else ""),
    ]
    st.markdown("**The sum**: what the layers make together")
    left, right = view.sides()
    with left:
        show_panels(
            draw_sum(fused, view.found.picture, lines, view.spot, view.pick), view.key("sum"), view.chosen
        )
    with right:
        beside(view, weights)
    return fused


def show_answer(view: View, weights: Weights, fused: Fused) -> None:
    """Verdict and score as calibrated, or as they would be with the weights that were chosen."""
    inspection = view.found.explanation.inspection
    score = inspection.score if weights.calibrated else fused.score
    verdict = verdict_at(score, inspection.threshold)
    relation = "reaches the" if verdict == "defective" else "below the"
    st.html(
        f'<div class="answer {verdict}"><b>{verdict.capitalize()}</b>'
        f"<span>score <b>{score:.2f}</b> {relation} limit {inspection.threshold:.2f}</span>"
        f"<span>{escape(view.found.name)}</span></div>"
    )
    if weights.calibrated:
        return
    words = f"With your weights. As calibrated: {inspection.verdict}, score {inspection.score:.2f}."
    reference = view.found.normal.reference
    if reference is not None:
        scores = np.array(reference.scores(weights.layers, weights.distance))
        alarms = int((scores >= inspection.threshold).sum())
        words += f" Of {reference.images} normal images {alarms} would be called defective."
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


def _reset(view: View) -> None:
    for index in range(len(view.found.explanation.layers)):
        st.session_state[view.key(f"weight-{index}")] = 1.0
    if view.found.explanation.terms.segmentation is not None:
        weight = view.found.explanation.terms.settings.distance_weight
        st.session_state[view.key("weight-distance")] = float(weight)


def _legend(damaged: bool) -> str:
    copying = (
        f'<span>repaired</span><i style="background: {copying_gradient()}"></i><span>copied</span>'
        if damaged
        else ""
    )
    return (
        '<div class="legend"><span>discrepancy: as usual</span>'
        f'<i style="background: {gradient()}"></i><span>very unusual</span>{copying}</div>'
        '<div class="hint">Features are shown as colours: equal features have equal colours, left and right. '
        "Click a patch.</div>"
    )
