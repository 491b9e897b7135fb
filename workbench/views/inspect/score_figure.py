"""The figure that sets the score of an image beside those of normal ones; nothing here calls a model."""

import plotly.graph_objects as go

from crr.types import Inspection, usual_score
from workbench.basics.palettes import BY_HAND, DEFECT, GREY

_LABEL = 0.15
"""Width of a label, as a share of the axis."""


def score_figure(inspection: Inspection, limit: float) -> go.Figure:
    """Scores of the held-back normal images, what is checked by hand, the limit, and this image."""
    highest = 1.02 * max(1.0, inspection.score, limit)  # room for a line at the end
    figure = go.Figure(
        go.Histogram(
            x=list(inspection.normal_scores),
            xbins={"start": 0, "end": highest, "size": highest / 40},
            marker_color=GREY,
            opacity=0.5,
            hovertemplate="%{y} good parts score %{x}<extra></extra>",
        )
    )
    usual = usual_score(inspection.normal_scores)
    if usual < limit:
        figure.add_vrect(usual, limit, fillcolor=BY_HAND, opacity=0.25, line_width=0, layer="below")
    colour = DEFECT if inspection.score >= limit else GREY
    lines = [
        (limit, "limit", GREY, "dash", 1.1),
        (inspection.score, "this image", colour, "solid", 1.3),
    ]
    for value, label, line, dash, top in lines:
        side = "left" if value < highest / 2 else "right"  # of the label, which reaches towards the middle
        if label == "limit" and 0 <= inspection.score - limit < _LABEL * highest:
            side = "right"  # or the taller line would cross it
        place = {"x": value, "y": top, "yref": "paper", "xanchor": side, "yanchor": "middle"}
        figure.add_annotation(text=f" {label} ", showarrow=False, font={"color": line}, **place)
        figure.add_shape(
            type="line", x0=value, x1=value, y0=0, y1=top, yref="paper",
            line={"color": line, "dash": dash, "width": 2},
        )  # fmt: skip
    figure.update_layout(
        height=170,
        margin={"l": 8, "r": 8, "t": 44, "b": 0},
        bargap=0.1,
        xaxis={"range": [0, highest], "title": "anomaly score", "fixedrange": True},
        yaxis={"visible": False, "fixedrange": True},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
    )
    return figure
