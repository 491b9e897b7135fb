"""A place or an area of a photo, whatever a model sees of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import floor, isfinite

import numpy as np

from crr.inference.explanation import Map


@dataclass(frozen=True)
class Location:
    """A place as shares of a photo's width and height, in [0, 1]; a point where both sides are equal."""

    left: float
    top: float
    right: float
    bottom: float

    @staticmethod
    def of(place: Sequence[float], size: tuple[int, int]) -> "Location | None":
        """A place from left, top, right, bottom in pixels of a (height, width) photo; None if all is outside.

        What of an area lies outside is cut off.
        """
        height, width = size
        if len(place) != 4 or not all(isfinite(side) for side in place):
            return None
        left, right = sorted((place[0] / width, place[2] / width))
        top, bottom = sorted((place[1] / height, place[3] / height))
        if left >= 1 or top >= 1 or right < 0 or bottom < 0:
            return None
        return Location(*map(float, np.clip([left, top, right, bottom], 0, 1)))

    @staticmethod
    def parse(text: str, size: tuple[int, int]) -> "Location | None":
        """The place that a link names, such as "120,40" or "120,40,180,90"; None if the photo lacks it."""
        try:
            sides = [float(part) for part in text.split(",")]
        except ValueError:
            return None
        return Location.of(sides * 2 if len(sides) == 2 else sides, size)

    def as_link(self, size: tuple[int, int]) -> str:
        """The place as it stands in a link, in whole pixels of a photo of (height, width)."""
        sides = [
            min(floor(side), limit - 1)
            for side, limit in zip(self.place(size), (size[1], size[0]) * 2, strict=True)
        ]
        return ",".join(map(str, sides[:2] if sides[:2] == sides[2:] else sides))

    def place(self, size: tuple[int, int]) -> list[float]:
        """Left, top, right and bottom in pixels of a photo of (height, width): the inverse of `of`."""
        height, width = size
        return [self.left * width, self.top * height, self.right * width, self.bottom * height]

    def within(self, view: float) -> "Location":
        """The same place as shares of the part around the centre that a network with this `view` sees.

        What lies outside moves to the edge.
        """
        margin = (1 - view) / 2
        sides = ((side - margin) / view for side in (self.left, self.top, self.right, self.bottom))
        return Location(*(min(1.0, max(0.0, side)) for side in sides))

    def cells(self, grid: tuple[int, int]) -> tuple[slice, slice]:
        """Rows and columns of the patches of a (height, width) grid that the place touches, at least one."""
        return _cells(self.top, self.bottom, grid[0]), _cells(self.left, self.right, grid[1])

    def count(self, grid: tuple[int, int]) -> int:
        """How many patches of the grid the place touches."""
        rows, columns = self.cells(grid)
        return (rows.stop - rows.start) * (columns.stop - columns.start)

    def average(self, values: Map) -> Map:
        """(...): the mean of values (h, w, ...) over those patches."""
        rows, columns = self.cells((values.shape[0], values.shape[1]))
        return np.asarray(values[rows, columns].mean(axis=(0, 1)))


def _cells(start: float, end: float, count: int) -> slice:
    first, last = (min(count - 1, int(share * count)) for share in (start, end))
    return slice(first, last + 1)
