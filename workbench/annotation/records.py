"""What the annotation store hands out and takes in: plain objects that know no database.

What comes from a browser or a file is made with `crr.runtime.validation.checked`, so every text, list and
number has a bound.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass as plain_dataclass, field
from datetime import datetime
from typing import Annotated, Literal, get_args

from pydantic import Field
from pydantic.dataclasses import dataclass

from crr.config import ValueRange
from crr.runtime.validation import STRICT, Name
from crr.types import Label
from workbench.annotation.errors import AnnotationError
from workbench.annotation.masks import RunLengths

Advance = Callable[[int], None]
"""Hears how many more images are done; may raise to stop the work."""

Judgement = Literal["good", "defective", "unsure"]
"""What a person says of a part."""
JUDGEMENTS: tuple[Judgement, ...] = get_args(Judgement)

Severity = Literal["minor", "major", "critical"]
"""How bad a defect is."""

Text = Annotated[str, Field(min_length=1, max_length=200)]
Note = Annotated[str, Field(max_length=20_000)]

MOST_REGIONS = 1000
"""Of an image."""

DEFAULT_TAGS = (
    "copied (identity mapping)",
    "too small",
    "low contrast",
    "texture",
    "edge",
    "lighting",
    "position or rotation",
    "wrong extent",
    "wrong label in the data",
    "unlike anything trained on",
)
"""Why a model failed, as most projects may want to say it."""


@dataclass(frozen=True, config=STRICT)
class LabelScheme:
    """What may be said in a project.

    Attributes:
        classes: What a region may be called; the first is what a new one is called.
        tags: Why a model failed.
    """

    classes: Annotated[tuple[Text, ...], Field(min_length=1, max_length=100)] = ("defect",)
    tags: Annotated[tuple[Text, ...], Field(max_length=100)] = DEFAULT_TAGS


@dataclass(frozen=True, config=STRICT)
class Region:
    """A marked part of an image.

    Attributes:
        category: Its class, one of the project's.
        mask: The pixels, of the size of the image.
    """

    category: Text
    mask: RunLengths


@dataclass(frozen=True, config=STRICT)
class Review:
    """What a person says of an image.

    Attributes:
        judgement: Whether the part is good.
        regions: What is marked, in the order in which it was drawn.
        tags: Why the model failed, of the project's.
        severity: Of the worst defect.
        note: Free words.
        model: Name and revision of the model whose answer was on screen.
        threshold: The limit that was on screen, a score.
        seconds: How long the person looked.
    """

    judgement: Judgement
    regions: Annotated[tuple[Region, ...], Field(max_length=MOST_REGIONS)] = ()
    tags: Annotated[tuple[Text, ...], Field(max_length=100)] = ()
    severity: Severity | None = None
    note: Note = ""
    model: Name | None = None
    threshold: float | None = None
    seconds: Annotated[float, Field(ge=0, le=1e9)] = 0.0


@plain_dataclass(frozen=True)
class Revision:
    """A review as it was saved; it never changes.

    Attributes:
        id: Later ones of an item have larger numbers.
        item: What was reviewed.
        base: The revision that it started from, None for the first.
        author: Name of the person.
        saved: When.
        review: What was said.
    """

    id: int
    item: int
    base: int | None
    author: str
    saved: datetime
    review: Review


@plain_dataclass(frozen=True)
class Project:
    """Images, models that are asked about them, a scheme, and people.

    Attributes:
        id: Identifies it.
        name: Unique.
        created: When.
        archived: Whether it is put away; it can be read, and not be reviewed.
        scheme: What may be said.
        models: Paths or repositories of the models, in the order in which they are shown.
        opinions: How many people review each image without seeing what the other said, 1 or 2.
    """

    id: int
    name: str
    created: datetime
    archived: bool
    scheme: LabelScheme
    models: tuple[str, ...]
    opinions: int


@plain_dataclass(frozen=True)
class NewProject:
    """A project that is to be made.

    Attributes:
        name: Unique.
        models: Models that are asked about its images.
        scheme: What may be said; the default if None.
        opinions: How many people review each image without seeing what the other said, 1 or 2.
        owner: Number of the person who may see it where people sign in.
    """

    name: str
    models: Sequence[str] = ()
    scheme: LabelScheme | None = None
    opinions: int = 1
    owner: int | None = None


@plain_dataclass(frozen=True)
class NewImage:
    """An image that is to be added to a project.

    Attributes:
        name: What it is called: a file's name with its folders.
        digest: SHA-256 of the content, 64 hexadecimal digits.
        height: In pixels, upright.
        width: In pixels, upright.
        label: What folders or a table say of it.
        category: Kind of part, empty if there is one only.
        path: Absolute path of the file, if it stays where it is; None if the content is in the data folder.
        size: Of the file, in bytes.
        modified: When the file was written, in nanoseconds since 1970.
        value_range: Black and white of a file deeper than 8 bits that does not say it.
    """

    name: str
    digest: str
    height: int
    width: int
    label: Label | None = None
    category: str = ""
    path: str | None = None
    size: int = 0
    modified: int = 0
    value_range: ValueRange | None = None


@plain_dataclass(frozen=True)
class Item:
    """An image of a project, to be reviewed by one person.

    Attributes:
        id: Identifies it.
        project: Which project's.
        image: What was added.
        opinion: 1; 2 for the second, blind one; `SETTLED` for what holds where both differed.
        head: The newest revision; None: nothing was said of it.
        reviewed: Whether a person said it; what came from a file is to be looked at.
        skipped: Whether somebody put it off.
    """

    id: int
    project: int
    image: NewImage
    opinion: int
    head: int | None
    reviewed: bool
    skipped: bool

    @property
    def state(self) -> "State":
        """Whether there is something to do."""
        return "done" if self.reviewed else "skipped" if self.skipped else "left"


State = Literal["left", "skipped", "done"]
STATES: tuple[State, ...] = get_args(State)


SETTLED = 3
"""The opinion that holds where two people differed and somebody settled it."""


@plain_dataclass(frozen=True)
class Draft:
    """What somebody is drawing and has not saved: it outlives a crash, and is nobody else's.

    Attributes:
        base: The revision that it started from.
        clock: Of the browser: a later one replaces an earlier one, in whatever order they arrive.
        state: What the page made of it: JSON.
    """

    base: int | None
    clock: int
    state: str


@plain_dataclass
class Added:
    """What became of images that were added.

    Attributes:
        items: Of the new ones.
        known: Name of an image that is there already, to what it is called there.
        moved: Names of those among them whose file was gone, and is where the new one lies from now on.
    """

    items: list[int] = field(default_factory=list)
    known: dict[str, str] = field(default_factory=dict)
    moved: list[str] = field(default_factory=list)


class ConflictError(AnnotationError):
    """Somebody else saved first.

    Attributes:
        newer: What they saved.
    """

    def __init__(self, newer: Revision) -> None:
        super().__init__(
            f"{newer.author} saved this image while you worked on it. Nothing is overwritten: compare the "
            "two and say which holds."
        )
        self.newer = newer
