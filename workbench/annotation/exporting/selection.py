"""What is exported: reviewed images as they were when the export began, a few in memory at a time."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path, PurePosixPath

from crr.data.image_formats import IMAGE_SUFFIXES
from crr.data.images import read_header
from crr.errors import CRRError
from crr.runtime.names import FreeNames
from workbench.annotation.errors import SourceError
from workbench.annotation.queue.ordering import Wanted
from workbench.annotation.records import Advance, Item, Project, Revision
from workbench.annotation.store import AnnotationStore
from workbench.exports.names import safe_stem

_AT_A_TIME = 200  # images in memory: a mask may have megabytes


@dataclass(frozen=True)
class Reviewed:
    """An image and what was said of it last.

    Attributes:
        item: The image.
        revision: The newest.
    """

    item: Item
    revision: Revision


@dataclass
class Report:
    """What became of an export.

    Attributes:
        images: How many are in it.
        regions: How many marked parts.
        left_out: Reason to names of the images that are not in it.
        notes: What a reader has to know, a sentence each.
    """

    images: int = 0
    regions: int = 0
    left_out: dict[str, list[str]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def leave_out(self, reason: str, name: str) -> None:
        """Note an image that is not in it."""
        self.left_out.setdefault(reason, []).append(name)


class Selection:
    """The images of a project that an export takes.

    Args:
        store: Where they are.
        project: Theirs.
        wanted: Which.

    Attributes:
        project: Theirs.
        classes: What regions are called: the classes of the project, then others that were used before.
        report: What became of them.
    """

    def __init__(self, store: AnnotationStore, project: Project, wanted: Wanted) -> None:
        self.store, self.project, self.report = store, project, Report()
        self._heads = [(item, head) for item, head in store.queue.heads(wanted) if head is not None]
        unsaid = store.queue.count(wanted) - len(self._heads)
        if unsaid:
            self.report.notes.append(f"Nothing was said of {unsaid:,} images: they are not in it.")
        used = store.reviews.classes(project.id)
        self.classes = list(dict.fromkeys((*project.scheme.classes, *used)))

    def __len__(self) -> int:
        return len(self._heads)

    def __iter__(self) -> Iterator[Reviewed]:
        heads = iter(self._heads)
        while some := list(islice(heads, _AT_A_TIME)):
            items = self.store.images.many([number for number, _ in some])
            revisions = self.store.reviews.many([head for _, head in some])
            for number, head in some:
                if number in items and head in revisions:  # else somebody removed it meanwhile
                    yield Reviewed(items[number], revisions[head])


class Pictures:
    """The images' own files, copied into an export under names that every system takes.

    Args:
        selection: What is exported.
        folder: Of the export.
        advance: Told of each image.
    """

    def __init__(self, selection: Selection, folder: Path, advance: Advance) -> None:
        self._selection, self._folder, self._advance = selection, folder, advance
        self._free = FreeNames()
        self._turned = 0

    def copy(self, one: Reviewed, stem: str) -> str | None:
        """Copy an image.

        Args:
            one: The image.
            stem: Path in the export without an ending, as wanted.

        Returns:
            Its path in the export, with slashes; None if its file is not there any more, or is another one,
            which the report says.

        Raises:
            WriteError: The disk refuses.
        """
        self._advance(1)
        image, report = one.item.image, self._selection.report
        try:
            content = self._selection.store.blobs.content(image)
        except SourceError as error:
            report.leave_out(str(error), image.name)
            return None
        suffix = PurePosixPath(image.name).suffix.lower()
        # Readers tell a format by the content; without an ending they would not look at it at all.
        name = self._free.take(stem) + (suffix if suffix in IMAGE_SUFFIXES else ".png")
        path = self._folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        self._turned += _is_turned(content)
        report.images += 1
        report.regions += len(one.revision.review.regions)
        return name

    def close(self) -> None:
        """Say what a reader of the copies has to know."""
        if self._turned:
            self._selection.report.notes.append(
                f"{self._turned:,} photos have an orientation in their EXIF. Their masks fit the upright "
                "photo: a reader that does not turn photos sees them beside it."
            )


def stem_of(one: Reviewed) -> str:
    """The path of an image without its ending, safe on every system."""
    return safe_stem(one.item.image.name)


def _is_turned(content: bytes) -> bool:
    try:
        return read_header(content, "").orientation > 1
    except CRRError:
        return False
