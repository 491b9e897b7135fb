"""Places of a photo, as models and links see them."""

import numpy as np
import pytest

from workbench.explanation.location import Location


def test_a_place_becomes_patches_of_every_grid():
    spot = Location.of([300, 100, 300, 100], (200, 400))
    assert spot == Location(0.75, 0.5, 0.75, 0.5)
    assert spot.cells((4, 8)) == (slice(2, 3), slice(6, 7))
    assert spot.place((200, 400)) == [300, 100, 300, 100]
    area = Location.of([100, 150, 0, 50], (200, 400))
    assert area.cells((4, 8)) == (slice(1, 4), slice(0, 3))
    values = np.arange(32, dtype=np.float32).reshape(4, 8)
    assert area.average(values) == values[1:4, 0:3].mean()


@pytest.mark.parametrize("place", [[400, 10, 400, 10], [10, 200, 20, 300], [-5, 0, -1, 0], [np.nan] * 4, [1]])
def test_a_place_outside_is_none(place):
    assert Location.of(place, (200, 400)) is None


def test_of_an_area_what_lies_outside_is_cut_off():
    assert Location.of([-50, 100, 200, 500], (200, 400)) == Location(0, 0.5, 0.5, 1)
    assert Location.of([399.9, 199.9, 399.9, 199.9], (200, 400)).cells((3, 3)) == (slice(2, 3), slice(2, 3))


@pytest.mark.parametrize("place", [(511.9, 399.9, 511.9, 399.9), (0, 0, 0, 0), (120.4, 40.6, 180.2, 90.1)])
def test_a_link_comes_back_to_the_same_place(place):
    size = (400, 512)
    text = Location.of(place, size).as_link(size)
    again = Location.parse(text, size)
    assert again.as_link(size) == text
    assert again.place(size) == [int(side) for side in place]


@pytest.mark.parametrize("text", ["", "a,b", "1", "1,2,3", "9999,9999", "nan,1", "1e400,2"])
def test_a_link_that_means_no_place_is_none(text):
    assert Location.parse(text, (400, 512)) is None


def test_a_network_that_sees_a_crop_finds_the_place_in_it():
    inside = Location(0.5, 0.1, 0.9, 0.9).within(0.8)
    assert (inside.left, inside.top, inside.right, inside.bottom) == pytest.approx((0.5, 0, 1, 1))
    assert Location(0.05, 0.99, 0.05, 0.99).within(0.8) == Location(0, 1, 0, 1)
    spot = Location(0.2, 0.3, 0.4, 0.5)
    assert spot.within(1.0) == spot
    assert spot.count((10, 10)) == 9
