"""The image formats that are read: told by a file's first bytes, looked for in folders by name."""

from typing import Literal

ImageFormat = Literal["JPEG", "PNG", "TIFF", "BMP", "WebP"]

IMAGE_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".tif", ".tiff", ".bmp", ".webp"})
"""File name endings, lower case with the dot, by which images are found in folders."""

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
}


def image_format(data: bytes) -> ImageFormat | None:
    """The format that the file content `data` starts like, or None if it is none that we read."""
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WebP"
    return next((name for signature, name in _SIGNATURES.items() if data.startswith(signature)), None)


def describe(data: bytes) -> str:
    """What the file content `data` seems to be if it is no image that we read: "a GIF image"."""
    for signature, description in _OTHER_SIGNATURES.items():
        if data.startswith(signature):
            return description
    if data[4:8] == b"ftyp":
        return _describe_brand(data[8:12])
    head = data[:1024].removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if head.startswith(b"<") and b"<svg" in head:
        return "an SVG drawing"
    if head.startswith((b"<!doctype html", b"<html")):
        return "a web page (HTML)"
    is_text = min(head, default=ord(" ")) >= ord("\t")
    return "a text file" if is_text else "not an image of a known format"


def _describe_brand(brand: bytes) -> str:
    """AVIF, HEIC and videos share one container and differ in the brand that its first box names."""
    if brand in (b"avif", b"avis"):
        return "an AVIF image"
    if brand[:3] in (b"hei", b"hev", b"mif", b"msf"):
        return "a HEIC image"
    return "a video"
