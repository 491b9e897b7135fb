"""Whether a text tells something of photos: lists them, labels them, or has boxes for one of its name."""

import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePath

from crr.data.image_formats import IMAGE_SUFFIXES
from crr.data.layouts.names import key, tells_of_parts

_ENDINGS = tuple(ending.encode() for ending in sorted(IMAGE_SUFFIXES))
_SEPARATORS = re.compile(rb"[\\/\"'<>,;|\t\r\n]+")
_CELLS = re.compile(rb"[,;|\t]")
_QUOTED = re.compile(rb'"([^"\\\r\n]{1,255})"')
_UPLOADED = re.compile(rb"^[0-9a-f]{8}-")
"""What Label Studio puts before the name of a file that was uploaded."""
_PLACES = re.compile(r"[\\/]")
_WORD_ENDS = re.compile(rb"[\s,;]+")
_BOX = re.compile(rb"\d+(?:\s+-?\d+(?:\.\d+)?){4,}\s*")
"""A line of YOLO's annotations: number of a class, then places."""
_CHECKSUM = re.compile(rb"[0-9a-fA-F]{32,128} [ *].+")
_SHORT = 200  # bytes of a text that is no more than a label


@dataclass(frozen=True)
class Called:
    """How the photos are called that a text may speak of.

    Attributes:
        names: Of the files.
        stems: The same without their endings, as names are compared.
    """

    names: frozenset[str]
    stems: frozenset[str]


def called(photos: Iterable[Path]) -> Called:
    """How photos are called."""
    names = frozenset(photo.name for photo in photos)
    return Called(names, frozenset(key(PurePath(name).stem) for name in names))


def tells(path: PurePath, content: bytes, photos: Called) -> bool:
    """Whether the text of a file tells something of some photos.

    Args:
        path: Of the file.
        content: Its text, in any code.
        photos: How they are called.
    """
    named = photos.names & set(_image_names(content))
    if content.lstrip()[:1] in (b"{", b"[", b"<") or path.suffix.lower() in (".yaml", ".yml"):
        # Nothing but values: one that names a photo says something of it.
        quoted = {key(os.fsdecode(text)) for text in _QUOTED.findall(content)}
        return bool(named) or 2 * len(photos.stems & quoted) >= len(photos.stems) > 0
    lines = [line.strip() for line in content.splitlines() if line.strip()]
    if lines and (all(map(_CHECKSUM.fullmatch, lines)) or _names_all_alike(lines, photos)):
        return False
    return (
        _is_label(path, content, lines, photos)
        or _is_list(lines, named, photos)
        or _is_table_of_stems(lines, photos)
    )


def _is_label(path: PurePath, content: bytes, lines: list[bytes], photos: Called) -> bool:
    """Whether a text is of the one photo of its name, and says what that shows."""
    if key(path.stem) not in photos.stems or not lines:
        return False
    if all(_BOX.fullmatch(line) for line in lines):
        return True
    return len(content) <= _SHORT and (
        content.strip().isdigit() or any(tells_of_parts(os.fsdecode(line)) for line in lines)
    )


def _names_all_alike(lines: list[bytes], photos: Called) -> bool:
    """Whether a text is nothing but the names of all photos: it tells none from the others."""
    names = {_PLACES.split(os.fsdecode(line))[-1] for line in lines}
    return photos.names <= names and all(PurePath(name).suffix.lower() in IMAGE_SUFFIXES for name in names)


def _is_list(lines: list[bytes], named: frozenset[str], photos: Called) -> bool:
    """Whether a text names most photos, or most lines are of one: in words somebody may mention some."""
    listing = sum(_is_of_one(line, photos) for line in lines)
    return bool(named) and (2 * len(named) >= len(photos.names) or 2 * listing >= len(lines))


def _is_of_one(line: bytes, photos: Called) -> bool:
    """Whether a line begins with a photo, or has a cell that is one, wherever that lies."""
    beginning = os.fsdecode(_WORD_ENDS.split(line, maxsplit=1)[0])
    return any(_PLACES.split(text)[-1] in photos.names for text in (beginning, *_cells(line)))


def _is_table_of_stems(lines: list[bytes], photos: Called) -> bool:
    """Whether most photos, or most rows, have a cell that is the name of a photo without its ending."""
    rows = [cells for line in lines if len(cells := _cells(line)) > 1]
    naming = [photos.stems.intersection(map(key, cells)) for cells in rows]
    stems = set[str]().union(*naming)
    return bool(stems) and (2 * len(stems) >= len(photos.stems) or 2 * sum(map(bool, naming)) >= len(lines))


def _cells(line: bytes) -> list[str]:
    return [os.fsdecode(cell.strip(b" \"'")) for cell in _CELLS.split(line)]


def _image_names(content: bytes) -> Iterator[str]:
    """Names of images, wherever in a text they stand: between separators, or between spaces."""
    for token in _SEPARATORS.split(content):
        lower = token.lower()
        ends = [lower.rfind(ending) + len(ending) for ending in _ENDINGS if ending in lower]
        words = (word for word in token.split() if ends and word.lower().endswith(_ENDINGS))
        for name in (*(token[: max(ends)].strip() for _ in ends[:1]), *words):
            yield os.fsdecode(name)
            yield os.fsdecode(_UPLOADED.sub(b"", name))
