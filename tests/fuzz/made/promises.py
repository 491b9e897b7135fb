"""What is promised of any file, checked: a good result, or an error of ours in one sentence."""

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import numpy as np

from crr.config import ValueRange
from crr.data.image_header import MAX_ASPECT, MAX_PIXELS, MIN_SIDE
from crr.data.images import decode, read_header
from crr.data.inventory.facts import read_facts
from crr.data.inventory.looking import look_at_files
from crr.data.inventory.mask_survey import survey_masks
from crr.data.inventory.sentences import lines
from crr.data.layouts.samples import Sample
from crr.data.masks import read_mask, read_mask_file, rule_of_files
from crr.errors import CRRError, DatasetError, ImageError
from tests.fuzz.made.limits import limited
from tests.fuzz.made.seeds import seeds

Result = TypeVar("Result")
_NAME = "part.png"
_MOST_PAGES = 4  # of a file that are looked at, besides the last


def warm_up() -> None:
    """Read a file of every kind, so that all libraries are loaded."""
    for data in seeds().values():
        image(data)
        mask(data)


def one_sentence(error: CRRError) -> None:
    """See that an error's text is one for a person."""
    text = str(error)
    assert text.endswith("."), text
    assert "Traceback" not in text


def attempt(call: Callable[[], Result], *allowed: type[CRRError]) -> Result | None:
    """What a call returns, None if it raises an error of an allowed kind; fails if it takes too much."""
    try:
        with limited():
            return call()
    except allowed as error:
        one_sentence(error)
        return None


def image(data: bytes) -> None:
    """See that an image file is decoded, all its pages, or refused."""
    header = attempt(lambda: read_header(data, _NAME), ImageError)
    count = 0 if header is None else len(header.pages)
    for page in sorted({*range(min(count, _MOST_PAGES)), max(0, count - 1)}):
        for value_range in (None, ValueRange(0, 4095)):
            decoded = attempt(lambda: decode(data, _NAME, 255, value_range, page), ImageError)  # noqa: B023
            if decoded is not None:
                _is_checked(decoded)
                assert header is not None, "decoded, but the header is refused"
                assert page or decoded.shape[:2] == header.upright_size


def _is_checked(decoded: np.ndarray) -> None:
    short, long = sorted(decoded.shape[:2])
    assert decoded.dtype == np.uint8
    assert decoded.shape[2:] == (3,)
    assert decoded.flags.c_contiguous
    assert decoded.flags.writeable
    assert short >= MIN_SIDE
    assert long <= MAX_ASPECT * short
    assert short * long <= MAX_PIXELS


def mask(data: bytes) -> None:
    """See that a file is read as the mask of a photo of 28 x 20 pixels, or refused."""
    photo = seeds()["JPEG with a profile, turned"]
    with tempfile.TemporaryDirectory() as folder:
        path, of = Path(folder, "mask.png"), Path(folder, "photo.jpg")
        path.write_bytes(data)
        of.write_bytes(photo)
        sample = Sample(of, "part", "scratch", (path,))
        survey = survey_masks([sample], {of: read_header(of)})
        assert survey.rule.largest > 0
        rule = rule_of_files([path])
        for size in ((16, 16), (64, 64)):
            small = attempt(lambda: read_mask_file(path, size), ImageError)  # noqa: B023
            assert small is None or (small.shape == size and small.dtype == np.bool_)
        marked = attempt(lambda: read_mask(sample, (28, 20), rule), ImageError, DatasetError)
        if marked is not None:
            assert marked.dtype == np.float32
            assert ((marked >= 0) & (marked <= 1)).all()
        assert (of in survey.unusable) or marked is not None or survey.rule != rule


def look(data: bytes) -> None:
    """See that one look says something of a file, or that its values have no common range."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, _NAME)
        path.write_bytes(data)
        [facts] = read_facts([path]).values()
        assert facts.digest
        assert (facts.header is not None) or facts.error
        inventory = attempt(lambda: look_at_files([path]), CRRError)
        if inventory is not None:
            assert lines(inventory)
            assert inventory.as_json()["images"] == 1


def image_is_read(data: bytes) -> None:
    """See that an image file is decoded, all its pages."""
    for page in range(len(read_header(data, _NAME).pages)):
        _is_checked(decode(data, _NAME, 255, ValueRange(0, 4095), page))
