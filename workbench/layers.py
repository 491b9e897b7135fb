"""What the layer explorer asks: one forward pass of a model, and every view of it derived from that pass."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TypeVar

import numpy as np
import torch
from numpy.typing import NDArray

from crr.damage_inspection import CopiedDamage, copied_damage
from crr.detector import Detector
from crr.explanation import ExplainedLayer, Explanation, Hidden, Map, explain
from crr.identity import passed_damage
from crr.patch_memory import Neighbour, PatchMemory
from crr.types import Image, Mask, Reconstruction
from workbench.batch import Question
from workbench.inspection import Inspector
from workbench.inversions import paint_answer
from workbench.memory import BoundedCache
from workbench.normality import Habits, Measure, Reference, discrepancy, percentile

Pixel = TypeVar("Pixel", np.uint8, np.bool_)

NEIGHBOURS, CHANNELS = 5, 6
_UNUSUAL = 95.0  # a patch further from all normal ones than so many per cent of normal patches


@dataclass(frozen=True)
class Spot:
    """A place of the picture or an area, as shares of its width and height in [0, 1]."""

    left: float
    top: float
    right: float
    bottom: float

    @staticmethod
    def of(place: Sequence[float], size: tuple[int, int]) -> "Spot | None":
        """From left, top, right, bottom in pixels of a picture of (height, width); None if all lies outside.

        What of an area lies outside is cut off.
        """
        height, width = size
        if len(place) != 4 or not all(np.isfinite(place)):
            return None
        left, right = sorted((place[0] / width, place[2] / width))
        top, bottom = sorted((place[1] / height, place[3] / height))
        if left >= 1 or top >= 1 or right < 0 or bottom < 0:
            return None
        inside = np.clip([left, top, right, bottom], 0, 1)
        return Spot(*map(float, inside))

    def place(self, size: tuple[int, int]) -> list[float]:
        """The inverse of `of`."""
        height, width = size
        return [self.left * width, self.top * height, self.right * width, self.bottom * height]

    def cells(self, grid: tuple[int, int]) -> tuple[slice, slice]:
        """Rows and columns of the patches of a (height, width) grid that it touches, at least one."""
        return _cells(self.top, self.bottom, grid[0]), _cells(self.left, self.right, grid[1])

    def average(self, values: Map) -> Map:
        """(...): the mean of values (h, w, ...) over those patches."""
        rows, columns = self.cells((values.shape[0], values.shape[1]))
        return np.asarray(values[rows, columns].mean(axis=(0, 1)))


def _cells(start: float, end: float, count: int) -> slice:
    first, last = (min(count - 1, int(share * count)) for share in (start, end))
    return slice(first, last + 1)


@dataclass(frozen=True)
class Channel:
    """One channel at a spot.

    Attributes:
        number: Of the layer's channels.
        encoder: What the encoder saw, in deviations of the category's normal patches from their mean.
        decoder: What the decoder answered, likewise.
    """

    number: int
    encoder: float
    decoder: float


@dataclass(frozen=True)
class LayerAtSpot:
    """One layer at a spot; of an area everything is about the mean of its patches.

    Attributes:
        discrepancy: Between encoder and decoder, in the measure that was asked for.
        above: Share of the category's normal patches whose discrepancy is smaller, in [0, 100]; None unknown.
        apart_above: Share of normal patches of which seen and answered directions are less far apart, in
            [0, 100].
        seen: Normal patches most like what the encoder saw, nearest first; empty without a memory.
        answered: Those most like what the decoder answered.
        seen_above: Share of normal patches that lie nearer to others than what was seen does, in [0, 100].
        answered_above: The same of what the decoder answers to normal patches.
        channels: Those that differ most, the furthest apart first.
    """

    discrepancy: float
    above: float | None
    apart_above: float | None
    seen: list[Neighbour]
    answered: list[Neighbour]
    seen_above: float | None
    answered_above: float | None
    channels: list[Channel]

    @property
    def reading(self) -> str:
        """What the neighbours say about the decoder, in a few words; empty if they cannot say."""
        if self.seen_above is None or self.answered_above is None or self.apart_above is None:
            return ""
        if self.seen_above < _UNUSUAL:
            return "What the encoder saw looks normal."
        if self.answered_above < _UNUSUAL:
            return "Repaired: the encoder saw nothing normal, the answer is as near to normal as usual."
        if self.apart_above < _UNUSUAL:
            return "Copied: the answer is as unusual as what the encoder saw, and hardly differs from it."
        return "Partly repaired: the answer differs from what was seen, but it is not quite normal either."


def among_normal_patches(at: LayerAtSpot, reference: Reference | None) -> str:
    """Where a discrepancy lies among those of normal patches, as a sentence in Markdown."""
    value = f"**{at.discrepancy:.2f}**" if at.discrepancy >= 0.1 else f"**{at.discrepancy:.3f}**"
    if at.above is None or reference is None:
        return f"Here {value}."
    images = f"({reference.images} images)"
    if at.above >= 100:
        return f"Here {value}, above **all** normal patches {images}."
    share = f"{at.above:.1f} %" if at.above < 99.95 else "over 99.9 %"
    return f"Here {value}, above **{share}** of normal patches {images}."


@dataclass(frozen=True, eq=False)
class Normal:
    """What a patch of one model's is compared with; each is None where there are no normal images for it."""

    reference: Reference | None = None
    memory: PatchMemory | None = None
    habits: Habits | None = None


