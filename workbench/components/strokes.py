"""What a visitor paints on an image: shapes in the image's own pixels, and the mask that they make.

The browser draws the shapes (`frontend/canvas.js`), Python turns them into a mask: the shapes are the
truth. Coordinates run from 0 at the left and upper edges of the image to its width and height, so that the
first pixel has its centre at (0.5, 0.5).
"""

import json
import math
from dataclasses import asdict, field
from typing import Annotated, Any, Literal
from uuid import uuid4

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import Field, NonNegativeInt, TypeAdapter, ValidationError, model_validator
from pydantic.dataclasses import dataclass

from crr.runtime.validation import STRICT
from crr.types import Mask

Tool = Literal["brush", "line", "rectangle", "polygon", "eraser"]

MAX_STROKES = 1000
MAX_POINTS = 20_000
"""Points of all strokes of a painting together."""

_FEWEST_POINTS: dict[Tool, int] = {"brush": 1, "line": 2, "rectangle": 2, "polygon": 3, "eraser": 1}

FAR = 2**17  # pixels, more than any image has; a stroke may leave it, but cv2 computes in fixed point
_MOST_PIXELS = 2 * 10**9  # that are written for one mask, a second or two
_FILLING = 4  # times as long as for a disc takes a pixel of a rectangle or polygon
_SHIFT = 4  # cv2 gets sixteenths of a pixel, which is also what the browser sends
_EDGE = 0.25  # pixels; cv2 also fills what an edge touches, a slightly thinner shape makes up for it

Coordinate = Annotated[float, Field(ge=-FAR, le=FAR)]


@dataclass(frozen=True, config=STRICT)
class Stroke:
    """One finished stroke; invalid values raise pydantic's `ValidationError`.

    Attributes:
        tool: A brush or an eraser follows its points; a line joins two; a rectangle has two opposite
            corners; a polygon is closed and filled, by the even-odd rule where it crosses itself. The
            eraser takes away what earlier strokes painted.
        size: Width in pixels of the image; rectangles and polygons do without.
        points: (x, y) in pixels of the image, within and beyond its edges.
    """

    tool: Tool
    size: Annotated[float, Field(gt=0, le=FAR)]
    points: tuple[tuple[Coordinate, Coordinate], ...]

    @model_validator(mode="after")
    def _check_points(self) -> "Stroke":
        if len(self.points) < _FEWEST_POINTS[self.tool]:
            raise ValueError(f"a {self.tool} has at least {_FEWEST_POINTS[self.tool]} points")
        return self


@dataclass(frozen=True, config=STRICT)
class _Message:
    """What a browser sends after each change."""

    painting: str
    version: NonNegativeInt
    strokes: Annotated[tuple[Stroke, ...], Field(max_length=MAX_STROKES)]

    @model_validator(mode="after")
    def _check_points(self) -> "_Message":
        if sum(len(stroke.points) for stroke in self.strokes) > MAX_POINTS:
            raise ValueError(f"a painting has at most {MAX_POINTS} points")
        return self


@dataclass
class Painting:
    """The strokes on one image; keep it in the session, so that it outlasts reruns and page switches.

    While it is shown the same painting, the browser goes on with the strokes it has, whatever old
    version of them a slow rerun brings back. To start anew, or with other strokes, show a new painting.

    Attributes:
        strokes: In the order in which they were painted.
        version: Counts the changes that the browser made.
        identity: Tells paintings apart.
    """

    strokes: tuple[Stroke, ...] = ()
    version: int = 0
    identity: str = field(default_factory=lambda: uuid4().hex)

    def as_json(self) -> list[dict[str, Any]]:
        """The strokes as plain values, the way the browser sends them."""
        return [asdict(stroke) for stroke in self.strokes]

    def take(self, message: object) -> None:
        """Take over what the browser sent; what is for another painting or breaks the rules is left out."""
        try:
            sent = TypeAdapter(_Message).validate_json(json.dumps(message))
        except ValidationError:
            return  # the canvas never sends such a thing, so nobody waits for an answer
        if sent.painting == self.identity and sent.version > self.version:
            self.strokes, self.version = sent.strokes, sent.version


