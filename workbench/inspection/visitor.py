"""What one visitor looks at; lives in the session and outlasts reruns and page switches."""

from collections.abc import Callable, Iterable, Mapping
from typing import Protocol

from crr.errors import CRRError
from crr.identity.index import IdentityIndex
from workbench.basics.folders import images_in
from workbench.basics.pictures import digest_of
from workbench.inspection.batch import Batch, Failure
from workbench.inspection.image_file import sample_file
from workbench.inspection.inspector import ChoiceKey, Inspected, Inspector, ModelChoice
from workbench.inspection.samples import GallerySample
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
        sample: Name of the sample that is shown, or was shown before an image of the batch.
        upload: Digest of the image of the batch that is shown, None while a sample is.
        factor: Strictness, see `workbench.inspection.verdict`; it goes with the visitor from image to image.
        opacity: Opacity of the map over the photo, in [0, 1].
        linked_threshold: Threshold that the link asks for, until it was turned into a factor.
        standard_indices: Digest of an upload and a model choice to how much of the standard damage to it the
            model copies.
        news: Whether images arrived since a sample was chosen last, so that what was wrong with them is news.
    """

    def __init__(self, settings: Settings, sample: str, threshold: float | None = None) -> None:
        self.batch = Batch(settings)
        self.sample = sample
        self.upload: str | None = None
        self.factor = 1.0
        self.opacity = 0.6
        self.linked_threshold = threshold
        self.standard_indices: dict[tuple[str, ChoiceKey], IdentityIndex] = {}
        self.news = False
        self._settings = settings
        self._arrived: list[str] = []
        self._known_failures: frozenset[Failure] = frozenset()
        self._listed: dict[str, dict[str, tuple[str, str]]] = {}

    def show_sample(self, name: str) -> None:
        """Look at a sample."""
        self.sample, self.upload, self.news = name, None, False
        self._known_failures = frozenset(self.batch.failures.values())

    def show_upload(self, digest: str) -> None:
        """Look at an image of the batch."""
        self.upload = digest

    def take(self, files: Iterable[tuple[str, Callable[[], bytes]]]) -> None:
        """Add files as (name, how to read it); the first that can be inspected will be shown."""
        self._arrived, self.news = self.batch.add(files), True

    def take_folder(self, folder: str) -> None:
        """Add the images of a folder of this machine; raises `DatasetError` if there are none."""
        self.take(images_in(folder))

    def note(self, uploader: str, files: Iterable[UploadedFile]) -> None:
        """Remember what an uploader lists now: it forgets when its page is left, which is no removal."""
        before = self._listed.get(uploader, {})
        self._listed[uploader] = {
            file.file_id: before.get(file.file_id) or (digest_of(file.getvalue()), file.name)
            for file in files
        }

    def follow(self, uploader: str, files: Iterable[UploadedFile]) -> None:
        """Add what the visitor added to an uploader's list, forget what the visitor took out of it."""
        before = self._listed.get(uploader, {})
        now = {file.file_id: file for file in files}
        kept = {before[file_id] for file_id in before.keys() & now.keys()}
        for digest, name in {before[file_id] for file_id in before.keys() - now.keys()} - kept:
            self.batch.forget(digest, name)
        if self.upload not in self.batch.uploads:
            self.upload = None
        added = [(file.name, file.getvalue) for file_id, file in now.items() if file_id not in before]
        if added:
            self.take(added)

    @property
    def problems(self) -> list[Failure]:
        """What could not be inspected of the images that are news, the newest first."""
        return [
            failure
            for failure in reversed(self.batch.failures.values())
            if failure not in self._known_failures
        ]

    def settle(self, choice: ModelChoice, inspector: Inspector) -> bool:
        """Turn to the first good image of those that arrived; True if what is shown changed.

        If the model is to blame for an error, another model can still be asked.
        """
        for digest in self._arrived:
            if self.batch.inspect(digest, choice, inspector) is not None:
                self._arrived = []
                self.show_upload(digest)
                return True
        self._arrived = []
        return False

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
        self.batch = Batch(self._settings)
        self.upload, self.news = None, False
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
