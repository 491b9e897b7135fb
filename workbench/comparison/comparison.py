"""One photo, several models: what each says of it, and where they differ."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from crr.errors import CRRError
from crr.identity.index import IdentityIndex
from crr.types import Inspection
from workbench.inspection.image_file import ImageFile
from workbench.inspection.inspector import Inspected, Inspector, ModelChoice
from workbench.inspection.photo import Photo, shown_photo
from workbench.inspection.samples import GallerySample
from workbench.inspection.verdict import normals_below, percent_copied
from workbench.inspection.visitor import VisitorState

Outcome = Inspected | CRRError
"""What a model says about a photo, or why it could not be asked."""


@dataclass(frozen=True)
class Hit:
    """How well a model's map meets a damage whose true mask is known.

    Attributes:
        contrast: Mean of the map inside the damage, as a multiple of its mean outside; None where there is
            no inside or no outside.
        iou: Intersection over union of the damage and of where the map reaches the model's calibrated pixel
            threshold, in [0, 1]; None where there is no damage.
    """

    contrast: float | None
    iou: float | None


@dataclass(frozen=True)
class Comparison:
    """A photo and what each model says about it.

    Attributes:
        photo: What the models were asked about.
        answers: Model name to answer, in the order of the columns.
        copied: Model name to how much of a damage it copied: of the visitor's own, or of the standard damage.
        hits: Model name to how well it met the visitor's damage; empty unless it was painted on.
        outlines: Edges of the visitor's damage, curves of (x, y) in pixels of the answers' picture.
    """

    photo: Photo
    answers: dict[str, Outcome]
    copied: dict[str, IdentityIndex]
    hits: dict[str, Hit] = field(default_factory=dict)
    outlines: list[NDArray[np.float64]] = field(default_factory=list)

    @property
    def painted(self) -> bool:
        """Whether the visitor paints on the photo, even if nothing is painted yet."""
        return bool(self.hits)

    @property
    def inspected(self) -> dict[str, Inspected]:
        """The models that answered."""
        return {name: answer for name, answer in self.answers.items() if isinstance(answer, Inspected)}

    def checked(self) -> "Comparison":
        """This comparison; raises the first model's `CRRError` if none answered."""
        for answer in () if self.inspected else self.answers.values():
            if isinstance(answer, CRRError):
                raise answer
        return self


def compare_shown(
    visitor: VisitorState,
    samples: Mapping[str, GallerySample],
    choices: Sequence[ModelChoice],
    inspector: Inspector,
    tell: Callable[[int, int, str], None] | None = None,
) -> Comparison:
    """Ask every model about what the visitor looks at, one after the other; an encoder is asked once.

    Args:
        visitor: What the visitor looks at; turns to a sample if it cannot be inspected any more.
        samples: To look up the one that is shown.
        choices: Who is asked.
        inspector: Asks them.
        tell: Hears how many models of how many have answered, and whose turn it is.

    Raises:
        CRRError: No model answered; the first one's error.
    """
    photo = shown_photo(visitor, samples)
    file = photo.open(choices[0])
    answers: dict[str, Outcome] = {}
    copied: dict[str, IdentityIndex] = {}
    for done, choice in enumerate(choices):
        name = choice.model.name
        if tell is not None:
            tell(done, len(choices), name)
        answer = ask(photo, choice, inspector, file)
        if answer is None:
            visitor.upload = None
            return compare_shown(visitor, samples, choices, inspector, tell)
        answers[name] = answer
        if isinstance(answer, Inspected):
            with suppress(CRRError):  # too little memory for the copies: no index, then
                copied[name] = photo.standard_index(choice, inspector, file)
    return Comparison(photo, answers, copied).checked()


def ask_all(photo: Photo, choices: Sequence[ModelChoice], inspector: Inspector) -> dict[str, Outcome] | None:
    """Ask one model after the other; an encoder that several use is asked once.

    Returns:
        Model name to answer, None if the photo cannot be inspected.
    """
    file = photo.open(choices[0])
    answers: dict[str, Outcome] = {}
    for choice in choices:
        answer = ask(photo, choice, inspector, file)
        if answer is None:
            return None
        answers[choice.model.name] = answer
    return answers


def ask(photo: Photo, choice: ModelChoice, inspector: Inspector, file: ImageFile) -> Outcome | None:
    """What one model says of a photo, whose opened file others may share; None if it cannot be inspected."""
    try:
        return photo.inspect(choice, inspector, file)
    except CRRError as error:
        return error


def difference_map(first: Inspection, second: Inspection) -> NDArray[np.float32]:
    """float32 (h, w), the first model's map minus the second's, on the finer of their grids.

    Positive where the first sees more. Both maps have one scale, on which 0.5 is rare on normal parts.
    """
    maps = [first.anomaly_map, second.anomaly_map]
    height, width = (max(sides) for sides in zip(*(levels.shape for levels in maps), strict=True))
    minuend, subtrahend = (
        cv2.resize(levels, (width, height), interpolation=cv2.INTER_LINEAR) for levels in maps
    )
    return np.asarray(minuend - subtrahend, dtype=np.float32)


def copied_words(comparison: Comparison, name: str) -> list[str]:
    """How much of a damage a model copied, in a few words; none if that could not be measured."""
    copied = comparison.copied.get(name)
    if copied is None or copied.index is None:
        return []
    damage = "the damage" if comparison.painted else "a test damage"
    return [f"copies {percent_copied(copied.index):.0f} % of {damage}"]


def above_normals(inspection: Inspection) -> str:
    """Where the score lies among the held-back normal images, in a few words."""
    standing = normals_below(inspection)
    if standing is None:
        return "no good parts to compare with"
    below, count = standing
    if below in (0, count):
        return f"{'above' if below else 'below'} all {count} good parts"
    return f"above {100 * below / count:.0f} % of {count} good parts"
