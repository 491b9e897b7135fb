"""What follows from an inspection at the limit that the person chose; no model is asked.

One slider moves two limits. It stands at the calibrated image threshold of the nearest category, the limit of
the score. Moved to twice of it, the verdict compares the score with twice of it, and the outline is drawn at
twice the calibrated pixel threshold. So what is seen follows the verdict, and at the slider's starting point
it is exactly the checkpoint's own verdict, as `crr predict` gives it.
"""

from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from crr.types import USUAL_PERCENT, Image, Inspection, Mask, Verdict

Colour = tuple[int, int, int]
"""Red, green and blue, each 0 to 255."""

FINE_SIDE = 1024
_NAMES = {
    "ballscrew": "ball screw",
    "deeppcb": "circuit board",
    "mvtec_bottle": "bottle",
    "mvtec_screw": "screw",
}
LOWEST, HIGHEST, STEP = 0.01, 1.0, 0.01


@dataclass(frozen=True)
class Regions:
    """Where the map reaches a threshold.

    Attributes:
        count: Connected regions.
        area: Share of the image that the regions cover, in [0, 1].
        mask: bool (h, w), on the grid of `fine_map`.
        outlines: Closed curves, float (N, 2) each, (x, y) in pixels of the original image.
    """

    count: int
    area: float
    mask: NDArray[np.bool_]
    outlines: list[NDArray[np.float64]]


def starting_limit(inspection: Inspection) -> float:
    """Where the slider stands before anybody moves it: the calibrated image threshold, on its steps."""
    return round(_calibrated(inspection), 2)


def strictness(inspection: Inspection, limit: float) -> float:
    """A limit as a multiple of the calibrated one; exactly 1 where the slider starts.

    One outside the slider's range stands for the end of the range: a link may ask for anything.
    """
    limit = min(max(limit, LOWEST), HIGHEST)
    on_a_step = abs(limit - round(limit, 2)) < 1e-9  # as the slider gives it
    if on_a_step and abs(limit - starting_limit(inspection)) < STEP / 2:
        return 1.0
    return limit / max(inspection.threshold, LOWEST)


LinkedBy = Literal["limit", "threshold"]
LinkedLimit = tuple[LinkedBy, float]
"""A limit of the score as a link has it, or, in links of before, the value that the map is outlined from."""


def linked_strictness(inspection: Inspection, linked: LinkedLimit) -> float:
    """The strictness that a link asks for, as `strictness` gives it."""
    by, value = linked
    if by == "limit":
        return strictness(inspection, value)
    outlined = min(max(inspection.pixel_threshold, LOWEST), HIGHEST)
    value = min(max(value, LOWEST), HIGHEST)
    return 1.0 if abs(value - round(outlined, 2)) < STEP / 2 else value / outlined


def position(inspection: Inspection, factor: float) -> float:
    """Where the slider stands at that strictness."""
    if factor == 1:
        return starting_limit(inspection)
    return round(min(max(factor * inspection.threshold, LOWEST), HIGHEST), 2)


def linked_text(inspection: Inspection, factor: float) -> str:
    """A strictness as a link has it: the limit, with as many decimals as give the same back."""
    text = f"{position(inspection, factor):.2f}"
    same = abs(strictness(inspection, float(text)) - factor) < 1e-9
    return text if same else f"{min(max(factor * inspection.threshold, LOWEST), HIGHEST):.4f}"


def _calibrated(inspection: Inspection) -> float:
    """The calibrated image threshold, moved into the slider's range."""
    return float(min(max(inspection.threshold, LOWEST), HIGHEST))


NO_VERDICT: tuple[Verdict, ...] = ("unknown part", "no part seen")
"""What is said of a photo that a model cannot judge."""

ABOVE_USUAL = f"scores higher than {USUAL_PERCENT} % of good parts"
"""Why a part is to be checked by hand, though it does not reach the limit."""


def why_no_verdict(inspection: Inspection) -> str:
    """Why a model cannot judge a photo, in a few words."""
    if not inspection.seen:
        return "black, white, saturated, empty, or noise alone"
    return "unlike anything it was trained on"


def fine_map(inspection: Inspection) -> NDArray[np.float32]:
    """float32 (h, w): the anomaly map at the original's size, or at `FINE_SIDE` if that is smaller."""
    height, width = inspection.size
    scale = min(1.0, FINE_SIDE / max(height, width))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return np.asarray(
        cv2.resize(inspection.anomaly_map, size, interpolation=cv2.INTER_LINEAR), dtype=np.float32
    )


