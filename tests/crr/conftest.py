from typing import Any

import pytest

from crr.metrics.report import HEADINGS


@pytest.fixture
def report() -> dict[str, Any]:
    """What was measured of it."""
    rows = [dict.fromkeys(HEADINGS, 0.875) | {"images": 4} for _ in range(3)]
    return {"model": "mine", "categories": {"plate": rows[0], "ring": rows[1]}, "mean": rows[2]}
