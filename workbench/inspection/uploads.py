"""A picture that a visitor brought, what was found in it, and why another could not be inspected."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import get_args

from crr.config import ValueRange
from crr.data.inventory.facts import FileFacts
from crr.data.inventory.guessing import guess, not_guessed
from crr.data.sandbox.messages import Limits
from crr.data.sandbox.sandbox import Sandbox
from crr.errors import ConfigError
from crr.types import Verdict, verdict_of
from workbench.inspection.image_file import ImageFile
from workbench.settings import settings


@cache
def sandbox() -> Sandbox:
    """Where the files of all visitors are decoded, within the memory that the settings give to one."""
    return Sandbox(limits=Limits(memory=settings().image_bytes))


@dataclass(frozen=True)
class Upload:
    """A picture that a visitor brought: a page of a file's content, which may have come in several files.

    Attributes:
        source: Identifies the content.
        names: What the files of this content are called, in the order they came.
        content: Content of each of these files.
        page: Which of its pages, from 0.
        pages: How many it has.
        facts: What its content is; None if that cannot be told.
    """

    source: str
    names: tuple[str, ...]
    content: bytes
    page: int = 0
    pages: int = 1
    facts: FileFacts | None = None

    @property
    def silent(self) -> bool:
        """Whether it is deeper than 8 bits and does not say which value is white."""
        return self.facts is not None and self.facts.silent

    @property
    def is_large(self) -> bool:
        """Whether decoding it takes hundreds of megabytes."""
        if self.facts is None or self.facts.header is None:
            return False
        return self.facts.header.pixels > sandbox().limits.usual_pixels

    @property
    def digest(self) -> str:
        """Identifies the picture."""
        return self.source if self.page == 0 else f"{self.source}-{self.page + 1}"

    @property
    def name(self) -> str:
        """The file name and the page; of a picture in several files "a.png = b.png"."""
        return joined_names(self.names) + (f", page {self.page + 1}" if self.pages > 1 else "")

    def file(self, value_range: ValueRange | None = None) -> ImageFile:
        """The picture's file, not decoded yet; `value_range` holds if it does not say its own.

        It will be decoded in a process apart.
        """
        known = value_range if self.silent else None
        return ImageFile(self.name, lambda: self.content, self.page, known, sandbox().decode, self.is_large)


def pages_of(digest: str, name: str, content: bytes) -> list[Upload]:
    """The pictures in a file's content, one a page; what cannot be read is one, and fails when asked for."""
    facts = sandbox().facts_of(content, name, digest, decode=False)
    if facts.error or facts.header is None:
        return [Upload(digest, (name,), content)]
    count = len(facts.header.pages)
    return [Upload(digest, (name,), content, page, count, facts) for page in range(count)]


def guessed_range(uploads: Iterable[Upload]) -> ValueRange | None:
    """Black and white of photos that do not say it, by all of them; None if all do, or nothing tells it."""
    try:
        return guess(_facts_of(uploads))[0]
    except ConfigError:
        return None


def why_not_guessed(uploads: Iterable[Upload]) -> dict[str, str]:
    """Digest of each file for which nothing tells the range to the end of a sentence that says why."""
    facts = _facts_of(uploads)
    try:
        return guess(facts)[1]
    except ConfigError as error:
        return dict.fromkeys(facts, f"cannot be read yet: {error}") | not_guessed(facts)


def _facts_of(uploads: Iterable[Upload]) -> dict[str, FileFacts]:
    """What each file's content is, by its digest."""
    return {upload.source: upload.facts for upload in uploads if upload.facts is not None}


@dataclass(frozen=True, eq=False)  # the same file brought again fails anew
class Failure:
    """A picture that could not be inspected, perhaps in several files.

    Attributes:
        names: What the files are called, in the order they came.
        sentence: Why it could not be inspected, and what to do.
        upload: The picture, if it can be inspected once it is known which value is white.
    """

    names: tuple[str, ...]
    sentence: str
    upload: Upload | None = None


@dataclass(frozen=True)
class BatchRow:
    """What the table says of an image; small, so that it stays when the maps had to go.

    Name and names are empty until the table is asked for, because more files of the picture may come.
    """

    digest: str
    thumbnail: str
    score: float
    limit: float
    usual: float
    percentile: float | None
    category: str | None
    known: bool
    name: str = ""
    names: tuple[str, ...] = ()
    seen: bool = True
    page: int = 1
    pages: int = 1
    value_range: str = ""

    @property
    def files(self) -> str:
        """The names of all its files, and the page, if there are several."""
        return " = ".join(self.names) + (f", page {self.page}" if self.pages > 1 else "")

    def verdict(self, factor: float = 1.0) -> Verdict:
        """The verdict with the calibrated limit times `factor`."""
        return verdict_of(self.score, factor * self.limit, self.usual, known=self.known, seen=self.seen)


@dataclass(frozen=True)
class BatchSnapshot:
    """What a batch holds at one moment: files are made of it while more photos are inspected.

    Attributes:
        uploads: Every picture that can be inspected, in the order they came.
        rows: What was found so far, highest score over its limit first.
        failures: What could not be inspected.
        left_out: The files for which there was no room.
        passed_over: The files that are no photos.
        waits_because: Why the pictures without a row have none, a sentence.
    """

    uploads: tuple[Upload, ...]
    rows: tuple[BatchRow, ...]
    failures: tuple[Failure, ...]
    left_out: tuple[Failure, ...]
    passed_over: tuple[Failure, ...]
    waits_because: str

    @property
    def waiting(self) -> list[Upload]:
        """Pictures that are not inspected yet."""
        inspected = {row.digest for row in self.rows}
        return [upload for upload in self.uploads if upload.digest not in inspected]

    @property
    def counts(self) -> list[str]:
        """How many files are what: "9 of 10 inspected", "1 could not be inspected"."""
        counted = [f"{len(self.rows)} of {len(self.uploads) + len(self.failures)} inspected"]
        others = (
            (self.waiting, "not inspected yet"),
            (self.failures, "could not be inspected"),
            (self.left_out, "left out"),
        )
        return counted + [f"{len(pictures)} {why}" for pictures, why in others if pictures]

    @property
    def complete(self) -> bool:
        """Whether every file that was brought has been inspected."""
        return not (self.waiting or self.failures or self.left_out)

    def summary(self, factor: float = 1.0) -> str:
        """How it went: "9 of 10 inspected: 4 defective, 2 to check by hand, 3 normal, 1 left out."."""
        verdicts = Counter(row.verdict(factor) for row in self.rows)
        found = [
            f"{verdicts[verdict]} {'to ' if verdict == 'check by hand' else ''}{verdict}"
            for verdict in get_args(Verdict)
            if verdicts[verdict] or verdict == "defective"
        ]
        inspected, *others = self.counts
        names = [*(upload.names for upload in self.uploads), *(failure.names for failure in self.failures)]
        copies = any(len(files) > 1 for files in names)
        said = " Files that are the same picture share a row." if copies else ""
        return f"{inspected}: {', '.join([*found, *others])}.{said}"


def joined_names(names: tuple[str, ...]) -> str:
    """The names of the files that hold the same picture, as one: "a.png = b.png and 3 more"."""
    more = len(names) - 2
    return " = ".join(names[:2]) + (f" and {more} more" if more > 0 else "")
