"""Causes of a model's failure that can be measured, each with what was measured: suggestions for who reviews.

Light, position and texture are not measured, so they are never suggested.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np

from crr.identity.sighting import Sighting
from crr.types import Image, Inspection, Label, Mask
from workbench.annotation.masks import overlap
from workbench.annotation.records import Judgement

COPIED = 0.5  # share from which on more is copied than repaired
UNSEEN = 1.0  # times the usual distance of normal patches
FAINT = 12.0  # levels of 255
SMALL = 4  # patches
POOR_OVERLAP = 0.5  # intersection over union


@dataclass(frozen=True)
class Marked:
    """What was marked in an image.

    Attributes:
        image: uint8 (H, W, 3).
        mask: bool (H, W), all regions together, at least one pixel.
        sighting: What is unusual there for the model; None if that cannot be told.
    """

    image: Image
    mask: Mask
    sighting: Sighting | None


@dataclass(frozen=True)
class Suggestion:
    """A tag with its reason.

    Attributes:
        tag: One of `DEFAULT_TAGS`.
        because: What was measured, a sentence.
    """

    tag: str
    because: str


def suggestions(
    inspection: Inspection, judgement: Judgement | None, label: Label | None, marked: Marked | None
) -> list[Suggestion]:
    """What may have led a model astray.

    Args:
        inspection: What it says.
        judgement: What the person says.
        label: What folders or a table say.
        marked: What the person marked; None: nothing.
    """
    return list(_measured(inspection, judgement, label, marked))


def _measured(
    inspection: Inspection, judgement: Judgement | None, label: Label | None, marked: Marked | None
) -> Iterator[Suggestion]:
    if judgement in ("good", "defective") and label is not None and label != judgement:
        yield Suggestion("wrong label in the data", f"It is labelled {label}, and you say {judgement}.")
    if inspection.verdict == "unknown part":
        yield Suggestion("unlike anything trained on", "The model takes it for no part that it knows.")
    if marked is not None:
        yield from _of_sighting(marked.sighting)
        yield from _of_picture(marked)
        yield from _of_overlap(inspection, marked.mask)


def _of_sighting(found: Sighting | None) -> Iterator[Suggestion]:
    if found is None:
        return
    times = f"{found.most:.1f} times as far from normal patches as these are from each other"
    if found.most < UNSEEN:
        yield Suggestion("low contrast", f"No layer of the encoder saw it: it is {times}.")
    elif found.copied is not None and found.copied >= COPIED:
        copied = f"the decoder copied {100 * found.copied:.0f} % of it"
        yield Suggestion("copied (identity mapping)", f"Layer {found.by} saw it, {times}, and {copied}.")
    if found.patches <= SMALL:
        seen = f"{found.patches} of the {found.grid} patches that the network sees"
        yield Suggestion("too small", f"It touches {seen}.")


def _of_picture(marked: Marked) -> Iterator[Suggestion]:
    mask, around = marked.mask, _ring(marked.mask)
    if around.any() and (marked.sighting is None or marked.sighting.most >= UNSEEN):
        inside, outside = (np.median(marked.image[place], axis=0) for place in (mask, around))
        levels = float(np.abs(inside - outside).max())
        if levels < FAINT:
            said = f"It differs from what is around it by {levels:.0f} of 255 levels."
            yield Suggestion("low contrast", said)
    if mask[0].any() or mask[-1].any() or mask[:, 0].any() or mask[:, -1].any():
        yield Suggestion("edge", "It touches the edge of the image.")


def _of_overlap(inspection: Inspection, mask: Mask) -> Iterator[Suggestion]:
    shared = overlap(inspection.mask(), mask)
    if shared and shared < POOR_OVERLAP:
        share = f"{100 * shared:.0f} % of the area of both together"
        yield Suggestion("wrong extent", f"The model's mask and yours share {share}.")


def _ring(mask: Mask) -> Mask:
    """What is around a mask, as wide as half of its thickness, 2 pixels at least."""
    wide = max(2.0, float(cv2.distanceTransform(mask.astype(np.uint8), cv2.DIST_L2, 3).max()))
    away = cv2.distanceTransform((~mask).astype(np.uint8), cv2.DIST_L2, 3)
    return np.asarray(~mask & (away <= wide))
