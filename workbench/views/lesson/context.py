"""What every step of the lesson works with, and how its pictures are shown."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import streamlit as st

from crr.types import Image, Inspection
from workbench.basics.palettes import legend
from workbench.basics.pictures import DISPLAY_SIDE, picture_of, shrink
from workbench.components.panels import show_panels
from workbench.explanation.drawing import draw_pictures
from workbench.explanation.feature_pictures import ILLUSTRATION, NO_PAINTER
from workbench.explanation.study_image import StudyImage, original
from workbench.inspection.image_file import sample_file
from workbench.inspection.photo import SamplePhoto
from workbench.inspection.samples import GallerySample, donor_files
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

    def show(self, study: StudyImage, pictures: Sequence[tuple[str, Image | None, str]], key: str) -> None:
        """Pictures beside each other; None is the photo of `study`."""
        picture = picture_of(study.image, study.digest)
        # Two are no larger than three, so that the question below stays in sight.
        place = st.columns([2, 1])[0] if len(pictures) == 2 else st.container()
        with place:
            show_panels(draw_pictures(pictures, picture), key)


PART, DAMAGE = "lesson_part", "lesson_damage"


def small(image: Image) -> Image:
    """A picture that a browser can draw."""
    return shrink(image, DISPLAY_SIDE // 2)


def show_legend(low: str = "as usual", high: str = "very unusual") -> None:
    """The colours of the maps."""
    st.html(legend(low, high))


def say_who_painted(painted: list[Image] | None) -> None:
    """Say that pictures of features illustrate, or how to get some."""
    if painted is None:
        st.caption(NO_PAINTER)
    else:
        st.caption("Painted from features: an illustration, not evidence.", help=ILLUSTRATION)


def verdict_of(inspection: Inspection) -> str:
    """What a model says of a part, in a line."""
    return f"score {inspection.score:.2f}, limit {inspection.threshold:.2f}: {inspection.verdict}"
