"""Stacks of pictures behind a single directory of a TIFF, which decoders take for one picture.

ImageJ writes its large stacks so, and tifffile on request: the others follow the first without tags of their
own. How many there are is said in the description of the first.
"""

import json
import re
from collections.abc import Mapping
from math import prod
from typing import Any

from crr.data.tags.tiff import DESCRIPTION, HEIGHT, SAMPLES, WIDTH, Directories

_MOST = 10**9  # pictures that are believed
_IMAGEJ, _SHAPED = "ImageJ=", '{"shape":'
_IMAGES = re.compile(r"^images=(\d{1,9})\s*$", re.MULTILINE)


def unread_pictures(directories: Directories) -> int:
    """How many pictures a TIFF announces, at least, besides those that have a directory."""
    found = directories.pages
    announced = _announced(found[0]) if found else 1
    return max(0, announced - len(found)) or int(directories.cut_short)


def _announced(first: Mapping[int, Any]) -> int:
    text = first.get(DESCRIPTION, "")
    if not isinstance(text, str):
        return 1
    if text.startswith(_IMAGEJ):
        images = _IMAGES.search(text)
        return int(images[1]) if images else 1
    return _shaped(text, first) if text.startswith(_SHAPED) else 1


def _shaped(text: str, first: Mapping[int, Any]) -> int:
    """How many pictures tifffile has written of an array of which it names the shape."""
    try:
        numbers = [int(number) for number in json.loads(text)["shape"]]
        pixels = int(first[WIDTH]) * int(first[HEIGHT]) * int(first.get(SAMPLES, 1))
        announced = prod(numbers) // pixels if min(numbers, default=0) > 0 else 1
    except (ValueError, TypeError, KeyError, RecursionError, ArithmeticError):
        return 1
    return min(announced, _MOST)
