"""The colours of the screens: one accent, greys, and the scales of anomaly and of differences."""

from collections.abc import Iterable
from typing import NamedTuple
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from crr.visualization.colormap import colour_table
from workbench.basics.model_names import shown_model

DEFECT = "#d9480f"
GREY = "#868e96"
BY_HAND = "#e0b040"  # between good and defective; on large areas, not for words
_SOLID_FROM = 0.6  # as the anomaly map
LESS = "#1971c2"  # the other end of the scale of differences; told from DEFECT with any colour blindness


class ModelLook(NamedTuple):
    """How a model looks in every chart: a colour of its own that no defect has, and a marker."""

    colour: str
    symbol: str


_LOOKS = {
    "crr": ModelLook("#0077bb", "circle"),
    "autoencoder": ModelLook("#b5559b", "square"),
    "masked autoencoder": ModelLook("#2a9d8f", "diamond"),
    "crr without segmentation": ModelLook("#3b8f3b", "triangle-up"),
    "dinomaly": ModelLook("#7b68c8", "cross"),
    "uniad": ModelLook("#4499cc", "x"),
    "reverse distillation": ModelLook("#8f8f2f", "triangle-down"),
    "patchcore": ModelLook("#a6566b", "star"),
    "padim": ModelLook("#5b7fa6", "hexagon"),
    "gaussian": ModelLook(GREY, "bowtie"),
}


def looks_of(models: Iterable[str]) -> dict[str, ModelLook]:
    """Model to its look, by names: the same everywhere, "crr-embedded" and "CRR" alike; no two of a picture.

    Of models that nobody named here the look follows from the name, unless another of these has it.
    """
    found = {model: _LOOKS.get(shown_model(model).lower()) for model in models}
    free = [look for look in _LOOKS.values() if look not in found.values()]
    looks: dict[str, ModelLook] = {}
    for model, known in found.items():
        free = free or list(_LOOKS.values())
        looks[model] = known or free.pop(crc32(model.encode(errors="replace")) % len(free))
    return looks


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
