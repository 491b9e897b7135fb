"""Material to fill damage with: files of a texture folder, patches of images, procedural patterns."""

from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from crr.anomalies.perlin import perlin
from crr.data.images import decode
from crr.data.layouts.finding import find_images
from crr.errors import DatasetError
from crr.runtime.paths import StrPath, as_path
from crr.types import Image

Patch = NDArray[np.float32]
"""float32 (h, w, 3), RGB, in [0, 255] (before clipping)."""


@lru_cache(maxsize=64)
def read_texture(path: Path) -> Image:
    """Decode a texture file; the last 64 stay in memory, and what is kept cannot be written to."""
    texture = decode(path, path.name)
    texture.flags.writeable = False
    return texture


def cut(source: Image, size: tuple[int, int], centre: tuple[float, float], rng: np.random.Generator) -> Patch:
    """A patch of `source` around `centre` (row, column), flipped, rotated, scaled, darker or brighter.

    Returns:
        float32 (h, w, 3) of the asked `size`; what lies outside the source is its mirror image.
    """
    angle = rng.uniform(-np.pi, np.pi) if rng.random() < 0.7 else rng.integers(0, 4) * np.pi / 2
    scale = np.exp(rng.uniform(np.log(0.7), np.log(1.5)))
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]) / scale
    turn[:, 0] *= rng.choice([-1, 1])
    middle = np.array([size[1] - 1, size[0] - 1]) / 2
    inverse = np.column_stack([turn, np.array([centre[1], centre[0]]) - turn @ middle])
    patch = cv2.warpAffine(
        source,
        inverse,
        (size[1], size[0]),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REFLECT_101,
    )
    gain, offset = rng.uniform(0.7, 1.3), rng.uniform(-25, 25)
    return patch.astype(np.float32) * np.float32(gain) + np.float32(offset)


def procedural(size: tuple[int, int], rng: np.random.Generator) -> Patch:
    """A pattern between two random colours: noise, stripes, checker or gradient."""
    pattern = _PATTERNS[int(rng.integers(len(_PATTERNS)))](size, rng)
    first, second = rng.uniform(0, 255, (2, 3)).astype(np.float32)
    return np.asarray(first + pattern[:, :, None] * (second - first), np.float32)


def _noise(size: tuple[int, int], rng: np.random.Generator) -> NDArray[np.float32]:
    """Perlin noise of one scale plus some grain, in about [0, 1]."""
    cells = tuple(max(1, min(int(side / rng.uniform(3, 40)), side // 2)) for side in size)
    smooth = 0.5 + 0.8 * perlin(size, (cells[0], cells[1]), rng)
    grain = rng.standard_normal(size, np.float32) * np.float32(rng.uniform(0, 0.2))
    return (smooth + grain).astype(np.float32)


def _along(size: tuple[int, int], angle: float) -> NDArray[np.float32]:
    """Each pixel's position in pixels along a direction."""
    row = np.arange(size[0], dtype=np.float32)[:, None] * np.float32(np.sin(angle))
    return np.asarray(row + np.arange(size[1], dtype=np.float32) * np.float32(np.cos(angle)), np.float32)


def _stripes(size: tuple[int, int], rng: np.random.Generator) -> NDArray[np.float32]:
    wave = np.sin(_along(size, rng.uniform(0, np.pi)) * np.float32(2 * np.pi / rng.uniform(4, 32)))
    return np.asarray(np.clip(0.5 + wave * np.float32(rng.uniform(0.5, 3)), 0, 1), np.float32)


def _checker(size: tuple[int, int], rng: np.random.Generator) -> NDArray[np.float32]:
    angle, period = rng.uniform(0, np.pi), rng.uniform(3, 16)
    odd = (_along(size, angle) // period + _along(size, angle + np.pi / 2) // period) % 2
    return odd.astype(np.float32)


def _gradient(size: tuple[int, int], rng: np.random.Generator) -> NDArray[np.float32]:
    ramp = _along(size, rng.uniform(0, 2 * np.pi))
    return np.asarray((ramp - ramp.min()) / max(float(np.ptp(ramp)), 1.0), np.float32)


_PATTERNS = (_noise, _noise, _stripes, _checker, _gradient)


def donor_images(
    paths: Sequence[Sequence[Path]],
    category: int,
    read: Callable[[Path], Image],
    random: np.random.Generator,
) -> list[Image]:
    """One image of a category other than `category` to cut material from; none where there is no other.

    Never one of its own: a patch of pavement pasted into pavement is no damage.
    """
    others = [files for index, files in enumerate(paths) if index != category]
    if not others:
        return []
    chosen = others[int(random.integers(len(others)))]
    return [read(chosen[int(random.integers(len(chosen)))])]


def texture_files(folder: StrPath | None) -> list[Path]:
    """The images of a texture folder such as DTD; none for None.

    Raises:
        DatasetError: There is no such folder, or no image in it.
    """
    if folder is None:
        return []
    folder = as_path(folder, "The folder of textures")
    files = find_images([folder]) if folder.is_dir() else []
    if not files:
        raise DatasetError(f"{folder} is no folder with images to take textures from. Check the path.")
    return files
