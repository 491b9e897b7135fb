"""Masks as run lengths: what pycocotools wrote, and what a stranger may have written."""

import contextlib
import time

import numpy as np
import pytest
from hypothesis import given, strategies as st
from pycocotools import mask as coco

from workbench.annotation.errors import ReviewError
from workbench.annotation.masks import (
    MOST_CHARACTERS,
    RunLengths,
    area,
    decode,
    encode,
    from_runs,
    overlap,
    union,
)

pytestmark = pytest.mark.filterwarnings(
    "ignore:__array__ implementation:DeprecationWarning"
)  # pycocotools' own


def random_mask(seed: int, height: int, width: int, share: float) -> np.ndarray:
    return np.random.default_rng(seed).random((height, width)) < share


@pytest.mark.parametrize("share", [0.0, 0.001, 0.3, 0.5, 0.999, 1.0])
@pytest.mark.parametrize(("height", "width"), [(1, 1), (1, 300), (300, 1), (37, 53), (512, 640)])
def test_a_mask_comes_back_to_the_pixel(height, width, share):
    mask = random_mask(height, height, width, share)
    assert np.array_equal(decode(encode(mask)), mask)
    assert area(encode(mask)) == mask.sum()


def test_long_runs_come_back():
    mask = np.zeros((4000, 3000), bool)
    mask[1000:3000, 500:2500] = True
    mask[1500:1600, 900:1000] = False  # a hole
    found = encode(mask)
    assert np.array_equal(decode(found), mask)
    theirs = {"size": [4000, 3000], "counts": found.counts}
    assert np.array_equal(coco.decode(theirs).astype(bool), mask)


@given(st.lists(st.integers(0, 40), min_size=1, max_size=30))
def test_what_pycocotools_compresses_is_read(runs):
    height, width = 7, 11
    lengths, left = [], height * width
    for run in runs:
        lengths.append(min(run, left))
        left -= lengths[-1]
    lengths.append(left)
    theirs = coco.frPyObjects({"size": [height, width], "counts": lengths}, height, width)
    expected = coco.decode(theirs).astype(bool)
    assert np.array_equal(decode(RunLengths(height, width, theirs["counts"].decode())), expected)
    assert np.array_equal(decode(from_runs(height, width, lengths)), expected)


@given(st.text(max_size=60))
def test_any_text_is_a_mask_or_a_sentence(counts):
    mask = None
    with contextlib.suppress(ReviewError):
        mask = decode(RunLengths(5, 9, counts))
    assert mask is None or mask.shape == (5, 9)


@pytest.mark.parametrize("counts", ["", "~~~~", "o" * 40, "oooooooo0", "1", "é", "0" * 7])
def test_what_is_no_mask_is_a_sentence(counts):
    with pytest.raises(ReviewError, match="run lengths of a mask"):
        decode(RunLengths(6, 6, counts))


@pytest.mark.parametrize("runs", [[], [-1, 37], [2**40, 1], [35], [37], [2**62, 2**62]])
def test_runs_that_do_not_cover_the_image_are_a_sentence(runs):
    with pytest.raises(ReviewError, match="run lengths"):
        from_runs(6, 6, runs)


def test_the_longest_counts_are_refused_in_a_moment():
    began = time.process_time()
    with pytest.raises(ReviewError):
        decode(RunLengths(6, 6, "1" * MOST_CHARACTERS))
    assert time.process_time() - began < 5


def test_masks_are_joined_and_compared():
    first, second = np.zeros((4, 4), bool), np.zeros((4, 4), bool)
    first[:2], second[1:3] = True, True
    assert np.array_equal(union([encode(first), encode(second)], (4, 4)), first | second)
    assert not union([], (4, 4)).any()
    assert overlap(first, second) == pytest.approx(4 / 12)
    assert overlap(np.zeros((4, 4), bool), np.zeros((4, 4), bool)) is None
