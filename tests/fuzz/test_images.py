"""Damaged image files: a checked image or one sentence, in little time and memory."""

import pytest
from hypothesis import given

from tests.fuzz.made import promises
from tests.fuzz.made.damage import damaged_files
from tests.fuzz.made.effort import examples
from tests.fuzz.made.outside import Outside
from tests.fuzz.made.seeds import seeds


@pytest.mark.parametrize("name", sorted(seeds()))
def test_every_whole_file_is_read(name: str, outside: Outside) -> None:
    outside.check(promises.image_is_read, seeds()[name])


@given(data=damaged_files())
@examples(1500)
def test_damaged_images_are_decoded_or_refused(data: bytes, outside: Outside) -> None:
    outside.check(promises.image, data)


@given(data=damaged_files())
@examples(700)
def test_damaged_images_are_looked_at(data: bytes, outside: Outside) -> None:
    outside.check(promises.look, data)
