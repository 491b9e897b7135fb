"""Normal images that lie beside a checkpoint, so that others can be compared with them.

    CHECKPOINT/normals/CATEGORY/000.jpg, 001.jpg, ...

They were held back from training. A checkpoint works without them; what they are for is to show what is
usual: features and distances of normal patches, and pictures of them.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path

import cv2

from crr.checkpoints.content import read_config
from crr.checkpoints.files import NORMALS, checkpoint_folder
from crr.config import EncoderConfig, ValueRange
from crr.data.datasets import Dataset, Sample, evenly_spread, split_validation, without_copies
from crr.data.images import decode, encode_jpeg
from crr.data.inventory.facts import read_facts
from crr.data.layouts.walk import Notes, images_under
from crr.errors import CheckpointError, ConfigError
from crr.runtime.files import remove_leftovers, write_atomically
from crr.runtime.paths import StrPath, as_path
from crr.runtime.progress import Reporter
from crr.runtime.validation import read_json
from crr.types import Progress

MOST = 16
"""Images a category that are kept unless another number is asked for."""

_SIDE = 512  # longest side in pixels, or what the encoder takes, if that is more
_QUALITY = 95
_JPEG = b"\xff\xd8\xff"
_PRIVATE = (b"Exif\0\0", b"http://ns.adobe.com/xap", b"Photoshop 3.0")  # may name place, camera and owner


def keep_normals(
    checkpoint: StrPath,
    held_back: Mapping[str, Sequence[Sample]],
    encoder: EncoderConfig,
    count: int = MOST,
    progress: Callable[[Progress], None] | None = None,
    *,
    value_range: ValueRange | None = None,
) -> None:
    """Put copies of normal images beside a checkpoint; those of the same categories are replaced.

    Args:
        checkpoint: Folder of the checkpoint.
        held_back: Category to its normal images that were not trained on.
        encoder: Settings of the checkpoint's encoder; images are kept no larger than it needs.
        count: Most images a category, evenly spread; 0 keeps none.
        progress: Called about once a second with the stage "normals".
        value_range: Black and white of images deeper than 8 bits that do not say it.

    Raises:
        ConfigError: A category's name is none for a folder.
        ImageError: An image cannot be read.
        WriteError: A file cannot be written.
    """
    checkpoint = as_path(checkpoint, "The folder of the checkpoint")
    reporter = Reporter(progress)
    reporter.begin("normals", sum(min(count, len(samples)) for samples in held_back.values()))
    for category, samples in held_back.items():
        folder = _folder(checkpoint, category)
        if folder.is_symlink():  # what it leads to is somebody's, and stays as it is
            folder.unlink()
        remove_leftovers(folder / "*.jpg")
        kept = evenly_spread(samples, count)
        for number, sample in enumerate(kept):
            content = _content(sample.path, encoder, value_range)
            write_atomically(folder / f"{number:03}.jpg", partial(_write, content))
            reporter.advance(images=1)
        for stale in sorted(folder.glob("*.jpg"))[len(kept) :]:
            stale.unlink(missing_ok=True)


def forget_normals(checkpoint: StrPath) -> None:
    """Remove the normal images of an earlier training, and of nobody else, from beside a checkpoint."""
    for file in (as_path(checkpoint, "The folder of the checkpoint") / NORMALS).glob("*/[0-9][0-9][0-9].jpg"):
        if not file.parent.is_symlink():  # which leads to photos of somebody
            file.unlink(missing_ok=True)
            with suppress(OSError):  # something else lies there
                file.parent.rmdir()


def held_back_normals(dataset: Dataset, share: float, seed: int) -> dict[str, list[Sample]]:
    """Category to the normal images that a training with this `validation_share` and `seed` holds back.

    Raises:
        DatasetError: A category has fewer than 2 images.
    """
    paths = [sample.path for category in dataset.categories for sample in category.train]
    appearances = {
        path: fact.appearance for path, fact in read_facts(paths).items()
    }  # as training told copies
    return {
        category.name: split_validation(category.train, share, seed)[1]
        for category in without_copies(dataset, appearances).categories
    }


def find_normals(checkpoint: StrPath, categories: Sequence[str]) -> dict[str, list[Path]]:
    """Category to the files of its normal images, for those categories that have any.

    A checkpoint without images of a category borrows those of one beside it that held back the same share
    with the same seed, because models that are compared are trained on the same data: files are not kept
    once for each.

    Args:
        checkpoint: Folder of the checkpoint.
        categories: Categories that are wanted.
    """
    checkpoint = as_path(checkpoint, "The checkpoint")
    lenders = [folder.parent for folder in sorted(checkpoint.parent.glob(f"*/{NORMALS}"))]
    lenders += [folder.parent for folder in sorted(checkpoint_folder().glob(f"*/{NORMALS}"))]
    split = _split(checkpoint)
    alike = [folder for folder in lenders if split is not None and _split(folder) == split]
    found = {}
    for category in categories:
        for folder in dict.fromkeys([checkpoint, *alike]):
            files = _files(folder, category)
            if files:
                found[category] = files
                break
    return found


def read_credit(files: Sequence[StrPath]) -> str:
    """Where a category's normal images come from, as a sentence; empty if nobody says so.

    It stands in `normals/credits.json`, an object of categories and sentences.
    """
    first = as_path(files[0], "The normal image")
    path = first.parent.parent / "credits.json"
    try:
        credit = read_json(path).get(first.parent.name)
    except (OSError, ValueError, AttributeError):
        return ""
    return credit if isinstance(credit, str) else ""


def _split(checkpoint: Path) -> tuple[int, float] | None:
    """What decides which images a training held back; None if that cannot be read."""
    try:
        training = read_config(checkpoint).training
    except CheckpointError:
        return None
    return training.seed, training.validation_share


def _files(checkpoint: Path, category: str) -> list[Path]:
    try:
        folder = _folder(checkpoint, category)
    except ConfigError:
        return []
    return images_under(folder, Notes())


def _folder(checkpoint: Path, category: str) -> Path:
    if not category or Path(category).name != category or category in (".", ".."):
        raise ConfigError(f"The category {category!r} cannot be the name of a folder: rename it.")
    return checkpoint / NORMALS / category


def _write(content: bytes, path: Path) -> None:
    path.write_bytes(content)


def _content(path: Path, encoder: EncoderConfig, value_range: ValueRange | None) -> bytes:
    """A JPEG file without notes on place and camera: a small one as it is, as nothing is to be lost twice."""
    image = decode(path, str(path), value_range=value_range)
    side = max(_SIDE, encoder.resize)
    height, width = image.shape[:2]
    scale = side / max(height, width)
    content = path.read_bytes()
    if scale >= 1 and content.startswith(_JPEG) and not any(mark in content for mark in _PRIVATE):
        return content
    if scale < 1:
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        image = cv2.resize(image, size, interpolation=cv2.INTER_AREA)  # type: ignore[assignment]
    return encode_jpeg(image, _QUALITY)
