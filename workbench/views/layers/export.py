"""The whole explanation of a photo to keep: as a page and as arrays."""

from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path

import streamlit as st

from crr.errors import CRRError
from crr.types import Image
from workbench.basics.model_names import shown_model
from workbench.explanation.explorer import LayerExplanation
from workbench.explanation.export import ARRAYS, as_arrays, as_html
from workbench.explanation.location import Location
from workbench.explanation.study_image import StudyImage
from workbench.inspection.samples import read_samples
from workbench.reference.discrepancy import DiscrepancyChoice
from workbench.settings import settings
from workbench.views.shared.services import services
from workbench.views.shared.session import current_explorer


def offer_exports(
    explanations: Sequence[LayerExplanation],
    study: StudyImage,
    discrepancy_choice: DiscrepancyChoice,
    location: Location,
) -> None:
    """A button for the page, and one a model for the arrays; both are made when they are pressed."""
    explorer, making = current_explorer(), services().making

    def paint(found: LayerExplanation) -> list[Image] | None:
        with suppress(CRRError):  # the rest is worth keeping without pictures
            return explorer.pictures(found)
        return None

    def page() -> bytes:
        credit = "" if study.photo.own else read_samples(settings().samples)[study.photo.key].credit
        painted = [paint(found) for found in explanations]
        credit = " ".join([credit, *dict.fromkeys(found.normal.credit for found in explanations)]).strip()
        return as_html(
            explanations, painted, study.photo.name, study.size, credit, discrepancy_choice, location
        ).encode()

    def arrays(found: LayerExplanation) -> bytes:
        return as_arrays(found, paint(found))

    st.header("Save", anchor=False)
    stem = Path(study.photo.name).stem if study.photo.own else study.photo.key
    with st.container(horizontal=True):
        st.download_button(
            "Page (HTML)",
            making.at_the_click(page),
            f"{stem}_layers.html",
            "text/html",
            icon=":material/download:",
            on_click="ignore",
            help="Every layer at the place that is chosen, weights as calibrated; opens without a network.",
        )
        for found in explanations:
            st.download_button(
                f"Arrays of {shown_model(found.name)} (.npz)",
                making.at_the_click(partial(arrays, found)),
                f"{stem}_{found.name}.npz",
                "application/octet-stream",
                icon=":material/download:",
                key=f"arrays-{found.name}",
                on_click="ignore",
                help="Features, distances and maps, for `numpy.load`.",
            )
    with st.expander("What is in the arrays"):
        st.table({"array": list(ARRAYS), "what it is": list(ARRAYS.values())})
