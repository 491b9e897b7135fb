"""The colours of the screens: one accent, greys, and the scales of anomaly and of differences."""

import numpy as np
from numpy.typing import NDArray

from crr.visualization.colormap import colour_table

DEFECT = "#d9480f"
GREY = "#868e96"
_SOLID_FROM = 0.6  # as the anomaly map
LESS = "#1971c2"  # the other end of the scale of differences; told from DEFECT with any colour blindness


def gradient() -> str:
    """The colours of the anomaly map as a CSS gradient from 0 (left) to 1 (right)."""
    stops = ", ".join(
        f"rgb({red},{green},{blue})" for red, green, blue, _ in colour_table(transparent=False)[::15]
    )
    return f"linear-gradient(to right, {stops})"


def legend(low: str, high: str, colours: str | None = None) -> str:
    """HTML that says what the ends of a scale mean; `colours`: a CSS gradient, the anomaly map's if None."""
    bar = f'<i style="background: {colours or gradient()}"></i>'
    return f'<div class="legend"><span>{low}</span>{bar}<span>{high}</span></div>'


def difference_table() -> NDArray[np.uint8]:
    """uint8 (256, 4) RGBA of the differences -1 to 1: `LESS`, transparent at 0, `DEFECT`."""
    differences = np.linspace(-1, 1, 256)[:, None]
    ends = np.where(differences < 0, rgb(LESS), rgb(DEFECT))
    alpha = 255 * np.minimum(1, np.abs(differences) / _SOLID_FROM)
    return np.hstack([ends, np.round(alpha)]).astype(np.uint8)


def difference_gradient() -> str:
    """The colours of differences as a CSS gradient from -1 (left) to 1 (right)."""
    stops = ", ".join(
        f"rgba({red},{green},{blue},{alpha / 255:.2f})"
        for red, green, blue, alpha in difference_table()[::15]
    )
    return f"linear-gradient(to right, {stops})"


def copying_table() -> NDArray[np.uint8]:
    """uint8 (256, 4) RGBA of the index: transparent at 0, then `LESS` (repaired) to `DEFECT` (copied)."""
    shares = np.linspace(0, 1, 256)[:, None]
    middle = np.full(3, 233)
    low = (1 - 2 * shares) * np.array(rgb(LESS)) + 2 * shares * middle
    high = (2 - 2 * shares) * middle + (2 * shares - 1) * np.array(rgb(DEFECT))
    colours = np.where(shares < 0.5, low, high)
    return np.hstack([colours, np.where(shares > 0, 255, 0)]).astype(np.uint8)


def copying_gradient() -> str:
    """The colours of the index as a CSS gradient from 0 (left) to 1 (right)."""
    stops = ", ".join(f"rgb({red},{green},{blue})" for red, green, blue, _ in copying_table()[1::15])
    return f"linear-gradient(to right, {stops})"


def rgb(colour: str) -> tuple[int, int, int]:
    """Red, green and blue in [0, 255] of a colour such as "#d9480f"."""
    red, green, blue = bytes.fromhex(colour[1:])
    return red, green, blue