def discrepancy_map(layer: ExplainedLayer, measure: Measure) -> Map:
    """float32 (h, w), non-negative."""
    return layer.distance if measure == "model" else discrepancy(layer.encoder, layer.decoder, measure)


def look_at(
    explanation: Explanation, index: int, spot: Spot, measure: Measure, normal: Normal
) -> LayerAtSpot:
    """What there is to say about one layer at a spot; no model is asked."""
    layer, reference = explanation.layers[index], normal.reference
    seen, answered = spot.average(layer.encoder), spot.average(layer.decoder)
    value = float(spot.average(discrepancy_map(layer, measure)))
    near: list[list[Neighbour]] = [[], []]
    if normal.memory is not None:
        near = normal.memory.nearest(index, np.stack([seen, answered]), NEIGHBOURS)
    habits = normal.habits
    apart = float(discrepancy(seen, answered, "cosine"))
    return LayerAtSpot(
        discrepancy=value,
        above=None
        if reference is None
        else percentile(reference.layers[index].discrepancies(measure), value),
        apart_above=None
        if reference is None
        else percentile(reference.layers[index].discrepancies("cosine"), apart),
        seen=near[0],
        answered=near[1],
        seen_above=percentile(habits.seen[index], near[0][0].distance) if habits and near[0] else None,
        answered_above=percentile(habits.answered[index], near[1][0].distance)
        if habits and near[1]
        else None,
        channels=_channels(
            seen, answered, layer, None if reference is None else reference.layers[index].encoder
        ),
    )


def _channels(seen: Map, answered: Map, layer: ExplainedLayer, normal: Map | None) -> list[Channel]:
    """In units of the spread of normal patches, or without those of the image's own."""
    rows = layer.encoder.reshape(-1, layer.layer.channels) if normal is None else normal
    mean, deviation = rows.mean(axis=0), np.maximum(rows.std(axis=0), 1e-6)
    encoder, decoder = (seen - mean) / deviation, (answered - mean) / deviation
    order = np.argsort(-np.abs(encoder - decoder))[:CHANNELS]
    return [Channel(int(number), float(encoder[number]), float(decoder[number])) for number in order]


def contributions(
    explanation: Explanation, spot: Spot, weights: Sequence[float], distance_weight: float
) -> list[float]:
    """What each layer, and last the segmentation network, adds to the anomaly map at a spot."""
    terms = explanation.terms
    total = sum(weights)
    parts = [
        distance_weight * weight / total * float(spot.average(layer)) if total else 0.0
        for weight, layer in zip(weights, terms.layers, strict=True)
    ]
    if terms.segmentation is not None:
        parts.append((1 - distance_weight) * float(spot.average(terms.segmentation)))
    return parts


