"""Plotly figures from an inspection; nothing here calls a model."""

from typing import Any, Literal, get_args

import cv2
import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray
from plotly.subplots import make_subplots

from crr.types import Inspection
from workbench.colours import DEFECT, GREY, colour_scale
from workbench.inspection import Inspected
from workbench.judgement import Regions

View = Literal["Overlay", "Side by side", "Map", "Mask", "Segmentation"]
VIEWS: tuple[View, ...] = get_args(View)

MAP_SIDE = 400
CHART_OPTIONS: dict[str, Any] = {
    "scrollZoom": True,
    "displaylogo": False,
    "modeBarButtonsToRemove": ["select2d", "lasso2d", "toImage", "autoScale2d"],
}


def views_of(inspection: Inspection) -> tuple[View, ...]:
    """The views that an inspection offers."""
    return VIEWS if inspection.segmentation is not None else VIEWS[:-1]


def picture_figure(inspected: Inspected, view: View, regions: Regions, opacity: float) -> go.Figure:
    """The image with what the model says about it.

    Args:
        inspected: The image and its inspection.
        view: What is drawn.
        regions: Where the map reaches the threshold.
        opacity: Of the map over the image, in [0, 1].
    """
    height, width = inspected.picture.size
    panels = 2 if view == "Side by side" else 1
    figure = make_subplots(cols=panels, horizontal_spacing=0.02)
    for panel in range(1, panels + 1):
        if view != "Map" and not (view == "Segmentation" and opacity == 1):
            _add_image(figure, inspected, panel)
        figure.update_xaxes(range=[0, width], visible=False, constrain="domain", col=panel)
        anchor = "x" if panel == 1 else f"x{panel}"
        figure.update_yaxes(
            range=[height, 0],
            visible=False,
            scaleanchor=anchor,
            constrain="domain",
            constraintoward="top",
            col=panel,
        )
    if panels == 2:
        figure.update_layout(xaxis2={"matches": "x"}, yaxis2={"matches": "y"})
    _add_levels(figure, inspected, view, regions, opacity, panels)
    if view != "Mask":
        _add_outlines(figure, regions, panels)
    figure.update_layout(
        margin={"l": 0, "r": 0, "t": 0, "b": 0},
        height=_height(width * panels, height),
        dragmode="pan",
        hovermode="closest",
        showlegend=False,
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        uirevision=inspected.picture.digest + view,  # zoom stays while a slider moves
    )
    return figure


def score_figure(inspection: Inspection, limit: float) -> go.Figure:
    """Scores of the held-back normal images, the limit of the verdict, and this image."""
    highest = max(1.0, inspection.score, limit)
    figure = go.Figure(
        go.Histogram(
            x=list(inspection.normal_scores),
            xbins={"start": 0, "end": highest, "size": highest / 40},
            marker_color=GREY,
            hovertemplate="%{y} normal images score %{x}<extra></extra>",
        )
    )
    colour = DEFECT if inspection.score >= limit else GREY
    lines = [(limit, "limit", GREY, "dash", 1.0), (inspection.score, "this image", colour, "solid", 1.16)]
    for value, label, line, dash, top in lines:
        figure.add_shape(
            type="line",
            x0=value,
            x1=value,
            y0=0,
            y1=top,
            yref="paper",
            line={"color": line, "dash": dash, "width": 2},
        )
        figure.add_annotation(
            x=value, y=top, yref="paper", text=f" {label} ", showarrow=False, yanchor="middle",
            xanchor="left" if value < highest / 2 else "right", font={"color": line},
        )  # fmt: skip
    figure.update_layout(
        height=170,
        margin={"l": 0, "r": 0, "t": 36, "b": 0},
        bargap=0.1,
        xaxis={"range": [0, highest], "title": "anomaly score", "fixedrange": True},
        yaxis={"visible": False, "fixedrange": True},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
    )
    return figure


def _add_image(figure: go.Figure, inspected: Inspected, panel: int) -> None:
    height, width = inspected.picture.size
    figure.add_layout_image(
        source=inspected.picture.uri,
        x=0,
        y=0,
        sizex=width,
        sizey=height,
        sizing="stretch",
        layer="below",
        col=panel,
        row=1,
    )


def _add_levels(
    figure: go.Figure, inspected: Inspected, view: View, regions: Regions, opacity: float, panel: int
) -> None:
    inspection = inspected.inspection
    label, levels = "anomaly", inspection.anomaly_map
    if view == "Segmentation" and inspection.segmentation is not None:
        label, levels = "segmentation", inspection.segmentation
    if view == "Mask":
        levels = np.where(_shrunk(regions.mask.astype(np.float32)) >= 0.5, np.float32(1), np.float32(0))
    else:
        levels = _shrunk(levels)
    height, width = inspected.picture.size
    across, down = width / levels.shape[1], height / levels.shape[0]
    figure.add_trace(
        go.Heatmap(
            z=np.round(levels, 3).astype(np.float32),
            x0=across / 2,
            dx=across,
            y0=down / 2,
            dy=down,
            zmin=0,
            zmax=1,
            zsmooth=False if view == "Mask" else "fast",
            colorscale=[(0, "rgba(0,0,0,0)"), (1, DEFECT)] if view == "Mask" else colour_scale(view != "Map"),
            opacity=1 if view == "Map" else opacity,
            showscale=False,
            hovertemplate=(
                "inside: %{z}" if view == "Mask" else f"{label} <b>%{{z:.2f}}</b>"
            ) + "<br>x %{x:.0f}, y %{y:.0f}<extra></extra>",
        ),
        row=1,
        col=panel,
    )  # fmt: skip


def _add_outlines(figure: go.Figure, regions: Regions, panel: int) -> None:
    if not regions.outlines:
        return
    gap = np.full((1, 2), np.nan)
    points = np.concatenate([part for curve in regions.outlines for part in (curve, curve[:1], gap)])
    for colour, thickness in (("white", 4.0), (DEFECT, 2.0)):  # the white rim shows on any part
        figure.add_trace(
            go.Scatter(
                x=points[:, 0],
                y=points[:, 1],
                mode="lines",
                line={"color": colour, "width": thickness},
                hoverinfo="skip",
            ),
            row=1,
            col=panel,
        )


def _shrunk(levels: NDArray[np.float32]) -> NDArray[np.float32]:
    scale = MAP_SIDE / max(levels.shape)
    if scale >= 1:
        return levels
    size = (max(1, round(levels.shape[1] * scale)), max(1, round(levels.shape[0] * scale)))
    return np.asarray(cv2.resize(levels, size, interpolation=cv2.INTER_AREA), dtype=np.float32)


def _height(width: int, height: int) -> int:
    """Height in CSS pixels of a figure about 700 wide."""
    return int(min(540, max(160, 700 * height / width)))
