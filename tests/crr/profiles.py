"""Colour profiles built by hand, for colours that no library has a profile of."""

import struct
from collections.abc import Sequence

import numpy as np

P3 = [[0.5151, 0.2920, 0.1571], [0.2412, 0.6922, 0.0666], [-0.0011, 0.0419, 0.7841]]
"""XYZ (rows) of the red, green and blue (columns) of Display P3, for the white of profiles."""
SRGB = [[0.4361, 0.3851, 0.1431], [0.2225, 0.7169, 0.0606], [0.0139, 0.0971, 0.7141]]


def profile(space: bytes, tags: dict[bytes, bytes]) -> bytes:
    """A colour profile of the oldest kind."""
    name = b"made by hand"
    tags |= {b"desc": b"desc" + bytes(4) + struct.pack(">I", len(name) + 1) + name + bytes(80)}
    tags |= {b"wtpt": _xyz([0.9642, 1, 0.8249])}
    head = struct.pack(">4s4sI4s4s4s", bytes(4), b"lcms", 0x02100000, b"mntr", space, b"XYZ ")
    head += bytes(12) + b"acsp" + bytes(28) + _xyz([0.9642, 1, 0.8249])[8:] + bytes(48)
    offset, table, content = 128 + 4 + 12 * len(tags), b"", b""
    for tag, value in tags.items():
        table += tag + struct.pack(">II", offset + len(content), len(value))
        content += value + bytes(-len(value) % 4)
    whole = head + struct.pack(">I", len(tags)) + table + content
    return struct.pack(">I", len(whole)) + whole[4:]


def _xyz(values: Sequence[float]) -> bytes:
    return b"XYZ " + bytes(4) + struct.pack(">iii", *(round(value * 65536) for value in values))


def _gamma(value: float) -> bytes:
    return b"curv" + bytes(4) + struct.pack(">IH", 1, round(value * 256))


def _curve_of_srgb() -> bytes:
    shades = np.linspace(0, 1, 1024)
    linear = np.where(shades <= 0.04045, shades / 12.92, ((shades + 0.055) / 1.055) ** 2.4)
    return b"curv" + bytes(4) + struct.pack(">I", 1024) + np.rint(linear * 65535).astype(">u2").tobytes()


def rgb_profile(primaries: Sequence[Sequence[float]], gamma: float | None = 2.2) -> bytes:
    """A profile of a screen; without a gamma its curve is that of sRGB."""
    columns = {b"rXYZ": 0, b"gXYZ": 1, b"bXYZ": 2}
    tags = {tag: _xyz([row[column] for row in primaries]) for tag, column in columns.items()}
    curve = _curve_of_srgb() if gamma is None else _gamma(gamma)
    return profile(b"RGB ", tags | dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), curve))


def grey_profile(gamma: float) -> bytes:
    return profile(b"GRAY", {b"kTRC": _gamma(gamma)})
