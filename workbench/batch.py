"""The images one visitor brought: kept in the memory of that visitor's session and nowhere else."""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from crr.checkpoint import CheckpointInfo
from crr.errors import CRRError, ImageError
from crr.types import Verdict
from workbench.inspection import Inspected, Inspector
from workbench.judgement import verdict_at
from workbench.memory import BoundedCache
from workbench.pictures import digest_of
from workbench.settings import MEGABYTE, Settings


@dataclass(frozen=True)
class Upload:
    """A file that a visitor brought."""

    digest: str
    name: str
    content: bytes


@dataclass(frozen=True)
class Row:
    """What the table says of an image; small, so that it stays when the maps had to go."""

    digest: str
    name: str
    thumbnail: str
    score: float
    limit: float
    percentile: float | None
    category: str | None
    known: bool

    def verdict(self, factor: float = 1.0) -> Verdict:
        """The verdict with the calibrated limit times `factor`."""
        return verdict_at(self.score, factor * self.limit)


@dataclass(frozen=True)
class Question:
    """Who is asked about the images: a model on a device."""

    model: CheckpointInfo
    device: str

    @property
    def key(self) -> tuple[str, str]:
        """Equal for questions with the same answers."""
        return (self.model.revision, self.device)


class Batch:
    """Uploads and what was found, within a number of images and bytes.

    Attributes:
        uploads: Digest to file, in the order they came; a file that cannot be read is not kept.
        failures: Digest (file name where the file could not even be opened) to (file name, sentence that
            says why it could not be inspected).
        refused: Names of the files left out because the batch is full.
        trouble: Question to the sentence that says why the model or the device cannot answer it now.
    """

    def __init__(self, settings: Settings) -> None:
        self.uploads: dict[str, Upload] = {}
        self.failures: dict[str, tuple[str, str]] = {}
        self.refused: list[str] = []
        self.trouble: dict[tuple[str, str], str] = {}
        self._settings = settings
        self._rows: dict[tuple[str, tuple[str, str]], Row] = {}
        self._results: BoundedCache[Inspected] = BoundedCache(settings.session_bytes)

    def add(self, files: Iterable[tuple[str, Callable[[], bytes]]]) -> list[str]:
        """Take files as (name, how to read it); return the digests taken. The rest is in `refused`."""
        taken, self.refused = [], []
        for name, read in files:
            if len(self.uploads) >= self._settings.max_batch:
                self.refused.append(name)
                continue
            try:
                content = read()
            except OSError as error:
                self.failures[name] = (
                    name,
                    f"{name} cannot be opened ({error.strerror}). Check its permissions.",
                )
                continue
            digest = digest_of(content)
            if digest not in self.uploads:
                if self._held + len(content) > self._settings.session_bytes:
                    self.refused.append(name)
                    continue
                self.uploads[digest] = Upload(digest, name, content)
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
            "Save the results, clear the table and add the rest."
        )

    def pending(self, question: Question) -> list[Upload]:
        """Uploads that still have to be inspected."""
        return [upload for upload in self.uploads.values() if (upload.digest, question.key) not in self._rows]

    def rows(self, question: Question) -> list[Row]:
        """What was found so far, highest score first."""
        found = [self._rows.get((digest, question.key)) for digest in self.uploads]
        return sorted((row for row in found if row is not None), key=lambda row: row.score, reverse=True)

    def inspect(self, digest: str, question: Question, inspector: Inspector) -> Inspected | None:
        """An upload's inspection, recalled or done again; None if the file cannot be inspected.

        Errors about the model or the device are raised, as they concern every image.
        """
        known = self._results.get((digest, question.key))
        if known is not None:
            return known
        upload = self.uploads[digest]
        try:
            inspected = inspector.inspect(upload.content, upload.name, question.model, question.device)
        except ImageError as error:
            self.failures[digest] = (upload.name, str(error))
            del self.uploads[digest]
            return None
        inspection = inspected.inspection
        self._results.put((digest, question.key), inspected, inspected.nbytes)
        self._rows[digest, question.key] = Row(
            digest=digest,
            name=upload.name,
            thumbnail=inspected.picture.thumbnail,
            score=inspection.score,
            limit=inspection.threshold,
            percentile=inspection.percentile,
            category=inspection.category,
            known=inspection.known,
        )
        return inspected

    def inspect_some(self, question: Question, inspector: Inspector, seconds: float) -> None:
        """Inspect pending uploads one by one for about `seconds`, at least one.

        An error about the model or the device ends it and goes to `trouble`.
        """
        end = time.perf_counter() + seconds
        for upload in self.pending(question):
            try:
                self.inspect(upload.digest, question, inspector)
            except CRRError as error:
                self.trouble[question.key] = str(error)
                return
            if time.perf_counter() > end:
                return

    def remove(self, digest: str) -> None:
        """Forget a file and everything found about it."""
        self.uploads.pop(digest, None)
        self.failures.pop(digest, None)
        for key in [key for key in self._rows if key[0] == digest]:
            del self._rows[key]
            self._results.drop(key)
