"""What each image file of a set is, found out by reading it once: content, header, and whether it decodes."""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from crr.config import ValueRange
from crr.data.conversion import deep_values, turned, upright_rgb
from crr.data.depth import fills_the_high_bits, marker_among
from crr.data.image_formats import SHEET_MARK
from crr.data.image_header import ImageHeader, OpenImage, open_image
from crr.data.images import content_of
from crr.errors import ImageError
from crr.runtime.progress import Reporter
from crr.types import Image

Ends = tuple[float, float]
"""Lowest and highest of some values."""

_FEW = 10_000  # of so many values one may lie anywhere, as that of a hot pixel does

Shows = Callable[[Image], bool]
"""Whether a photo shows a part, and not nothing as that of a blind camera."""


@dataclass(frozen=True)
class FileFacts:
    """What one image file is.

    Attributes:
        digest: SHA-256 of its content; empty if it cannot be read at all.
        header: What it says of itself; None if it is no image we read.
        extremes: Lowest and highest value of its pages, where it is deep and does not say its range.
        bulk: The same without what very few pixels show, such as hot ones; None if it has no extremes.
        error: Why it cannot be used; empty if it can.
        blank: Whether it shows no part; never if nobody asked, or if it has extremes.
        pixels: SHA-256 of the pixels of its first page, upright; empty if nobody asked and it is not silent.
        marker: The one of its extremes that stands for no value, so that no range is guessed from it.
        pages: Of how many different pages the extremes are.
        high: Of a PNG with 9 to 15 significant bits, whether they are the upper ones; None if it is black.
    """

    digest: str
    header: ImageHeader | None
    extremes: Ends | None = None
    bulk: Ends | None = None
    error: str = ""
    blank: bool = False
    pixels: str = ""
    marker: float | None = None
    pages: int = 1
    high: bool | None = None

    @property
    def silent(self) -> bool:
        """Whether it is deep and does not say which of its values is white."""
        return self.extremes is not None

    def is_beyond(self, value_range: ValueRange) -> bool:
        """Whether it is silent, and has values below this black or above this white."""
        if self.extremes is None:
            return False
        low, high = self.extremes
        return low < value_range.low or high > value_range.high

    @property
    def appearance(self) -> str:
        """The same for all files that show the same, however they were saved, as far as that is known."""
        return self.pixels or self.digest


class FactsOf(Protocol):
    """Who tells what a file is from its content: `facts_of`, or a sandbox of `crr.data.sandbox`."""

    def __call__(self, data: bytes, name: str, digest: str, *, decode: bool) -> FileFacts:
        """The facts of a file's content."""
        ...


def read_facts(
    paths: Sequence[Path],
    reporter: Reporter | None = None,
    *,
    decode: bool = True,
    shows: Shows | None = None,
    look: FactsOf | None = None,
) -> dict[Path, FileFacts]:
    """The facts of each file, in order; a bad one has its error.

    Args:
        paths: Image files.
        reporter: Told of each, in a stage that the caller has begun.
        decode: Whether the pixels of the first page are decoded, to know that they can be. Every page is
            of a file that does not say its range.
        shows: Asked of each that is decoded, whether it shows a part.
        look: Who looks into a file; `facts_of` if None. Another one is not asked what a file shows.
    """
    look = look or partial(facts_of, shows=shows)
    found = {}
    with ThreadPoolExecutor() as pool:
        for path, facts in zip(
            paths, pool.map(partial(_facts, decode=decode, look=look), paths), strict=True
        ):
            found[path] = facts
            if reporter is not None:
                reporter.advance(images=1)
    return found


def checked_digests(paths: Sequence[Path]) -> dict[Path, str]:
    """The digest of each file's content; raises `ImageError` for the first that is no good image."""
    facts = read_facts(paths)
    for fact in facts.values():
        if fact.error:
            raise ImageError(fact.error)
    return {path: fact.digest for path, fact in facts.items()}


def _facts(path: Path, decode: bool, look: FactsOf) -> FileFacts:
    try:
        data, _ = content_of(path, str(path))
    except ImageError as error:
        return FileFacts("", None, error=str(error))
    return look(data, str(path), hashlib.sha256(data).hexdigest(), decode=decode)


