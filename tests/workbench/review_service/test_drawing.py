"""The region of a map around a click, where a model sees something and where it sees nothing."""

import numpy as np
from numpy.typing import NDArray

from crr.types import Inspection
from tests.workbench.fakes import inspection_of
from workbench.annotation.masks import decode
from workbench.review_service.drawing import region_around

SMOOTH = np.tile(np.linspace(0.3, 0.4, 64, dtype=np.float32), (64, 1))
"""As usual everywhere: four times as wide a span would still be below the limit."""


def inspection(levels: NDArray[np.float32]) -> Inspection:
    return inspection_of(np.zeros((64, 64, 3), np.uint8), anomaly_map=levels)


def test_a_click_where_nothing_is_seen_takes_no_large_part_of_the_image() -> None:
    found = decode(region_around(inspection(SMOOTH), (63, 30)))
    assert found[30, 63]
    assert 0 < found.mean() <= 0.25
    wider = decode(region_around(inspection(SMOOTH), (63, 30), growth=0.9))
    assert found.sum() < wider.sum()


def test_a_faint_spot_is_taken_whole() -> None:
    levels = np.full((64, 64), 0.05, np.float32)
    levels[20:30, 20:30] = np.linspace(0.31, 0.4, 100, dtype=np.float32).reshape(10, 10)
    found = decode(region_around(inspection(levels), (29, 29)))
    assert np.array_equal(found, levels > 0.3)
