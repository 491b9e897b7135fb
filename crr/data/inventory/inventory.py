"""What one look at a data set, or at a list of images, found."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from crr.config import ValueRange
from crr.data.image_header import ImageHeader
from crr.data.inventory.facts import FileFacts
from crr.data.inventory.mask_survey import MaskSurvey
from crr.data.inventory.repeats import Repeats
from crr.data.masks import MaskRule

EXAMPLES = 5
"""How many are named of what is many."""


@dataclass(frozen=True)
class CategoryCount:
    """How many images of one category there are.

    Attributes:
        train: To learn from.
        good: Good test images.
        defective: Kind of defect to its test images.
        masked: Defective test images with a mask.
        copies: Of those to learn from, how many show the same as another and are left out; 0 if nobody read
            them.
    """

    train: int
    good: int
    defective: dict[str, int]
    masked: int
    copies: int = 0


@dataclass(frozen=True)
class Inventory:
    """What one look found. Nothing that a person put into a folder is left out of it.

    Attributes:
        root: The folder or table that was looked at; names are relative to it.
        layout: How it is arranged; "files" for a list of images.
        facts: Image file to what it is.
        categories: Name to its count; empty for a list of images.
        passed_over: Reason to the files that are not used for it.
        remarks: What was taken in a way that a person should know.
        unusable: Image to the sentence that says why it cannot be used.
        blank: Images that show no part; none if nobody asked.
        repeats: Photos that are there twice where they must not be.
        links: How many links were followed.
        mask_survey: How the masks are read, and which need a word.
        value_range: Black and white for files deeper than 8 bits that do not say it; None if all do.
        guessed: Whether that range was guessed from the images, and neither given nor the model's.
    """

    root: Path
    layout: str
    facts: Mapping[Path, FileFacts]
    categories: Mapping[str, CategoryCount] = field(default_factory=dict)
    passed_over: Mapping[str, Sequence[Path]] = field(default_factory=dict)
    remarks: Sequence[str] = ()
    unusable: Mapping[Path, str] = field(default_factory=dict)
    blank: Sequence[Path] = ()
    repeats: Repeats = field(default_factory=Repeats)
    links: int = 0
    mask_survey: MaskSurvey = field(default_factory=MaskSurvey)
    value_range: ValueRange | None = None
    guessed: bool = False

    @property
    def masks(self) -> MaskRule:
        """How the masks are read."""
        return self.mask_survey.rule

    @cached_property
    def headers(self) -> dict[Path, ImageHeader]:
        """What each image that can be used says of itself."""
        return {
            path: fact.header
            for path, fact in self.facts.items()
            if fact.header is not None and path not in self.unusable
        }

    @cached_property
    def copies(self) -> list[list[Path]]:
        """Files that show the same, two or more each."""
        groups: dict[str, list[Path]] = {}
        for path, fact in self.facts.items():
            if fact.appearance:
                groups.setdefault(fact.appearance, []).append(path)
        return [group for group in groups.values() if len(group) > 1]

    @property
    def of_unknown_range(self) -> list[Path]:
        """Files that do not say which value is white, and for which nothing tells it."""
        return [path for path, fact in self.facts.items() if fact.silent and path in self.unusable]

    @property
    def beyond_range(self) -> list[Path]:
        """Files with values below black or above white, by the range of those that do not say theirs."""
        by = self.value_range
        usable = {path: fact for path, fact in self.facts.items() if path not in self.unusable}
        return [path for path, fact in usable.items() if by is not None and fact.is_beyond(by)]

    @property
    def of_both_ends(self) -> dict[int, tuple[list[Path], list[Path]]]:
        """Bits that PNG files say they use of 16 to those with the upper ones and those with the lower ones.

        Only where there are both: whoever wrote them did not agree.
        """
        found: dict[int, tuple[list[Path], list[Path]]] = {}
        for path, header in self.headers.items():
            high = self.facts[path].high
            if high is not None:
                found.setdefault(header.depth.bits, ([], []))[0 if high else 1].append(path)
        return {bits: both for bits, both in found.items() if all(both)}

    @property
    def pages(self) -> dict[Path, int]:
        """Files with several pages or frames, and how many they have."""
        counts = {path: len(header.pages) for path, header in self.headers.items()}
        return {path: count for path, count in counts.items() if count > 1}

    @property
    def transparent(self) -> list[Path]:
        """Files with pixels that may be transparent, which are seen as white."""
        return [path for path, header in self.headers.items() if header.transparent]

    @property
    def unused_channels(self) -> dict[Path, int]:
        """Files with channels that are neither colour nor transparency, and how many a pixel has."""
        counts = {path: header.unused_channels for path, header in self.headers.items()}
        return {path: count for path, count in counts.items() if count}

    @property
    def unread(self) -> dict[Path, int]:
        """Files that announce pictures which are not read, and how many at least."""
        return {path: header.unread for path, header in self.headers.items() if header.unread}

    @property
    def kinds(self) -> dict[str, dict[str, int]]:
        """Formats, depths and colours of the images, and how many there are of each."""
        headers = self.headers.values()
        return {
            "formats": dict(Counter(header.format for header in headers)),
            "depths": dict(Counter(str(header.depth) for header in headers)),
            "colours": dict(Counter(header.colour for header in headers)),
        }

    @property
    def sizes(self) -> tuple[tuple[int, int], tuple[int, int]] | None:
        """(width, height) in pixels of the smallest and of the largest image; None without any."""
        sizes = [header.upright_size[::-1] for header in self.headers.values()]
        if not sizes:
            return None
        return min(sizes, key=_area), max(sizes, key=_area)

    def name_of(self, path: Path) -> str:
        """A file as it is named to a person: relative to what was looked at, if it lies there."""
        return str(path.relative_to(self.root)) if path.is_relative_to(self.root) else str(path)

    def as_json(self) -> dict[str, Any]:
        """Plain values: every file that needs a word, of those passed over the count and the first five."""
        return {
            "root": str(self.root),
            "layout": self.layout,
            "images": len(self.facts),
            "categories": {name: vars(count) for name, count in self.categories.items()},
            **self.kinds,
            "sizes": None if self.sizes is None else [list(size) for size in self.sizes],
            "links": self.links,
            "pages": {self.name_of(path): count for path, count in self.pages.items()},
            "transparent": self._names(self.transparent),
            "unused_channels": {self.name_of(path): count for path, count in self.unused_channels.items()},
            "bits_at_both_ends": {
                str(bits): {"upper": self._names(upper), "lower": self._names(lower)}
                for bits, (upper, lower) in self.of_both_ends.items()
            },
            "unread_pictures": {self.name_of(path): count for path, count in self.unread.items()},
            "copies": [self._names(group) for group in self.copies],
            "unusable": {self.name_of(path): sentence for path, sentence in self.unusable.items()},
            "blank": self._names(self.blank),
            "trained_and_tested": self._names(self.repeats.tested_training),
            "good_and_defective": [self._names(pair) for pair in self.repeats.good_and_defective],
            "empty_masks": self._names(self.mask_survey.empty),
            "inverted_masks": self._names(self.mask_survey.inverted),
            "full_masks": self._names(self.mask_survey.full),
            "mask_values": [*self.mask_survey.values],
            "turned_either_way": self._names(self.mask_survey.undecided),
            "passed_over": {
                reason: {"count": len(paths), "first": self._names(paths[:EXAMPLES])}
                for reason, paths in self.passed_over.items()
            },
            "remarks": [*self.remarks],
            "masks": vars(self.masks),
            "value_range": None if self.value_range is None else vars(self.value_range),
            "value_range_guessed": self.guessed,
        }

    def _names(self, paths: Iterable[Path]) -> list[str]:
        return [*map(self.name_of, paths)]


def _area(size: tuple[int, int]) -> int:
    return size[0] * size[1]
