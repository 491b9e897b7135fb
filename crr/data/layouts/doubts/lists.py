"""Whether a text tells something of photos: lists them, labels them, or has boxes for one of its name."""

import os
import re
from collections.abc import Iterable, Iterator
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
_NUMBER = rb"-?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
_BOX = re.compile(rb"\d+(?:\s+%s){4,}\s*" % _NUMBER)
"""A line of YOLO's annotations: number of a class, then places."""
_CHECKSUM = re.compile(rb"[0-9a-fA-F]{32,128} [ *].+")
_OF_CAMERAS = (b'"ExifToolVersion"', b'"photoTakenTime"')
"""What is in files that exiftool writes of photos, and Google Takeout of each."""
_WORDS_OF_PEOPLE = re.compile(
    rb'"(?:[\w:]*(?:keywords?|subject|description|caption[\w-]*|comment|headline|label|rating|instructions))"'
    rb'\s*:(?!\s*(?:""|null|\[\s*\]))',
    re.IGNORECASE,
)
"""A field of these that somebody filled in."""
_SHORT = 200  # bytes of a text that is no more than a label


def called(photos: Iterable[Path]) -> frozenset[str]:
    """How photos are called, as names are compared: without their endings, since photos are saved anew."""
    return frozenset(key(photo.stem) for photo in photos)


def tells(path: PurePath, content: bytes, photos: frozenset[str]) -> bool:
    """Whether the text of a file tells something of some photos.

    Args:
        path: Of the file.
        content: Its text, in any code.
        photos: How they are called, from `called`.
    """
    named = photos & {key(PurePath(name).stem) for name in _image_names(content)}
    if content.lstrip()[:1] in (b"{", b"[", b"<") or path.suffix.lower() in (".yaml", ".yml"):
        # Nothing but values: one that names a photo says something of it.
        texts = [os.fsdecode(text) for text in _QUOTED.findall(content)]
        by_camera = any(mark in content for mark in _OF_CAMERAS) and not _WORDS_OF_PEOPLE.search(content)
        if by_camera and not any(map(tells_of_parts, texts)):
            return False
        quoted = set(map(key, texts))
        return bool(named) or 2 * len(photos & quoted) >= len(photos) > 0
    lines = [line.strip() for line in content.splitlines() if line.strip()]
    if lines and _says_the_same_of_all(lines, photos):
        return False
    return (
        _is_label(path, content, lines, photos)
        or _is_list(lines, named, photos)
        or _is_table_of_stems(lines, photos)
    )


def _is_label(path: PurePath, content: bytes, lines: list[bytes], photos: frozenset[str]) -> bool:
    """Whether a text is of the one photo of its name, and says what that shows."""
    if key(path.stem) not in photos or not lines:
        return False
    if all(_BOX.fullmatch(line) for line in lines):
        return True
    return len(content) <= _SHORT and (
        content.strip().isdigit() or any(tells_of_parts(os.fsdecode(line)) for line in lines)
    )


def _says_the_same_of_all(lines: list[bytes], photos: frozenset[str]) -> bool:
    """Whether a text is nothing but checksums, or the names of all photos, of a single folder."""
    sums = all(map(_CHECKSUM.fullmatch, lines))
    places = [_PLACES.split(os.fsdecode(line.split(maxsplit=1)[-1] if sums else line)) for line in lines]
    stems = {_stem_of(place[-1]) for place in places}
    alike = len({tuple(place[:-1]) for place in places}) == 1  # folders may tell good from bad
    return alike and (sums or (photos <= stems and None not in stems))


def _is_list(lines: list[bytes], named: frozenset[str], photos: frozenset[str]) -> bool:
    """Whether a text names most photos, or most lines are of one: in words somebody may mention some."""
    listing = sum(_is_of_one(line, photos) for line in lines)
    return bool(named) and (2 * len(named) >= len(photos) or 2 * listing >= len(lines))


def _is_of_one(line: bytes, photos: frozenset[str]) -> bool:
    """Whether a line begins with a photo, or has a cell that is one, wherever that lies."""
    beginning = os.fsdecode(_WORD_ENDS.split(line, maxsplit=1)[0])
    return any(_stem_of(_PLACES.split(text)[-1]) in photos for text in (beginning, *_cells(line)))


def _stem_of(name: str) -> str | None:
    """How an image of that name is called, without its ending; None if it is none."""
    path = PurePath(name)
    return key(path.stem) if path.suffix.lower() in IMAGE_SUFFIXES else None


def _is_table_of_stems(lines: list[bytes], photos: frozenset[str]) -> bool:
    """Whether most photos, or most rows, have a cell that is the name of a photo without its ending."""
    rows = [cells for line in lines if len(cells := _cells(line)) > 1]
    naming = [photos.intersection(map(key, cells)) for cells in rows]
    stems = set[str]().union(*naming)
    return bool(stems) and (2 * len(stems) >= len(photos) or 2 * sum(map(bool, naming)) >= len(lines))


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
