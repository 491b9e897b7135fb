"""Whether what is said can be true of an image."""

from collections.abc import Sequence

from workbench.annotation.errors import ReviewError
from workbench.annotation.masks import MOST_CHARACTERS, area
from workbench.annotation.records import LabelScheme, Review


def check_review(review: Review, size: tuple[int, int], scheme: LabelScheme) -> None:
    """See that a review can be true of an image.

    Args:
        review: What is said.
        size: (height, width) of the image.
        scheme: What may be said.

    Raises:
        ReviewError: A mask has another size or marks nothing, a class or tag is unknown, or a good part is
            marked.
    """
    height, width = size
    for marked in review.regions:
        mask = marked.mask
        if (mask.height, mask.width) != size:
            raise ReviewError(
                f"A mask has {mask.width} x {mask.height} pixels, but its image has {width} x {height}."
            )
        if marked.category not in scheme.classes:
            raise ReviewError(_unknown("class", marked.category, scheme.classes))
        if area(mask) == 0:
            raise ReviewError(f"A region of class {marked.category} marks no pixel. Leave it out.")
    if sum(len(marked.mask.counts) for marked in review.regions) > MOST_CHARACTERS:
        raise ReviewError("The masks of this image are too ragged to be kept. Merge or smooth some.")
    for name in review.tags:
        if name not in scheme.tags:
            raise ReviewError(_unknown("tag", name, scheme.tags))
    if len({*review.tags}) < len(review.tags):
        raise ReviewError("A tag is given twice.")
    if review.judgement == "good" and (review.regions or review.severity):
        raise ReviewError(
            "A good part has no marked defect. Remove the regions, or say that it is defective."
        )


def _unknown(kind: str, name: str, known: Sequence[str]) -> str:
    return f"{name!r:.80} is no {kind} of this project. It has: {', '.join(known) or 'none'}."
