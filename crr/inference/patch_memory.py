"""Normal patches to look things up in: which of them is most like what an encoder saw, or a decoder answered.

Patches are compared by direction, as the cosine distance does: the distance is the Euclidean one between
features of length 1, from 0 (the same direction) over 1.41 (orthogonal) to 2.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.neighbors import NearestNeighbors

from crr.data.preprocessing import as_input_tensor, to_input
from crr.errors import ConfigError
from crr.models.components.encoder import Encoder, Layer
from crr.types import Features, Image

LAYER_BYTES = 24 * 2**20
"""Memory that the patches of one layer may take; of more a random part is kept, the same every time."""

_BATCH = 8


@dataclass(frozen=True)
class Neighbour:
    """A remembered patch.

    Attributes:
        image: Number of the image that it is part of, in `PatchMemory.images`.
        row: Row of the layer's grid, from the top.
        column: Column of the layer's grid, from the left.
        distance: Distance to what was asked about, in [0, 2].
    """

    image: int
    row: int
    column: int
    distance: float


@dataclass(frozen=True)
class _Patches:
    """The remembered patches of one layer.

    Attributes:
        search: Finds the nearest rows.
        rows: (N, C) float32, features of length 1.
        origin: (N, 3), image, row and column of each.
    """

    search: NearestNeighbors
    rows: NDArray[np.float32]
    origin: NDArray[np.int32]


class PatchMemory:
    """Features of normal patches, each layer for itself.

    Attributes:
        images: (category, uint8 (crop, crop, 3)) of each image that it remembers.
    """

    def __init__(
        self,
        layers: Sequence[Layer],
        images: Mapping[str, Sequence[Image]],
        encode: Callable[[list[Image]], Features],
        tell: Callable[[int, int], None] | None = None,
        layer_bytes: int = LAYER_BYTES,
    ) -> None:
        """Look at normal images and remember their patches.

        Args:
            layers: Layers of the encoder.
            images: Category to normal images as the encoder sees them, at least one in all.
            encode: The encoder's features of some of them.
            tell: Hears how many images of how many were looked at.
            layer_bytes: Bound of the memory, a layer.

        Raises:
            ConfigError: There is no image.
        """
        self.images = [(category, image) for category, rows in images.items() for image in rows]
        if not self.images:
            raise ConfigError("A memory of normal patches needs at least one normal image.")
        count = len(self.images)
        shares = [max(1, layer_bytes // (4 * layer.channels * count)) for layer in layers]
        rows: list[list[NDArray[np.float32]]] = [[] for _ in layers]
        origins: list[list[NDArray[np.int32]]] = [[] for _ in layers]
        for start in range(0, count, _BATCH):
            features = encode([image for _, image in self.images[start : start + _BATCH]])
            for number, layer in enumerate(features):
                for offset, patches in enumerate(layer.permute(0, 2, 3, 1).float().cpu().numpy()):
                    kept, origin = _drawn(patches.shape[:2], shares[number], number, start + offset)
                    rows[number].append(unit(patches.reshape(-1, patches.shape[2])[kept]))
                    origins[number].append(origin)
            if tell is not None:
                tell(min(start + _BATCH, count), count)
        self._layers = [
            _patches(np.concatenate(kept), np.concatenate(origin))
            for kept, origin in zip(rows, origins, strict=True)
        ]

    @classmethod
    def of(cls, encoder: Encoder, images: Mapping[str, Sequence[Image]]) -> "PatchMemory":
        """The memory of an encoder; images are of any size."""
        device = next(encoder.parameters()).device

        @torch.inference_mode()
        def encode(batch: list[Image]) -> Features:
            return encoder(as_input_tensor(torch.from_numpy(np.stack(batch)).to(device)))

        seen = {
            category: [to_input(image, encoder.config) for image in rows] for category, rows in images.items()
        }
        return cls(encoder.layers, seen, encode)

    @property
    def nbytes(self) -> int:
        """Bytes of memory that patches and pictures take."""
        patches = sum(layer.rows.nbytes + layer.origin.nbytes for layer in self._layers)
        return patches + sum(image.nbytes for _, image in self.images)

    def nearest(self, layer: int, features: NDArray[np.float32], count: int = 5) -> list[list[Neighbour]]:
        """The remembered patches most like each of these features, nearest first.

        Args:
            layer: Number of the layer that they come from.
            features: (N, C).
            count: Number of patches wanted; fewer if fewer are remembered.
        """
        patches = self._layers[layer]
        count = min(count, len(patches.origin))
        distances, indices = patches.search.kneighbors(unit(features), count)
        return [
            [
                _neighbour(patches.origin[index], distance)
                for index, distance in zip(chosen, near, strict=True)
            ]
            for chosen, near in zip(indices, distances, strict=True)
        ]


def unit(features: NDArray[np.float32]) -> NDArray[np.float32]:
    """Features (..., C) at length 1; those of length 0 stay."""
    lengths = np.linalg.norm(features, axis=-1, keepdims=True)
    return np.asarray(features / np.maximum(lengths, 1e-12), dtype=np.float32)


def _patches(rows: NDArray[np.float32], origin: NDArray[np.int32]) -> _Patches:
    return _Patches(NearestNeighbors(algorithm="brute", metric="euclidean").fit(rows), rows, origin)


def _neighbour(origin: NDArray[np.int32], distance: float) -> Neighbour:
    image, row, column = origin.tolist()
    return Neighbour(image, row, column, float(distance))


def _drawn(
    grid: tuple[int, int], most: int, layer: int, image: int
) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """At most `most` places of a grid, the same every time; and (N, 3) image, row, column of each."""
    count = grid[0] * grid[1]
    kept = np.arange(count)
    if count > most:
        kept = np.sort(np.random.default_rng([layer, image]).choice(count, most, replace=False))
    rows, columns = np.divmod(kept, grid[1])
    return kept, np.stack([np.full(len(kept), image), rows, columns], axis=1).astype(np.int32)
