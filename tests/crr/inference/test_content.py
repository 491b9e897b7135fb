"""Frames of a blind camera show nothing, whatever its noise; every photo of a part shows something."""

from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import cv2
import numpy as np
import PIL.Image
import pytest

from crr.data.images import decode
from crr.inference.content import shows_something
from crr.inference.engine import inspect
from crr.types import Image, verdict_of
from tests.crr.tiny import CATEGORIES, calibrated_detector, good_images

SAMPLES = sorted((Path(__file__).parents[3] / "samples").glob("*.jpg"))
SIZES = [(48, 72), (512, 512), (600, 800), (16, 320)]


def flat(size: tuple[int, int], value: int | tuple[int, int, int] = 128) -> Image:
    return np.full((*size, 3), value, np.uint8)


def with_noise(
    image: Image, strength: float, seed: int = 0, *, grey: bool = False, kind: str = "normal"
) -> Image:
    """A photo with noise of a standard deviation, the same in all colours or not."""
    random = np.random.default_rng(seed)
    shape = (*image.shape[:2], 1) if grey else image.shape
    drawn = {
        "normal": lambda: random.normal(0, strength, shape),
        "uniform": lambda: random.uniform(-strength, strength, shape) * 3**0.5,
        "salt": lambda: random.choice(
            [-255, 0, 255], shape, p=[strength / 255, 1 - strength / 127.5, strength / 255]
        ),
    }[kind]()
    return np.clip(np.rint(image + drawn), 0, 255).astype(np.uint8)


def shaded(size: tuple[int, int], centre: int, angle: float = 0.7) -> np.ndarray:
    """What a lens makes of an even grey: it darkens towards the corners with the fourth power of a cosine."""
    rows, columns = (np.linspace(-1, 1, side) for side in size)
    distance = np.hypot(rows[:, None] * size[0] / max(size), columns * size[1] / max(size))
    return (centre * np.cos(np.arctan(distance * angle)) ** 4)[..., None] * np.ones(3)


def compressed(image: Image, quality: int) -> Image:
    file = BytesIO()
    PIL.Image.fromarray(image).save(file, "JPEG", quality=quality)
    return decode(file.getvalue())


# Nothing


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("value", [0, 1, 128, 254, 255, (255, 0, 0), (20, 90, 200)])
def test_one_colour_is_nothing(size: tuple[int, int], value: int | tuple[int, int, int]) -> None:
    assert not shows_something(flat(size, value))


def test_all_transparent_is_nothing() -> None:
    file = BytesIO()
    part = good_images("plate", 1)[0]
    PIL.Image.fromarray(np.dstack([part, np.zeros(part.shape[:2], np.uint8)])).save(file, "PNG")
    for background in (255, 0):
        assert not shows_something(decode(file.getvalue(), background=background))


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("strength", [0.3, 1, 3, 10, 25])
@pytest.mark.parametrize("kind", ["normal", "uniform", "salt"])
@pytest.mark.parametrize("grey", [True, False], ids=["grey", "colour"])
def test_noise_is_nothing(size: tuple[int, int], strength: float, kind: str, grey: bool) -> None:
    for value in (3, 128, 255):
        assert not shows_something(with_noise(flat(size, value), strength, grey=grey, kind=kind))


@pytest.mark.parametrize("number", [1, 5, 40])
def test_dark_pixels_in_a_saturated_frame_and_hot_ones_in_a_black_one(number: int) -> None:
    random = np.random.default_rng(0)
    for size in SIZES[:3]:
        for ground, pixel in ((255, 180), (0, 255)):
            image = flat(size, ground)
            image[tuple(random.integers(0, side, number) for side in size)] = pixel
            assert not shows_something(image)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("centre", [40, 120, 250])
@pytest.mark.parametrize("strength", [0, 0.5, 2, 8])
def test_the_shading_of_a_lens_is_nothing(size: tuple[int, int], centre: int, strength: float) -> None:
    image = shaded(size, centre)
    drawn = np.random.default_rng(0).normal(0, strength, image.shape)
    assert not shows_something(np.clip(np.rint(image + drawn), 0, 255).astype(np.uint8))


@pytest.mark.parametrize("quality", [10, 20, 35, 50, 75, 95])
@pytest.mark.parametrize("strength", [1, 4, 12, 20])
@pytest.mark.parametrize("grey", [True, False], ids=["grey", "colour"])
def test_compressed_noise_is_nothing(quality: int, strength: float, grey: bool) -> None:
    for size in SIZES[1:3]:
        for value in (3, 60, 252):
            assert not shows_something(
                compressed(with_noise(flat(size, value), strength, grey=grey), quality)
            )


