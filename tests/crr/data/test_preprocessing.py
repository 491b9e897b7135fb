import cv2
import numpy as np
import pytest

from crr.config import EncoderConfig
from crr.data.preprocessing import to_input

WHOLE = EncoderConfig(resize=64, crop=64)
CROPPED = EncoderConfig(resize=64, crop=48)


@pytest.mark.parametrize("size", [(1, 1), (2, 3000), (3000, 2), (64, 64), (37, 91), (500, 200)])
@pytest.mark.parametrize("config", [WHOLE, CROPPED], ids=["whole", "cropped"])
def test_any_size_becomes_the_crop_and_a_colour_stays(size, config):
    image = np.full((*size, 3), (10, 120, 250), np.uint8)
    expected = np.full((config.crop, config.crop, 3), (10, 120, 250), np.uint8)
    np.testing.assert_array_equal(to_input(image, config), expected)


def test_an_image_of_the_right_size_is_left_alone():
    image = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    np.testing.assert_array_equal(to_input(image, WHOLE), image)


def test_the_crop_is_the_centre():
    image = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    np.testing.assert_array_equal(to_input(image, CROPPED), image[8:56, 8:56])


def test_shrinking_averages_so_that_thin_lines_are_not_lost():
    image = np.zeros((960, 640, 3), np.uint8)
    image[:, 301] = 250  # one pixel of the ten that make one
    column = to_input(image, WHOLE)[:, :, 0].mean(axis=0)
    assert column.argmax() == 30
    assert column.sum() == pytest.approx(25, abs=1)


def test_enlarging_is_bilinear():
    image = np.random.default_rng(0).integers(0, 256, (20, 30, 3), dtype=np.uint8)
    expected = cv2.resize(image, (64, 64), interpolation=cv2.INTER_LINEAR)
    np.testing.assert_array_equal(to_input(image, WHOLE), expected)


def test_the_original_is_not_shared():
    image = np.zeros((64, 64, 3), np.uint8)
    to_input(image, WHOLE)[:] = 255
    assert not image.any()
