"""What one visitor looks at; lives in the session and outlasts reruns and page switches."""

import re
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from crr.errors import CRRError
from crr.identity.index import IdentityIndex
from crr.types import Label
from workbench.basics.folders import content_of_folder, no_photos
from workbench.basics.pictures import digest_of
from workbench.inspection.batch import Batch
from workbench.inspection.image_file import sample_file
from workbench.inspection.inspector import ChoiceKey, Inspected, Inspector, ModelChoice
from workbench.inspection.labels import Labels
from workbench.inspection.samples import GallerySample
from workbench.inspection.uploads import Failure
from workbench.inspection.verdict import NO_VERDICT, LinkedLimit
from workbench.settings import Settings


class UploadedFile(Protocol):
    """A file as a browser sends it."""

    file_id: str
    name: str

    def getvalue(self) -> bytes:
        """Content of the file."""
        ...


class VisitorState:
    """One visitor's choice.

    Attributes:
        batch: The images that the visitor brought.
        labels: What is true of them.
        sample: Name of the sample that is shown, or was shown before an image of the batch.
        chosen: Whether the visitor chose what is shown; if not, a page may open with another sample.
        upload: Digest of the image of the batch that is shown, None while a sample is.
        factor: Strictness, see `workbench.inspection.verdict`; it goes with the visitor from image to image.
        opacity: Opacity of the map over the photo, in [0, 1].
        linked_limit: Limit that the link asks for, until it was turned into a factor.
        standard_indices: Key of an upload's file and a model choice to how much of the standard damage to it
            the model copies.
        passed_over: Name to reason of the files among those that arrived last that are no photos.
        listed: Digests of the images in the order of the list from which one was opened last.
    """

    def __init__(self, settings: Settings, sample: str, limit: LinkedLimit | None = None) -> None:
        self.batch = Batch(settings)
        self.labels = Labels()
        self.sample = sample
        self.chosen = False
        self.upload: str | None = None
        self.factor = 1.0
        self.opacity = 0.6
        self.linked_limit = limit
        self.standard_indices: dict[tuple[str, ChoiceKey], IdentityIndex] = {}
        self.passed_over: dict[str, str] = {}
        self.listed: tuple[str, ...] = ()
        self._settings = settings
        self._news = self._looks_aside = self._awaits_highest = False
        self._arrived: list[str] = []
        self._lately: frozenset[str] = frozenset()
        self._saved: tuple[Hashable, datetime] | None = None
        self._numbers: dict[str, int] = {}
        self._known_failures: frozenset[Failure] = frozenset()
        self._listed: dict[str, dict[str, tuple[str, str]]] = {}

    def saved_at(self, *what: Hashable) -> datetime:
        """When a file was saved of what the visitor sees now: another moment only if that is something else.

        Args:
            what: What the file depends on besides the images.
        """
        state = (self.batch.state, self.factor, self.opacity, *what)
        if self._saved is None or self._saved[0] != state:
            self._saved = (state, datetime.now().astimezone())
        return self._saved[1]

    @property
    def order(self) -> list[str]:
        """Digests of all images: those that were listed in that order, then the others by name."""
        there = self.batch.uploads
        by_name = sorted(there, key=lambda digest: _natural(there[digest].name))
        return list(dict.fromkeys([*(digest for digest in self.listed if digest in there), *by_name]))

    @property
    def known_labels(self) -> dict[str, Label]:
        """Digest to label, of those images that have one."""
        return self.labels.of(self.batch.uploads.values())

    @property
    def news(self) -> bool:
        """Whether images arrived since a sample was chosen last, so that how it went with them is news."""
        return self._news and not self._looks_aside

    def forget_found(self) -> None:
        """Forget what is found again when it is looked at."""
        self.batch.forget_found()

    def show_sample(self, name: str) -> None:
        """Look at a sample."""
        self.sample, self.chosen, self.upload = name, True, None
        self._news, self._awaits_highest, self.passed_over = False, False, {}
        self._known_failures = frozenset(self.batch.failures.values())

    def show_upload(self, digest: str) -> None:
        """Look at an image of the batch."""
        self.upload, self.chosen = digest, True
        self._looks_aside = self._awaits_highest = False

    def turn_to_highest(self, choice: ModelChoice) -> bool:
        """Look at the highest score among the images that arrived, unless the visitor chose one since.

        Returns:
            Whether what is shown changed.
        """
        before = self.upload
        if self._awaits_highest and before is not None:
            arrived = [row for row in self.batch.rows(choice) if row.digest in self._lately]
            for row in sorted(arrived, key=lambda row: row.verdict() in NO_VERDICT)[:1]:
                self.show_upload(row.digest)
        return self.upload != before

    def return_to_sample(self, name: str) -> None:
        """Look at a sample again for a moment; news of the images are news again when one is shown."""
        self.sample, self.chosen, self.upload, self._looks_aside = name, True, None, True

    def return_to_upload(self, number: int) -> bool:
        """Look at an image of the batch again; False if there is none of that number."""
        for digest, known in self._numbers.items():
            if known == number and digest in self.batch.uploads:
                self.show_upload(digest)
                return True
        return False

    @property
    def number(self) -> int | None:
        """Which of the visitor's images is shown, for the address; None while a sample is.

        Images are counted as they are shown first, so that the number says nothing about their content.
        """
        return None if self.upload is None else self._numbers.setdefault(self.upload, len(self._numbers) + 1)

    def take(self, files: Iterable[tuple[str, Callable[[], bytes]]]) -> None:
        """Add files as (name, how to read it); the first that can be inspected will be shown."""
        files = list(files)
        self.labels.hear(name for name, _ in files)
        self._arrived = self.batch.add(files)
        self._lately = frozenset(self._arrived)
        self._awaits_highest = len(self._arrived) > 1
        self._tell_news()

    def take_folder(self, folder: str) -> None:
        """Add the images of a folder of this machine; raises `DatasetError` if there are none."""
        found = content_of_folder(folder)
        self.take(found.photos)
        self._tell_news({name: reason for reason, names in found.passed_over.items() for name in names})

    def note(self, uploader: str, files: Iterable[UploadedFile]) -> None:
        """Remember what an uploader lists now: it forgets when its page is left, which is no removal.

        What is in one that was not seen in this visit is new: the window was open before the visit began.
        """
        if uploader not in self._listed:
            self._listed[uploader] = {}
            self.follow(uploader, files)
            return
        before = self._listed[uploader]
        files = list(files)
        aside = no_photos(file.name for file in files)
        self._listed[uploader] = {
            file.file_id: before.get(file.file_id)
            or ("" if file.name in aside else digest_of(file.getvalue()), file.name)
            for file in files
        }

    def follow(self, uploader: str, files: Iterable[UploadedFile]) -> None:
        """Add what the visitor added to an uploader's list, forget what the visitor took out of it.

        Masks, and files that computers leave beside photos, are passed over, and named in `passed_over`.
        """
        before = self._listed.setdefault(uploader, {})
        now = {file.file_id: file for file in files}
        self.note(uploader, now.values())  # at once, for the coming run may be interrupted
        kept = {before[file_id] for file_id in before.keys() & now.keys()}
        for digest, name in {before[file_id] for file_id in before.keys() - now.keys()} - kept:
            self.batch.forget(digest, name)
        if self.upload is not None and self.upload not in self.batch.uploads:
            self._turn_to_next([digest for digest, _ in before.values()])
        added = [file for file_id, file in now.items() if file_id not in before]
        aside = no_photos(file.name for file in now.values())
        photos = [(file.name, file.getvalue) for file in added if file.name not in aside]
        if photos:
            self.take(photos)
        passed_over = {file.name: aside[file.name] for file in added if file.name in aside}
        if passed_over:
            self._tell_news(passed_over)

    def _tell_news(self, passed_over: Mapping[str, str] | None = None) -> None:
        self._news, self._looks_aside, self.passed_over = True, False, dict(passed_over or {})
        self.batch.passed_over |= self.passed_over

    def _turn_to_next(self, listed: Sequence[str]) -> None:
        """Leave an image that is gone for the next one of a list, else the one before, else any other."""
        place = listed.index(self.upload) if self.upload in listed else len(listed)
        near = [*listed[place + 1 :], *reversed(listed[:place]), *self.batch.uploads]
        left = [digest for digest in dict.fromkeys(near) if digest in self.batch.uploads]
        self.upload = left[0] if left else None
        self._awaits_highest = False  # the visitor is at work on the list
        self._arrived = left  # the first of them may be damaged

    @property
    def problems(self) -> list[Failure]:
        """What could not be inspected of the images that are news, the newest first."""
        return [
            failure
            for failure in reversed(self.batch.failures.values())
            if failure not in self._known_failures
        ]

    @property
    def passed_over_sentence(self) -> str | None:
        """One sentence about files that are no photos and came along; None if there were none."""
        if not self.passed_over:
            return None
        count = len(self.passed_over)
        files = "1 file was" if count == 1 else f"{count} files were"
        reasons = "; ".join(dict.fromkeys(self.passed_over.values()))
        return f"{files} passed over, such as {next(iter(self.passed_over))}: {reasons}."

    def settle(self, choice: ModelChoice, inspector: Inspector) -> bool:
        """Turn to the first good image of those that arrived; True if what is shown changed.

        If the model is to blame for an error, another model can still be asked.
        """
        before = self.upload
        back = self.batch.set_aside(choice)
        self._arrived, self._awaits_highest = [*back, *self._arrived], self._awaits_highest or len(back) > 1
        for digest in self._arrived:
            if self.batch.inspect(digest, choice, inspector) is not None:
                awaits = self._awaits_highest
                self.show_upload(digest)
                self._awaits_highest = awaits
                break
        self._arrived = []
        if self.upload not in self.batch.uploads:
            self.upload = None
        return self.upload != before

    def inspect(
        self, samples: Mapping[str, GallerySample], choice: ModelChoice, inspector: Inspector
    ) -> Inspected:
        """Inspect what is shown."""
        if self.upload is not None:
            inspected = self.batch.inspect(self.upload, choice, inspector)
            if inspected is not None:
                return inspected
            self.upload = None
        return inspector.inspect(sample_file(samples[self.sample]), choice, memo=self.sample)

    def clear(self) -> None:
        """Forget every image that the visitor brought."""
        self.batch, self.labels = Batch(self._settings), Labels()
        self.upload, self._news, self.passed_over = None, False, {}
        self.standard_indices.clear()
        self._listed.clear()


def settle(visitor: VisitorState, choices: Iterable[ModelChoice], inspector: Inspector) -> bool:
    """Turn to the first good photo of those that arrived; a model that fails leaves it to the next.

    Returns:
        Whether what is shown changed.
    """
    for choice in choices:
        try:
            return visitor.settle(choice, inspector)
        except CRRError:
            continue  # the model's column says why
    return False


def _natural(name: str) -> list[tuple[int, str]]:
    """Sorts names as people do: "part 9" before "part 10"."""
    return [(int(part) if part.isdecimal() else 0, part) for part in re.split(r"(\d+)", name)]
