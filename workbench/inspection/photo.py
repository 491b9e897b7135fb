"""A photo that models are asked about, whether a sample or a visitor's own."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from crr.identity.index import IdentityIndex
from crr.types import Label
from workbench.inspection.image_file import ImageFile, sample_file
from workbench.inspection.inspector import Inspected, Inspector, ModelChoice
from workbench.inspection.samples import GallerySample
from workbench.inspection.uploads import Upload
from workbench.inspection.visitor import VisitorState


class Photo(Protocol):
    """A photo that models are asked about.

    Attributes:
        key: Name of the sample, or digest of the upload.
        own: Whether the visitor brought it.
        name: What people call it.
        label: What is true of the part, as its data set or its visitor says; None if nobody does.
        mask: File of its size that marks its real defect in white; None if there is none, or none known.
    """

    @property
    def key(self) -> str: ...  # noqa: D102
    @property
    def own(self) -> bool: ...  # noqa: D102
    @property
    def name(self) -> str: ...  # noqa: D102
    @property
    def label(self) -> Label | None: ...  # noqa: D102
    @property
    def mask(self) -> Path | None: ...  # noqa: D102

    def open(self, choice: ModelChoice) -> ImageFile:
        """Its file as a model reads it, not decoded yet."""
        ...

    def inspect(self, choice: ModelChoice, inspector: Inspector, file: ImageFile) -> Inspected | None:
        """What a model says of it, whose opened file others may share; None if it cannot be inspected."""
        ...

    def standard_index(self, choice: ModelChoice, inspector: Inspector, file: ImageFile) -> IdentityIndex:
        """How much of the standard damage to it a model copies, remembered."""
        ...


@dataclass(frozen=True)
class SamplePhoto:
    """A sample of the gallery; what models say of it is remembered for all sessions."""

    sample: GallerySample
    own = False

    @property
    def key(self) -> str:
        """The sample's name."""
        return self.sample.name

    @property
    def name(self) -> str:
        """The sample's title."""
        return self.sample.title

    @property
    def label(self) -> Label:
        """What its data set says about the part."""
        return "defective" if self.sample.defective else "good"

    @property
    def mask(self) -> Path | None:
        """File that marks its defect."""
        return self.sample.mask

    def open(self, _choice: ModelChoice) -> ImageFile:
        """The sample's file, which all models read alike."""
        return sample_file(self.sample)

    def inspect(self, choice: ModelChoice, inspector: Inspector, file: ImageFile) -> Inspected:
        """What a model says of it."""
        return inspector.inspect(file, choice, memo=self.key)

    def standard_index(self, choice: ModelChoice, inspector: Inspector, file: ImageFile) -> IdentityIndex:
        """How much of the standard damage to it a model copies."""
        return inspector.standard_index(file, choice, memo=self.key)


@dataclass(frozen=True)
class UploadedPhoto:
    """A visitor's own picture; what models say of it is remembered in that visitor's session only."""

    upload: Upload
    visitor: VisitorState
    label: Label | None = None
    own = True
    mask = None

    @property
    def key(self) -> str:
        """The digest of its content."""
        return self.upload.digest

    @property
    def name(self) -> str:
        """The file's name."""
        return self.upload.name

    def open(self, choice: ModelChoice) -> ImageFile:
        """The upload's file as a model reads it."""
        return self.visitor.batch.open(self.upload, choice)

    def inspect(self, choice: ModelChoice, inspector: Inspector, file: ImageFile) -> Inspected | None:
        """What a model says of it; None if the file cannot be inspected."""
        return self.visitor.batch.inspect(self.key, choice, inspector, file)

    def standard_index(self, choice: ModelChoice, inspector: Inspector, file: ImageFile) -> IdentityIndex:
        """How much of the standard damage to it a model copies."""
        file = self.visitor.batch.open(self.upload, choice, file)
        known, key = self.visitor.standard_indices, (file.key, choice.key)
        if key not in known:
            known[key] = inspector.standard_index(file, choice)
        return known[key]


def photos_of(visitor: VisitorState, samples: Mapping[str, GallerySample], own: bool) -> list[Photo]:
    """All photos of the visitor, or all samples."""
    if own:
        labels = visitor.known_labels
        uploads = visitor.batch.uploads.values()
        return [UploadedPhoto(upload, visitor, labels.get(upload.digest)) for upload in uploads]
    return [SamplePhoto(sample) for sample in samples.values()]


def shown_photo(visitor: VisitorState, samples: Mapping[str, GallerySample]) -> Photo:
    """What the visitor looks at."""
    upload = visitor.batch.uploads.get(visitor.upload or "")
    if upload is None:
        return SamplePhoto(samples[visitor.sample])
    return UploadedPhoto(upload, visitor, visitor.known_labels.get(upload.digest))
