"""Damaged mask files: a mask or one sentence, in little time and memory."""

from hypothesis import given

from tests.fuzz.made import promises
from tests.fuzz.made.damage import damaged_files
from tests.fuzz.made.effort import examples
from tests.fuzz.made.outside import Outside


@given(data=damaged_files())
@examples(700)
def test_damaged_masks_are_read_or_refused(data: bytes, outside: Outside) -> None:
    outside.check(promises.mask, data)
