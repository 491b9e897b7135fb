"""Damaged image files: a checked image or one sentence, in little time and memory."""

from collections.abc import Iterator
from io import BytesIO

import numpy as np
import PIL.Image
import PIL.ImageOps
import pytest
from hypothesis import given

from crr.data.images import decode
from crr.data.sandbox.sandbox import Sandbox
from crr.errors import ImageError
from tests.fuzz.made import promises
from tests.fuzz.made.damage import damaged_files
from tests.fuzz.made.effort import examples
from tests.fuzz.made.outside import Outside
from tests.fuzz.made.seeds import seeds


@pytest.mark.parametrize("name", sorted(seeds()))
def test_every_whole_file_is_read(name: str, outside: Outside) -> None:
    outside.check(promises.image_is_read, seeds()[name])


def test_whole_files_are_brought_from_another_profile() -> None:
    with PIL.Image.open(BytesIO(seeds()["PNG with a profile, turned"])) as file:
        stored = np.asarray(PIL.ImageOps.exif_transpose(file))
    assert np.abs(decode(seeds()["PNG with a profile, turned"]) - stored.astype(float)).max() > 10


@given(data=damaged_files())
@examples(1500)
def test_damaged_images_are_decoded_or_refused(data: bytes, outside: Outside) -> None:
    outside.check(promises.image, data)


@given(data=damaged_files())
@examples(700)
def test_damaged_images_are_looked_at(data: bytes, outside: Outside) -> None:
    outside.check(promises.look, data)


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(1) as shared:
        yield shared


@given(data=damaged_files())
@examples(300)
def test_damaged_images_are_decoded_or_refused_apart(data: bytes, sandbox: Sandbox) -> None:
    facts = sandbox.facts_of(data, "part.png", "", decode=True)
    try:
        image = sandbox.decode(data, "part.png")
    except ImageError as error:
        promises.one_sentence(error)
    else:
        assert image.dtype == np.uint8
        assert facts.error == ""