# Something


@pytest.mark.parametrize("photo", SAMPLES, ids=lambda path: path.stem)
def test_every_photo_of_a_part_shows_something(photo: Path) -> None:
    image = decode(photo)
    assert shows_something(image)
    assert shows_something(compressed(image, 10))
    assert shows_something(cv2.resize(image, (64, 48), interpolation=cv2.INTER_AREA))
    dim = (image * 0.1).astype(np.uint8)
    assert shows_something(dim)
    assert shows_something(compressed(dim, 30))
    assert shows_something(with_noise(image, 10))


def test_there_are_samples() -> None:
    assert len(SAMPLES) >= 14


@pytest.mark.parametrize("category", CATEGORIES)
def test_the_smallest_parts_show_something(category: str) -> None:
    assert all(map(shows_something, good_images(category, 10)))


def stripes(contrast: float) -> Image:
    columns = 128 + contrast * np.sin(np.arange(400) / 6)
    return np.clip(np.rint(np.tile(columns, (300, 1)))[..., None] * np.ones(3), 0, 255).astype(np.uint8)


def cloth(contrast: float) -> Image:
    rough = cv2.GaussianBlur(np.random.default_rng(0).normal(size=(400, 400)), (0, 0), 2)
    return np.clip(np.rint(128 + contrast * rough / rough.std())[..., None] * np.ones(3), 0, 255).astype(
        np.uint8
    )


@pytest.mark.parametrize("draw", [stripes, cloth])
@pytest.mark.parametrize("contrast", [2, 5, 20])
def test_a_faint_texture_is_something(draw: Callable[[float], Image], contrast: float) -> None:
    assert shows_something(draw(contrast))
    assert shows_something(with_noise(draw(contrast), contrast / 2))


def test_a_small_part_on_an_even_ground_is_something() -> None:
    for ground, part in ((255, 60), (0, 200), (128, 90)):
        image = flat((600, 800), ground)
        cv2.circle(image, (500, 200), 20, (part, part, part), -1)
        assert shows_something(image)
        assert shows_something(with_noise(image, 3))
        assert shows_something(compressed(with_noise(image, 8), 20))


def test_what_differs_in_its_colours_alone_is_something() -> None:
    brightness = np.full((300, 400), 120, np.uint8)
    red = np.full((300, 400), 128, np.uint8)
    red[100:200, 150:250] = 150
    picture = cv2.cvtColor(np.dstack([brightness, red, np.full_like(red, 128)]), cv2.COLOR_YCrCb2RGB)
    assert cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).std() < 0.6
    assert shows_something(picture)
    assert shows_something(compressed(picture, 75))


# Verdicts


def test_nothing_is_neither_normal_nor_known() -> None:
    part = good_images("plate", 1)[0]
    frames = [flat((48, 72), 0), part, with_noise(flat((480, 640), 20), 4), flat((48, 72), 255)]
    found = inspect(calibrated_detector(), frames)
    assert [one.verdict == "no part seen" for one in found] == [True, False, True, True]
    assert [one.seen for one in found] == [False, True, False, False]
    assert not any(one.known for one in found if not one.seen)
    assert {one.verdict_at(0) for one in found if not one.seen} == {"no part seen"}


def test_another_part_is_unknown_whatever_its_score() -> None:
    detector = calibrated_detector()
    other = (
        np.random.default_rng(0).integers(0, 2, (6, 9, 3), dtype=np.uint8).repeat(8, axis=0).repeat(8, axis=1)
        * 255
    )
    detector.recogniser.radius.zero_()
    (found,) = inspect(detector, [other])
    assert (found.verdict, found.known, found.seen) == ("unknown part", False, True)
    assert found.verdict_at(0) == found.verdict_at(100) == "unknown part"


@pytest.mark.parametrize(
    ("score", "known", "seen", "verdict"),
    [
        (0.4, True, True, "normal"), (0.5, True, True, "defective"), (0.9, True, True, "defective"),
        (0.1, False, True, "unknown part"), (0.9, False, True, "unknown part"),
        (0.1, False, False, "no part seen"), (0.9, True, False, "no part seen"),
    ],
)  # fmt: skip
def test_verdicts(score: float, known: bool, seen: bool, verdict: str) -> None:
    assert verdict_of(score, 0.5, 0.45, known=known, seen=seen) == verdict
