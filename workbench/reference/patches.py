"""What is usual for a model: patches of normal images, their colours, how far they lie from each other."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray

from crr.identity.sighting import Usual, usual
from crr.identity.surrogate import NormalPatches
from crr.inference.explanation import Explanation, Map, MapTerms, gain_of
from crr.inference.patch_memory import PatchMemory
from workbench.reference.discrepancy import DiscrepancyKind, discrepancy

_ROWS = 4096  # normal patches a layer that distances are compared with
_LOOKED_UP = 128  # normal patches a layer that are looked up among others


@dataclass(frozen=True, eq=False)
class ColourBasis:
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
    _sorted: dict[DiscrepancyKind, Map] = field(default_factory=dict)

    @property
    def patches(self) -> NormalPatches:
        """The patches, to be put in the place of damaged ones."""
        return NormalPatches(torch.from_numpy(self.encoder), torch.from_numpy(self.decoder))

    def discrepancies(self, measure: DiscrepancyKind) -> Map:
        """(N,) discrepancies of the patches, ascending."""
        known = self._sorted.get(measure)
        if known is None:
            own = measure == "model"
            known = np.sort(self.distance if own else discrepancy(self.encoder, self.decoder, measure))
            self._sorted[measure] = known
        return known


@dataclass(frozen=True, eq=False)
class CategoryReference:
    """What is usual for one model on normal images of one category.

    Attributes:
        category: Category of the normal images.
        images: How many normal images there were.
        layers: Patches of these images, one entry a layer.
        bases: Colours of the features, one basis a layer.
        terms: Terms of their anomaly maps, in half precision.
    """

    category: str
    images: int
    layers: tuple[NormalLayer, ...]
    bases: tuple[ColourBasis, ...]
    terms: tuple[MapTerms, ...]

    @cached_property
    def usual(self) -> tuple[Usual, ...]:
        """The patches with how far they lie from each other; looked up when somebody first asks."""
        return tuple(usual(layer.patches) for layer in self.layers)

    @property
    def nbytes(self) -> int:
        """Bytes of memory that the reference takes."""
        rows = sum(layer.encoder.nbytes + layer.decoder.nbytes for layer in self.layers)
        return rows + sum(terms.nbytes for terms in self.terms)

    def scores(self, weights: Sequence[float] | None, distance_weight: float | None) -> list[float]:
        """The normal images' scores, if layers and segmentation counted so."""
        return [terms.fused(weights, distance_weight).score for terms in self.terms]


@dataclass(frozen=True, eq=False)
class NeighbourDistances:
    """How far patches of normal images lie from the normal patches in memory, a layer, ascending.

    Attributes:
        seen: What the encoder saw there.
        answered: What the model's decoder answered there.
    """

    seen: tuple[Map, ...]
    answered: tuple[Map, ...]


def colour_basis_of(features: Map) -> ColourBasis:
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
    return ColourBasis(mean.astype(np.float32), axes)


def reference_of(category: str, explanations: Iterable[Explanation], count: int) -> CategoryReference:
    """The reference of `count` normal images; each explanation is read once, and not kept."""
    share = max(1, _ROWS // count)
    drawn, terms = [], []
    for number, explanation in enumerate(explanations):
        drawn.append(_drawn(explanation, number, share))
        terms.append(explanation.terms.halved())
    layers = tuple(_normal_layer(rows) for rows in zip(*drawn, strict=True))
    return CategoryReference(
        category, count, layers, tuple(colour_basis_of(layer.encoder) for layer in layers), tuple(terms)
    )


def neighbour_distances(explanations: Sequence[Explanation], memory: PatchMemory) -> NeighbourDistances:
    """Distances to their neighbours, of normal images that are not in the memory."""
    share = max(1, _LOOKED_UP // len(explanations))
    drawn = [_drawn(explanation, number, share) for number, explanation in enumerate(explanations)]
    seen, answered = [], []
    for index, rows in enumerate(zip(*drawn, strict=True)):
        encoder, decoder, _ = (np.concatenate(parts) for parts in zip(*rows, strict=True))
        seen.append(_nearest(memory, index, encoder))
        answered.append(_nearest(memory, index, decoder))
    return NeighbourDistances(tuple(seen), tuple(answered))


def _nearest(memory: PatchMemory, index: int, rows: Map) -> Map:
    return np.sort([near[0].distance for near in memory.nearest(index, rows, 1)]).astype(np.float32)


def _normal_layer(rows: Sequence[tuple[Map, Map, Map]]) -> NormalLayer:
    encoder, decoder, distance = (np.concatenate(parts) for parts in zip(*rows, strict=True))
    gain = gain_of(encoder, decoder)
    return NormalLayer(encoder, np.asarray(gain * decoder, dtype=np.float32), distance, gain)


def _drawn(explanation: Explanation, number: int, share: int) -> list[tuple[Map, Map, Map]]:
    """Encoder's, decoder's and distances' rows of at most `share` patches of each layer."""
    drawn = []
    for index, layer in enumerate(explanation.layers):
        chosen = np.random.default_rng([number, index]).permutation(layer.distance.size)[:share]
        encoder, decoder = (
            rows.reshape(-1, layer.layer.channels)[chosen] for rows in (layer.encoder, layer.decoder)
        )
        drawn.append((encoder, decoder, layer.distance.ravel()[chosen]))
    return drawn
