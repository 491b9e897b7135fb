"""The figures of the lesson: the ladder of methods, and the index over what is hidden."""

from collections.abc import Mapping, Sequence
from html import escape
from itertools import cycle

import plotly.graph_objects as go

from workbench.basics.palettes import DEFECT, GREY, LESS
from workbench.explanation.plots import _BARE, _index_axis


def ladder_figure(indices: Mapping[str, float | None], chosen: str) -> go.Figure:
    """The identity index on each rung of the ladder, as bars; the chosen one in colour."""
    names = list(indices)
    figure = go.Figure(
        go.Bar(
            x=names,
            y=[indices[name] for name in names],
            marker_color=[DEFECT if name == chosen else GREY for name in names],
            text=["" if indices[name] is None else f"{indices[name]:.2f}" for name in names],
            textposition="outside",
            hovertemplate="%{x}: index %{y:.2f}<extra></extra>",
            cliponaxis=False,
        )
    )
    figure.update_layout(
        height=230,
        margin={"l": 8, "r": 8, "t": 18, "b": 8},
        xaxis={"fixedrange": True, "type": "category"},
        yaxis=_index_axis(list(indices.values())),
        **_BARE,
    )
    return figure


def masking_figure(
    percents: Sequence[float], lines: Mapping[str, Sequence[float | None]], chosen: float
) -> go.Figure:
    """The identity index over the share that is hidden, a line a model.

    Args:
        percents: Shares that were hidden.
        lines: Model to the index at each.
        chosen: The share that is shown now.
    """
    figure = go.Figure()
    for (name, values), colour in zip(lines.items(), cycle((LESS, DEFECT)), strict=False):
        figure.add_scatter(
            x=list(percents),
            y=list(values),
            name=escape(name),
            mode="lines+markers",
            line={"color": colour},
            hovertemplate=f"{escape(name)}, %{{x:.0f}} % hidden: index %{{y:.2f}}<extra></extra>",
            cliponaxis=False,
        )
    figure.add_vline(x=chosen, line={"color": GREY, "dash": "dash"})
    figure.update_layout(
        height=230,
        margin={"l": 8, "r": 8, "t": 8, "b": 8},
        xaxis={"title": "% hidden", "range": [-2, 82], "fixedrange": True},
        yaxis=_index_axis([value for values in lines.values() for value in values]),
        legend={"orientation": "h", "yanchor": "bottom", "y": 1.0},
        **_BARE,
    )
    return figure
