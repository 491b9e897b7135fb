"""The rows of the layer explorer, one a layer."""

import streamlit as st

from crr.identity.index import Origin
from workbench.basics.markdown import as_text
from workbench.basics.model_names import shown_model
from workbench.basics.palettes import copying_gradient, gradient
from workbench.components.panels import show_panels
from workbench.explanation.drawing import draw_layer, highest
from workbench.explanation.explorer import LayerExplanation
from workbench.explanation.patch_reading import among_normal_patches, discrepancy_map
from workbench.explanation.patch_thumbnails import neighbours_html
from workbench.explanation.plots import patches_figure
from workbench.inspection.verdict import percent_copied
from workbench.views.layers.fusion import Weights, choose_distance_weight, choose_weight
from workbench.views.layers.state import ExplorerState

_COPIES = (
    "How much of a damage passes through the decoder in this layer: the identity index. It compares the part "
    "before and after. Of a real defect there is no photo of the part before it: the nearest normal patches "
    "stand in for it, and the figure is an estimate. Where no defect is marked, two test damages are laid "
    "over the photo, of kinds that no model here was trained on."
)
_DAMAGE: dict[Origin, str] = {
    "painted": "your damage",
    "marked": "the marked defect (estimated)",
    "test": "a test damage",
}


def say_what_was_copied(found: LayerExplanation) -> None:
    """In a sentence, whether the model copied the damage or repaired it."""
    if found.copied is None or found.copied.index is None:
        return
    share = percent_copied(found.copied.index)
    did = f"{'copied' if share >= 50 else 'repaired'} most of {_DAMAGE[found.copied.origin]}"
    st.markdown(
        f"**{as_text(shown_model(found.name))} {did}: {share:.0f}\u00a0% of it is in the answer.**",
        help=_COPIES,
    )


def show_layers(view: ExplorerState, weights: Weights, whole: bool) -> None:
    """Show the layers, a row each.

    Args:
        view: How the model's answer is looked at.
        weights: Weights of the layers; their sliders stand in the rows.
        whole: Whether all are shown, and how much each counts; else the first alone.
    """
    found = view.found
    st.html(_legend(found))
    shares = found.explanation.terms.fused(weights.layers, weights.distance).shares
    for index in range(len(found.explanation.layers) if whole else 1):
        _show_heading(view, index, shares[index])
        pictures, beside = view.sides()
        with pictures:
            _show_pictures(view, index)
            if whole:
                choose_weight(view, index)
        with beside:
            _show_normals(view, index)
    if not whole:
        return
    left, _ = view.sides()
    with left:
        choose_distance_weight(view)


def _show_heading(view: ExplorerState, index: int, share: float) -> None:
    layer = view.found.explanation.layers[index].layer
    last = len(view.found.explanation.layers) - 1
    kind = {0: " (fine)", last: " (coarse)"}.get(index, "")
    words = (
        f"**Layer {index + 1}**{kind} · {as_text(layer.name)} · {layer.grid[0]} × {layer.grid[1]} patches · "
        f"{layer.channels} channels"
    )
    words += f" · {100 * share:.0f}\u00a0% of the score"
    found = view.found.copied
    copied = None if found is None else found.layers.get(layer.name)
    if found is not None and copied is not None:
        words += f" · copies **{percent_copied(copied):.0f}\u00a0%** of {_DAMAGE[found.origin]}"
    st.markdown(words, help=_COPIES if copied is not None else None)


def _show_pictures(view: ExplorerState, index: int) -> None:
    found = view.found
    measure = view.discrepancy_choice.of(found.explanation.layers[index].layer.channels)
    drawing = draw_layer(found, index, measure, view.location, view.pick)
    show_panels(drawing, view.key(f"layer-{index}"), view.chosen)


def _show_normals(view: ExplorerState, index: int) -> None:
    """The place that was chosen among normal patches: in numbers and in pictures."""
    found, at = view.found, view.at[index]
    layer, reference = found.explanation.layers[index], found.normal.reference
    measure = view.discrepancy_choice.of(layer.layer.channels)
    values = discrepancy_map(layer, measure)
    if float(values.max()) < 1e-6:
        where = "in this channel" if isinstance(measure, int) else "in this layer"
        st.caption(
            f"Encoder and decoder agree everywhere {where}: nothing differs, so nothing is found here."
        )
    st.plotly_chart(
        patches_figure(
            values,
            None if reference is None else reference.layers[index].discrepancies(measure),
            at.discrepancy,
            highest(layer, index, measure, reference),
            view.discrepancy_choice.axis(layer.layer.channels),
        ),
        key=view.key(f"patches-{index}"),
        config={"displayModeBar": False},
    )
    st.markdown(among_normal_patches(at, reference))
    if found.normal.memory is not None and at.seen:
        st.html(neighbours_html(at, found.normal.memory, layer.layer.grid, found.image, view.local))
        if at.reading:
            st.caption(at.reading)


def _legend(found: LayerExplanation) -> str:
    copying = outlined = ""
    if found.copied is not None and found.copied.maps is not None:
        bar = f'<i style="background: {copying_gradient()}"></i>'
        copying = f"<div><span>repaired</span>{bar}<span>copied</span></div>"
    if found.outlines:
        painted = found.study.clean is not None
        what = "your damage" if painted else "the defect as it is marked with its data set"
        outlined = f" Outlined: {what}."
    return (
        '<div class="legend"><div><span>discrepancy: as usual</span>'
        f'<i style="background: {gradient()}"></i><span>very unusual</span></div>{copying}</div>'
        '<div class="hint">Click a patch in any picture. Features are shown as colours: equal features have '
        "equal colours, left and right. Layers go from fine to coarse. Histograms, on a logarithmic scale: "
        "normal patches as a grey line, this photo as bars, all that lies beyond the end in the last."
        f"{outlined}</div>"
    )
