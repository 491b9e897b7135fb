"""The answer to the photo that is shown: the verdict, what is true, and how often such verdicts are right."""

import streamlit as st

from crr.types import Inspection, Verdict
from workbench.basics.markdown import as_text
from workbench.components.answer import answer_html
from workbench.inspection.inspector import Inspected, ModelChoice
from workbench.inspection.samples import GallerySample, read_samples
from workbench.inspection.verdict import ABOVE_USUAL, NO_VERDICT, category_label
from workbench.inspection.visitor import VisitorState
from workbench.model_store.measured import measured_ratios
from workbench.review.tally import tally_of
from workbench.settings import settings
from workbench.views.shared.photos.no_verdict import say_how_to_train, say_why_no_verdict


def shown_sample(visitor: VisitorState) -> GallerySample:
    """The sample that is shown, or was before a photo of the visitor's."""
    return read_samples(settings().samples)[visitor.sample]


def shown_name(visitor: VisitorState) -> str:
    """What the photo that is shown is called."""
    if visitor.upload is None:
        return shown_sample(visitor).title
    return visitor.batch.uploads[visitor.upload].name


def show_answer(inspected: Inspected, visitor: VisitorState) -> None:
    """The verdict with the score beside its limit; and where there is none, what to do."""
    inspection = inspected.inspection
    limit = visitor.factor * inspection.threshold
    verdict = inspection.verdict_at(limit)
    likeness = "nearest" if verdict in NO_VERDICT else "looks like"
    # A verdict on a sample is not to be taken for one on a photo that could not be inspected.
    shown = f"sample: {shown_name(visitor)}" if visitor.upload is None else shown_name(visitor)
    beside = [
        ABOVE_USUAL if verdict == "check by hand" else "",
        f"{likeness}: {category_label(inspection.category)}" if inspection.seen else "",
        shown if visitor.upload or visitor.news else "",
    ]
    st.html(answer_html(verdict, inspection.score, limit, beside))
    say_why_no_verdict(inspection)
    if verdict == "unknown part":
        say_how_to_train()


def show_truth(inspection: Inspection, visitor: VisitorState) -> None:
    """Say so where the model is wrong about a sample."""
    verdict = inspection.verdict_at(visitor.factor * inspection.threshold)
    defective = shown_sample(visitor).defective
    right: Verdict = "defective" if defective else "normal"
    if verdict != right and verdict not in NO_VERDICT:
        missed = "misses it" if defective else "raises a false alarm"
        wrong = "would have it checked by hand" if verdict == "check by hand" else missed
        known = "defective" if defective else "good"
        st.info(
            f"This part is {known} according to its data set: at this limit the model {wrong}. "
            "Move the limit to see what it would take.",
            icon=":material/fact_check:",
        )


def say_what_limit_finds(inspection: Inspection, choice: ModelChoice, factor: float) -> None:
    """What this limit finds and misses on the model's own test photos of this kind of part."""
    ratios = measured_ratios(choice.model, inspection.category)
    if ratios is None or inspection.verdict in NO_VERDICT:
        return
    kind, tally = category_label(inspection.category), tally_of(ratios, factor)
    if not tally.known:
        return
    st.markdown(
        f"On its own test photos ({as_text(kind)}) this model {tally} at this limit.{tally.aside()}",
        help="Photos that it was not trained on, measured when it was made. Your parts and your camera may "
        "be easier or harder: say what is true of ten of your own, and the page counts them.",
    )
