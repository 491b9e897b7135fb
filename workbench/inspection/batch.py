"""The images one visitor brought: kept in the memory of that visitor's session and nowhere else."""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import TypeVar

from crr.errors import CRRError, ImageError
from crr.types import Verdict
from workbench.basics.cache import BoundedCache
from workbench.basics.pictures import digest_of
from workbench.inspection.image_file import ImageFile
from workbench.inspection.inspector import Inspected, Inspector, ModelChoice
from workbench.inspection.verdict import verdict_at
from workbench.settings import MEGABYTE, Settings


@dataclass(frozen=True)
class Upload:
    """A picture that a visitor brought, perhaps in several files.

    Attributes:
        digest: Identifies the content.
        names: What the files of this content are called, in the order they came.
        content: Content of each of these files.
    """

    digest: str
    names: tuple[str, ...]
    content: bytes

    @property
    def name(self) -> str:
        """The file name; of a picture in several files "a.png = b.png"."""
        more = len(self.names) - 2
        return " = ".join(self.names[:2]) + (f" and {more} more" if more > 0 else "")

    def file(self) -> ImageFile:
        """The picture's file, not decoded yet."""
        return ImageFile(self.name, lambda: self.content)


@dataclass(frozen=True, eq=False)  # the same file brought again fails anew
class Failure:
    """A picture that could not be inspected, perhaps in several files.

    Attributes:
        names: What the files are called, in the order they came.
        sentence: Why it could not be inspected, and what to do.
    """

    names: tuple[str, ...]
    sentence: str


@dataclass(frozen=True)
class BatchRow:
    """What the table says of an image; small, so that it stays when the maps had to go.

    The name is empty until the table is asked for, because more files of the picture may come.
    """

    digest: str
    thumbnail: str
    score: float
    limit: float
    percentile: float | None
    category: str | None
    known: bool
    name: str = ""

    def verdict(self, factor: float = 1.0) -> Verdict:
        """The verdict with the calibrated limit times `factor`."""
        return verdict_at(self.score, factor * self.limit)


Kept = TypeVar("Kept", Upload, Failure)


