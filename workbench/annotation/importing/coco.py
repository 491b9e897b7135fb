"""A file of COCO as a source: masks as run lengths in both forms, or as polygons.

What only other tools write (boxes without a mask, key points) marks no pixels: it is refused, not guessed.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from math import hypot
from pathlib import Path, PurePosixPath
from typing import Any, cast

from pycocotools import mask as coco

from workbench.annotation.errors import ReviewError, SourceError
from workbench.annotation.importing.bringing import Found, FoundImage, Said
from workbench.annotation.importing.coco_file import (
    CocoAnnotation,
    CocoImage,
    CocoRuns,
    annotations_of,
    read_file,
)
from workbench.annotation.importing.files import Keeping, file_beside, not_used_of, refuse_unusable
from workbench.annotation.masks import RunLengths, decode, from_runs
from workbench.annotation.records import MOST_REGIONS, Judgement, NewImage, Region, Review

_OVER_THE_EDGE = (4.0, 0.02)
"""Pixels, or share of a side, by which a polygon may leave an image: tools that draw do so."""
_LONGEST_OUTLINE = 2**20  # pixels around a polygon: its drawing takes memory for each


def read_coco(file: Path, keeping: Keeping, known: Iterable[NewImage] = ()) -> Found:
    """What a file of COCO says.

    Args:
        file: The file; its images lie beside it, or in a folder `images` beside it.
        keeping: How images are kept.
        known: Images that the project has: they need not lie beside the file, and are told by their names.

    Raises:
        SourceError: It cannot be read, an image is not to be found, or an annotation marks nothing that can
            be marked. The sentence names the entry.
    """
    content = read_file(file)
    by_image = annotations_of(file, content)
    names = {category.id: category.name for category in content.categories}
    images, told = _images_of(file, content.images, keeping, known)
    found = []
    silent = 0
    for image in content.images:
        where = f"{file.name}, image {image.id} ({image.file_name})"
        new = images[image.id]
        if (new.height, new.width) != (image.height, image.width):
            raise SourceError(
                f"{where}: the file says {image.width} x {image.height} pixels, but the image has "
                f"{new.width} x {new.height}."
            )
        regions = tuple(_region(file, one, new, names) for one in by_image[image.id])
        review = _review(file.name, image, regions)
        silent += review is None
        found.append(FoundImage(new, () if review is None else (Said(review),)))
    notes = [f"{silent:,} images have no annotation: nothing is said of them."] if silent else []
    if over := sum(_leaves(one, images[one.image_id]) for one in content.annotations):
        notes.append(f"{over:,} annotations have corners a little outside of their image: cut at its edge.")
    return Found(found, [*notes, *told])


def _images_of(
    file: Path, images: Sequence[CocoImage], keeping: Keeping, known: Iterable[NewImage]
) -> tuple[dict[int, NewImage], list[str]]:
    """Number of an image to the image, beside the file or in the project; and what to say of them."""
    found: dict[int, NewImage] = {}
    names: dict[str, list[NewImage]] = defaultdict(list)
    for there in known:
        for name in {there.name, PurePosixPath(there.name).name}:
            names[name].append(there)
    paths: dict[int, Path] = {}
    for image in images:
        path = file_beside(file, image.file_name)
        if path is not None:
            paths[image.id] = path
            continue
        called_so = names.get(image.file_name) or names.get(PurePosixPath(image.file_name).name, [])
        if len(called_so) != 1:
            how = "several images of the project are called so" if called_so else "it is not beside the file"
            raise SourceError(f"{file.name}, image {image.id}: {image.file_name} is not found, since {how}.")
        found[image.id] = called_so[0]
    facts = keeping.facts_of(list(dict.fromkeys(paths.values())))
    refuse_unusable(facts)
    value_range, guessed = keeping.range_of(facts)
    for image in images:
        if image.id in paths:
            path = paths[image.id]
            found[image.id] = keeping.image(
                path, facts[path], image.file_name, image.known_label, image.kind_of_part, value_range
            )
    return found, [*not_used_of(facts), *guessed]


def _region(file: Path, one: CocoAnnotation, image: NewImage, names: Mapping[int, str]) -> Region:
    where = f"{file.name}, annotation {one.id} ({image.name})"
    try:
        mask = _mask(one, image)
        if not decode(mask).any():
            raise ReviewError("It marks no pixel.")
    except ReviewError as error:
        raise SourceError(f"{where}: {error}") from None
    return Region(names[one.category_id], mask)


def _mask(one: CocoAnnotation, image: NewImage) -> RunLengths:
    size = (image.height, image.width)
    if isinstance(one.segmentation, CocoRuns):
        if one.segmentation.size != size:
            height, width = one.segmentation.size
            raise ReviewError(
                f"Its mask has {width} x {height} pixels, but the image has {size[1]} x {size[0]}."
            )
        if isinstance(one.segmentation.counts, str):
            return RunLengths(*size, one.segmentation.counts)
        return from_runs(*size, one.segmentation.counts)
    if not one.segmentation:
        raise ReviewError("It has no mask. A box marks no pixels; leave it out, or draw its mask.")
    return _filled(one.segmentation, size)


def _leaves(one: CocoAnnotation, image: NewImage) -> bool:
    """Whether a polygon has a corner more than a pixel outside of its image."""
    if isinstance(one.segmentation, CocoRuns):
        return False
    return any(
        not (-1 <= x <= image.width + 1 and -1 <= y <= image.height + 1)
        for corners in one.segmentation
        for x, y in zip(corners[::2], corners[1::2], strict=True)
    )


def _filled(polygons: Sequence[Sequence[float]], size: tuple[int, int]) -> RunLengths:
    """The inside of polygons as COCO's own code fills them, once they cannot fill the memory."""
    height, width = size
    for corners in polygons:
        if len(corners) < 6 or len(corners) % 2:
            raise ReviewError(
                f"A polygon has {len(corners)} numbers; it takes x and y of three corners at least."
            )
        points = [*zip(corners[::2], corners[1::2], strict=True)]
        least, share = _OVER_THE_EDGE
        right, down = (max(least, share * side) for side in (width, height))
        if not all(-right <= x <= width + right and -down <= y <= height + down for x, y in points):
            raise ReviewError(f"A polygon leaves the image, which has {width} x {height} pixels.")
        around = sum(hypot(x - a, y - b) for (a, b), (x, y) in pairwise([*points, points[0]]))
        if around > _LONGEST_OUTLINE:
            raise ReviewError("A polygon is longer than any outline. Save the mask as run lengths.")
    drawn = coco.frPyObjects(cast(Any, [list(corners) for corners in polygons]), height, width)
    merged = coco.merge(drawn)
    return RunLengths(height, width, cast(bytes, merged["counts"]).decode("ascii"))


def _review(where: str, image: CocoImage, regions: tuple[Region, ...]) -> Review | None:
    """What a file says of an image; None if that is nothing."""
    judgement: Judgement | None = image.judgement or ("defective" if regions else None)
    if judgement is None:
        return None
    if len(regions) > MOST_REGIONS:
        raise SourceError(
            f"{where}, {image.file_name} has {len(regions):,} annotations, and an image may have "
            f"{MOST_REGIONS:,}: join those of one category."
        )
    return Review(judgement, regions, image.tags, image.severity, image.note)
