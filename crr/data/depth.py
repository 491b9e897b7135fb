"""Pixels deeper than 8 bits: which of their values is black, which is white, and how they become 8 bits.

A camera of 12 bits writes 0 to 4095 into files that could hold 0 to 65535. Some files say so, most do not.
Where the file is silent the range is one for a whole data set, kept in the checkpoint, or said by a person:
never that of one image alone, or two photos of one camera could not be compared.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crr.config import ValueRange
from crr.errors import ConfigError

_FEWEST_BITS, _MOST_BITS = 8, 32
_CUSTOMARY = {1, *(2**bits - 1 for bits in range(_FEWEST_BITS, _MOST_BITS + 1))}
_NUMBER = r"[-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?"
_LOW_AND_HIGH = re.compile(rf"({_NUMBER})(?::|\.\.|,)({_NUMBER})")
_BITS = re.compile(r"(\d{1,3})(?: ?bits?)?")
MOST = 1e30
"""The largest value, with either sign, that can be scaled without overflow."""
_LONELY = 10.0  # times the span of all other values, which would share 25 of 255 levels
_MARKERS = 3  # different values below 0 of a photo that has none of its own there
_BRIGHTEST = 2**24  # beyond what cameras measure; the highest number of 31 bits is a usual marker
_OVERSHOOT = 0.1  # of fractions, where a photo was resized or sharpened
_NARROWEST = 1 / MOST


@dataclass(frozen=True)
class Depth:
    """How a channel's value is stored.

    Attributes:
        bits: Bits of a value that mean something, as far as the file says.
        floating: Whether they are fractions.
        declared: The range that the file names, of 8 bits always; None if it is silent.
        assumed: The range to take a silent file for if nobody knows better; None where there is none.
    """

    bits: int
    floating: bool
    declared: ValueRange | None
    assumed: ValueRange | None

    def __str__(self) -> str:
        """The depth as people say it: "16 bits", "32 bits, floating"."""
        return f"{self.bits} bits" + (", floating" if self.floating else "")

    @property
    def deep(self) -> bool:
        """Whether it has to be brought to 8 bits."""
        return self != EIGHT_BITS

    @property
    def silent(self) -> bool:
        """Whether the file does not say which value is white."""
        return self.declared is None


EIGHT_BITS = Depth(8, False, ValueRange.of_bits(8), None)


def parse_range(text: str) -> ValueRange:
    """A range as somebody typed it: "12" or "12 bits", or the lowest and highest value as "0:4095".

    Raises:
        ConfigError: It is neither.
    """
    both, bits = _LOW_AND_HIGH.fullmatch(text.strip()), _BITS.fullmatch(text.strip())
    if both:
        low, high = float(both[1]), float(both[2])
        if low >= -MOST and high <= MOST and high - low >= _NARROWEST:
            return ValueRange(low, high)
    if bits and _FEWEST_BITS <= int(bits[1]) <= _MOST_BITS:
        return ValueRange.of_bits(int(bits[1]))
    raise ConfigError(
        f"The range {text!r} is not understood: give the camera's bits, such as 12, or the values that are "
        "black and white, such as 0:4095."
    )


FULL = ValueRange.of_bits(16)
"""What a file of 16 bits can hold."""


def range_holding(extremes: Iterable[tuple[float, float]], *, floating: bool) -> ValueRange:
    """The customary range that holds all values of a data set.

    Args:
        extremes: Lowest and highest value of each image, at least one, none beyond `MOST`.
        floating: Whether the values are fractions, which often lie between 0 and 1.

    Returns:
        From 0 to 1 for fractions that overshoot it by a tenth at most, else from 0 to the largest value of as
        few bits as hold them all (8 to 32, beyond that to the highest value); with values below 0, from the
        lowest to the highest.
    """
    lows, highs = zip(*extremes, strict=True)
    low, high = min(lows), max(highs)
    if floating and low >= -_OVERSHOOT and high <= 1 + _OVERSHOOT:
        return ValueRange(0, 1)
    if low < 0:
        return ValueRange(low, high if high - low >= _NARROWEST else low + max(1, -low / 1e6))
    bits = max(_FEWEST_BITS, int(np.ceil(np.log2(high + 1))))
    return ValueRange.of_bits(bits) if bits <= _MOST_BITS else ValueRange(0, high)


def marker_among(values: NDArray[Any]) -> float | None:
    """The lowest or highest of values if it stands for none, as -9999 does where nothing was measured.

    A range that held it too would show all others alike. What is bright in a photo is none: a hot pixel, say.

    Args:
        values: (H, W) or (H, W, channels), finite.
    """
    low, high = values.min(), values.max()
    if high > _BRIGHTEST and _is_far(high, values.max(where=values != high, initial=low), low):
        return float(high)
    if low >= 0:
        return None
    positive = values.min(where=values >= 0, initial=high)
    few = np.unique(values[values < 0]).size <= _MARKERS
    if few and positive < high and -float(low) > float(high) - float(positive):
        return float(low)
    return float(low) if _is_far(low, values.min(where=values != low, initial=high), high) else None


def _is_far(end: Any, nearest: Any, furthest: Any) -> bool:
    """Whether a value lies much farther from the nearest other one than all others from each other."""
    span = abs(float(furthest) - float(nearest))
    return 0 < _LONELY * span < abs(float(nearest) - float(end))


def is_customary(low: float, high: float) -> bool:
    """Whether these ends are a depth that a file declares, and not the extremes of its own pixels.

    TIFF's MaxSampleValue is used for both.
    """
    return low == 0 and high in _CUSTOMARY


def to_eight_bits(values: NDArray[Any], value_range: ValueRange) -> NDArray[np.uint8]:
    """Numbers of any type to uint8: `low` and below to 0, `high` and above to 255, rounded between."""
    if values.dtype == np.uint16:  # by a table, which needs no floating-point copy of a large photo
        return _scaled(np.arange(2**16, dtype=np.float32), value_range)[values]
    return _scaled(values.astype(np.float64 if values.dtype.itemsize > 4 else np.float32), value_range)


def _scaled(values: NDArray[Any], value_range: ValueRange) -> NDArray[np.uint8]:
    """Floating-point values to uint8; overwrites `values`."""
    np.clip(values, value_range.low, value_range.high, out=values)  # what is far outside would overflow
    values -= value_range.low
    values *= 255 / (value_range.high - value_range.low)
    np.clip(np.rint(values, out=values), 0, 255, out=values)
    return values.astype(np.uint8)


def fills_the_high_bits(values: NDArray[np.uint16], bits: int) -> bool:
    """Whether 16-bit values hold so many significant bits at their upper end, as the PNG standard asks.

    The lower bits are then 0 or repeat the upper ones, or the values are more than so many bits hold. Many
    cameras write them at the lower end instead.
    """
    spare = 16 - bits
    if values.max() >= 1 << bits:
        return True
    high = values >> np.uint16(spare)
    repeated = high << np.uint16(spare) | high >> np.uint16(max(0, bits - spare))
    return bool(((values & np.uint16((1 << spare) - 1)) == 0).all() or (repeated == values).all())
