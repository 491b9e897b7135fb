"""What the layer explorer asks: one forward pass of a model, and every view of it derived from that pass."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from crr.inference.explanation import ExplainedLayer, Explanation, Map
from crr.inference.patch_memory import Neighbour
from workbench.explanation.location import Location
from workbench.inspection.verdict import category_label
from workbench.reference.cache import NormalReference
from workbench.reference.discrepancy import DiscrepancyKind, discrepancy, percentile
from workbench.reference.patches import CategoryReference

NEIGHBOURS, CHANNELS = 5, 6
_UNUSUAL = 95.0  # a patch further from all normal ones than so many per cent of normal patches


@dataclass(frozen=True)
class Channel:
    """One channel at a spot.

    Attributes:
        number: Number of the channel in its layer.
        encoder: What the encoder saw, in deviations of the category's normal patches from their mean.
        decoder: What the decoder answered, in the same deviations.
    """

    number: int
    encoder: float
    decoder: float


@dataclass(frozen=True)
class LayerReading:
    """One layer at a spot. Of an area all is about the mean of its patches, with no percentile.

    Single patches vary more than means: among them an area would look more usual than it is.

    Attributes:
        discrepancy: Between encoder and decoder, in the measure that was asked for, averaged over patches.
        patches: How many it is averaged over.
        above: Share of the category's normal patches whose discrepancy is smaller, in [0, 100]; None unknown.
        apart_above: That share, if discrepancy is measured by 1 - cosine.
        seen: Normal patches most like what the encoder saw, nearest first; empty without a memory.
        answered: Normal patches most like what the decoder answered, nearest first.
        seen_above: Share of normal patches that lie nearer to others than what was seen does, in [0, 100].
        answered_above: Share of answers to normal patches that lie nearer to others than this answer does.
        seen_elsewhere: Another category than the image's, if none of `seen` belongs to its own.
        answered_elsewhere: Another category, if none of `answered` belongs to the image's own.
        channels: Channels that differ most, the furthest apart first.
    """

    discrepancy: float
    patches: int
    above: float | None
    apart_above: float | None
    seen: list[Neighbour]
    answered: list[Neighbour]
    seen_above: float | None
    answered_above: float | None
    seen_elsewhere: str | None
    answered_elsewhere: str | None
    channels: list[Channel]

    @property
    def reading(self) -> str:
        """What the neighbours say about the decoder, in a few words; empty if they cannot say."""
        if self.seen_above is None or self.answered_above is None or self.apart_above is None:
            return ""
        if self.seen_above < _UNUSUAL and self.seen_elsewhere is None:
            if self.apart_above < _UNUSUAL:
                return "What the encoder saw looks normal, and so does the answer."
            return "What the encoder saw looks normal, but the answer is unusually far from it."
        seen = (
            ""
            if self.seen_elsewhere is None
            else "No good patch of this part is like it; the closest is of another: "
            f"{category_label(self.seen_elsewhere)}. "
        )
        if self.answered_above < _UNUSUAL and self.answered_elsewhere is None:
            return f"{seen}Repaired: the answer is as near to normal patches of this part as usual."
        if self.apart_above < _UNUSUAL:
            return f"{seen}Copied: the answer is as unusual as what was seen, and hardly differs from it."
        return (
            f"{seen}Partly repaired: the answer differs from what was seen, but is not quite normal either."
        )


def among_normal_patches(at: LayerReading, reference: CategoryReference | None) -> str:
    """Where a discrepancy lies among those of normal patches, as a sentence in Markdown."""
    value = f"**{at.discrepancy:.2f}**" if at.discrepancy >= 0.1 else f"**{at.discrepancy:.3f}**"
    if at.patches > 1:
        return f"Here {value} on average over {at.patches} patches."
    if at.above is None or reference is None:
        return f"Here {value}."
    images = f"({reference.images} images)"
    if at.above >= 100:
        return f"Here {value}, above **all** normal patches {images}."
    share = f"{at.above:.1f} %" if at.above < 99.95 else "over 99.9 %"
    return f"Here {value}, above **{share}** of normal patches {images}."


def discrepancy_map(layer: ExplainedLayer, measure: DiscrepancyKind) -> Map:
    """float32 (h, w), non-negative."""
    return layer.distance if measure == "model" else discrepancy(layer.encoder, layer.decoder, measure)


def look_at(
    explanation: Explanation,
    index: int,
    location: Location,
    measure: DiscrepancyKind,
    normal: NormalReference,
) -> LayerReading:
    """What there is to say about one layer at a spot; no model is asked."""
    layer, reference = explanation.layers[index], normal.reference
    usual = None if reference is None else reference.layers[index]
    seen, answered = location.average(layer.encoder), location.average(layer.decoder)
    value = float(location.average(discrepancy_map(layer, measure)))
    near: list[list[Neighbour]] = [[], []]
    if normal.memory is not None:
        near = normal.memory.nearest(index, np.stack([seen, answered]), NEIGHBOURS)
    patches = location.count(layer.layer.grid)
    ranked = usual if patches == 1 else None
    distances = normal.distances if patches == 1 and near[0] else None
    apart = float(discrepancy(seen, answered, "cosine"))
    return LayerReading(
        discrepancy=value,
        patches=patches,
        above=None if ranked is None else percentile(ranked.discrepancies(measure), value),
        apart_above=None if ranked is None else percentile(ranked.discrepancies("cosine"), apart),
        seen=near[0],
        answered=near[1],
        seen_above=percentile(distances.seen[index], near[0][0].distance) if distances else None,
        answered_above=percentile(distances.answered[index], near[1][0].distance) if distances else None,
        seen_elsewhere=_elsewhere(near[0], normal),
        answered_elsewhere=_elsewhere(near[1], normal),
        channels=_channels(seen, answered, layer, None if usual is None else usual.encoder),
    )


def _elsewhere(neighbours: Sequence[Neighbour], normal: NormalReference) -> str | None:
    if normal.memory is None or normal.reference is None or not neighbours:
        return None
    categories = [normal.memory.images[neighbour.image][0] for neighbour in neighbours]
    return None if normal.reference.category in categories else categories[0]


def _channels(seen: Map, answered: Map, layer: ExplainedLayer, normal: Map | None) -> list[Channel]:
    """Channels in units of the spread of normal patches, or without those of the image's own."""
    rows = layer.encoder.reshape(-1, layer.layer.channels) if normal is None else normal
    mean, deviation = rows.mean(axis=0), np.maximum(rows.std(axis=0), 1e-6)
    encoder, decoder = (seen - mean) / deviation, (answered - mean) / deviation
    order = np.argsort(-np.abs(encoder - decoder))[:CHANNELS]
    return [Channel(int(number), float(encoder[number]), float(decoder[number])) for number in order]


def contributions(
    explanation: Explanation, location: Location, weights: Sequence[float], distance_weight: float
) -> list[float]:
    """What each layer, and last the segmentation network, adds to the anomaly map at a spot."""
    terms = explanation.terms
    total = sum(weights)
    parts = [
        distance_weight * weight / total * float(location.average(layer)) if total else 0.0
        for weight, layer in zip(weights, terms.layers, strict=True)
    ]
    if terms.segmentation is not None:
        parts.append((1 - distance_weight) * float(location.average(terms.segmentation)))
    return parts
