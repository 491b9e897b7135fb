"""What is usual: features and distances of normal patches, for each model and category.

Everything here comes from the normal images beside the checkpoints (`crr.normals`), is made once on first use
and kept for all sessions within a memory bound.
"""

from collections import defaultdict
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from threading import Lock
from typing import Literal, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray

from crr.config import EncoderConfig
from crr.detector import Detector
from crr.encoders import Layer
from crr.engine import EncoderKey, encoder_key
from crr.explanation import Explanation, Map, Terms, explain, gain_of
from crr.normals import find_normals, read_normals
from crr.patch_memory import PatchMemory, unit
from crr.preprocessing import to_input
from crr.types import Features, Image
from workbench.batch import Question
from workbench.inspection import Inspector, inspector
from workbench.memory import BoundedCache
from workbench.settings import MEGABYTE

Measure = Literal["model", "cosine", "euclidean"] | int
"""How far encoder and decoder are apart at a patch: as the model counts it, 1 - cosine, root mean square of
the difference over channels, or the absolute difference in the channel of that number."""

MEASURES: Mapping[str, str] = {
    "Model's own": "anomaly, as the model counts it",
    "1 - cosine": "1 - cosine",
    "L2": "root mean square difference",
    "One channel": "difference in the channel",
}
"""What people call a measure to what an axis says."""

Tell = Callable[[int, int, str], None]
"""Hears how many steps of how many are done, and of what."""

Made = TypeVar("Made")

CACHE_BYTES = 384 * MEGABYTE
"""Memory for normal patches, all models and sessions together."""

_ROWS = 4096  # normal patches a layer that distances are compared with
_APART = (
    2  # normal images that stay out of the memory of patches, to say how far normal patches lie from others
)
_LOOKED_UP = 128  # patches of these


@dataclass(frozen=True)
class Measuring:
    """How discrepancy is measured.

    Attributes:
        name: Of `MEASURES`.
        channel: Of each layer that has it, for "One channel".
    """

    name: str
    channel: int

    def of(self, channels: int) -> Measure:
        """For a layer of so many channels."""
        named: dict[str, Measure] = {"Model's own": "model", "1 - cosine": "cosine", "L2": "euclidean"}
        return named.get(self.name, min(self.channel, channels - 1))

    def unit(self, channels: int) -> str:
        """What an axis says."""
        number = f" {min(self.channel, channels - 1)}" if self.name == "One channel" else ""
        return MEASURES[self.name] + number


@dataclass(frozen=True, eq=False)
class Basis:
    """The three directions in which a layer's normal features differ most, as red, green and blue.

    Attributes:
        mean: (C,).
        axes: (3, C), scaled so that most normal patches come to lie in [-1, 1].
    """

    mean: Map
    axes: Map

    def colours(self, features: Map) -> NDArray[np.uint8]:
        """uint8 (..., 3) of features (..., C): equal features have equal colours."""
        places = (features - self.mean) @ self.axes.T
        return np.asarray(np.clip(127.5 + 127.5 * places, 0, 255), dtype=np.uint8)


@dataclass(frozen=True, eq=False)
class NormalLayer:
    """Patches of one layer, drawn at random from normal images of one category.

    Attributes:
        encoder: (N, C).
        decoder: (N, C), what the model answered, times `gain`.
        distance: (N,), as the model counts it.
        gain: Brings the model's answers to the encoder's unit of length.
    """

    encoder: Map
    decoder: Map
    distance: Map
    gain: float

    def discrepancies(self, measure: Measure) -> Map:
        """(N,) ascending."""
        values = self.distance if measure == "model" else discrepancy(self.encoder, self.decoder, measure)
        return np.sort(values)


