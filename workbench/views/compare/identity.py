"""How much of a damage each model copied: layer by layer, and beside how well it knows the normal part."""

from typing import Any

import pandas as pd
import streamlit as st

from crr.anomalies import HELD_OUT
from workbench.basics.model_names import shown_model
from workbench.comparison.comparison import Comparison
from workbench.comparison.plots import identity_figure

_INDEX = "Identity index: the share of the damage that passes through the decoder, 1 = copied, 0 = repaired."
_HELD_OUT = " and ".join(HELD_OUT)
_NORMAL_ERROR = "Distance of the decoder's answer from the undamaged part: 0 = it knows it exactly."
_LAYER = "layer "  # before the names of columns, so that a layer may be called as it likes


def show_copying(comparison: Comparison) -> None:
    """A table, a row a model, and the picture of its two ends: index and normal error."""
    copied = {name: found for name, found in comparison.copied.items() if found.index is not None}
    st.header("Who copies, who repairs", anchor=False)
    if not copied:
        reason = "Nothing is damaged yet." if comparison.painted else "No model could be measured."
        if any(hit.iou is not None for hit in comparison.hits.values()):
            reason = "The damage does not show in the features of any model: make it larger or stronger."
        st.caption(reason)
        return
    layers = list(dict.fromkeys(layer for found in copied.values() for layer in found.layers))
    rows = [
        {
            "model": shown_model(name),
            "index": _rounded(found.index),
            "normal_error": found.normal_error,
            **{_LAYER + layer: _rounded(found.layers.get(layer)) for layer in layers},
        }
        for name, found in copied.items()
    ]
    st.dataframe(pd.DataFrame(rows), key="copying", hide_index=True, column_config=_columns(layers))
    picture, words = st.columns(2, gap="medium")
    with picture:
        points = {
            shown_model(name): (found.normal_error, found.index or 0.0) for name, found in copied.items()
        }
        st.plotly_chart(identity_figure(points), key="identity_chart", config={"displayModeBar": False})
    with words:
        _explain(comparison)


def _columns(layers: list[str]) -> dict[str, Any]:
    def number(label: str, help: str) -> Any:
        return st.column_config.NumberColumn(label, format="%.2f", help=help)

    return {
        "model": st.column_config.TextColumn("Model"),
        "index": number("Identity index", f"{_INDEX} Mean of the layers."),
        "normal_error": number("Normal error", _NORMAL_ERROR),
        **{
            _LAYER + layer: number(f"Layer {place}", f"{_INDEX} In {layer}; layer 1 is the finest.")
            for place, layer in enumerate(layers, start=1)
        },
    }


def _rounded(index: float | None) -> float | None:
    return None if index is None else round(index, 2) + 0.0  # no minus before a zero


def _explain(comparison: Comparison) -> None:
    damage = (
        "your damage"
        if comparison.painted
        else f"a test damage to this photo, of the kinds that no model here is trained on ({_HELD_OUT})"
    )
    st.caption(
        f"Measured on {damage}. {_INDEX} A decoder that ignores its input copies nothing either, so the "
        "normal error stands beside it: a good one is low in both. Copying three quarters leaves one "
        "quarter, which is enough to find a strong defect: the fainter it is, the sooner a model that copies "
        "misses it."
    )
