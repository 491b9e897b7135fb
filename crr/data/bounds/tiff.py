"""How much a TIFF may list: tags, directories, strips, numbers. EXIF is a TIFF without pixels."""

import struct
from collections.abc import Iterator
from typing import NamedTuple

from crr.data.image_formats import MAX_PAGES

MOST_PARTS = 100_000
"""Most strips or tiles of a page: 250 million pixels in the smallest tiles that are usual, of 64 x 64."""
_MOST_PARTS_OF_ALL = 10 * MOST_PARTS
"""Most strips or tiles of all pages: half a million strips of 8 kB, as most programs write, are 4 GB."""
_MOST_TAGS = 1000
_MOST_TAGS_OF_ALL = 200_000
_MOST_HANGING = 10
"""Most directories that hang on a page, and on one another."""
_MOST_NUMBERS = 3 * 2**16
"""Most numbers of any other tag: the colours of a palette of 16 bits."""
_MOST_BYTES = 2**30
"""Most bytes of values, which pages may share: each page's are read anew."""
_SMALL_EXIF = 2**20

_WIDTH, _HEIGHT, _SAMPLES, _PLANAR, _TILE_WIDTH, _TILE_HEIGHT = 256, 257, 277, 284, 322, 323
_STRIPS, _TILES = (273, 279), (324, 325)
_HANGING = (34665, 34853, 40965)  # EXIF's own directory, that of the place, and that of its version
_SEPARATE = 2  # planes, a value of `_PLANAR`
_BYTES = (1, 2, 7)  # kinds of values that stay the bytes they are
_SIZES = {3: 2, 4: 4, 5: 8, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8}
_WHOLE = {1: "B", 3: "H", 4: "I", 13: "I", 16: "Q"}


class _Entry(NamedTuple):
    """A tag as its directory lists it: number, kind of values, how many, and the only one or their place."""

    tag: int
    kind: int
    values: int
    value: bytes

    @property
    def size(self) -> int:
        """Bytes of its values."""
        return self.values * _SIZES.get(self.kind, 1)


class _Layout(NamedTuple):
    """How numbers are written in a file: order of bytes, and whether sizes have 64 bits."""

    order: str
    big: bool

    def number(self, entry: _Entry) -> int:
        """The value of an entry that is one whole number; 0 if it is none."""
        code = _WHOLE.get(entry.kind)
        fits = code and struct.calcsize(code) <= len(entry.value)
        return int(struct.unpack_from(self.order + code, entry.value)[0]) if code and fits else 0


def excess(data: bytes) -> str | None:
    """What a TIFF lists too many of, with their number; None if nothing.

    A further page that does is damaged, and ends the file as other damage does: see `page_excess`.

    Raises:
        struct.error: It is cut short.
    """
    layout = _layout_of(data)
    (offset,) = struct.unpack_from(layout.order + ("Q" if layout.big else "I"), data, 8 if layout.big else 4)
    seen, parts, listed, size = set[int](), 0, 0, 0
    while 0 < offset < len(data) and offset not in seen and len(seen) < MAX_PAGES:
        seen.add(offset)
        if too_many := page_excess(data, offset):
            return too_many if len(seen) == 1 else None
        entries = [entry for directory in _directories(data, offset, layout) for entry in directory]
        parts += max((entry.values for entry in entries if entry.tag in _STRIPS + _TILES), default=0)
        listed += len(entries)
        size += sum(length for entry in entries if (length := entry.size) <= len(data))
        for number, most, what in (
            (parts, _MOST_PARTS_OF_ALL, "strips or tiles"),
            (listed, _MOST_TAGS_OF_ALL, "tags"),
            (size, _MOST_BYTES, "bytes of values"),
        ):
            if number > most:
                return f"{number:,} {what}"
        offset = _next(data, offset, layout)
    return None


def page_excess(data: bytes, offset: int) -> str | None:
    """What the page whose directory is at an offset lists too many of; None if nothing.

    Raises:
        struct.error: It is cut short.
    """
    layout = _layout_of(data)
    found = (_excess_of(entries, layout) for entries in _directories(data, offset, layout))
    return next(filter(None, found), None)


def excess_of_exif(content: bytes) -> str | None:
    """What EXIF lists too many of; None if nothing, or if it is too small for that, however broken it is."""
    try:
        return excess(content) if len(content) > _SMALL_EXIF else None
    except struct.error:
        return None


def _excess_of(entries: list[_Entry], layout: _Layout) -> str | None:
    """What one directory lists too many of."""
    if len(entries) > _MOST_TAGS:
        return f"more than {_MOST_TAGS:,} tags"
    sizes = {entry.tag: layout.number(entry) for entry in entries}
    planes = max(1, sizes.get(_SAMPLES, 1)) if sizes.get(_PLANAR) == _SEPARATE else 1
    width, height = sizes.get(_WIDTH, 0), sizes.get(_HEIGHT, 0)
    across = -(-width // max(1, sizes.get(_TILE_WIDTH, 1)))
    down = -(-height // max(1, sizes.get(_TILE_HEIGHT, 1)))
    for entry in entries:
        if entry.tag in _STRIPS:  # the height of one is not always told truly, but is a row at least
            most, what = min(MOST_PARTS, max(1, height) * planes), "strips"
        elif entry.tag in _TILES:
            most, what = min(MOST_PARTS, max(1, across * down) * planes), "tiles"
        else:
            most, what = _MOST_NUMBERS, "numbers in one tag"
        if entry.values > most and entry.kind not in _BYTES:
            return f"{entry.values:,} {what}"
    return None


def _layout_of(data: bytes) -> _Layout:
    return _Layout("<" if data[:2] == b"II" else ">", b"+" in data[2:4])


def _directories(data: bytes, offset: int, layout: _Layout) -> Iterator[list[_Entry]]:
    """The tags of the directory at an offset, and of those that hang on it."""
    waiting, seen = [offset], set[int]()
    while waiting and len(seen) <= _MOST_HANGING:
        place = waiting.pop()
        if place in seen or not 0 < place < len(data):
            continue
        seen.add(place)
        entries = _entries(data, place, layout)
        yield entries
        waiting += [layout.number(entry) for entry in entries if entry.tag in _HANGING]


def _entries(data: bytes, offset: int, layout: _Layout) -> list[_Entry]:
    """The tags of the directory at an offset, as far as the file goes; of too many one too many."""
    start, size = offset + (8 if layout.big else 2), 20 if layout.big else 12
    whole = min(_count(data, offset, layout), _MOST_TAGS + 1, max(0, len(data) - start) // size)
    form = layout.order + ("HHQ8s" if layout.big else "HHI4s")
    return list(map(_Entry._make, struct.iter_unpack(form, data[start : start + whole * size])))


def _count(data: bytes, offset: int, layout: _Layout) -> int:
    """How many tags the directory at an offset has."""
    return int(struct.unpack_from(layout.order + ("Q" if layout.big else "H"), data, offset)[0])


def _next(data: bytes, offset: int, layout: _Layout) -> int:
    """Where the directory behind the one at an offset is; 0 if there is none."""
    tags = _count(data, offset, layout)
    place = offset + (8 + 20 * tags if layout.big else 2 + 12 * tags)
    content = data[place : place + (8 if layout.big else 4)]
    return int.from_bytes(content, "little" if layout.order == "<" else "big")
