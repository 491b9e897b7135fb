"""What each model's decoder believes the part looks like, as pictures beside each other."""

from collections.abc import Sequence

import streamlit as st

from crr.types import Image
from workbench.basics.model_names import shown_model
from workbench.basics.pictures import picture_of
from workbench.components.panels import show_panels
from workbench.explanation.drawing import draw_pictures
from workbench.explanation.feature_pictures import ILLUSTRATION
from workbench.explanation.study_image import StudyImage
from workbench.inspection.inspector import ModelChoice
from workbench.model_store.methods import has_decoder
from workbench.views.shared.session import current_explorer


def show_answers(study: StudyImage, choices: Sequence[ModelChoice]) -> None:
    """The control and each decoder's answer; nothing where there is no inversion network for any of them."""
    wanted = st.toggle(
        "Pictures of the answers",
        value=True,
        key="answers",
        bind="query-params",
        help="What each decoder believes the part looks like: is the defect in its answer, or repaired? "
        + ILLUSTRATION,
    )
    if not wanted:
        return
    with st.spinner("Painting the answers"):
        painted = current_explorer().answers(study, choices)
    if not painted:
        st.caption("No inversion network fits these models' encoders: nothing can be painted.")
        return
    decodes = {choice.model.name: has_decoder(choice.model.method) for choice in choices}
    # Pictures of models that see another part of the photo cannot lie over one another: a row for each view.
    for view in sorted({answer.view for answer in painted.values()}, reverse=True):
        alike = {name: answer for name, answer in painted.items() if answer.view == view}
        controls = {answer.encoder: answer.control for answer in alike.values()}
        pictures: list[tuple[str, Image | None, str]] = [
            (
                "encoder's features",
                control,
                "painted: the control" + (f", {encoder}" if len(controls) > 1 else ""),
            )
            for encoder, control in controls.items()
        ]
        pictures += [
            (
                shown_model(name),
                answer.picture,
                "decoder's answer" if decodes[name] else "what is usual there",
            )
            for name, answer in alike.items()
        ]
        drawing = draw_pictures(pictures, picture_of(study.image, study.digest), view)
        show_panels(drawing, f"answers-{view:.3f}")
    st.caption("Painted from features: an illustration, no score uses it.")
