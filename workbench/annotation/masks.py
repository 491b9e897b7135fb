"""Masks as COCO's run lengths: small, exact to the pixel, and read by other tools.

Encoding is pycocotools'. Decoding is not: its C code trusts what it reads, and what is read here may come
from a stranger's file. The format: pixels column by column, the length of each run, the first of pixels that
are not marked; compressed, each length less the one two before it, five bits a character.
Reference: https://github.com/cocodataset/cocoapi, common/maskApi.c.
"""

from collections.abc import Sequence
from typing import Annotated, cast

import numpy as np
from numpy.typing import NDArray
from pycocotools import mask as coco
from pydantic import Field
from pydantic.dataclasses import dataclass

from crr.runtime.validation import STRICT
from crr.types import Mask
from workbench.annotation.errors import ReviewError

MOST_CHARACTERS = 2**23
"""Of one mask; that of a photo of 12 megapixels with 200,000 specks has two million."""
_BITS, _MORE, _NEGATIVE, _FIRST = 5, 0x20, 0x10, 48

Pixels = Annotated[int, Field(gt=0, le=2**16)]


@dataclass(frozen=True, config=STRICT)
class RunLengths:
    """A mask, compressed; `decode` tells whether it can be one.

    Attributes:
        height: In pixels.
        width: In pixels.
        counts: COCO's compressed run lengths.
    """

    height: Pixels
    width: Pixels
    counts: Annotated[str, Field(max_length=MOST_CHARACTERS)]


def encode(mask: Mask) -> RunLengths:
    """The run lengths of a mask."""
    found = coco.encode(np.asfortranarray(mask, dtype=np.uint8))
    height, width = mask.shape
    return RunLengths(height, width, cast(bytes, found["counts"]).decode("ascii"))


def from_runs(height: int, width: int, runs: Sequence[int]) -> RunLengths:
    """A mask from run lengths that are not compressed, checked; raises `ReviewError`."""
    lengths = np.asarray(runs, dtype=np.int64) if len(runs) else np.zeros(0, np.int64)
    return encode(_painted(height, width, lengths))


def run_lengths(mask: RunLengths) -> NDArray[np.int64]:
    """The lengths themselves, the first of pixels that are not marked.

    Raises:
        ReviewError: They are none, or do not cover the image.
    """
    lengths = _decompressed(mask.counts)
    _check(mask.height, mask.width, lengths)
    return lengths


def decode(mask: RunLengths) -> Mask:
    """The mask, bool (H, W); raises `ReviewError` if the run lengths cannot be one."""
    return _painted(mask.height, mask.width, _decompressed(mask.counts))


def area(mask: RunLengths) -> int:
    """Number of marked pixels."""
    return int(run_lengths(mask)[1::2].sum())


def union(masks: Sequence[RunLengths], size: tuple[int, int]) -> Mask:
    """All that is marked, bool (H, W); nothing for no masks."""
    marked: Mask = np.zeros(size, bool)
    for mask in masks:
        marked |= decode(mask)
    return marked


def overlap(first: Mask, second: Mask) -> float | None:
    """Intersection over union, in [0, 1]; None if neither marks anything."""
    together = np.count_nonzero(first | second)
    return np.count_nonzero(first & second) / together if together else None


def _painted(height: int, width: int, lengths: NDArray[np.int64]) -> Mask:
    _check(height, width, lengths)
    marks = np.zeros(len(lengths), bool)
    marks[1::2] = True
    return np.repeat(marks, lengths).reshape(width, height).T.copy()


def _check(height: int, width: int, lengths: NDArray[np.int64]) -> None:
    # Each first: a sum of huge numbers may come out right.
    fits = len(lengths) and lengths.min() >= 0 and lengths.max() <= height * width
    if not fits or int(lengths.sum()) != height * width:
        raise ReviewError(
            f"The run lengths of a mask do not cover its {width} x {height} pixels. Make them from the mask."
        )


def _decompressed(counts: str) -> NDArray[np.int64]:
    """Run lengths from characters; whatever they are, this takes time in proportion to their number."""
    try:
        symbols = np.frombuffer(counts.encode("ascii"), np.uint8).astype(np.int64) - _FIRST
    except UnicodeEncodeError:
        symbols = np.array([-1])
    ends = np.flatnonzero(~(symbols & _MORE).astype(bool)) + 1
    starts = np.concatenate(([0], ends[:-1]))
    lengths = ends - starts
    whole = len(symbols) and symbols.min() >= 0 and symbols.max() < 2 * _MORE and len(ends)
    if not whole or ends[-1] != len(symbols) or lengths.max() > 7:  # 35 bits: more than any image has
        raise ReviewError("The run lengths of a mask are damaged. Make them from the mask.")
    place = np.arange(len(symbols)) - np.repeat(starts, lengths)
    differences = np.add.reduceat((symbols & (_MORE - 1)) << (_BITS * place), starts)
    negative = (symbols[ends - 1] & _NEGATIVE).astype(bool)
    differences[negative] -= np.int64(1) << (_BITS * lengths[negative])
    # From the third run on each is said less the one two before it: sums of every second one.
    runs = differences.copy()
    runs[1::2] = np.cumsum(differences[1::2])
    runs[2::2] = np.cumsum(differences[2::2])
    return runs
