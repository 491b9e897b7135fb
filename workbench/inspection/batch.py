"""The images one visitor brought: kept in the memory of that visitor's session and nowhere else."""

import time
from collections.abc import Callable, Container, Hashable, Iterable
from dataclasses import replace
from threading import Lock, RLock
from typing import TypeVar
from weakref import WeakSet

from crr.config import ValueRange
from crr.errors import CRRError, ImageError
from crr.metrics.score_ratios import score_ratio
from crr.types import usual_score
from workbench.basics.cache import BoundedCache, pool_of
from workbench.basics.pictures import digest_of
from workbench.basics.places import for_visitors
from workbench.inspection.image_file import ImageFile
from workbench.inspection.inspector import ChoiceKey, Inspected, Inspector, ModelChoice
from workbench.inspection.uploads import (
    BatchRow,
    BatchSnapshot,
    Failure,
    Upload,
    guessed_range,
    pages_of,
    why_not_guessed,
)
from workbench.settings import MEGABYTE, Settings

Kept = TypeVar("Kept", Upload, Failure)

_batches: "WeakSet[Batch]" = WeakSet()
_of_all = Lock()  # a set that is gone through may not grow


class Batch:
    """Uploads and what was found, within a number of images and bytes; a snapshot may be taken meanwhile.

    Attributes:
        uploads: Digest to picture, in the order they came; one that cannot be inspected is not kept.
        failures: Digest (file name where the file could not even be read) to what went wrong.
        refused: Names of the files left out of what was added last, because the batch is full.
        left_out: Every file left out so far, with the reason.
        passed_over: Name to reason of every file so far that is no photo.
        chosen_range: Which values the visitor says are black and white in photos that do not say it.
        model_errors: Key of a model choice to the sentence that says why model or device cannot answer now.
        paused: Whether the visitor paused the inspection of what is pending.
    """

    def __init__(self, settings: Settings) -> None:
        self.uploads: dict[str, Upload] = {}
        self.failures: dict[str, Failure] = {}
        self.refused: list[str] = []
        self.left_out: list[Failure] = []
        self.passed_over: dict[str, str] = {}
        self.chosen_range: ValueRange | None = None
        self.model_errors: dict[ChoiceKey, str] = {}
        self.paused = False
        self._settings = settings
        self._rows: dict[tuple[str, ChoiceKey], BatchRow] = {}
        self._results: BoundedCache[Inspected] = BoundedCache(
            settings.session_bytes, pool_of(settings.result_bytes)
        )
        self._lock = RLock()  # a picture is never in two lists of a snapshot, nor in none
        with _of_all:
            _batches.add(self)

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
            known = self._known_pages(digest)
            pages = known or pages_of(digest, name, content)
            if not known and not self._has_room(len(pages), len(content)):
                self.refused.append(name)
                continue
            self._take(pages, name)
            taken += [page.digest for page in pages]
        before = [failure for failure in self.left_out if failure.names[0] not in asked]
        self.left_out = before + [Failure((name,), f"Left out: {self._limits}.") for name in self.refused]
        return taken

    def _take(self, pages: list[Upload], name: str) -> None:
        guessed = self.guessed_range
        with self._lock:
            self.failures.pop(name, None)
            for page in pages:
                # What failed before is tried again: perhaps for want of memory.
                before = self.uploads.get(page.digest) or self.failures.pop(page.digest, None)
                names = () if before is None else before.names
                self.uploads[page.digest] = replace(page, names=tuple(dict.fromkeys((*names, name))))
        if self.guessed_range != guessed:
            self._read_anew()

    @property
    def state(self) -> Hashable:
        """Another whenever something is brought, found, taken out or read otherwise."""
        with self._lock:
            held = tuple((upload.digest, upload.names) for upload in self.uploads.values())
            failed = tuple(failure.names for failure in self.failures.values())
            return held, failed, len(self.left_out), len(self.passed_over), len(self._rows), self.chosen_range

    @property
    def guessed_range(self) -> ValueRange | None:
        """Black and white of photos that do not say it, by all of them; None if nothing tells it."""
        return guessed_range(self._brought)

    def range_for(self, choice: ModelChoice) -> ValueRange | None:
        """Black and white of photos that do not say it: the visitor's, the model's, or the guess."""
        return self.chosen_range or choice.model.value_range or self.guessed_range

    def open(self, upload: Upload, choice: ModelChoice, shared: ImageFile | None = None) -> ImageFile:
        """A picture's file as a model reads it; that which others `shared` if they read it likewise.

        Where nothing tells this model which value is white, it reads the picture as the others do.
        """
        value_range = self.range_for(choice)
        if shared is not None and (
            value_range is None or shared.value_range == value_range or not upload.silent
        ):
            return shared
        return upload.file(value_range)

    def set_aside(self, choice: ModelChoice) -> list[str]:
        """Put photos aside for which nothing tells which value is white; take back those it is told for.

        Returns:
            The digests of the pictures that were taken back.
        """
        told = self.chosen_range or choice.model.value_range
        with self._lock:
            reasons = {} if told else why_not_guessed(self._brought)
            back = [upload for upload in self.asking if upload.source not in reasons]
            for upload in [*self.uploads.values()]:
                if upload.silent and upload.source in reasons:
                    del self.uploads[upload.digest]
                    sentence = f"{upload.name} {reasons[upload.source]}"
                    self.failures[upload.digest] = Failure(upload.names, sentence, upload)
            for upload in back:
                failure = self.failures.pop(upload.digest)
                self.uploads[upload.digest] = replace(upload, names=failure.names)
        return [upload.digest for upload in back]

    @property
    def asking(self) -> list[Upload]:
        """Pictures that wait among the failures until it is known which of their values is white."""
        with self._lock:
            return [failure.upload for failure in self.failures.values() if failure.upload is not None]

    @property
    def _brought(self) -> list[Upload]:
        """All pictures that are held, those that wait too."""
        with self._lock:
            return [*self.uploads.values(), *self.asking]

    def choose_range(self, value_range: ValueRange | None) -> None:
        """Say which values are black and white in photos that do not; None goes back to the guess."""
        if value_range != self.chosen_range:
            self.chosen_range = value_range
            self._read_anew()

    def _read_anew(self) -> None:
        """Forget what was found in photos whose values are read otherwise from now on."""
        with self._lock:
            self._drop_rows({upload.digest for upload in self.uploads.values() if upload.silent})

    def _drop_rows(self, digests: Container[str]) -> None:
        for key in [key for key in self._rows if key[0] in digests]:
            del self._rows[key]
            self._results.drop(key)

    def _known_pages(self, source: str) -> list[Upload]:
        return [upload for upload in self._brought if upload.source == source]

    def _has_room(self, pages: int, size: int) -> bool:
        images, most = len(self._brought) + pages, self._settings.max_batch
        return images <= most and self._held + size <= self._settings.session_bytes

    @property
    def _limits(self) -> str:
        megabytes = self._settings.session_bytes // MEGABYTE
        return f"the table holds at most {self._settings.max_batch} images and {megabytes} MB"

    @property
    def _held(self) -> int:
        """Bytes of the files."""
        return sum(len(upload.content) for upload in self._brought if upload.page == 0)

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
        """What was found so far, highest score over its limit first."""
        return list(self.snapshot(choice).rows)

    def snapshot(self, choice: ModelChoice) -> BatchSnapshot:
        """What the batch holds now, as one model sees it."""
        with self._lock:
            uploads, failures = tuple(self.uploads.values()), tuple(self.failures.values())
            found = [(upload, self._rows.get((upload.digest, choice.key))) for upload in uploads]
        rows = [
            replace(
                row,
                name=upload.name,
                names=upload.names,
                page=upload.page + 1,
                pages=upload.pages,
            )
            for upload, row in found
            if row is not None
        ]
        return BatchSnapshot(
            uploads,
            tuple(sorted(rows, key=lambda row: score_ratio(row.score, row.limit), reverse=True)),
            failures,
            tuple(self.left_out),
            tuple(Failure((name,), f"Passed over: {reason}.") for name, reason in self.passed_over.items()),
            self.model_errors.get(choice.key) or "Not inspected yet when this was saved.",
        )

    def summary(self, choice: ModelChoice, factor: float = 1.0) -> str:
        """How it went, in a sentence."""
        return self.snapshot(choice).summary(factor)

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
            file = self.open(upload, choice, file)
            inspected = inspector.inspect(file, choice)
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
            usual=usual_score(inspection.normal_scores),
            percentile=inspection.percentile,
            category=inspection.category,
            known=inspection.known,
            seen=inspection.seen,
            value_range=str(file.value_range or ""),
        )
        return inspected

    def inspect_some(self, choice: ModelChoice, inspector: Inspector, seconds: float) -> None:
        """Inspect pending uploads one by one for about `seconds`, at least one.

        An error about the model or the device ends it and goes to `model_errors`.
        """
        end = time.perf_counter() + seconds
        self.set_aside(choice)
        for upload in self.pending(choice):
            try:
                self.inspect(upload.digest, choice, inspector)
            except CRRError as error:
                self.model_errors[choice.key] = for_visitors(error)
                return
            if time.perf_counter() > end:
                return

    def forget_found(self) -> None:
        """Forget what is found again when it is looked at; the table stays."""
        self._results.clear()

    def forget(self, digest: str, name: str) -> None:
        """Forget a file of some content; with the last one goes everything found about its pictures."""
        guessed = self.guessed_range
        with self._lock:
            pages = [upload.digest for upload in self._known_pages(digest)]
            here = bool(pages) or digest in self.failures
            for page in {digest, *pages}:
                _drop_name(self.uploads, page, name)
                _drop_name(self.failures, page, name)
            if not here:
                self.passed_over.pop(name, None)
                self.left_out = [failure for failure in self.left_out if failure.names != (name,)]
            self._drop_rows({page for page in pages if page not in self.uploads})
        if self.guessed_range != guessed:
            self._read_anew()


def contents_in_batches() -> dict[int, int]:
    """Identity to bytes of each file's content that visitors of this process have in their tables."""
    with _of_all:
        batches = [*_batches]
    found: dict[int, int] = {}
    for batch in batches:
        with batch._lock:
            found |= {id(upload.content): len(upload.content) for upload in batch._brought}
    return found


def _drop_name(pictures: dict[str, Kept], digest: str, name: str) -> None:
    if digest in pictures:
        names = tuple(other for other in pictures[digest].names if other != name)
        pictures[digest] = replace(pictures[digest], names=names)
        if not names:
            del pictures[digest]