def mask_of(strokes: tuple[Stroke, ...], size: tuple[int, int], start: Mask | None = None) -> Mask:
    """The pixels that are painted.

    Args:
        strokes: In the order in which they were painted.
        size: (height, width) of the image in pixels.
        start: What was marked before, bool (H, W); nothing if None.

    Returns:
        bool (H, W). A rectangle or polygon has the pixels whose centres lie inside; brush, line and eraser
        are exact to three quarters of a pixel. No brush is wider than the image's diagonal. Who paints the
        whole of a large image thousands of times over gets a coarser mask, as that would take minutes.
    """
    height, width = size
    scale = min(1.0, (_MOST_PIXELS / max(1.0, sum(_pixels(stroke, size) for stroke in strokes))) ** 0.5)
    mask = np.zeros((max(1, round(scale * height)), max(1, round(scale * width))), dtype=np.uint8)
    if start is not None:
        across_down = (mask.shape[1], mask.shape[0])
        mask = np.asarray(cv2.resize(start.astype(np.uint8), across_down, interpolation=cv2.INTER_NEAREST))
    for stroke in strokes:
        points = np.array(stroke.points) * (mask.shape[1] / width, mask.shape[0] / height)
        if stroke.tool == "rectangle":
            (left, top), (right, bottom) = points
            _fill(mask, np.array([(left, top), (right, top), (right, bottom), (left, bottom)]))
        elif stroke.tool == "polygon":
            _fill(mask, points)
        else:
            radius = scale * min(stroke.size, math.hypot(height, width)) / 2
            _follow(mask, points, radius, 0 if stroke.tool == "eraser" else 1)
    if mask.shape != size:
        mask = cv2.resize(mask, (width, height), interpolation=cv2.INTER_NEAREST)
    return mask.astype(bool)


def _pixels(stroke: Stroke, size: tuple[int, int]) -> float:
    """About how many pixels a stroke costs: what its shape, or its discs and bands, have of the image."""
    limits = np.array(size[::-1], dtype=float)
    points = np.array(stroke.points)
    if stroke.tool in ("rectangle", "polygon"):
        sides = points.max(axis=0).clip(0, limits) - points.min(axis=0).clip(0, limits)
        return _FILLING * float(np.prod(sides)) + len(points) * float(limits[1])
    reach = min(stroke.size, math.hypot(*limits)) / 2
    sides = (points + reach).clip(0, limits) - (points - reach).clip(0, limits)
    ends = np.stack([points[:-1], points[1:]])  # of the bands between the discs
    boxes = (ends.max(axis=0) + reach).clip(0, limits) - (ends.min(axis=0) - reach).clip(0, limits)
    bands = 2 * reach * np.hypot(*(points[1:] - points[:-1]).T)
    return float(np.prod(sides, axis=1).sum() + np.minimum(np.prod(boxes, axis=1), bands).sum())


def _fill(mask: NDArray[np.uint8], corners: NDArray[np.float64]) -> None:
    """Fill the pixels whose centres lie inside, which cv2 does not: it adds those that an edge touches."""
    top = max(0, math.floor(corners[:, 1].min()))
    mask = mask[top : max(0, math.ceil(corners[:, 1].max()))]  # the rows that it reaches
    corners = corners - (0, top)
    height, width = mask.shape
    flips = np.zeros((height, width + 1), dtype=np.uint8)
    for start, end in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        low, high = np.ceil(np.sort([start[1], end[1]]) - 0.5).clip(0, height).astype(int)
        rows = np.arange(low, high)
        crossings = start[0] + (rows + 0.5 - start[1]) * (end[0] - start[0]) / (end[1] - start[1])
        columns = np.ceil(crossings - 0.5).clip(0, width).astype(int)
        flips[rows, columns] ^= 1  # an edge turns inside and outside for all that lies to its right
    mask |= np.bitwise_xor.accumulate(flips, axis=1)[:, :-1]


def _follow(mask: NDArray[np.uint8], points: NDArray[np.float64], radius: float, value: int) -> None:
    """Move a disc along the points."""
    radius = max(0.0, radius - _EDGE)
    for centre in _fixed(points):
        cv2.circle(mask, centre, round(radius * 2**_SHIFT), value, cv2.FILLED, shift=_SHIFT)
    steps = np.diff(points, axis=0)
    lengths = np.linalg.norm(steps, axis=1, keepdims=True)
    aside = radius * steps[:, ::-1] * (-1, 1) / np.maximum(lengths, 1e-9)
    corners = [points[:-1] + aside, points[1:] + aside, points[1:] - aside, points[:-1] - aside]
    for band in _fixed(np.stack(corners, axis=1)):
        cv2.fillConvexPoly(mask, band, value, shift=_SHIFT)


def _fixed(points: NDArray[np.float64]) -> NDArray[np.int32]:
    """Points as cv2 wants them: in fixed point, and (0, 0) is the centre of the first pixel."""
    return np.round((points - 0.5) * 2**_SHIFT).astype(np.int32)