def facts_of(data: bytes, name: str, digest: str, *, decode: bool, shows: Shows | None = None) -> FileFacts:
    """The facts of a file's content.

    Args:
        data: The content.
        name: File name for error messages.
        digest: Of the content.
        decode: As for `read_facts`.
        shows: As for `read_facts`.
    """
    header = None
    try:
        if data.endswith(SHEET_MARK):
            raise ImageError(
                f"{name} is a sheet of synthetic damage that crr anomalies wrote, and no photo: move it away."
            )
        with open_image(data, name) as file:
            header = file.header
            return facts_in(file, name, digest, decode=decode, shows=shows)
    except ImageError as error:
        return FileFacts(digest, header, error=str(error))


def needs_pixels(header: ImageHeader) -> bool:
    """Whether the facts of a file are not known before it is decoded, even if nobody asks for that."""
    return header.depth.silent or _may_fill_either_end(header)


def facts_in(
    file: OpenImage, name: str, digest: str, *, decode: bool, shows: Shows | None = None
) -> FileFacts:
    """The facts of an open file, as of `facts_of`; raises `ImageError` if it cannot be decoded."""
    header = file.header
    if header.depth.silent:
        values, turn = deep_values(file, 0, name)
        pixels = _digest(turned(values, turn))
        several = len(header.pages) > 1
        pages = [_page_facts(page, several) for page in chain([values], _further_pages(file, name))]
        return FileFacts(
            digest,
            header,
            _span(page.extremes for page in pages),
            _span(page.bulk for page in pages),
            pixels=pixels,
            marker=next((page.marker for page in pages if page.marker is not None), None),
            pages=len({page.digest for page in pages}),
        )
    high = _has_high_bits(file, name)
    if not decode:
        return FileFacts(digest, header, high=high)
    image = upright_rgb(file, name, 0, 255, None)
    blank = shows is not None and not shows(image)
    return FileFacts(digest, header, blank=blank, pixels=_digest(image), high=high)


def _has_high_bits(file: OpenImage, name: str) -> bool | None:
    """Where the bits are that a file says are significant: `FileFacts.high`."""
    if not _may_fill_either_end(file.header):
        return None
    values, _ = deep_values(file, 0, name)
    colours = _colours(values)
    return fills_the_high_bits(colours, file.header.depth.bits) if colours.any() else None


def _may_fill_either_end(header: ImageHeader) -> bool:
    return header.format == "PNG" and 8 < header.depth.bits < 16


def _colours(values: NDArray[Any]) -> NDArray[Any]:
    return values[..., :3] if values.ndim == 3 else values


@dataclass(frozen=True)
class _PageFacts:
    """What the values of one page are, as `FileFacts` has it of all."""

    digest: str  # empty where there is no other page to tell it from
    extremes: Ends
    bulk: Ends
    marker: float | None


def _page_facts(values: NDArray[Any], several: bool) -> _PageFacts:
    colours = _colours(values)
    extremes = float(colours.min()), float(colours.max())
    digest = _digest(values) if several else ""
    return _PageFacts(digest, extremes, _bulk(colours, extremes), marker_among(colours))


def _span(ends: Iterable[Ends]) -> Ends:
    lows, highs = zip(*ends, strict=True)
    return min(lows), max(highs)


def _bulk(values: NDArray[Any], extremes: Ends) -> Ends:
    """The ends of values without the one in `_FEW` that is lowest, and the one that is highest."""
    few = values.size // _FEW
    if not few:
        return extremes
    last = values.size - 1 - few
    if values.dtype == np.uint16:  # by counting, three times as fast as by sorting
        low, high = np.searchsorted(np.cumsum(np.bincount(values.ravel())), [few, last], side="right")
    else:
        low, high = np.partition(values, [few, last], axis=None)[[few, last]]
    return float(low), float(high)


def _further_pages(file: OpenImage, name: str) -> Iterator[NDArray[Any]]:
    """The values of each page but the first; one that cannot be decoded says so when it is its turn."""
    for page in range(1, len(file.header.pages)):
        if page not in file.header.odd_pages:
            with suppress(Exception):  # decoders raise nearly anything
                yield deep_values(file, page, name)[0]


def _digest(pixels: NDArray[Any]) -> str:
    native = np.ascontiguousarray(pixels, pixels.dtype.newbyteorder("="))
    return hashlib.sha256(str(pixels.shape).encode() + native.data).hexdigest()