@dataclass(frozen=True, eq=False)
class Reference:
    """What is usual for one model on normal images of one category.

    Attributes:
        category: Which.
        images: How many normal images there were.
        layers: Patches of them, a layer.
        bases: Colours, a layer.
        terms: Of their anomaly maps, in half precision.
    """

    category: str
    images: int
    layers: tuple[NormalLayer, ...]
    bases: tuple[Basis, ...]
    terms: tuple[Terms, ...]

    @property
    def nbytes(self) -> int:
        """Memory that it takes."""
        rows = sum(layer.encoder.nbytes + layer.decoder.nbytes for layer in self.layers)
        return rows + sum(terms.layers.nbytes for terms in self.terms)

    def scores(self, weights: Sequence[float] | None, distance_weight: float | None) -> list[float]:
        """The normal images' scores, if layers and segmentation counted so."""
        return [terms.fused(weights, distance_weight).score for terms in self.terms]


@dataclass(frozen=True, eq=False)
class Habits:
    """How far patches of normal images lie from the normal patches in memory, a layer, ascending.

    Attributes:
        seen: What the encoder saw there.
        answered: What the model's decoder answered there.
    """

    seen: tuple[Map, ...]
    answered: tuple[Map, ...]


def discrepancy(encoder: Map, decoder: Map, measure: Measure) -> Map:
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


def basis_of(features: Map) -> Basis:
    """The basis of (N, C) features: their first three principal components, at three deviations."""
    mean = features.mean(axis=0)
    centred = features - mean
    values, vectors = np.linalg.eigh(centred.T @ centred / len(centred))
    count = min(3, len(values))
    strongest = vectors[:, ::-1][:, :count].T
    strongest = strongest * np.sign(strongest.sum(axis=1, keepdims=True) + 1e-12)  # eigh leaves the sign open
    deviations = np.sqrt(np.maximum(values[::-1][:count], 0))[:, None]
    axes = np.zeros((3, features.shape[1]), dtype=np.float32)
    axes[:count] = np.divide(strongest, 3 * deviations, where=deviations > 1e-9, out=np.zeros_like(strongest))
    return Basis(mean.astype(np.float32), axes)


class Normality:
    """Makes references and memories of normal patches when they are first asked for."""

    def __init__(self, inspector: Inspector, limit: int = CACHE_BYTES) -> None:
        """Args: inspector, asks the models; limit, bytes."""
        self._inspector = inspector
        self._kept: BoundedCache[object] = BoundedCache(limit)
        self._lock = Lock()
        self._making: defaultdict[Hashable, Lock] = defaultdict(Lock)

    def reference(self, question: Question, category: str | None, tell: Tell) -> Reference | None:
        """What is usual for a model on a category; None without normal images of it. Raises `CRRError`."""
        files = find_normals(question.model.path, [category] if category else [])
        if category is None or category not in files:
            return None

        def make() -> Reference:
            images, explanations = read_normals(files[category]), []
            for number, image in enumerate(images):
                tell(number, len(images), "normal images")
                explanations.append(self._ask(question, partial(_explain, image)))
            return reference_of(category, explanations)

        key = ("reference", question.key, tuple(files[category]))
        return self._once(key, make, lambda made: made.nbytes)

    def memory(self, question: Question, tell: Tell) -> PatchMemory | None:
        """Normal patches of all the model's categories; None without normal images. Raises `CRRError`."""
        files = find_normals(question.model.path, question.model.categories)
        if not files:
            return None
        # Each category's last ones stay out, see `habits`.
        kept = {category: paths[: max(1, len(paths) - _APART)] for category, paths in files.items()}
        config, layers, encoder = self._ask(question, _face_of)

        def make() -> PatchMemory:
            images = {
                category: [to_input(image, config) for image in read_normals(paths)]
                for category, paths in kept.items()
            }
            return PatchMemory(
                layers,
                images,
                lambda batch: self._ask(question, partial(_encode, batch)),
                lambda done, count: tell(done, count, "patches of normal images"),
            )

        key = ("memory", encoder, tuple(map(tuple, kept.values())))
        return self._once(key, make, lambda made: made.nbytes)

    def habits(self, question: Question, category: str, memory: PatchMemory, tell: Tell) -> Habits | None:
        """How far a category's normal patches lie from those in memory; None with too few normal images."""
        paths = find_normals(question.model.path, [category]).get(category, [])
        apart = paths[max(1, len(paths) - _APART) :]
        if not apart:
            return None

        def make() -> Habits:
            tell(0, 1, "distances among normal patches")
            explanations = [self._ask(question, partial(_explain, image)) for image in read_normals(apart)]
            return _habits_of(explanations, memory)

        key = ("habits", question.key, tuple(apart), id(memory))
        return self._once(key, make, lambda _: 8 * _LOOKED_UP)

    def _ask(self, question: Question, work: Callable[[Detector], Made]) -> Made:
        # One image or batch at a time, so that other visitors get their turns.
        return self._inspector.ask(question.model, question.device, work)

    def _once(self, key: Hashable, make: Callable[[], Made], size: Callable[[Made], int]) -> Made:
        with self._lock:
            turn = self._making[key]
        with turn:
            known = self._kept.get(key)
            if known is None:
                made = make()
                self._kept.put(key, made, size(made))
                return made
        return known  # type: ignore[return-value]