class Batch:
    """Uploads and what was found, within a number of images and bytes.

    Attributes:
        uploads: Digest to picture, in the order they came; one that cannot be inspected is not kept.
        failures: Digest (file name where the file could not even be read) to what went wrong.
        refused: Names of the files left out because the batch is full.
        model_errors: Key of a model choice to the sentence that says why model or device cannot answer now.
    """

    def __init__(self, settings: Settings) -> None:
        self.uploads: dict[str, Upload] = {}
        self.failures: dict[str, Failure] = {}
        self.refused: list[str] = []
        self.model_errors: dict[tuple[str, str], str] = {}
        self._settings = settings
        self._rows: dict[tuple[str, tuple[str, str]], BatchRow] = {}
        self._results: BoundedCache[Inspected] = BoundedCache(settings.session_bytes)

    def add(self, files: Iterable[tuple[str, Callable[[], bytes]]]) -> list[str]:
        """Take files as (name, how to read it); return the digests taken. The rest is in `refused`."""
        taken, self.refused = [], []
        for name, read in files:
            # Once something was left out, nothing more is read: a folder may hold thousands of images.
            if self.refused or len(self.uploads) >= self._settings.max_batch:
                self.refused.append(name)
                continue
            try:
                content = read()
            except ImageError as error:
                self.failures[name] = Failure((name,), str(error))
                continue
            self.failures.pop(name, None)
            digest = digest_of(content)
            if digest not in self.uploads and self._held + len(content) > self._settings.session_bytes:
                self.refused.append(name)
                continue
            # What failed before is tried again: perhaps for want of memory.
            before = self.uploads.get(digest) or self.failures.pop(digest, None)
            names = () if before is None else before.names
            self.uploads[digest] = Upload(digest, tuple(dict.fromkeys((*names, name))), content)
            taken.append(digest)
        return taken

    @property
    def _held(self) -> int:
        return sum(len(upload.content) for upload in self.uploads.values())

    @property
    def refusal(self) -> str | None:
        """One sentence about the files left out, None if there are none."""
        if not self.refused:
            return None
        files = "1 file was" if len(self.refused) == 1 else f"{len(self.refused)} files were"
        return (
            f"{files} left out, from {self.refused[0]} on: the table holds at most "
            f"{self._settings.max_batch} images and {self._settings.session_bytes // MEGABYTE} MB. "
            "Save the results, clear the table and add the rest; the command crr predict has no such limit."
        )

    def pending(self, choice: ModelChoice) -> list[Upload]:
        """Uploads that still have to be inspected."""
        return [upload for upload in self.uploads.values() if (upload.digest, choice.key) not in self._rows]

    def rows(self, choice: ModelChoice) -> list[BatchRow]:
        """What was found so far, highest score first."""
        found = [self._rows.get((digest, choice.key)) for digest in self.uploads]
        named = [replace(row, name=self.uploads[row.digest].name) for row in found if row is not None]
        return sorted(named, key=lambda row: row.score, reverse=True)

    def summary(self, choice: ModelChoice, factor: float = 1.0) -> str:
        """How it went, in a sentence: "9 of 10 inspected, 4 defective, 1 could not be inspected."."""
        rows = self.rows(choice)
        defective = sum(row.verdict(factor) == "defective" for row in rows)
        parts = [
            f"{len(rows)} of {len(self.uploads) + len(self.failures)} inspected",
            f"{defective} defective",
        ]
        if self.failures:
            parts.append(f"{len(self.failures)} could not be inspected")
        names = [upload.names for upload in self.uploads.values()]
        names += [failure.names for failure in self.failures.values()]
        copies = any(len(files) > 1 for files in names)
        return ", ".join(parts) + "." + (" Files that are the same picture share a row." if copies else "")

    def inspect(
        self, digest: str, choice: ModelChoice, inspector: Inspector, file: ImageFile | None = None
    ) -> Inspected | None:
        """An upload's inspection, recalled or done again; None if the file cannot be inspected.

        The upload's `file` is handed in where other models are asked about it too. Errors about the model
        or the device are raised, as they concern every image.
        """
        known = self._results.get((digest, choice.key))
        if known is not None:
            return known
        upload = self.uploads.get(digest)
        if upload is None:
            return None
        try:
            inspected = inspector.inspect(file or upload.file(), choice)
        except ImageError as error:
            self.failures[digest] = Failure(upload.names, str(error))
            del self.uploads[digest]
            return None
        inspection = inspected.inspection
        self._results.put((digest, choice.key), inspected, inspected.nbytes)
        self._rows[digest, choice.key] = BatchRow(
            digest=digest,
            thumbnail=inspected.picture.thumbnail,
            score=inspection.score,
            limit=inspection.threshold,
            percentile=inspection.percentile,
            category=inspection.category,
            known=inspection.known,
        )
        return inspected

    def inspect_some(self, choice: ModelChoice, inspector: Inspector, seconds: float) -> None:
        """Inspect pending uploads one by one for about `seconds`, at least one.

        An error about the model or the device ends it and goes to `model_errors`.
        """
        end = time.perf_counter() + seconds
        for upload in self.pending(choice):
            try:
                self.inspect(upload.digest, choice, inspector)
            except CRRError as error:
                self.model_errors[choice.key] = str(error)
                return
            if time.perf_counter() > end:
                return

    def forget(self, digest: str, name: str) -> None:
        """Forget a file of a picture; with the last one goes everything found about the picture."""
        _drop_name(self.uploads, digest, name)
        _drop_name(self.failures, digest, name)
        if digest not in self.uploads:
            for key in [key for key in self._rows if key[0] == digest]:
                del self._rows[key]
                self._results.drop(key)


def _drop_name(pictures: dict[str, Kept], digest: str, name: str) -> None:
    if digest in pictures:
        names = tuple(other for other in pictures[digest].names if other != name)
        pictures[digest] = replace(pictures[digest], names=names)
        if not names:
            del pictures[digest]
