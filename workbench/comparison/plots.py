"""The figure with two axes that tells a good decoder: what it copies, and how well it knows the normal."""

from collections.abc import Mapping
from html import escape

import plotly.graph_objects as go

from workbench.basics.palettes import GREY, looks_of


def identity_figure(points: Mapping[str, tuple[float, float]]) -> go.Figure:
    """The two axes that tell a good decoder: how well it knows the normal, and how much damage it copies.

    Args:
        points: Model name to (normal error, identity index).
    """
    errors, indices = zip(*points.values(), strict=True)
    right = 1.1 * max(0.1, *errors)
    figure, looks = go.Figure(), looks_of(points)
    # Symbols and a legend instead of names beside the points, which meet where points are close.
    for name, (error, index) in points.items():
        look = looks[name]
        figure.add_scatter(
            x=[error],
            y=[index],
            name=name,
            mode="markers",
            marker={"symbol": look.symbol, "size": 12, "color": look.colour},
            hovertemplate=f"{escape(name)}<br>normal error %{{x:.2f}}<br>index %{{y:.2f}}<extra></extra>",
            cliponaxis=False,
        )
    corners = [(0, 0, "ideal", "left", "bottom"), (0, 1, "knows the part, copies the damage", "left", "top")]
    corners += [(1, 0, "repairs, but does not know the part", "right", "bottom")]
    for x, y, text, across, down in corners:
        place = {"xref": "paper", "yref": "paper", "xanchor": across, "yanchor": down}
        figure.add_annotation(x=x, y=y, text=f"<i>{text}</i>", showarrow=False, font={"color": GREY}, **place)
    lowest, highest = min([0.0, *indices]), max([1.0, *indices])
    figure.update_layout(
        height=410,
        margin={"l": 8, "r": 8, "t": 8, "b": 8},
        xaxis={"range": [0, right], "title": "normal error", "fixedrange": True, "zeroline": False},
        yaxis={
            "range": [lowest - 0.2, highest + 0.12],
            "title": "identity index",
            "fixedrange": True,
            "zeroline": False,
        },
        showlegend=True,
        legend={"orientation": "h", "yanchor": "top", "y": -0.3},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
    )
    return figure
