"""How much a BMP may list: runs of pixels, in those that are packed so."""

import struct

_PACKED = (1, 2)  # ways of packing, by runs of 8 and of 4 bits a pixel
_SPARE = 2**16


def excess(data: bytes) -> str | None:
    """What a BMP lists too many of; None if nothing.

    Raises:
        struct.error: It is cut short.
    """
    head, width, height = struct.unpack_from("<Iii", data, 14)
    if head < 40 or struct.unpack_from("<I", data, 30)[0] not in _PACKED:
        return None
    # A run is two bytes and covers a pixel at least, but the end of a row.
    needed = 2 * abs(height) * (abs(width) + 2) + _SPARE
    return f"{len(data):,} bytes of runs" if len(data) > needed else None
