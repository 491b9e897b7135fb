"""How far apart encoder and decoder are at a patch, in several measures."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from crr.inference.explanation import Map
from crr.inference.patch_memory import unit

DiscrepancyKind = Literal["model", "cosine", "euclidean"] | int
"""Discrepancy as the model counts it, 1 - cosine, root mean square difference over channels, or the absolute
difference in the channel of that number."""

MEASURES: Mapping[str, str] = {
    "Model's own": "anomaly, as the model counts it",
    "1 - cosine": "1 - cosine",
    "L2": "root mean square difference",
    "One channel": "difference in the channel",
}
"""What people call a measure to what an axis says."""


@dataclass(frozen=True)
class DiscrepancyChoice:
    """How discrepancy is measured.

    Attributes:
        name: Name in `MEASURES`.
        channel: Number of the channel, in each layer that has it, for "One channel".
    """

    name: str
    channel: int

    def of(self, channels: int) -> DiscrepancyKind:
        """The measure for a layer of so many channels."""
        named: dict[str, DiscrepancyKind] = {
            "Model's own": "model",
            "1 - cosine": "cosine",
            "L2": "euclidean",
        }
        return named.get(self.name, min(self.channel, channels - 1))

    def axis(self, channels: int) -> str:
        """What an axis says of the discrepancy."""
        number = f" {min(self.channel, channels - 1)}" if self.name == "One channel" else ""
        return MEASURES[self.name] + number


def discrepancy(encoder: Map, decoder: Map, measure: DiscrepancyKind) -> Map:
    """float32 (...) of features (..., C), for every measure but the model's own."""
    if measure == "cosine":
        return np.asarray(1 - (unit(encoder) * unit(decoder)).sum(axis=-1), dtype=np.float32)
    if isinstance(measure, int):
        return np.abs(encoder[..., measure] - decoder[..., measure])
    return np.asarray(np.sqrt(np.square(encoder - decoder).mean(axis=-1)), dtype=np.float32)


def percentile(values: Map, value: float) -> float:
    """Share of ascending values below `value`, ties counted half, in [0, 100]."""
    below, up_to = np.searchsorted(values, [value]), np.searchsorted(values, [value], side="right")
    return float(50 * (below[0] + up_to[0]) / len(values))
