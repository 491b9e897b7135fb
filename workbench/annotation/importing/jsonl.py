"""JSON Lines as a source: an image a line, with all that was ever said of it, as our export has it."""

import json
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import Field, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

from crr.config import ValueRange
from crr.runtime.validation import STRICT, Count
from crr.types import Label
from workbench.annotation.errors import SourceError
from workbench.annotation.importing.bringing import Found, FoundImage, Said
from workbench.annotation.importing.files import LONGEST_NAME, Keeping, file_beside, refuse_unusable
from workbench.annotation.masks import Pixels
from workbench.annotation.records import SETTLED, LabelScheme, NewImage, Review, Text

FORMAT, VERSION = "crr-annotations", 1
MOST_LINE = 2**25
"""Bytes of one line, that is of all that was said of an image."""

Kind = TypeVar("Kind")
Opinions = Annotated[int, Field(ge=1, le=2)]
Opinion = Annotated[int, Field(ge=1, le=SETTLED)]
Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


@dataclass(frozen=True, config=STRICT)
class Header:
    """The first line: what the project is.

    Attributes:
        format: Always `FORMAT`.
        version: Of the format.
        project: Its name.
        scheme: What may be said.
        models: Models that are asked about its images.
        opinions: How many people review each image.
    """

    format: Annotated[str, Field(pattern=f"^{FORMAT}$")]
    version: Count
    project: Text
    scheme: LabelScheme
    models: Annotated[tuple[Text, ...], Field(max_length=100)]
    opinions: Opinions


@dataclass(frozen=True, config=STRICT)
class RevisionLine:
    """A revision: who said what, and when, in ISO 8601."""

    author: Text
    saved: Annotated[str, Field(max_length=40)]
    review: Review


@dataclass(frozen=True, config=STRICT)
class ImageLine:
    """Every other line: an image, and its revisions with the newest last.

    Attributes:
        name: Of the image.
        file: Where it lies beside the list; None if it was not taken along.
        digest: SHA-256 of its content.
        height: In pixels, upright.
        width: In pixels, upright.
        label: What was known of it before.
        category: Kind of part.
        value_range: Black and white of a file that does not say them.
        opinion: 1, 2 for the second, blind one, or 3 for what holds where both differed.
        reviewed: Whether a person said it.
        skipped: Whether somebody put it off.
        revisions: What was said.
    """

    name: Annotated[str, Field(min_length=1, max_length=LONGEST_NAME)]
    file: Annotated[str, Field(max_length=LONGEST_NAME)] | None
    digest: Digest
    height: Pixels
    width: Pixels
    label: Label | None
    category: Annotated[str, Field(max_length=200)]
    value_range: ValueRange | None
    opinion: Opinion
    reviewed: bool
    skipped: bool
    revisions: Annotated[tuple[RevisionLine, ...], Field(max_length=10_000)]


def read_header(file: Path) -> Header:
    """The project that a file is of; raises `SourceError` if it is no such file."""
    number, text = next(_lines(file), (1, b""))
    header = _checked(Header, file, number, text)
    if header.version > VERSION:
        raise SourceError(f"{file.name} was written by a newer version of the workbench. Import it there.")
    return header


def read_jsonl(file: Path, keeping: Keeping, known: Iterable[NewImage] = ()) -> Found:
    """What a file of JSON Lines says.

    Args:
        file: The file; its images lie below its folder, or in the project.
        keeping: How images are kept.
        known: Images that the project has; they are told by their content.

    Raises:
        SourceError: A line cannot be read, or its image is not to be found; the sentence names the line.
    """
    read_header(file)
    lines = [(number, _checked(ImageLine, file, number, text)) for number, text in _lines(file) if number > 1]
    there = {image.digest: image for image in known}
    paths = {}
    for number, line in lines:
        if line.digest not in there:
            path = None if line.file is None else file_beside(file, line.file)
            if path is None:
                raise SourceError(f"{file.name}, line {number}: {line.file or line.name} is not beside it.")
            paths[line.digest] = path
    facts = keeping.facts_of(list(dict.fromkeys(paths.values())))
    refuse_unusable(facts)
    for number, line in lines:
        path = paths.get(line.digest)
        if path is not None and line.digest not in there:
            if facts[path].digest != line.digest:
                raise SourceError(f"{file.name}, line {number}: {line.file} is another image than it was.")
            there[line.digest] = keeping.image(
                path, facts[path], line.name, line.label, line.category, line.value_range
            )
    return Found([_found(file, number, line, there[line.digest]) for number, line in lines])


def _found(file: Path, number: int, line: ImageLine, image: NewImage) -> FoundImage:
    history = tuple(
        Said(one.review, one.author, _milliseconds(file, number, one.saved)) for one in line.revisions
    )
    return FoundImage(image, history, line.reviewed, line.skipped, line.opinion)


def _milliseconds(file: Path, number: int, text: str) -> int:
    try:
        moment = datetime.fromisoformat(text)
        return round(moment.astimezone(UTC).timestamp() * 1000)
    except (ValueError, OverflowError):
        raise SourceError(f"{file.name}, line {number}: {text!r} is no time.") from None


def _lines(file: Path) -> Iterator[tuple[int, bytes]]:
    """Lines that hold something, by number from 1."""
    try:
        with file.open("rb") as stream:
            number = 0
            while text := stream.readline(MOST_LINE + 1):
                number += 1
                if len(text) > MOST_LINE:
                    raise SourceError(f"{file.name}, line {number}: it is longer than {MOST_LINE:,} bytes.")
                if text.strip():
                    yield number, text
    except OSError as error:
        raise SourceError(f"{file} cannot be read ({error.strerror}). Check its name.") from error


def _checked(kind: type[Kind], file: Path, number: int, text: bytes) -> Kind:
    try:
        return TypeAdapter(kind).validate_json(text)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "the line"
        given = f"{first['input']!r:.80}"
        raise SourceError(
            f"{file.name}, line {number}, {where}: {first['msg']} (given: {given}). Mend it, and import the "
            "file again."
        ) from None


def as_line(line: Header | ImageLine) -> str:
    """A line as it stands in a file."""
    values: Any = TypeAdapter(type(line)).dump_python(line, mode="json")
    return json.dumps(values, ensure_ascii=False, separators=(",", ":")) + "\n"