def regions_at(inspection: Inspection, factor: float) -> Regions:
    """Regions where the map reaches `factor` times the calibrated pixel threshold."""
    mask = fine_map(inspection) >= factor * inspection.pixel_threshold
    count, _ = cv2.connectedComponents(mask.astype(np.uint8))
    return Regions(count - 1, float(mask.mean()), mask, outlines_of(mask, inspection.size))


def outlines_of(mask: Mask, size: tuple[int, int]) -> list[NDArray[np.float64]]:
    """The edges of what a mask marks.

    Args:
        mask: bool (h, w), covering the image edge to edge.
        size: (height, width) of the image.

    Returns:
        Closed curves, float (N, 2) each, (x, y) in pixels of the image.
    """
    contours, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
    step = np.array([size[1] / mask.shape[1], size[0] / mask.shape[0]])
    return [(contour.reshape(-1, 2) + 0.5) * step for contour in contours]


def draw_outlines(picture: Image, mask: Mask, rim: Colour, line: Colour) -> None:
    """Outline what a mask marks in a picture of its proportions, with a rim, to be seen on any ground.

    Args:
        picture: uint8 (h, w, 3); it is drawn into.
        mask: bool, covering the picture edge to edge.
        rim: Red, green and blue of the wider line below.
        line: Likewise of the line.
    """
    height, width = picture.shape[:2]
    curves = [np.round(curve).astype(np.int32) for curve in outlines_of(mask, (height, width))]
    for colour, thickness in ((rim, 3), (line, 1)):
        cv2.polylines(picture, curves, True, colour, thickness, cv2.LINE_AA)


def normals_below(inspection: Inspection) -> tuple[int, int] | None:
    """How many held-back normal scores lie below this one, and how many there are; None without any."""
    scores = np.asarray(inspection.normal_scores)
    if inspection.percentile is None or len(scores) == 0:
        return None
    return int((scores < inspection.score).sum()), len(scores)


def among_normals(inspection: Inspection) -> str:
    """Where the score lies among the held-back normal images, as a sentence."""
    standing = normals_below(inspection)
    if standing is None:
        return "This model holds no scores of good parts to compare with."
    below, count = standing
    images = f"{count} held-back good parts ({category_label(inspection.category)})"
    if below in (0, count):
        return f"Score {'higher' if below else 'lower'} than all {images}."
    return f"Score higher than {100 * below / count:.{1 if count > 100 else 0}f} % of {images}."


def describe_regions(inspection: Inspection, regions: Regions, limit: float) -> str:
    """How much is outlined, and why the verdict may say otherwise."""
    defective = inspection.score >= limit
    if regions.count == 0:
        sentence = "No region is outlined."
        if defective:
            sentence += (
                f" But the score, taken over the strongest pixels, reaches {limit:.2f}, and it decides."
            )
        return sentence
    sentence = f"{counted_regions(regions)} outlined, {share_of(regions.area)} of the image."
    if not defective:
        sentence += f" Too small or too faint for a score of {limit:.2f}, and the score decides."
    return sentence


def counted_regions(regions: Regions) -> str:
    """How many regions, with their verb: "1 region is"."""
    return "1 region is" if regions.count == 1 else f"{regions.count} regions are"


def describe_limits(inspection: Inspection, factor: float) -> str:
    """What the slider's position means for the outline and for the verdict."""
    outlined, limit = factor * inspection.pixel_threshold, factor * inspection.threshold
    at = f"at a score of **{limit:.2f}** or above"
    sentence = f"Defective {at}, outlined where the map reaches **{outlined:.2f}**."
    end = min(max(limit, LOWEST), HIGHEST)
    if f"{limit:.2f}" != f"{end:.2f}":
        sentence += f" The slider ends at {end:.2f}."
    calibrated = "set on held-back photos of good parts and synthetic damage"
    if factor == 1:
        return f"{sentence} Both were {calibrated}, and move together."
    return (
        f"{sentence} {calibrated.capitalize()}: "
        f"{inspection.threshold:.2f} and {inspection.pixel_threshold:.2f}."
    )


def share_of(area: float) -> str:
    """A share in [0, 1] as a percentage that never reads as nothing."""
    return f"{100 * area:.1f} %" if area >= 0.0005 else "under 0.1 %"


def percent_copied(index: float) -> float:
    """An identity index as a share in [0, 100]: single patches may push it beyond 0 and 1."""
    return 100 * min(1.0, max(0.0, index))


def category_label(category: str | None) -> str:
    """A category as people say it; those of the embedded model are named after data sets."""
    if category is None:
        return "an unknown part"
    return _NAMES.get(category, category.replace("_", " "))
