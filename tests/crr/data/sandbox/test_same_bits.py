"""Every kind of file gives the same pixels and the same facts in a process of its own as without one."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import cv2
import numpy as np
import PIL.Image
import PIL.ImageCms
import pytest
from numpy.typing import NDArray

from crr.config import ValueRange
from crr.data import conversion
from crr.data.images import decode
from crr.data.inventory.facts import facts_of
from crr.data.sandbox.sandbox import Sandbox
from crr.errors import ImageError
from tests.crr.files import corners, heic, png, saved, tiff
from tests.crr.profiles import P3, rgb_profile

RNG = np.random.default_rng(0)
COLOUR = RNG.integers(0, 256, (50, 70, 3), dtype=np.uint8)
DEEP = RNG.integers(0, 4096, (50, 70, 3), dtype=np.uint16)
FRACTIONS = RNG.random((50, 70), dtype=np.float32)


def frames(kind: str) -> bytes:
    first, *others = [PIL.Image.fromarray(corners() // (1 + number)) for number in range(3)]
    return saved(first, kind, save_all=True, append_images=others)


def exif(orientation: int) -> PIL.Image.Exif:
    found = PIL.Image.Exif()
    found[0x0112] = orientation
    return found


def transparent() -> PIL.Image.Image:
    return PIL.Image.fromarray(np.dstack([COLOUR, COLOUR[..., 0]]))


FILES: dict[str, Callable[[], bytes]] = {
    **{kind: partial(saved, COLOUR, kind) for kind in ("JPEG", "PNG", "TIFF", "BMP", "WEBP", "AVIF")},
    "HEIC": lambda: heic(COLOUR),
    "grey": lambda: saved(COLOUR[..., 0], "PNG"),
    "one bit": lambda: saved(COLOUR[..., 0] > 99, "PNG"),
    "palette": lambda: saved(PIL.Image.fromarray(COLOUR).quantize(9), "PNG"),
    "CMYK": lambda: saved(PIL.Image.fromarray(COLOUR).convert("CMYK"), "JPEG"),
    "progressive": lambda: saved(COLOUR, "JPEG", progressive=True),
    "turned": lambda: saved(COLOUR, "JPEG", exif=exif(6)),
    "profile": lambda: saved(
        COLOUR, "PNG", icc_profile=PIL.ImageCms.ImageCmsProfile(PIL.ImageCms.createProfile("XYZ")).tobytes()
    ),
    "camera's profile": lambda: saved(COLOUR, "JPEG", icc_profile=rgb_profile(P3)),
    "transparent with a profile": lambda: saved(transparent(), "PNG", icc_profile=rgb_profile(P3)),
    "16 bits with transparency": lambda: png(np.dstack([DEEP, DEEP[..., 0]])),
    "transparent palette": lambda: saved(PIL.Image.fromarray(COLOUR).quantize(9), "PNG", transparency=3),
    "transparent PNG": lambda: saved(transparent(), "PNG"),
    "transparent WebP": lambda: saved(transparent(), "WEBP", lossless=True),
    "16 bits": lambda: png(DEEP),
    "16 bits, grey": lambda: png(DEEP[..., 0]),
    "16 bits, TIFF": lambda: cv2.imencode(".tiff", DEEP)[1].tobytes(),
    "12 bits": lambda: tiff(DEEP[..., 0], bits=12),
    "white is zero": lambda: tiff(DEEP[..., 0], white_is_zero=True),
    "32 bits": lambda: saved(FRACTIONS, "TIFF"),
    "pages, TIFF": lambda: frames("TIFF"),
    "pages, PNG": lambda: frames("PNG"),
    "pages, WebP": lambda: frames("WEBP"),
    "pages, AVIF": lambda: frames("AVIF"),
    "pages, MPO": lambda: frames("MPO"),
    "pages, HEIC": lambda: heic(corners(), corners() // 2, corners() // 3),
    "cut short": lambda: saved(COLOUR, "JPEG")[:400],
    "nothing": lambda: b"",
}
WAYS: dict[str, dict[str, Any]] = {
    "plain": {},
    "before black": {"background": 0},
    "12 bits": {"value_range": ValueRange.of_bits(12)},
    "fractions": {"value_range": ValueRange(0.1, 0.7)},
    "second page": {"page": 1},
    "third page": {"page": 2, "background": 7},
}


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(1) as shared:
        yield shared


def outcome(asked: Callable[..., NDArray[np.uint8]], file: bytes, way: dict[str, Any]) -> Any:
    try:
        image = asked(file, "part", **way)
    except ImageError as error:
        return str(error), error.remedy
    assert image.dtype == np.uint8
    assert image.flags.c_contiguous
    assert image.flags.writeable
    return image.shape, image.tobytes()


@pytest.mark.parametrize("kind", FILES)
def test_pixels_and_sentences_are_the_same(kind: str, sandbox: Sandbox) -> None:
    file = FILES[kind]()
    for name, way in WAYS.items():
        assert outcome(decode, file, way) == outcome(sandbox.decode, file, way), name


@pytest.mark.parametrize("kind", FILES)
def test_pixels_are_the_same_in_bands_of_any_height(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    file = FILES[kind]()
    whole = {name: outcome(decode, file, way) for name, way in WAYS.items()}
    for pixels in (1, 70 * 7):
        monkeypatch.setattr(conversion, "_BAND", pixels)
        assert {name: outcome(decode, file, way) for name, way in WAYS.items()} == whole


@pytest.mark.parametrize("kind", FILES)
@pytest.mark.parametrize("whole", [False, True])
def test_facts_are_the_same(kind: str, whole: bool, sandbox: Sandbox) -> None:
    file = FILES[kind]()
    here = facts_of(file, "part", "digest", decode=whole)
    assert sandbox.facts_of(file, "part", "digest", decode=whole) == here