@dataclass(frozen=True, eq=False)
class Copied:
    """How much of a damage a model copied, by layer and by patch.

    Attributes:
        damage: The index, by layer.
        maps: float32 (h, w) a layer: the index of each patch, NaN where the damage does not show.
    """

    damage: CopiedDamage
    maps: tuple[Map, ...]


def copied_between(clean: Explanation, damaged: Explanation, mask: Mask) -> Copied:
    """Compare what a model answered to a part before and after it was damaged.

    Args:
        clean: Of the part as it was.
        damaged: Of the damaged part, by the same model.
        mask: bool (H, W) of what the network sees of the part, True where it was damaged.
    """
    before, after = _reconstruction(clean), _reconstruction(damaged)
    masks = torch.from_numpy(mask)[None]
    names = [layer.layer.name for layer in clean.layers]
    maps = passed_damage(before, after, masks).maps()
    return Copied(copied_damage(names, before, after, masks), tuple(layer[0, 0].numpy() for layer in maps))


def _reconstruction(explanation: Explanation) -> Reconstruction:
    def batch(rows: Map) -> torch.Tensor:
        return torch.from_numpy(rows).permute(2, 0, 1)[None]

    return Reconstruction(
        [batch(layer.encoder) for layer in explanation.layers],
        [batch(layer.decoder) for layer in explanation.layers],
    )


class Exploration:
    """One visitor's explanations, so that a click or a slider asks no model; lives in the session.

    Attributes:
        spots: Key of a photo to the place that the visitor chose in it.
    """

    def __init__(self, limit: int) -> None:
        """Args: limit, bytes kept of explanations and of pictures."""
        self._kept: BoundedCache[Explanation] = BoundedCache(limit)
        self._painted: BoundedCache[list[Image]] = BoundedCache(limit // 4)
        self.spots: dict[str, Spot] = {}

    def explain(
        self, key: object, image: Image, question: Question, inspector: Inspector, hidden: Hidden
    ) -> Explanation:
        """What a model says of an image and why, asked once as long as memory allows.

        Args:
            key: Identifies the image.
            image: uint8 (H, W, 3).
            question: Which model, on which device.
            inspector: Asks it.
            hidden: What is kept from its decoder.

        Raises:
            CRRError: The model cannot be asked.
        """
        hidden = replace(hidden, seed=0) if hidden.rate == 0 else hidden
        full = (key, question.key, hidden)
        known = self._kept.get(full)
        if known is None:
            known = inspector.ask(
                question.model, question.device, partial(_explain, image=image, hidden=hidden)
            )
            self._kept.put(full, known, known.nbytes)
        return known

    def paint(
        self, identity: object, explanation: Explanation, question: Question, inspector: Inspector
    ) -> list[Image] | None:
        """Pictures of what the encoder saw and of what the decoder answered; None without a network for it.

        Args:
            identity: Of the explanation: equal ones are painted once.
            explanation: With the decoder's features in the encoder's unit of length.
            question: Which model, on which device.
            inspector: Asks it.

        Raises:
            CRRError: The model cannot be asked, or the network is damaged.
        """
        known = self._painted.get(identity)
        if known is None:
            known = inspector.ask(
                question.model, question.device, partial(paint_answer, explanation=explanation)
            )
            if known is not None:
                self._painted.put(identity, known, sum(image.nbytes for image in known))
        return known


def _explain(detector: Detector, image: Image, hidden: Hidden) -> Explanation:
    return explain(detector, image, hidden=hidden)


def seen_part(image: NDArray[Pixel], view: float) -> NDArray[Pixel]:
    """The part around the centre of an image or mask (H, W, ...) that a network with this `view` sees."""
    height, width = image.shape[:2]
    top, left = (round((1 - view) / 2 * side) for side in (height, width))
    return image[top : height - top, left : width - left]
