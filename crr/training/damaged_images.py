"""What the training loop reads: clean, damaged and masked images, a pure function of a draw number.

Draw number n of a run gives the same images on every machine and after every resume, so the loop needs
to remember nothing but how many draws it has made.
"""

import signal
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from crr.anomalies import AnomalySynthesizer
from crr.anomalies.textures import donor_images
from crr.config import EncoderConfig, ValueRange
from crr.data.layouts.samples import Sample
from crr.data.readers import CachedReader
from crr.errors import CRRError
from crr.types import Image, Mask

_PREFETCHED = 2  # batches a worker has ready: more would overflow the 64 MB that a container may share


@dataclass(frozen=True)
class Batch:
    """A training batch on the CPU.

    Attributes:
        clean: uint8 (B, crop, crop, 3).
        damaged: uint8 (B, crop, crop, 3), equal to `clean` where an image was left undamaged.
        mask: bool (B, crop, crop), True where `damaged` differs visibly.
        category: int64 (B,), index into the categories.
    """

    clean: Tensor
    damaged: Tensor
    mask: Tensor
    category: Tensor


class DamagedImages(Dataset[Batch | CRRError]):
    """Batches by number, balanced over categories; images come from a bounded cache or the disk.

    Args:
        samples: Category to its training samples, in the detector's order of categories.
        encoder: How images are brought to the encoder's input.
        synthesizer: Makes the damage.
        seed: With the batch's number it fixes every draw.
        batch_size: Images a batch.
        damaged_share: Share of images that are damaged; the others are left as they are, with empty masks.
        value_range: Black and white of images deeper than 8 bits that do not say it.
    """

    def __init__(
        self,
        samples: Mapping[str, Sequence[Sample]],
        encoder: EncoderConfig,
        synthesizer: AnomalySynthesizer,
        *,
        seed: int,
        batch_size: int,
        damaged_share: float = 1.0,
        value_range: ValueRange | None = None,
    ) -> None:
        self._paths = [[sample.path for sample in category] for category in samples.values()]
        self._encoder = encoder
        self._synthesizer = synthesizer
        self._seed = seed
        self._batch_size = batch_size
        self._damaged_share = damaged_share
        self._read = CachedReader(encoder, value_range)

    def __getitem__(self, number: int) -> Batch | CRRError:
        """Batch `number`; an error is returned, because a DataLoader would wrap what is raised."""
        try:
            draws = [self._draw(random) for random in generators(self._seed, number, self._batch_size)]
        except CRRError as error:
            return error
        clean, damaged, mask, category = zip(*draws, strict=True)
        return Batch(
            torch.from_numpy(np.stack(clean)),
            torch.from_numpy(np.stack(damaged)),
            torch.from_numpy(np.stack(mask)),
            torch.tensor(category),
        )

    def _draw(self, random: np.random.Generator) -> tuple[Image, Image, Mask, int]:
        category, path = draw_image(self._paths, random)
        image = self._read(path)
        if random.random() >= self._damaged_share:
            return image, image, np.zeros(image.shape[:2], dtype=bool), category
        damage = self._synthesizer.damage(
            image, random, donor_images(self._paths, category, self._read, random)
        )
        return image, damage.image, damage.mask, category


def generators(seed: int, number: int, batch_size: int) -> list[np.random.Generator]:
    """A source of randomness for each image of batch `number`."""
    return [np.random.default_rng([seed, number, row]) for row in range(batch_size)]


def draw_image(paths: Sequence[Sequence[Path]], random: np.random.Generator) -> tuple[int, Path]:
    """A category, each equally likely, and an image of it."""
    category = int(random.integers(len(paths)))
    return category, paths[category][int(random.integers(len(paths[category])))]


def batches(data: DamagedImages, first: int, end: int, workers: int) -> Iterator[Batch]:
    """Batches number `first` to `end` - 1 in order, made by `workers` processes (0: in this one).

    Raises:
        ImageError: An image cannot be read.
    """
    loader = DataLoader(
        data,
        batch_size=None,
        sampler=range(first, end),
        num_workers=workers,
        prefetch_factor=_PREFETCHED if workers else None,
        worker_init_fn=_start_worker,
    )
    for batch in loader:
        if isinstance(batch, CRRError):
            raise batch
        yield batch


def _start_worker(number: int) -> None:
    """Ctrl-C and a terminal that is gone reach workers too, but only the main process may decide.

    One thread each is enough.
    """
    del number
    for name in ("SIGINT", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)
    cv2.setNumThreads(0)
