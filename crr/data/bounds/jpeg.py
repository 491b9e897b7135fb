"""How much a JPEG may list: segments before its pixels, and scans, each of which goes over all pixels."""

import re
import struct
from collections.abc import Iterator

from crr.data.bounds import tiff

MOST_SCANS = 100
"""Most scans of a picture; encoders write about 10."""
_MOST_SEGMENTS = 10_000
"""Most segments before the pixels: a colour profile has 255 at most, a depth map in XMP may have hundreds."""
_MOST_EXIF = 100
"""Most segments of EXIF, which are joined one by one; one is usual."""
_MOST_JUNK = 2**16
"""Most bytes between segments, which are skipped one by one."""

_START_OF_SCAN, _END, _APP1 = 0xDA, 0xD9, 0xE1
_WITHOUT_LENGTH = {0x01, *range(0xD0, 0xDA)}
_MARKER = re.compile(rb"\xff([^\x00\xff])")
_MARKER_AMONG_PIXELS = re.compile(rb"\xff([^\x00\xd0-\xd7\xff])")
"""But for restarts, of which a picture may have very many."""
_EXIF = b"Exif\0\0"


def excess(data: bytes) -> str | None:
    """What a JPEG lists too many of, with their number; None if nothing.

    Raises:
        struct.error: It is cut short.
    """
    junk, exif, done = 0, list[bytes](), 2
    for segments, (marker, found, start, end) in enumerate(_segments(data, 2, _MARKER)):
        junk += found - done
        done = end
        if junk > _MOST_JUNK:
            return f"more than {_MOST_JUNK:,} bytes between its segments"
        if marker == _START_OF_SCAN:
            break
        if marker == _APP1 and data.startswith(_EXIF, start):
            exif.append(data[start + len(_EXIF) : end])
        if segments > _MOST_SEGMENTS or len(exif) > _MOST_EXIF:
            return f"more than {_MOST_EXIF if len(exif) > _MOST_EXIF else _MOST_SEGMENTS:,} segments"
    if too_many_scans(data):
        return f"more than {MOST_SCANS} scans"
    return tiff.excess_of_exif(b"".join(exif)) if exif else None


def too_many_scans(data: bytes, start: int = 0) -> bool:
    """Whether the picture that begins at an offset has more than `MOST_SCANS` scans."""
    if data.count(b"\xff\xda") <= MOST_SCANS:  # those of previews included: nearly every file ends here
        return False
    scans = 0
    for segments, (marker, *_) in enumerate(_segments(data, start + 2, _MARKER_AMONG_PIXELS)):
        scans += marker == _START_OF_SCAN
        if scans > MOST_SCANS or segments > _MOST_SEGMENTS:
            return True
        if marker == _END and scans:
            break
    return False


def _segments(data: bytes, position: int, markers: re.Pattern[bytes]) -> Iterator[tuple[int, int, int, int]]:
    """Marker, its place, and start and end of the content of each segment; pixels are passed over.

    As the decoder does it: what is no marker is skipped, and a segment is as long as it says.
    """
    while found := markers.search(data, position):
        marker, position = found[1][0], found.end()
        start = position
        if marker not in _WITHOUT_LENGTH:
            start, position = position + 2, position + struct.unpack_from(">H", data, position)[0]
        yield marker, found.start(), start, position
