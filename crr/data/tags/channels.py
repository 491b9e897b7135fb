"""The channels of a TIFF's pixels: which are colour, which is transparency, and which are neither.

A camera of red, green, blue and near infrared stores four, of which the fourth is no transparency.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from crr.data.tags.tiff import CMYK, EXTRA_SAMPLES, PHOTOMETRIC, SAMPLES

_GREY = (0, 1, 3)  # what PHOTOMETRIC says; a palette's numbers are one channel too
_ASSOCIATED, _UNASSOCIATED = 1, 2
"""What EXTRA_SAMPLES says of transparency: colours are multiplied by it or not."""


@dataclass(frozen=True)
class Channels:
    """What the channels of a pixel are.

    Attributes:
        colours: How many are colour: 1, 3 or 4 (CMYK).
        alpha: Whether the next one is transparency.
        multiplied: Whether the colours are stored multiplied by it.
        unused: How many more there are.
    """

    colours: int
    alpha: bool = False
    multiplied: bool = False
    unused: int = 0

    @property
    def total(self) -> int:
        """How many there are."""
        return self.colours + self.alpha + self.unused


def tiff_channels(directory: Mapping[int, Any]) -> Channels:
    """The channels of a page of a TIFF, from its tags by their numbers.

    Of what no tag names, three of "grey" are colours, and a single one more is transparency: so do readers.
    """
    samples, photometric = int(directory.get(SAMPLES, 1)), directory.get(PHOTOMETRIC)
    named = _numbers(directory.get(EXTRA_SAMPLES, ()))
    grey = samples < 3 or (photometric in _GREY and bool(named))
    usual = 1 if grey else 4 if photometric == CMYK else 3
    colours = usual if samples >= usual else 1
    more = max(0, samples - colours)
    kind = named[0] if named else _UNASSOCIATED if more == 1 else 0
    alpha = more > 0 and colours != 4 and kind in (_ASSOCIATED, _UNASSOCIATED)
    return Channels(colours, alpha, alpha and kind == _ASSOCIATED, more - alpha)


def _numbers(value: Any) -> tuple[int, ...]:
    return tuple(value) if isinstance(value, tuple | list) else (value,)
