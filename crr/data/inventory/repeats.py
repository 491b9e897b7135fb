"""Photos that are there twice where they must not be: learnt from and tested on, or good and defective."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from crr.data.datasets import Dataset
from crr.data.inventory.facts import FileFacts
from crr.data.layouts.walk import is_no_file

_GLIMPSE = 4096  # bytes


@dataclass(frozen=True)
class Repeats:
    """What `find_repeats` found.

    Attributes:
        tested_training: Test images that are training images.
        good_and_defective: Pairs of a good and a defective image that are the same.
    """

    tested_training: tuple[Path, ...] = ()
    good_and_defective: tuple[tuple[Path, Path], ...] = ()


def find_repeats(dataset: Dataset, facts: Mapping[Path, FileFacts]) -> Repeats:
    """Compare what is learnt from with what is tested on, and what is good with what is defective.

    Photos are the same if they show the same, however they were saved. If one of the two parts was not read,
    they are the same if their files are, byte by byte: what was not read yet is read only where its size and
    a glimpse do not tell it from the other part.

    Args:
        dataset: Data set.
        facts: What the images are that were read already. Good images are compared with defective ones among
            these, and among the test images that are training images.
    """
    samples = [sample for category in dataset.categories for sample in (*category.train, *category.test)]
    train = [sample.path for category in dataset.categories for sample in category.train]
    test = [sample.path for category in dataset.categories for sample in category.test]
    all_read = all(sample.path in facts for sample in samples)
    found = {path: fact.appearance if all_read else fact.digest for path, fact in facts.items()}
    known = {path: digest for path, digest in found.items() if digest}

    def digest(path: Path) -> str:
        if path not in known:
            known[path] = hashlib.sha256(path.read_bytes()).hexdigest()
        return known[path]

    unread = any(sample.path not in known for sample in samples)
    for trait in (_size, _glimpse, digest) if unread else (digest,):
        train, test = _alike(train, test, trait)
    read = [sample for sample in samples if sample.path in known]
    good = {known[sample.path]: sample.path for sample in reversed(read) if not sample.defective}
    bad = [sample.path for sample in read if sample.defective and known[sample.path] in good]
    return Repeats(tuple(test), tuple((good[known[path]], path) for path in bad))


def _alike(
    train: Sequence[Path], test: Sequence[Path], trait: Callable[[Path], object]
) -> tuple[list[Path], list[Path]]:
    """The images of both parts that share a trait with one of the other part."""

    def trait_of(path: Path) -> object:
        try:
            return trait(path)
        except OSError:  # said when it is its turn to be read
            return None

    with ThreadPoolExecutor() as pool:
        learnt, tested = ([*pool.map(trait_of, part)] for part in (train, test))
    common = {*learnt} & {*tested} - {None}
    return (
        [path for path, found in zip(train, learnt, strict=True) if found in common],
        [path for path, found in zip(test, tested, strict=True) if found in common],
    )


def _size(path: Path) -> int | None:
    return None if is_no_file(path) else path.stat().st_size


def _glimpse(path: Path) -> bytes:
    """Some bytes from the middle of a file."""
    with path.open("rb") as file:
        file.seek(path.stat().st_size // 2)
        return file.read(_GLIMPSE)
