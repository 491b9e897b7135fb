"""What a browser may ask and tell while somebody reviews, every number, text and list with a bound."""

from typing import Annotated, TypeVar

from pydantic import Field, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

from crr.runtime.validation import STRICT, Count, Name
from workbench.annotation.errors import ReviewError
from workbench.annotation.masks import MOST_CHARACTERS
from workbench.annotation.queue.ordering import Order
from workbench.annotation.records import Judgement, Note, Severity, State, Text
from workbench.components.strokes import MAX_STROKES, Stroke

MOST_BYTES = 2**24
"""Of one message."""

Kind = TypeVar("Kind")
Number = Annotated[int, Field(gt=0, le=2**31 - 1)]
Attempt = Annotated[str, Field(pattern=r"^[\w-]{8,100}$")]


@dataclass(frozen=True, config=STRICT)
class DrawnRegion:
    """A marked part as the browser has it: what was there, and what was drawn on it since.

    Attributes:
        category: Its class.
        counts: Run lengths of what was there; None: nothing.
        strokes: What was drawn on it, in order.
    """

    category: Text
    counts: Annotated[str, Field(max_length=MOST_CHARACTERS)] | None = None
    strokes: Annotated[tuple[Stroke, ...], Field(max_length=MAX_STROKES)] = ()


@dataclass(frozen=True, config=STRICT)
class Drawn:
    """All that somebody made of an image so far.

    Attributes:
        judgement: None: not yet.
        regions: The marked parts.
        tags: Why the model failed.
        severity: Of the worst defect.
        note: Free words.
    """

    judgement: Judgement | None = None
    regions: Annotated[tuple[DrawnRegion, ...], Field(max_length=1000)] = ()
    tags: Annotated[tuple[Text, ...], Field(max_length=100)] = ()
    severity: Severity | None = None
    note: Note = ""


@dataclass(frozen=True, config=STRICT)
class Next:
    """Wish for the next image.

    Attributes:
        order: What comes first.
        states: Only images that are so; all if empty.
        judgement: Only those judged so.
        tag: Only those with this tag.
        category: Only this kind of part.
        author: Only what this person saved last.
        name: Only images with these letters in their names.
        seed: Of the random order.
        passed: Images that the person passed over.
    """

    order: Order = "near the limit"
    states: tuple[State, ...] = ("left",)
    judgement: Judgement | None = None
    tag: Text | None = None
    category: Name | None = None
    author: Text | None = None
    name: Text | None = None
    seed: Count = 0
    passed: Annotated[tuple[Number, ...], Field(max_length=5000)] = ()


@dataclass(frozen=True, config=STRICT)
class ItemOnly:
    """An image of the project: to be loaded, held, given back, or its draft forgotten."""

    item: Number


@dataclass(frozen=True, config=STRICT)
class Nothing:
    """A question that needs no more words."""


@dataclass(frozen=True, config=STRICT)
class SkipMessage:
    """An image to be put off, or that no more."""

    item: Number
    skipped: bool = True


@dataclass(frozen=True, config=STRICT)
class DraftMessage:
    """What was drawn, sent after each stroke and key.

    Attributes:
        item: Of which image.
        base: The revision that it started from.
        clock: Of the browser: a later one replaces an earlier one.
        drawn: All of it.
    """

    item: Number
    base: Number | None
    clock: Count
    drawn: Drawn


@dataclass(frozen=True, config=STRICT)
class SaveMessage:
    """What a person says of an image, to be kept.

    Attributes:
        item: Of which image.
        base: The revision that it started from.
        attempt: Identifies the wish, so that it may be sent again.
        drawn: What is said.
        model: Whose answer was on screen.
        threshold: Limit of the score that was on screen.
        seconds: How long the person looked.
    """

    item: Number
    base: Number | None
    attempt: Attempt
    drawn: Drawn
    model: Name | None = None
    threshold: float | None = None
    seconds: Annotated[float, Field(ge=0, le=1e9)] = 0.0


@dataclass(frozen=True, config=STRICT)
class SnapMessage:
    """A click that takes the region of an anomaly map around it.

    Attributes:
        item: In which image.
        model: Whose map.
        x: In pixels of the image, from its left.
        y: From its top.
        growth: The level from which on the map belongs to the region, over its usual one: below 1 it grows.
    """

    item: Number
    model: Name
    x: Annotated[float, Field(ge=0, le=2**16)]
    y: Annotated[float, Field(ge=0, le=2**16)]
    growth: Annotated[float, Field(ge=0.01, le=100)] = 1.0


@dataclass(frozen=True, config=STRICT)
class FillMessage:
    """A click into an area that a region encloses, which is to belong to it.

    Attributes:
        item: In which image.
        region: What encloses it.
        x: In pixels of the image, from its left.
        y: From its top.
    """

    item: Number
    region: DrawnRegion
    x: Annotated[float, Field(ge=0, le=2**16)]
    y: Annotated[float, Field(ge=0, le=2**16)]


@dataclass(frozen=True, config=STRICT)
class MarkMessage:
    """Wish for what a model marks, at a multiple of its limits."""

    item: Number
    model: Name
    factor: Annotated[float, Field(ge=0.01, le=100)] = 1.0


@dataclass(frozen=True, config=STRICT)
class CausesMessage:
    """Wish for the causes that can be measured, of what is said of an image so far."""

    item: Number
    model: Name
    drawn: Drawn


def read(kind: type[Kind], content: bytes) -> Kind:
    """A message; raises `ReviewError` that names what is wrong with it."""
    try:
        return TypeAdapter(kind).validate_json(content)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "the message"
        raise ReviewError(f"{where} is not usable: {first['msg']} (given: {first['input']!r:.80}).") from None
