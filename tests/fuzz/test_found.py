"""What fuzzing has found, each by itself, so that it stays mended however the fuzzing changes."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from crr.data.datasets import open_dataset
from crr.data.depth import parse_range, range_holding, to_eight_bits
from crr.data.inventory.looking import look_at_files
from crr.data.layouts.table import IN_NO_TABLE
from crr.data.masks import read_mask_file
from crr.errors import ConfigError, ImageError
from tests.fuzz.made.layouts import LAYOUTS
from tests.fuzz.made.trees import plant
from workbench.lesson.steps import step_number


@pytest.mark.parametrize("text", ["9" * 50_000, "0:1e-300", "-1e999:5", "0:1e31"])
def test_a_range_that_cannot_be_worked_with_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="not understood"):
        parse_range(text)


@pytest.mark.parametrize(("low", "high"), [(-1e30, -1e30), (0, 1e30), (-1e30, 1e30), (-5, -5)])
def test_any_extremes_have_a_range(low: float, high: float) -> None:
    found = range_holding([(low, high)], floating=True)
    assert to_eight_bits(np.float32([low, high]), found).tolist() == ([0, 0] if low == high else [0, 255])


def test_an_image_of_values_beyond_all_brightness_is_refused(tmp_path: Path) -> None:
    values = np.full((20, 28), 1e300)
    values[0, 0] = 0
    cv2.imwrite(str(tmp_path / "part.tiff"), values)
    assert len(look_at_files([tmp_path]).unusable) == 1
    with pytest.raises(ImageError, match="beyond all brightness"):
        read_mask_file(tmp_path / "part.tiff", (20, 28))


def test_a_table_names_one_image_a_row_and_others_are_noted(tmp_path: Path) -> None:
    plant(LAYOUTS["table"], tmp_path)
    (tmp_path / "set.csv").write_text("path,label\npart/000.png; part/001.png,good\n")
    passed = open_dataset(tmp_path).notes.passed_over[IN_NO_TABLE]
    assert [path.name for path in passed] == ["000.png", "001.png", "001.png"]


def test_a_step_of_thousands_of_digits_is_the_first() -> None:
    assert step_number("9" * 5000) == 0
