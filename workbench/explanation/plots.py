"""Plotly figures of the layer explorer; nothing here calls a model."""

from collections.abc import Mapping, Sequence
from html import escape

import numpy as np
import plotly.graph_objects as go

from crr.inference.explanation import Map
from workbench.basics.palettes import DEFECT, GREY, LESS, looks_of
from workbench.explanation.patch_reading import LayerReading

_BINS = 36
_BARE = {"paper_bgcolor": "rgba(0,0,0,0)", "plot_bgcolor": "rgba(0,0,0,0)"}


def patches_figure(image: Map, normal: Map | None, location: float, top: float, unit: str) -> go.Figure:
    """How the patches of this image are distributed, beside those of normal images.

    Args:
        image: Discrepancies of the image's patches, any shape.
        normal: Discrepancies of normal patches, or None.
        location: At the chosen place.
        top: Where the axis ends; what lies beyond counts into the last bar.
        unit: What the axis says.
    """
    edges = np.linspace(0, top, _BINS + 1)
    middles = (edges[1:] + edges[:-1]) / 2
    figure = go.Figure()
    figure.add_bar(
        x=middles,
        y=_shares(image, edges),
        marker_color=DEFECT,
        opacity=0.5,
        hovertemplate="%{y:.2f} % of this image<br>at %{x:.2f}<extra></extra>",
    )
    if normal is not None:  # an outline over the bars, so that neither hides the other
        figure.add_scatter(
            x=middles,
            y=_shares(normal, edges),
            mode="lines",
            line={"shape": "hvh", "color": GREY, "width": 2},
            hovertemplate="%{y:.2f} % of normal patches<br>at %{x:.2f}<extra></extra>",
        )
    here = min(location, top)
    figure.add_shape(
        type="line", x0=here, x1=here, y0=0, y1=1, yref="paper", line={"color": DEFECT, "width": 2}
    )
    figure.add_annotation(
        x=here,
        y=1.0,
        yref="paper",
        text=" here ",
        showarrow=False,
        xanchor="left" if here < top / 2 else "right",
        yanchor="top",
        font={"color": DEFECT},
    )
    figure.update_layout(
        height=116,
        margin={"l": 4, "r": 4, "t": 4, "b": 4},
        bargap=0,
        showlegend=False,
        xaxis={
            "range": [0, top],
            "title": {"text": unit, "standoff": 2},
            "automargin": True,
            "fixedrange": True,
            "zeroline": False,
        },
        yaxis={
            "type": "log",
            "title": "% of patches",
            "automargin": True,
            "fixedrange": True,
            "nticks": 4,
            "tickfont": {"size": 9},
        },
        **_BARE,
    )
    return figure


def _shares(values: Map, edges: np.ndarray) -> np.ndarray:
    """Percent of patches in each bin; nan for none, since an empty bar has no logarithm."""
    counts, _ = np.histogram(np.clip(values, 0, edges[-1]), edges)
    return np.where(counts, 100 * counts / counts.sum(), np.nan)


def channels_figure(layers: Mapping[str, LayerReading]) -> go.Figure:
    """The channels that differ most at a place: two points a line, in deviations from the mean."""
    figure = go.Figure()
    names = [
        (layer, f"{layer}, {channel.number}", channel)
        for layer, found in layers.items()
        for channel in reversed(found.channels)
    ]
    labels = [label for _, label, _ in names]
    for _, label, channel in names:
        figure.add_scatter(
            x=[channel.encoder, channel.decoder],
            y=[label, label],
            mode="lines",
            line={"color": GREY, "width": 1},
            hoverinfo="skip",
            showlegend=False,
        )
    ends = (("encoder saw", DEFECT, "encoder"), ("decoder answered", LESS, "decoder"))
    for name, colour, attribute in ends:
        figure.add_scatter(
            x=[getattr(channel, attribute) for _, _, channel in names],
            y=labels,
            mode="markers",
            name=name,
            marker={"color": colour, "size": 8},
            hovertemplate=f"channel of %{{y}}: {name} %{{x:.1f}} deviations<extra></extra>",
        )
    figure.update_layout(
        height=90 + 17 * len(labels),
        margin={"l": 4, "r": 4, "t": 4, "b": 4},
        xaxis={"title": "deviations from the mean", "fixedrange": True, "zeroline": True},
        yaxis={
            "title": "layer, channel",
            "fixedrange": True,
            "type": "category",
            "dtick": 1,
            "tickfont": {"size": 10},
        },
        legend={"orientation": "h", "yanchor": "bottom", "y": 1.0},
        **_BARE,
    )
    return figure


def index_figure(models: Mapping[str, Mapping[str, float | None]]) -> go.Figure:
    """The identity index over the layers, a line a model.

    Args:
        models: Model name to layer to index; None where the damage does not show.
    """
    figure, looks = go.Figure(), looks_of(models)
    for name, layers in models.items():
        look = looks[name]
        figure.add_scatter(
            x=list(layers),
            y=list(layers.values()),
            name=escape(name),
            mode="lines+markers",
            line={"color": look.colour, "width": 2},
            marker={"symbol": look.symbol, "size": 10},
            hovertemplate=f"{escape(name)}<br>%{{x}}: index %{{y:.2f}}<extra></extra>",
            cliponaxis=False,
        )
    figure.update_layout(
        height=280,
        margin={"l": 8, "r": 8, "t": 8, "b": 8},
        xaxis={"title": "layer", "fixedrange": True, "type": "category"},
        yaxis=_index_axis([index for layers in models.values() for index in layers.values()]),
        legend={"orientation": "h", "yanchor": "bottom", "y": 1.0},
        **_BARE,
    )
    return figure


def _index_axis(indices: Sequence[float | None]) -> dict[str, object]:
    """The axis from copied to repaired, and beyond where single patches pushed an index there."""
    known = [index for index in indices if index is not None]
    return {
        "title": "identity index (1 = copied)",
        "range": [min([0.0, *known]) - 0.05, max([1.0, *known]) + 0.05],
        "fixedrange": True,
    }


def shares_figure(names: Sequence[str], values: Sequence[float]) -> go.Figure:
    """What each term adds to the anomaly map at a place, as one bar from left to right."""
    figure = go.Figure()
    greys = ("#495057", "#868e96", "#adb5bd", "#ced4da")
    for number, (name, value) in enumerate(zip(names, values, strict=True)):
        colour = LESS if name == "segmentation" else greys[number % len(greys)]
        figure.add_bar(
            x=[value],
            y=[""],
            name=escape(name),
            orientation="h",
            marker_color=colour,
            hovertemplate=f"{escape(name)}: %{{x:.2f}}<extra></extra>",
        )
    figure.update_layout(
        barmode="stack",
        height=170,
        margin={"l": 4, "r": 4, "t": 4, "b": 4},
        xaxis={
            "title": "anomaly here",
            "automargin": True,
            "fixedrange": True,
            "range": [0, max(1.0, 1.05 * sum(values))],
        },
        yaxis={"visible": False, "fixedrange": True},
        legend={"orientation": "h", "yanchor": "bottom", "y": 1.0, "traceorder": "normal"},
        **_BARE,
    )
    return figure
