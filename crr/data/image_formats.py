"""The image formats that are read: told by a file's first bytes, looked for in folders by name."""

from typing import Literal

ImageFormat = Literal["JPEG", "PNG", "TIFF", "BMP", "WebP", "AVIF", "HEIC"]

MAX_PAGES = 1000
"""Most pages or frames of a file that are read."""

ALLOWED = "JPEG, PNG, TIFF, BMP, WebP, AVIF or HEIC"
"""The formats, as a sentence lists them."""

IMAGE_SUFFIXES = frozenset(
    {".jpg", ".jpeg", ".jpe", ".jfif", ".mpo", ".png", ".apng", ".tif", ".tiff", ".bmp", ".dib", ".webp"}
    | {".avif", ".heic", ".heif", ".hif"}
)
"""File name endings, lower case with the dot, by which images are found in folders."""

SHEET_MARK = b"crr anomalies\n"
"""What stands behind the end of a picture of synthetic damage that we wrote, where no program looks."""

LFS_POINTER = b"version https://git-lfs"
"""How a file begins that stands for a larger one, which was not fetched."""

_SIGNATURES: dict[bytes, ImageFormat] = {
    b"\xff\xd8\xff": "JPEG",
    b"\x89PNG\r\n\x1a\n": "PNG",
    b"II*\0": "TIFF",
    b"MM\0*": "TIFF",
    b"II+\0": "TIFF",
    b"MM\0+": "TIFF",
    b"BM": "BMP",
}

_OTHER_SIGNATURES = {
    b"GIF8": "a GIF image",
    b"%PDF": "a PDF document",
    b"PK\x03\x04": "a ZIP archive",
    b"8BPS": "a Photoshop document",
    b"\0\0\0\x0cjP  ": "a JPEG 2000 image",
    b"\0\0\0\x0cJXL ": "a JPEG XL image",
    b"\x93NUMPY": "a NumPy array",
    b"v/1\x01": "an OpenEXR image",
    b"IIU\0": "a raw file of a Panasonic camera",
    b"FUJIFILMCCD-RAW": "a raw file of a Fujifilm camera",
    b"SIMPLE  =": "a FITS image",
    LFS_POINTER: "a pointer of Git LFS (git lfs pull fetches the file)",
}

_AVIF_BRANDS = {b"avif", b"avis"}
_HEIC_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"msf1"}
_MOST_BRANDS = 64  # bytes of the list of brands that are looked at


def image_format(data: bytes) -> ImageFormat | None:
    """The format that the file content `data` starts like, or None if it is none that we read."""
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WebP"
    if data[4:8] == b"ftyp":
        return _format_of_brands(data)
    return next((name for signature, name in _SIGNATURES.items() if data.startswith(signature)), None)


def describe(data: bytes) -> str:
    """What the file content `data` seems to be if it is no image that we read: "a GIF image"."""
    for signature, description in _OTHER_SIGNATURES.items():
        if data.startswith(signature):
            return description
    if data[4:8] == b"ftyp":
        return "a video"
    head = data[:1024].removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if head.startswith(b"<") and b"<svg" in head:
        return "an SVG drawing"
    if head.startswith((b"<!doctype html", b"<html")):
        return "a web page (HTML)"
    is_text = min(head, default=ord(" ")) >= ord("\t")
    return "a text file" if is_text else "not an image of a known format"


def _format_of_brands(data: bytes) -> ImageFormat | None:
    """AVIF, HEIC and videos share one container and differ in the brands that its first box names."""
    end = min(int.from_bytes(data[:4], "big"), _MOST_BRANDS, len(data))
    brands = {data[start : start + 4] for start in (8, *range(16, end - 3, 4))}
    if brands & _AVIF_BRANDS:
        return "AVIF"
    return "HEIC" if brands & _HEIC_BRANDS else None
