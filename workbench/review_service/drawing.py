"""Masks of what was drawn, of what a model marks, and of the region of a map around a click."""

import cv2
import numpy as np
from numpy.typing import NDArray

from crr.types import Inspection, Mask
from workbench.annotation.errors import ReviewError
from workbench.annotation.masks import RunLengths, decode, encode
from workbench.annotation.records import Region, Review
from workbench.components.strokes import mask_of
from workbench.review_service.messages import Drawn, DrawnRegion, SaveMessage

MOST_SUGGESTED = 50
"""Regions of a model's mask that are offered, the largest ones."""
_BELOW = (0.7, 0.8, 0.9, 0.95, 0.98)  # of the map where it was clicked, if that is below the limit
_MOST = 0.1  # of the image: where a model sees nothing, nearly all of it is about as usual as the place


def mask_of_region(region: DrawnRegion, size: tuple[int, int]) -> Mask:
    """The pixels of a region, bool (H, W); raises `ReviewError` if its image cannot have it."""
    start = None if region.counts is None else decode(RunLengths(*size, region.counts))
    return mask_of(region.strokes, size, start)


def mask_of_all(drawn: Drawn, size: tuple[int, int]) -> Mask:
    """The pixels of all regions together, bool (H, W); errors as of `mask_of_region`."""
    every = np.zeros(size, bool)
    for region in drawn.regions:
        every |= mask_of_region(region, size)
    return every


def regions_of(drawn: Drawn, size: tuple[int, int]) -> tuple[Region, ...]:
    """The regions of what was drawn; one that was rubbed out to nothing is none."""
    masks = ((region.category, mask_of_region(region, size)) for region in drawn.regions)
    return tuple(Region(category, encode(mask)) for category, mask in masks if mask.any())


def review_of(message: SaveMessage, size: tuple[int, int]) -> Review:
    """What a message says of an image of that size; raises `ReviewError` without a judgement."""
    drawn = message.drawn
    if drawn.judgement is None:
        raise ReviewError("Say first whether the part is good: G, D or U.")
    return Review(
        drawn.judgement,
        regions_of(drawn, size),
        drawn.tags,
        drawn.severity,
        drawn.note,
        message.model,
        message.threshold,
        message.seconds,
    )


def suggested(inspection: Inspection, factor: float = 1.0) -> tuple[list[RunLengths], int]:
    """What a model marks at a multiple of its pixel threshold: connected parts, the largest first.

    Returns:
        The parts, `MOST_SUGGESTED` at most, and how many there are.
    """
    mask = inspection.mask(factor * inspection.pixel_threshold)
    labels, count = _parts(mask)
    areas = np.bincount(labels.ravel(), minlength=count)[1:]
    largest = np.argsort(-areas, kind="stable")[:MOST_SUGGESTED] + 1
    return [encode(labels == number) for number in largest], count - 1


def region_around(inspection: Inspection, place: tuple[float, float], growth: float = 1.0) -> RunLengths:
    """The connected region of an anomaly map around a place.

    Where the map reaches the pixel threshold, the region is what reaches it; elsewhere what is nearly as
    unusual as the place, at a level at which it is no large part of the image if there is one.

    Args:
        inspection: Whose map.
        place: (x, y) in pixels of the image.
        growth: Of that level: below 1 the region grows. The place itself always belongs to it.

    Raises:
        ReviewError: The place lies outside the image.
    """
    row, column = _pixel(place, inspection.size)
    levels = inspection.anomaly_map_at(inspection.size)
    here, limit = float(levels[row, column]), inspection.pixel_threshold

    def connected(level: float) -> Mask:
        labels, _ = _parts(levels >= min(level, here))
        return labels == labels[row, column]

    if here >= limit:
        level = limit
    else:
        below = [share * here for share in _BELOW]
        level = next((level for level in below if connected(level).mean() <= _MOST), below[-1])
    return encode(connected(growth * level))


def filled(region: DrawnRegion, size: tuple[int, int], place: tuple[float, float]) -> RunLengths:
    """A region with the unmarked area around a place, which it has to enclose.

    Args:
        region: What was drawn.
        size: (height, width) of the image.
        place: (x, y) in pixels of the image.

    Raises:
        ReviewError: The area reaches the edge of the image, or is marked already.
    """
    row, column = _pixel(place, size)
    mask = mask_of_region(region, size)
    if mask[row, column]:
        raise ReviewError("This place is marked already. Click into an area that the region encloses.")
    _, labels = cv2.connectedComponents((~mask).astype(np.uint8), connectivity=4)
    area = labels == labels[row, column]
    if area[0].any() or area[-1].any() or area[:, 0].any() or area[:, -1].any():
        raise ReviewError("The region does not enclose this place: close its outline first.")
    return encode(mask | area)


def _pixel(place: tuple[float, float], size: tuple[int, int]) -> tuple[int, int]:
    column, row = int(place[0]), int(place[1])
    if not (0 <= row < size[0] and 0 <= column < size[1]):
        raise ReviewError("The click is outside the image.")
    return row, column


def _parts(mask: Mask) -> tuple[NDArray[np.int32], int]:
    count, labels = cv2.connectedComponents(mask.astype(np.uint8), connectivity=8)
    return np.asarray(labels, np.int32), count
