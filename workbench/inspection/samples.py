"""The images that a visitor can click on.

Nothing here needs torch, so that the gallery is on the screen before torch is loaded.
"""

import base64
import io
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path, PurePath
from typing import Annotated

import PIL.Image
import pydantic
from pydantic import AfterValidator, TypeAdapter

from crr.data.images import decode
from crr.errors import DatasetError
from crr.runtime.validation import Few, Name, read_json

_THUMBNAIL_SIDE = 160


@dataclass(frozen=True)
class GallerySample:
    """One licensed real image of the folder `samples/`.

    Attributes:
        name: File name without suffix; stands in links.
        path: The image file.
        title: What it shows, for people.
        category: Category as the embedded checkpoint calls it.
        defective: Whether the part is defective.
        source: Data set and its publication.
        licence: Licence of the image.
        mask: Image of its size, white where its data set marks the defect; None of a good part.
    """

    name: str
    path: Path
    title: str
    category: str
    defective: bool
    source: str
    licence: str
    mask: Path | None

    @property
    def credit(self) -> str:
        """One line that must stand wherever the image is shown."""
        return f"{self.title}. Image: {self.source}, {self.licence}."


def _inside(path: str) -> str:
    if PurePath(path).is_absolute() or ".." in PurePath(path).parts:
        raise ValueError
    return path


_Inside = Annotated[Name, AfterValidator(_inside)]
"""The path of a file in the folder of the samples."""


@pydantic.dataclasses.dataclass(frozen=True)
class _Row:
    file: _Inside
    title: Name
    category: Name
    defective: bool
    source: Name
    licence: Name
    mask: _Inside | None = None


_Rows = Annotated[list[_Row], Few]


@cache
def read_samples(folder: Path) -> dict[str, GallerySample]:
    """Name to sample, in the order of `samples.json`; raises `DatasetError` if the folder is incomplete."""
    index = folder / "samples.json"
    try:
        rows = TypeAdapter(_Rows).validate_python(read_json(index))
        samples = [
            GallerySample(
                name=Path(row.file).stem,
                path=folder / row.file,
                title=row.title,
                category=row.category,
                defective=row.defective,
                source=row.source,
                licence=row.licence,
                mask=None if row.mask is None else folder / row.mask,
            )
            for row in rows
        ]
    except (OSError, ValueError) as error:
        raise DatasetError(
            f"The list of samples {index} cannot be read. Restore it from the repository."
        ) from error
    files = [path for sample in samples for path in (sample.path, sample.mask) if path is not None]
    missing = [str(path.relative_to(folder)) for path in files if not path.is_file()]
    if missing:
        raise DatasetError(f"{index} names {missing[0]}, which is not there. Restore it from the repository.")
    return {sample.name: sample for sample in samples}


def samples_of_other_kinds(samples: Mapping[str, GallerySample], name: str) -> list[GallerySample]:
    """The samples of another category than the one of that name; all if there is none of that name."""
    own = samples[name].category if name in samples else None
    return [sample for sample in samples.values() if sample.category != own]


def donor_files(samples: Mapping[str, GallerySample], name: str) -> list[Path]:
    """Photos of other kinds of parts, whose material does not belong on the sample or photo of that name."""
    return [sample.path for sample in samples_of_other_kinds(samples, name)]


@cache
def sample_thumbnail(sample: GallerySample) -> str:
    """Data URI of a small picture of the sample."""
    content = io.BytesIO()
    image = PIL.Image.fromarray(decode(sample.path))
    image.thumbnail((_THUMBNAIL_SIDE, _THUMBNAIL_SIDE))
    image.save(content, "JPEG", quality=80)
    return "data:image/jpeg;base64," + base64.b64encode(content.getvalue()).decode()
