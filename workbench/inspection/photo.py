"""A photo that models are asked about, whether a sample or a visitor's own."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from crr.identity.single_image import CopiedDamage
from crr.types import Verdict
from workbench.inspection.batch import Upload
from workbench.inspection.image_file import ImageFile, sample_file
from workbench.inspection.inspector import Inspected, Inspector, ModelChoice
from workbench.inspection.samples import GallerySample
from workbench.inspection.visitor import VisitorState


@dataclass(frozen=True)
class Photo:
    """A photo that models are compared on: a sample, or one that the visitor brought.

    Attributes:
        key: Name of the sample, or digest of the upload.
        own: Whether the visitor brought it.
        name: What people call it.
        label: What its data set says about the part; None for a visitor's own.
        open: Its file, not decoded yet.
        inspect: Asks a model; None if the file cannot be inspected.
        copied: How much of the standard damage to it a model copies, remembered.
        mask: File of its size that marks its real defect in white; None if there is none, or none known.
    """

    key: str
    own: bool
    name: str
    label: Verdict | None
    open: Callable[[], ImageFile]
    inspect: Callable[[ModelChoice, Inspector, ImageFile], Inspected | None]
    copied: Callable[[ModelChoice, Inspector, ImageFile], CopiedDamage]
    mask: Path | None = None


def sample_photo(sample: GallerySample) -> Photo:
    """A sample as a photo to compare on."""
    return Photo(
        key=sample.name,
        own=False,
        name=sample.title,
        label="defective" if sample.defective else "normal",
        open=lambda: sample_file(sample),
        inspect=lambda choice, inspector, file: inspector.inspect_sample(
            sample, choice.model, choice.device, file
        ),
        copied=lambda choice, inspector, file: inspector.copied_by_sample(
            sample, choice.model, choice.device, file
        ),
        mask=sample.mask,
    )


def own_photo(upload: Upload, visitor: VisitorState) -> Photo:
    """An upload of the visitor as a photo to compare on."""

    def copied(choice: ModelChoice, inspector: Inspector, file: ImageFile) -> CopiedDamage:
        key = (upload.digest, choice.key)
        if key not in visitor.copied:
            visitor.copied[key] = inspector.copied_by(file, choice.model, choice.device)
        return visitor.copied[key]

    return Photo(
        key=upload.digest,
        own=True,
        name=upload.name,
        label=None,
        open=upload.file,
        inspect=lambda choice, inspector, file: visitor.batch.inspect(upload.digest, choice, inspector, file),
        copied=copied,
    )


def photos_of(visitor: VisitorState, samples: Mapping[str, GallerySample], own: bool) -> list[Photo]:
    """All photos of the visitor, or all samples."""
    if own:
        return [own_photo(upload, visitor) for upload in visitor.batch.uploads.values()]
    return [sample_photo(sample) for sample in samples.values()]


def shown_photo(visitor: VisitorState, samples: Mapping[str, GallerySample]) -> Photo:
    """What the visitor looks at."""
    upload = visitor.batch.uploads.get(visitor.upload or "")
    return sample_photo(samples[visitor.sample]) if upload is None else own_photo(upload, visitor)
