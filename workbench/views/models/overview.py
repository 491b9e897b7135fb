"""The models on this machine in one table, and the two axes that tell a good decoder."""

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from workbench.basics.model_names import shown_model
from workbench.comparison.plots import identity_figure
from workbench.model_store.cards import LocalModel
from workbench.model_store.methods import describe
from workbench.views.shared.services import services

_MEGABYTE = 10**6
_MOST_HEIGHT = 430
_PERCENT = {"image_auroc": "I-AUROC", "pixel_ap": "P-AP", "aupro": "AUPRO"}
_FIGURES = (
    "Over all categories of its test photos, as its card has it. I-AUROC: how well scores part defective "
    "from good photos. P-AP and AUPRO: how well maps find the place."
)


def show_overview(models: Sequence[LocalModel]) -> None:
    """A sortable row a model, then normal error and copied share as a picture."""
    st.dataframe(
        pd.DataFrame([_cells(model) for model in models]),
        key="models_table",
        hide_index=True,
        height=min(_MOST_HEIGHT, 38 + 35 * len(models)),
        column_config={
            "model": st.column_config.TextColumn("Model", pinned=True),
            "copied": st.column_config.NumberColumn(
                "Copied",
                format="%.0f %%",
                help="Share of a damage, of kinds that no model here is trained on, that its decoder copies: "
                "the identity index.",
            ),
            "error": st.column_config.NumberColumn(
                "Normal error",
                format="%.2f",
                help="How far its decoder's answer to good parts lies from them: 0 = it knows them exactly.",
            ),
            **{
                metric: st.column_config.NumberColumn(name, format="%.1f", help=_FIGURES)
                for metric, name in _PERCENT.items()
            },
            "milliseconds": st.column_config.NumberColumn(
                "ms",
                format="%.0f",
                help="For a photo on this machine: the median of those that the model was last asked about, "
                "from resizing to the score. To ask several models, see *Compare*, *A set of photos*.",
            ),
            "size": st.column_config.NumberColumn("MB", format="%.1f", help="Size of its files."),
            "method": st.column_config.TextColumn("What it is", width="large"),
            "folder": st.column_config.TextColumn("Folder", help="What commands, links and files call it."),
        },
        placeholder="-",
    )
    st.caption(
        "Click a column's name to sort. A dash: not measured; under ms, not asked on this machine yet."
    )
    points = {
        shown_model(model.info.name): (model.results["normal_error"], model.results["identity_index"])
        for model in models
        if {"normal_error", "identity_index"} <= model.results.keys()
    }
    if points:
        st.header("Who copies, who knows the part", anchor=False)
        st.plotly_chart(identity_figure(points), key="models_axes", config={"displayModeBar": False})
        st.caption("A good decoder is low in both: it knows the good part, and does not copy damage.")


def _cells(model: LocalModel) -> dict[str, object]:
    results = model.results
    copied = results.get("identity_index")
    return {
        "model": shown_model(model.info.name),
        "copied": None if copied is None else 100 * copied,
        "error": results.get("normal_error"),
        **{metric: _percent(results.get(metric)) for metric in _PERCENT},
        "milliseconds": services().times.usual(model.info.revision),
        "size": model.info.bytes / _MEGABYTE,
        "method": describe(model.info.name, model.info.method),
        "folder": model.info.name,
    }


def _percent(share: float | None) -> float | None:
    return None if share is None else 100 * share
