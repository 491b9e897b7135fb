"""What is handed to the browser: plain values that JavaScript draws from.

Sizes and grids are (height, width). Arrays travel as the bytes of their values in base64.
"""

import base64
from collections.abc import Iterable
from typing import Any, NotRequired, TypedDict

import numpy as np
from numpy.typing import NDArray

from crr.types import Verdict

MAP_SIDE = 400
ONE = 1000  # the level 1 as the browser gets it
PHOTO, GREY = "#photo", "#grey"  # layers; no model is called so


class MapDrawing(TypedDict):
    """A map that covers a photo: levels with a scale of colours, or colours alone.

    Attributes:
        name: What panels call it.
        label: What people call it, if that is something else.
        grid: Its own size.
        opacity: Opacity over what lies below, in [0, 1].
        levels: uint16, or int16 if `signed`, multiples of 1 / `one`.
        signed: Whether levels can be negative.
        top: The level of the last colour.
        colours: uint8 (256, 4), RGBA of the levels from 0 (or from -`top`) to `top`.
        rgb: uint8 (h, w, 3) in place of levels.
        area: Left, top, right and bottom of what it covers of the photo, in shares; all of it without.
        crisp: Whether its squares are to be seen.
        usual: Levels of normal patches, ascending, uint16.
        blank: What a level of 0 means, where that is no value.
    """

    name: str
    label: NotRequired[str]
    grid: list[int]
    opacity: float
    levels: NotRequired[str]
    signed: NotRequired[bool]
    top: NotRequired[float]
    colours: NotRequired[str]
    rgb: NotRequired[str]
    area: NotRequired[list[float]]
    crisp: NotRequired[bool]
    usual: NotRequired[str]
    blank: NotRequired[str]


class PanelDrawing(TypedDict):
    """One picture of several.

    Attributes:
        title: Its heading.
        lines: What stands below it.
        layers: What lies over each other: `PHOTO`, `GREY` or names of maps; none if there is a failure.
        right: What lies beyond its slider.
        verdict: The model's verdict.
        failure: Why there is no picture, a sentence.
    """

    title: str
    lines: list[str]
    layers: NotRequired[list[str]]
    right: NotRequired[list[str]]
    verdict: NotRequired[Verdict]
    failure: NotRequired[str]


class PanelsDrawing(TypedDict):
    """Pictures of one photo side by side, for `panels.show_panels`.

    Attributes:
        digest: Identifies the photo: zoom and position stay while it does.
        size: Size of the photo in pixels.
        photo: Data URI of the photo; empty if no panel shows it.
        one: The level 1.
        maps: What panels show, by name.
        panels: From left to right.
        outlines: Curves over every panel, flat lists x, y, x, y, ... in pixels of `size`.
        pick: "point" or "area", what a drag chooses; "" where nothing can be chosen.
        spot: Left, top, right and bottom of what is chosen in pixels of `size`, or None.
        foot: Whether a readout stands below; it does without this.
    """

    digest: str
    size: list[int]
    photo: str
    one: float
    maps: list[MapDrawing]
    panels: list[PanelDrawing]
    outlines: list[list[float]]
    pick: NotRequired[str]
    spot: NotRequired[list[float] | None]
    foot: NotRequired[bool]


class PictureDrawing(TypedDict):
    """One photo with a map over it, for `picture.show_picture`.

    Attributes:
        digest: Identifies the photo: zoom and position stay while it does.
        size: Size of the photo in pixels.
        photo: Data URI of the photo.
        panels: What stands beside each other, each a list of "photo", "map", "mask" and "outline" to lay over
            each other.
        label: What the map shows.
        grid: Size of the map, which covers the photo edge to edge.
        levels: uint16, multiples of 1 / `one`.
        one: The level 1.
        colours: uint8 (256, 4), RGBA of the levels from 0 to 1.
        opacity: Opacity of the map over the photo, in [0, 1].
        outlines: Curves, flat lists x, y, x, y, ... in pixels of `size`.
        accent: Colour of the outlines.
        description: What a screen reader says.
    """

    digest: str
    size: list[int]
    photo: str
    panels: list[list[str]]
    label: str
    grid: list[int]
    levels: str
    one: int
    colours: str
    opacity: float
    outlines: list[list[float]]
    accent: str
    description: str


def base64_of(values: NDArray[Any]) -> str:
    """The bytes of an array, as the browser gets them."""
    return base64.b64encode(values.tobytes()).decode()


def thousandths(levels: NDArray[np.float32]) -> str:
    """The levels of a map as the browser gets them: whole thousandths, row by row."""
    return base64_of(np.round(ONE * np.clip(levels, 0, 60)).astype("<u2"))


def flat_outlines(outlines: Iterable[NDArray[np.float64]]) -> list[list[float]]:
    """Curves (N, 2) of x and y as flat lists, to a tenth of a pixel."""
    return [np.round(curve, 1).ravel().tolist() for curve in outlines]
