"""The images one visitor brought: kept in the memory of that visitor's session and nowhere else."""

import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from threading import RLock
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

    Name and names are empty until the table is asked for, because more files of the picture may come.
    """

    digest: str
    thumbnail: str
    score: float
    limit: float
    percentile: float | None
    category: str | None
    known: bool
    name: str = ""
    names: tuple[str, ...] = ()

    def verdict(self, factor: float = 1.0) -> Verdict:
        """The verdict with the calibrated limit times `factor`."""
        return verdict_at(self.score, factor * self.limit)


@dataclass(frozen=True)
class BatchSnapshot:
    """What a batch holds at one moment: files are made of it while more photos are inspected.

    Attributes:
        uploads: Every picture that can be inspected, in the order they came.
        rows: What was found so far, highest score first.
        failures: What could not be inspected.
        left_out: The files for which there was no room.
        waits_because: Why the pictures without a row have none, a sentence.
    """

    uploads: tuple[Upload, ...]
    rows: tuple[BatchRow, ...]
    failures: tuple[Failure, ...]
    left_out: tuple[Failure, ...]
    waits_because: str

    @property
    def waiting(self) -> list[Upload]:
        """Pictures that are not inspected yet."""
        inspected = {row.digest for row in self.rows}
        return [upload for upload in self.uploads if upload.digest not in inspected]

    @property
    def complete(self) -> bool:
        """Whether every file that was brought has been inspected."""
        return not (self.waiting or self.failures or self.left_out)


Kept = TypeVar("Kept", Upload, Failure)


class Batch:
    """Uploads and what was found, within a number of images and bytes; a snapshot may be taken meanwhile.

    Attributes:
        uploads: Digest to picture, in the order they came; one that cannot be inspected is not kept.
        failures: Digest (file name where the file could not even be read) to what went wrong.
        refused: Names of the files left out of what was added last, because the batch is full.
        left_out: Every file left out so far, with the reason.
        model_errors: Key of a model choice to the sentence that says why model or device cannot answer now.
        paused: Whether the visitor paused the inspection of what is pending.
    """

    def __init__(self, settings: Settings) -> None:
        self.uploads: dict[str, Upload] = {}
        self.failures: dict[str, Failure] = {}
        self.refused: list[str] = []
        self.left_out: list[Failure] = []
        self.model_errors: dict[tuple[str, str], str] = {}
        self.paused = False
        self._settings = settings
        self._rows: dict[tuple[str, tuple[str, str]], BatchRow] = {}
        self._results: BoundedCache[Inspected] = BoundedCache(settings.session_bytes)
        self._lock = RLock()  # a picture is never in two lists of a snapshot, nor in none

    def add(self, files: Iterable[tuple[str, Callable[[], bytes]]]) -> list[str]:
        """Take files as (name, how to read it); return the digests taken. The rest is in `refused`."""
        taken, self.refused, self.paused = [], [], False
        asked = set()
        for name, read in files:
            asked.add(name)
            # Once something was left out, nothing more is read: a folder may hold thousands of images.
            if self.refused or len(self.uploads) >= self._settings.max_batch:
                self.refused.append(name)
                continue
            try:
                content = read()
            except ImageError as error:
                with self._lock:
                    self.failures[name] = Failure((name,), str(error))
                continue
            digest = digest_of(content)
            if digest not in self.uploads and self._held + len(content) > self._settings.session_bytes:
                self.refused.append(name)
                continue
            self._take(digest, name, content)
            taken.append(digest)
        before = [failure for failure in self.left_out if failure.names[0] not in asked]
        self.left_out = before + [Failure((name,), f"Left out: {self._limits}.") for name in self.refused]
        return taken

    def _take(self, digest: str, name: str, content: bytes) -> None:
        with self._lock:
            self.failures.pop(name, None)
            # What failed before is tried again: perhaps for want of memory.
            before = self.uploads.get(digest) or self.failures.pop(digest, None)
            names = () if before is None else before.names
            self.uploads[digest] = Upload(digest, tuple(dict.fromkeys((*names, name))), content)

    @property
    def _limits(self) -> str:
        megabytes = self._settings.session_bytes // MEGABYTE
        return f"the table holds at most {self._settings.max_batch} images and {megabytes} MB"

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
            f"{files} left out, from {self.refused[0]} on: {self._limits}. "
            "Save the results, clear the table and add the rest; the command crr predict has no such limit."
        )

    def pending(self, choice: ModelChoice) -> list[Upload]:
        """Uploads that still have to be inspected."""
        return [upload for upload in self.uploads.values() if (upload.digest, choice.key) not in self._rows]

    def rows(self, choice: ModelChoice) -> list[BatchRow]:
        """What was found so far, highest score first."""
        return list(self.snapshot(choice).rows)

    def snapshot(self, choice: ModelChoice) -> BatchSnapshot:
        """What the batch holds now, as one model sees it."""
        with self._lock:
            uploads, failures = tuple(self.uploads.values()), tuple(self.failures.values())
            found = [(upload, self._rows.get((upload.digest, choice.key))) for upload in uploads]
        rows = [
            replace(row, name=upload.name, names=upload.names) for upload, row in found if row is not None
        ]
        return BatchSnapshot(
            uploads,
            tuple(sorted(rows, key=lambda row: row.score, reverse=True)),
            failures,
            tuple(self.left_out),
            self.model_errors.get(choice.key) or "Not inspected yet when this was saved.",
        )

    def summary(self, choice: ModelChoice, factor: float = 1.0) -> str:
        """How it went, in a sentence: "9 of 10 inspected, 4 defective, 1 could not be inspected."."""
        held = self.snapshot(choice)
        verdicts = Counter(row.verdict(factor) for row in held.rows)
        counts = {"defective": 0, **verdicts}
        parts = [f"{len(held.rows)} of {len(held.uploads) + len(held.failures)} inspected"]
        parts += [f"{count} {verdict}" for verdict, count in counts.items() if verdict != "normal"]
        if held.failures:
            parts.append(f"{len(held.failures)} could not be inspected")
        if held.left_out:
            parts.append(f"{len(held.left_out)} left out")
        names = [picture.names for picture in held.uploads] + [failure.names for failure in held.failures]
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
            with self._lock:  # a file may have come meanwhile, or the picture may have been taken out
                upload = self.uploads.pop(digest, None)
                if upload is not None:
                    self.failures[digest] = Failure(upload.names, str(error))
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
        with self._lock:
            here = digest in self.uploads or digest in self.failures
            _drop_name(self.uploads, digest, name)
            _drop_name(self.failures, digest, name)
            if not here:
                self.left_out = [failure for failure in self.left_out if failure.names != (name,)]
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