def _face_of(detector: Detector) -> tuple[EncoderConfig, tuple[Layer, ...], EncoderKey]:
    return detector.config.encoder, detector.encoder.layers, encoder_key(detector)


@torch.inference_mode()
def _encode(images: list[Image], detector: Detector) -> Features:
    return detector.encoder(detector.as_input(images))


def _explain(image: Image, detector: Detector) -> Explanation:
    return explain(detector, image)


def reference_of(category: str, explanations: Sequence[Explanation]) -> Reference:
    """The reference of some normal images."""
    share = max(1, _ROWS // len(explanations))
    count = len(explanations[0].layers)
    layers = tuple(_normal_layer(explanations, index, share) for index in range(count))
    half = [
        Terms(
            item.terms.layers.astype(np.float16),
            None if item.terms.segmentation is None else item.terms.segmentation.astype(np.float16),
            item.terms.settings,
        )
        for item in explanations
    ]
    bases = tuple(basis_of(layer.encoder) for layer in layers)
    return Reference(category, len(explanations), layers, bases, tuple(half))


def _normal_layer(explanations: Sequence[Explanation], index: int, share: int) -> NormalLayer:
    encoder, decoder, distance = (
        np.concatenate(parts) for parts in zip(*_drawn(explanations, index, share), strict=True)
    )
    gain = gain_of(encoder, decoder)
    return NormalLayer(encoder, np.asarray(gain * decoder, dtype=np.float32), distance, gain)


def _drawn(explanations: Sequence[Explanation], index: int, share: int) -> list[tuple[Map, Map, Map]]:
    drawn = []
    for number, explanation in enumerate(explanations):
        layer = explanation.layers[index]
        channels = layer.encoder.shape[2]
        random = np.random.default_rng([number, index])
        chosen = random.permutation(layer.distance.size)[:share]
        drawn.append(
            (
                layer.encoder.reshape(-1, channels)[chosen],
                layer.decoder.reshape(-1, channels)[chosen],
                layer.distance.ravel()[chosen],
            )
        )
    return drawn


def _habits_of(explanations: Sequence[Explanation], memory: PatchMemory) -> Habits:
    seen: list[Map] = []
    answered: list[Map] = []
    share = max(1, _LOOKED_UP // len(explanations))
    for index in range(len(explanations[0].layers)):
        encoder, decoder, _ = (
            np.concatenate(parts) for parts in zip(*_drawn(explanations, index, share), strict=True)
        )
        for rows, found in ((encoder, seen), (decoder, answered)):
            found.append(
                np.sort([near[0].distance for near in memory.nearest(index, rows, 1)]).astype(np.float32)
            )
    return Habits(tuple(seen), tuple(answered))


@cache
def normality() -> Normality:
    """That of this process."""
    return Normality(inspector())
