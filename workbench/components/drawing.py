"""What is handed to the browser: plain values that JavaScript draws from."""

import base64
from typing import Any

from numpy.typing import NDArray

MAP_SIDE = 400
ONE = 1000  # the level 1 as the browser gets it


def base64_of(values: NDArray[Any]) -> str:
    """The bytes of an array, as the browser gets them."""
    return base64.b64encode(values.tobytes()).decode()


PHOTO, GREY = "#photo", "#grey"  # layers; no model is called so

Drawing = dict[str, Any]
