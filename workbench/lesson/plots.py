"""The figures of the lesson: the ladder of methods, and the index over what is hidden."""

from collections.abc import Mapping, Sequence
from html import escape

import plotly.graph_objects as go

from workbench.basics.palettes import GREY, looks_of
from workbench.explanation.plots import _BARE, _index_axis


def ladder_figure(indices: Mapping[str, float | None]) -> go.Figure:
    """The identity index on each rung of the ladder, as bars."""
    names = list(indices)
    figure = go.Figure(
        go.Bar(
            x=names,
            y=[indices[name] for name in names],
            marker_color=GREY,
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


def margins_figure(
    percents: Sequence[float], lines: Mapping[str, Sequence[float]], chosen: float
) -> go.Figure:
    """How far scores are above their limits over the strength of a defect, a line a model.

    Args:
        percents: Strengths.
        lines: Model to score - limit at each.
        chosen: The strength that is shown now.
    """
    figure = _lines(percents, lines, "{name} at %{{x}} %: %{{y:+.3f}}")
    figure.add_hline(y=0, line={"color": GREY, "width": 2})
    figure.add_vline(x=chosen, line={"color": GREY, "dash": "dash"})
    figure.update_layout(
        height=260,
        margin={"l": 8, "r": 8, "t": 8, "b": 8},
        xaxis={"title": "strength of the defect in %", "range": [5, 103], "fixedrange": True},
        yaxis={"title": "score - limit (found above 0)", "fixedrange": True, "zeroline": False},
        legend={"orientation": "h", "yanchor": "bottom", "y": 1.0},
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
    figure = _lines(percents, lines, "{name}, %{{x:.0f}} % hidden: index %{{y:.2f}}")
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


def _lines(percents: Sequence[float], lines: Mapping[str, Sequence[float | None]], hover: str) -> go.Figure:
    """A line a model, in its own colour and with its own marker; `hover` says what is at a point."""
    figure, looks = go.Figure(), looks_of(lines)
    for name, values in lines.items():
        look = looks[name]
        figure.add_scatter(
            x=list(percents),
            y=list(values),
            name=escape(name),
            mode="lines+markers",
            line={"color": look.colour},
            marker={"symbol": look.symbol, "size": 9},
            hovertemplate=hover.format(name=escape(name)) + "<extra></extra>",
            cliponaxis=False,
        )
    return figure
