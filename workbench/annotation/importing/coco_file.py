"""What a file of COCO may hold, checked: the part of the format that says which pixels are marked.

Reference: https://cocodataset.org/#format-data.
"""

from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

from crr.types import Label
from workbench.annotation.errors import SourceError
from workbench.annotation.masks import MOST_CHARACTERS, Pixels
from workbench.annotation.records import Judgement, Note, Severity, Text

MOST_BYTES = 2**28
"""Of a file that is read in one piece."""
_FOREIGN = ConfigDict(extra="ignore", allow_inf_nan=False, strict=True)

Number = Annotated[int, Field(ge=-(2**63), lt=2**63)]
Kind = Annotated[str, Field(max_length=200)]
Corners = Annotated[tuple[float, ...], Field(max_length=200_000)]


@dataclass(frozen=True, config=_FOREIGN)
class CocoRuns:
    """Run lengths, compressed or not."""

    size: tuple[Pixels, Pixels]
    counts: (
        Annotated[str, Field(max_length=MOST_CHARACTERS)]
        | Annotated[tuple[Number, ...], Field(max_length=MOST_CHARACTERS)]
    )


@dataclass(frozen=True, config=_FOREIGN)
class CocoAnnotation:
    """A marked part of an image: run lengths, or polygons."""

    id: Number
    image_id: Number
    category_id: Number
    segmentation: CocoRuns | Annotated[tuple[Corners, ...], Field(max_length=10_000)] = ()


@dataclass(frozen=True, config=_FOREIGN)
class CocoImage:
    """An image; the fields from `known_label` on are those that our own export writes besides."""

    id: Number
    file_name: Annotated[str, Field(min_length=1, max_length=1000)]
    height: Pixels
    width: Pixels
    known_label: Label | None = None
    kind_of_part: Kind = ""
    judgement: Judgement | None = None
    tags: Annotated[tuple[Text, ...], Field(max_length=100)] = ()
    severity: Severity | None = None
    note: Note = ""


@dataclass(frozen=True, config=_FOREIGN)
class CocoCategory:
    """What a marked part is called."""

    id: Number
    name: Text


@dataclass(frozen=True, config=_FOREIGN)
class CocoFile:
    """What a file has to hold."""

    images: tuple[CocoImage, ...]
    annotations: tuple[CocoAnnotation, ...]
    categories: tuple[CocoCategory, ...] = ()


def read_file(file: Path) -> CocoFile:
    """What stands in a file; raises `SourceError` with the first entry that cannot be."""
    try:
        with file.open("rb") as stream:
            content = stream.read(MOST_BYTES + 1)
    except OSError as error:
        raise SourceError(f"{file} cannot be read ({error.strerror}). Check its name.") from error
    if len(content) > MOST_BYTES:
        raise SourceError(f"{file.name} is larger than {MOST_BYTES:,} bytes. Split it into several lists.")
    try:
        return TypeAdapter(CocoFile).validate_json(content)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(
            str(part) for part in first["loc"] if not str(part).startswith(("_", "tuple", "str"))
        )
        given = f"{first['input']!r:.80}"
        raise SourceError(
            f"{file.name}, {where or 'the file'}: {first['msg']} (given: {given}). Mend it, and import "
            "the file again."
        ) from None


def annotations_of(file: Path, content: CocoFile) -> Mapping[int, list[CocoAnnotation]]:
    """The annotations of each image; each has to name an image and a category that are there, once."""
    images = {image.id for image in content.images}
    names = {category.id for category in content.categories}
    for kind, numbers in (
        ("image", [image.id for image in content.images]),
        ("annotation", [one.id for one in content.annotations]),
        ("category", [category.id for category in content.categories]),
    ):
        if len(set(numbers)) < len(numbers):
            twice = next(number for place, number in enumerate(numbers) if number in numbers[:place])
            raise SourceError(f"{file.name}: the {kind} {twice} is there twice.")
    found: defaultdict[int, list[CocoAnnotation]] = defaultdict(list)
    for one in content.annotations:
        if one.image_id not in images:
            raise SourceError(f"{file.name}, annotation {one.id}: there is no image {one.image_id}.")
        if one.category_id not in names:
            raise SourceError(f"{file.name}, annotation {one.id}: there is no category {one.category_id}.")
        found[one.image_id].append(one)
    return found
