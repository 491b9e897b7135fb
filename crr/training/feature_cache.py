"""Encoder features of clean images, each image encoded once: all that a method reads which repairs nothing.

Without damage the frozen encoder answers a training image with the same features every time, and asking it
again would be most of a training step.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import torch

from crr.data.datasets import Sample
from crr.data.readers import read_input
from crr.models.detector import Detector
from crr.training.damaged_images import draw_image, generators
from crr.types import Features

_CACHE_BYTES = 2 * 2**30


class CleanFeatures:
    """Batches by number, of the same images that `DamagedImages` draws.

    Features are kept in half precision, in main memory, up to 2 GiB; those of further images are computed
    each time, with the same result.

    Args:
        samples: Category to its training samples, in the detector's order of categories.
        detector: Detector whose encoder is asked.
        seed: With the batch's number it fixes every draw.
        batch_size: Images a batch.
        limit: Bytes that may be kept.
    """

    def __init__(
        self,
        samples: Mapping[str, Sequence[Sample]],
        detector: Detector,
        *,
        seed: int,
        batch_size: int,
        limit: int = _CACHE_BYTES,
    ) -> None:
        self._paths = [[sample.path for sample in category] for category in samples.values()]
        self._detector = detector
        self._seed = seed
        self._batch_size = batch_size
        self._room = limit
        self._kept: dict[Path, Features] = {}

    def __getitem__(self, number: int) -> Features:
        """Features of batch `number`, one (B, C_l, h_l, w_l) a layer; raises `ImageError` for a bad image."""
        draws = generators(self._seed, number, self._batch_size)
        drawn = [self._features(draw_image(self._paths, random)[1]) for random in draws]
        device = self._detector.device
        return [torch.cat(layer).to(device).float() for layer in zip(*drawn, strict=True)]

    def batches(self, first: int, end: int) -> Iterator[Features]:
        """Batches number `first` to `end` - 1."""
        return (self[number] for number in range(first, end))

    def _features(self, path: Path) -> Features:
        if path in self._kept:
            return self._kept[path]
        # Alone and rounded, so that it makes no difference when, or how often, an image is encoded.
        image = read_input(path, self._detector.config.encoder, self._detector.value_range)
        pixels = self._detector.as_input([image])
        features = [layer.half().cpu() for layer in self._detector.encoder(pixels)]
        size = sum(layer.nbytes for layer in features)
        if size <= self._room:
            self._room -= size
            self._kept[path] = features
        return features
