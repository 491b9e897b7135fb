"""Where the images of a project come from: samples, one's images on Inspect, a folder, a data set, a list."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from crr.config import ValueRange
from crr.runtime.paths import expanded
from crr.types import Label
from workbench.annotation.importing.bringing import Found
from workbench.annotation.importing.coco import read_coco
from workbench.annotation.importing.contents import Content, read_contents
from workbench.annotation.importing.datasets import read_dataset, read_folder
from workbench.annotation.importing.files import Keeping, kept_range
from workbench.annotation.importing.jsonl import read_jsonl
from workbench.annotation.records import NewImage
from workbench.inspection.samples import read_samples
from workbench.inspection.uploads import sandbox
from workbench.settings import settings
from workbench.views.shared.photos.value_range import RANGES
from workbench.views.shared.rights import folders_allowed
from workbench.views.shared.services import services
from workbench.views.shared.session import current_visitor, has_visitor

SAMPLES, OWN = "The samples of this workbench", "My images on Inspect"
FOLDER, DATASET = "A folder of images on this machine", "A data set on this machine, with its masks"
COCO, JSONL = "A COCO file on this machine", "JSON Lines of another workbench"
_ON_DISK = (FOLDER, DATASET, COCO, JSONL)
_NOT_SAID = "as the images say, else guessed from all of them"


@dataclass(frozen=True)
class Source:
    """Where images come from.

    Attributes:
        kind: One of those that are offered.
        path: On this machine, if it is there.
        copied: Whether images of this machine are copied.
        value_range: Black and white of images that do not say it, if that was chosen.
    """

    kind: str
    path: str = ""
    copied: bool = False
    value_range: ValueRange | None = None


def choose_source(key: str) -> Source:
    """What to take images from; the key tells the widgets of two places apart."""
    offered = [SAMPLES, *([OWN] if has_visitor() and current_visitor().batch.uploads else [])]
    if folders_allowed():
        offered += _ON_DISK
    source = st.selectbox("Images", offered, key=f"{key}_source")
    path, copied = "", False
    if source in _ON_DISK:
        path = st.text_input("Path", key=f"{key}_path", help="Of a folder, or of the file.")
        copied = st.checkbox(
            "Copy the images",
            key=f"{key}_copy",
            help="Else they stay where they are, and have to stay there.",
        )
    value_range = None
    if source not in (SAMPLES, JSONL):
        chosen = st.selectbox(
            "Values of black and white",
            [_NOT_SAID, *RANGES],
            key=f"{key}_range",
            help="Of images that hold more than 8 bits and do not say which value is white.",
        )
        value_range = RANGES.get(str(chosen))
    return Source(str(source), path, copied, value_range)


def read_source(source: Source, known: list[NewImage]) -> Found:
    """The images of a source with what is said of them; raises `CRRError` if it cannot be read.

    Args:
        source: Was chosen.
        known: Images that the project has.
    """
    blobs = services().annotations.blobs
    value_range = source.value_range or kept_range(known)
    if source.kind == SAMPLES:
        return read_contents(_samples(), blobs)
    if source.kind == OWN:
        return read_contents(_own(value_range), blobs, sandbox().facts_of)
    keeping = Keeping(blobs if source.copied else None, sandbox().facts_of, value_range=value_range)
    place = expanded(source.path.strip())
    if source.kind == COCO:
        return read_coco(place, keeping, known)
    if source.kind == JSONL:
        return read_jsonl(place, keeping, known)
    return read_dataset(place, keeping) if source.kind == DATASET else read_folder(place, keeping)


def _samples() -> Iterator[Content]:
    for sample in read_samples(settings().samples).values():
        label: Label = "defective" if sample.defective else "good"
        yield Content(Path(sample.path).name, sample.path.read_bytes(), label, sample.category)


def _own(value_range: ValueRange | None) -> Iterator[Content]:
    visitor = current_visitor()
    value_range = value_range or visitor.batch.chosen_range
    for upload in visitor.batch.uploads.values():
        if upload.page == 0:  # of a file of several pages, which is said, the first is taken
            label = visitor.known_labels.get(upload.digest)
            yield Content(upload.name, upload.file().content, label, value_range=value_range)
