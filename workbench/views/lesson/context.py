"""What every step of the lesson works with, and how its pictures are shown."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import streamlit as st

from crr.types import Image, Inspection, Verdict
from workbench.basics.palettes import legend
from workbench.basics.pictures import DISPLAY_SIDE, picture_of, shrink
from workbench.components.answer import told_apart
from workbench.components.panels import show_panels
from workbench.explanation.drawing import draw_pictures
from workbench.explanation.feature_pictures import ILLUSTRATION, NO_PAINTER
from workbench.explanation.study_image import StudyImage, original
from workbench.inspection.image_file import sample_file
from workbench.inspection.photo import SamplePhoto
from workbench.inspection.samples import GallerySample, donor_files
from workbench.inspection.verdict import outlines_of
from workbench.lesson.demonstration import Demonstration


@dataclass(frozen=True, eq=False)
class StepContext:
    """What a step needs.

    Attributes:
        demonstration: Asks the models.
        samples: All, by name.
        sample: The part of the lesson.
        number: Number of the damage.
    """

    demonstration: Demonstration
    samples: Mapping[str, GallerySample]
    sample: GallerySample
    number: int

    @cached_property
    def whole(self) -> StudyImage:
        """The part as it came."""
        return original(SamplePhoto(self.sample), sample_file(self.sample))

    @cached_property
    def damaged(self) -> StudyImage:
        """The part with its damage."""
        donors = donor_files(self.samples, self.sample.name)
        return self.demonstration.damage(self.sample, self.number, donors)

    def show(
        self,
        study: StudyImage,
        pictures: Sequence[tuple[str, Image | None, str]],
        key: str,
        *,
        wide: bool = False,
        outlined: bool = False,
    ) -> None:
        """Pictures beside each other.

        Args:
            study: Whose photo stands for None.
            pictures: Title, picture and a line of each.
            key: Streamlit's key.
            wide: Two take all the room; else they are no larger than three, so that the question below stays
                in sight.
            outlined: Whether the damage of `study` is outlined in all of them.
        """
        picture = picture_of(study.image, study.digest)
        mask = study.mask if outlined else None
        outlines = [] if mask is None else outlines_of(mask, picture.size)
        place = st.container() if wide or len(pictures) != 2 else st.columns([2, 1])[0]
        with place:
            show_panels(draw_pictures(pictures, picture, outlines=outlines), key)


PART, DAMAGE, LAYER, LOOK = "lesson_part", "lesson_damage", "lesson_layer", "lesson_look"
HIDDEN, TRAINED, WEIGHT, STRENGTH = "lesson_hidden", "lesson_trained", "lesson_weight", "lesson_strength"
"""The session's keys of the lesson's controls."""


def small(image: Image) -> Image:
    """A picture that a browser can draw."""
    return shrink(image, DISPLAY_SIDE // 2)


def show_legend(low: str = "as usual", high: str = "very unusual") -> None:
    """The colours of the maps."""
    st.html(legend(low, high))


def say_who_painted(there_are: bool) -> None:
    """Say that pictures of features illustrate, or how to get some where there are none."""
    if not there_are:
        st.caption(NO_PAINTER)
    else:
        st.caption("Painted from features: an illustration, not evidence.", help=ILLUSTRATION)


def verdict_of(inspection: Inspection) -> str:
    """What a model says of a part, in a line."""
    return verdict_line(inspection.verdict, inspection.score, inspection.threshold)


def verdict_line(verdict: Verdict, score: float, limit: float) -> str:
    """A verdict with its score and limit, in a line."""
    shown, limit_shown = told_apart(score, limit)
    return f"score {shown}, limit {limit_shown}: {verdict}"
