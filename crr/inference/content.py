"""Whether a photo shows anything at all, told from its pixels alone, so that no model calls nothing normal.

A blind camera gives a frame that is constant, black, white or saturated, perhaps with noise and the shading
of its lens. Once a smooth shading is taken away, nothing is left in such a frame but at most noise: unlike
edges and textures it has no likeness between neighbouring pixels, and halves with each halving of resolution.
Where strong JPEG has left little but the means of its blocks, this holds for blocks and not for pixels.
"""

from collections.abc import Iterator
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from crr.types import Image

_FAINTEST = 0.6
"""Contrast from which there is something to see, in grey levels of 255: about half the faintest photo's."""

_FAINTEST_COLOUR = 2.0
_SIDE = 256  # longest side of what is looked at, in pixels
_SMALLEST = 8  # side of the coarsest picture
_MARGIN = 1.3  # by which noise may differ from what is expected of it
_NEIGHBOURS_ALIKE = 0.8  # correlation of neighbouring pixels; of noise near 0
_BLOCK = 8  # side of a block of JPEG, in pixels
_FEWEST_BLOCKS = 16  # a side of which noise can be told
_MOST_BLOCKS = 128  # of a side that are looked at: enough to know what the file was made by
_LEAST = 1e-6  # keeps a quotient finite
_BLOCKY = 3.5  # steps between blocks against those inside: of photos near 1

_DEGREE = 6
_LOW_DEGREES = np.add.outer(np.arange(_DEGREE + 1), np.arange(_DEGREE + 1)) <= _DEGREE

Channel = NDArray[np.float32]


def shows_something(image: Image) -> bool:
    """Whether a photo shows more than nothing, in its brightness or in its colours.

    Args:
        image: uint8 (H, W, 3).
    """
    brightness = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.float32)
    if _stands_out(_blocks(brightness) if _is_blocky(brightness) else brightness, _FAINTEST):
        return True
    # What is left of the brightness is noise, and JPEG makes blocks of as much noise in the colours.
    noise = next(_contrasts(_without_shading(_shrunk(brightness))))
    colours = cv2.split(cv2.cvtColor(image, cv2.COLOR_RGB2YCrCb))[1:]  # of hardly any photo they are needed
    return any(_stands_out(colour.astype(np.float32), max(_FAINTEST_COLOUR, noise)) for colour in colours)


def _stands_out(channel: Channel, faintest: float) -> bool:
    """Whether a channel holds more than shading and noise."""
    finest, *coarser = _contrasts(_without_shading(_shrunk(channel)))
    if (
        finest >= faintest
        and _likeness_of_neighbours(_without_shading(_middle(channel))) >= _NEIGHBOURS_ALIKE
    ):
        return True
    noise = (_MARGIN * finest / 2**step for step in range(1, len(coarser) + 1))
    pairs = zip(coarser, noise, strict=True)
    return any(contrast**2 - expected**2 >= faintest**2 for contrast, expected in pairs)


def _is_blocky(channel: Channel) -> bool:
    """Whether strong JPEG has left little but the mean of each block: then noise is alike within a block."""
    if min(channel.shape) < _FEWEST_BLOCKS * _BLOCK:
        return False
    middle = tuple(map(_whole_blocks_in_the_middle, channel.shape))
    channel = channel[middle]
    return all(_steps_at_borders(side) > _BLOCKY for side in (channel, channel.T))


def _whole_blocks_in_the_middle(side: int) -> slice:
    size = min(side, _MOST_BLOCKS * _BLOCK)
    start = (side - size) // 2 // _BLOCK * _BLOCK
    return slice(start, start + size)


def _steps_at_borders(channel: Channel) -> float:
    """Mean square of the steps between columns at the borders of blocks, as a multiple of that inside."""
    steps = (np.diff(channel, axis=1) ** 2).mean(axis=0)
    is_border = np.arange(1, channel.shape[1]) % _BLOCK == 0
    return float(steps[is_border].mean() / (steps[~is_border].mean() + _LEAST))


def _blocks(channel: Channel) -> Channel:
    """The mean of each block of JPEG: those of noise have no likeness with their neighbours."""
    height, width = (side // _BLOCK for side in channel.shape)
    whole = channel[: height * _BLOCK, : width * _BLOCK]
    return np.asarray(cv2.resize(whole, (width, height), interpolation=cv2.INTER_AREA), np.float32)


def _shrunk(channel: Channel) -> Channel:
    scale = _SIDE / max(channel.shape)
    if scale >= 1:
        return channel
    size = (max(_SMALLEST, round(channel.shape[1] * scale)), max(_SMALLEST, round(channel.shape[0] * scale)))
    return np.asarray(cv2.resize(channel, size, interpolation=cv2.INTER_AREA), np.float32)


def _middle(channel: Channel) -> Channel:
    """The middle of a photo in its own pixels."""
    top, left = (max(0, side - _SIDE) // 2 for side in channel.shape)
    return channel[top : top + _SIDE, left : left + _SIDE]


def _without_shading(channel: Channel) -> Channel:
    """What is left without the best polynomial of degree 6: a lens darkens smoothly towards the corners."""
    down, across = map(_polynomials, channel.shape)
    weights = down.T @ channel @ across
    weights[~_LOW_DEGREES[: weights.shape[0], : weights.shape[1]]] = 0
    return np.asarray(channel - down @ weights @ across.T, np.float32)


@lru_cache(maxsize=32)
def _polynomials(side: int) -> Channel:
    """(side, degrees): orthogonal polynomials, so that each weight is found by itself."""
    values = np.polynomial.legendre.legvander(np.linspace(-1, 1, side), _DEGREE)
    return np.linalg.qr(values)[0].astype(np.float32)


def _contrasts(channel: Channel) -> Iterator[float]:
    """Standard deviation of what each halving of the resolution takes away, from fine to coarse."""
    first = True
    while first or min(channel.shape) >= _SMALLEST:
        size = (max(1, channel.shape[1] // 2), max(1, channel.shape[0] // 2))
        coarse = np.asarray(cv2.resize(channel, size, interpolation=cv2.INTER_AREA), np.float32)
        yield float((channel - cv2.resize(coarse, channel.shape[::-1], interpolation=cv2.INTER_LINEAR)).std())
        channel, first = coarse, False


def _likeness_of_neighbours(channel: Channel) -> float:
    """Correlation of pixels with their neighbours to the right and below, in [-1, 1]; 0 for a constant."""
    centred = channel - channel.mean()
    variance = float((centred**2).mean())
    if variance == 0:
        return 0.0
    right, below = (centred[:, 1:] * centred[:, :-1]).mean(), (centred[1:] * centred[:-1]).mean()
    return float(min(right, below)) / variance
