"""What pictures are called in a zip: the names of their files, made safe for every system."""

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

from crr.runtime.names import FreeNames, folder_name

if TYPE_CHECKING:  # it brings torch
    from workbench.inspection.uploads import Upload

_PART_BYTES = 120
"""Most bytes of a folder's name or a stem: Windows allows 260 characters for the whole path."""

_FORBIDDEN = re.compile(r'[<>:"|?*\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]')  # by Windows, or no text
_RESERVED = re.compile(
    r"(con|prn|aux|nul|conin\$|conout\$|clock\$|(com|lpt)[0-9¹²³])\s*(\.|$)", re.IGNORECASE
)
_FILES = (".png", ".csv", ".xlsx", ".json", ".txt")  # of the zip: a folder may not be called like one


class PictureNames(NamedTuple):
    """Paths of an image's two pictures in the zip."""

    heatmap: str
    mask: str


def picture_names(uploads: "Iterable[Upload]") -> dict[str, PictureNames]:
    """Digest of each upload to where its pictures lie; folders are kept.

    The names depend on the files and their order alone, not on what was found in them.
    """
    free = FreeNames()
    stems = {upload.digest: free.take(safe_stem(upload.names[0]) + _page(upload)) for upload in uploads}
    return {digest: PictureNames(f"{stem}_heatmap.png", f"{stem}_mask.png") for digest, stem in stems.items()}


def _page(upload: "Upload") -> str:
    return f"_page{upload.page + 1}" if upload.pages > 1 else ""


def safe_stem(name: str) -> str:
    """A file's path without its suffix, relative and safe: no "..", no drive, no name of Windows' own."""
    parts = [part for part in re.split(r"[/\\]", name) if part not in ("", ".", "..")]
    file = parts.pop() if parts else ""
    stem = file[: file.rindex(".")] if "." in file.lstrip(".") else file
    return "/".join([*(folder_name(_safe(part), _FILES) for part in parts), _safe(stem)])


def _safe(part: str) -> str:
    """One name of a path as every system takes it."""
    allowed = _FORBIDDEN.sub("_", part).encode()[:_PART_BYTES].decode(errors="ignore").strip().rstrip(". ")
    return f"_{allowed}" if _RESERVED.match(allowed) else allowed or "image"
