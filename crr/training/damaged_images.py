"""What the training loop reads: clean, damaged and masked images, a pure function of a draw number.

Draw number n of a run gives the same images on every machine and after every resume, so the loop needs
to remember nothing but how many draws it has made.
"""

import signal
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from crr.anomalies import AnomalySynthesizer
from crr.config import EncoderConfig
from crr.datasets import Sample
from crr.errors import CRRError, DatasetError
from crr.images import decode, find_images
from crr.preprocessing import to_input
from crr.progress import Reporter
from crr.types import Image, Mask

_CACHE_BYTES = 256 * 2**20
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
    ) -> None:
        self._paths = [[sample.path for sample in category] for category in samples.values()]
        self._encoder = encoder
        self._synthesizer = synthesizer
        self._seed = seed
        self._batch_size = batch_size
        self._damaged_share = damaged_share
        self._read = CachedReader(encoder)

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
        category, path = pick(self._paths, random)
        image = self._read(path)
        if random.random() >= self._damaged_share:
            return image, image, np.zeros(image.shape[:2], dtype=bool), category
        damage = self._synthesizer.damage(image, random, donors(self._paths, category, self._read, random))
        return image, damage.image, damage.mask, category


def generators(seed: int, number: int, batch_size: int) -> list[np.random.Generator]:
    """A source of randomness for each image of batch `number`."""
    return [np.random.default_rng([seed, number, row]) for row in range(batch_size)]


def pick(paths: Sequence[Sequence[Path]], random: np.random.Generator) -> tuple[int, Path]:
    """A category, each equally likely, and an image of it."""
    category = int(random.integers(len(paths)))
    return category, paths[category][int(random.integers(len(paths[category])))]


def donors(
    paths: Sequence[Sequence[Path]],
    category: int,
    read: Callable[[Path], Image],
    random: np.random.Generator,
) -> list[Image]:
    """One image of a category other than `category` to cut material from; none where there is no other.

    Never one of its own: a patch of pavement pasted into pavement is no damage.
    """
    others = [files for index, files in enumerate(paths) if index != category]
    if not others:
        return []
    chosen = others[int(random.integers(len(others)))]
    return [read(chosen[int(random.integers(len(chosen)))])]


def read_input(path: Path, encoder: EncoderConfig) -> Image:
    """uint8 (crop, crop, 3): an image file at the encoder's input size; raises `ImageError` for a bad one."""
    return to_input(decode(path, str(path)), encoder)


class CachedReader:
    """Reads images at the encoder's input size, keeping the most recent 256 MiB of them."""

    def __init__(self, encoder: EncoderConfig) -> None:
        self._encoder = encoder
        self._cached = lru_cache(maxsize=_CACHE_BYTES // (3 * encoder.crop**2))(self._read)

    def __call__(self, path: Path) -> Image:
        """uint8 (crop, crop, 3); treat it as read-only."""
        return self._cached(path)

    def __reduce__(self) -> tuple[type["CachedReader"], tuple[EncoderConfig]]:
        """Travel to a worker process without the cache."""
        return CachedReader, (self._encoder,)

    def _read(self, path: Path) -> Image:
        return read_input(path, self._encoder)


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


def check_readable(paths: Sequence[Path], reporter: Reporter) -> None:
    """Decode every image once, so that a broken one is named before hours of training and not after.

    Raises:
        ImageError: An image cannot be read; the sentence names the file.
    """
    reporter.begin("check", len(paths))
    with ThreadPoolExecutor() as pool:
        for _ in pool.map(_check_readable, paths):
            reporter.advance(images=1)


def texture_files(folder: Path | None) -> list[Path]:
    """The images of a texture folder such as DTD; none for None.

    Raises:
        DatasetError: There is no such folder, or no image in it.
    """
    if folder is None:
        return []
    files = find_images([folder]) if folder.is_dir() else []
    if not files:
        raise DatasetError(f"{folder} is no folder with images to take textures from. Check the path.")
    return files


def _check_readable(path: Path) -> None:
    decode(path, str(path))


def _start_worker(number: int) -> None:
    """Ctrl-C reaches workers too, but only the main process may decide; and one thread each is enough."""
    del number
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    cv2.setNumThreads(0)
