"""What damage looks like: fillings, each painted into the bounding box of a shape.

A filling is a function of (region, rng) and returns float32 (h, w, 3), the box as it would look were
it damaged everywhere; the synthesizer blends it in through the shape.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import cv2
import numpy as np
from numpy.typing import NDArray

from crr.anomalies.perlin import perlin
from crr.anomalies.scene import Scene
from crr.anomalies.textures import Patch, cut, procedural, read_texture
from crr.types import Image

_LUMA = np.array([0.299, 0.587, 0.114], np.float32)


@dataclass(frozen=True)
class Region:
    """All that a filling may look at.

    Attributes:
        image: The whole clean image.
        top, left: Where the box begins in it.
        coverage: float32 (h, w) in [0, 1], the shape inside its box.
        small: True for cracks, scratches and pits.
        scene: What the whole image looks like.
        donors: Other images, of any size.
        textures: Texture files.
    """

    image: Image
    top: int
    left: int
    coverage: NDArray[np.float32]
    small: bool
    scene: Scene
    donors: Sequence[Image]
    textures: Sequence[Path]

    @property
    def size(self) -> tuple[int, int]:
        """(h, w) of the box."""
        return self.coverage.shape[0], self.coverage.shape[1]

    @property
    def clean(self) -> Patch:
        """float32 (h, w, 3): the box before the damage."""
        height, width = self.size
        return self.image[self.top : self.top + height, self.left : self.left + width].astype(np.float32)


@dataclass(frozen=True)
class Filling:
    """One entry of `FILLINGS`.

    Attributes:
        paint: (region, rng) to the damaged box.
        weight: How often it fills a broad shape, relative to the others.
        thin_weight: How often it fills cracks and scratches, relative to the others.
        line_art_weight: How often in an image of two tones, where gaps and bridges are what goes wrong.
        opacity: Range that the opacity is drawn from.
    """

    paint: Callable[[Region, np.random.Generator], Patch]
    weight: float
    thin_weight: float
    line_art_weight: float
    opacity: tuple[float, float]


def texture(region: Region, rng: np.random.Generator) -> Patch:
    """Foreign material (DRAEM, 2108.07610): a texture file, a patch of another image, or a pattern."""
    kind = rng.random()
    source: Image | None = None
    if region.textures and kind < 0.6:
        source = read_texture(region.textures[int(rng.integers(len(region.textures)))])
    elif region.donors and kind < 0.75:
        source = region.donors[int(rng.integers(len(region.donors)))]
    if source is None:
        patch = procedural(region.size, rng)
    else:
        centre = (rng.uniform(0, source.shape[0]), rng.uniform(0, source.shape[1]))
        patch = cut(source, region.size, centre, rng)
    # Colour alone would give the paste away in a grey image.
    return _without_colour(patch) if region.scene.grey and rng.random() < 0.8 else patch


def own_patch(region: Region, rng: np.random.Generator) -> Patch:
    """The image's own material from another place (CutPaste, 2104.04015; NSA, 2109.15222)."""
    height, width = region.image.shape[:2]
    here = np.array([region.top + region.size[0] / 2, region.left + region.size[1] / 2])
    candidates = rng.uniform(0, 1, (4, 2))
    part = region.scene.foreground
    if part is not None and rng.random() < 0.6:  # plain background has little to give
        candidates = (rng.choice(np.argwhere(part), 4) + 0.5) / part.shape
    distance = np.abs(candidates - here / [height, width]).max(1)
    furthest = candidates[distance.argmax()] * [height, width]
    return cut(region.image, region.size, (float(furthest[0]), float(furthest[1])), rng)


def brightness(region: Region, rng: np.random.Generator) -> Patch:
    """Darker or brighter, evenly or unevenly, from barely visible to black or white."""
    clean = region.clean
    level = float(clean.mean())
    darker = rng.random() < (0.85 if region.small else 0.5)
    if level > 215 or level < 40:  # near the end of the scale only one direction shows
        darker = level > 215
    strength = np.float32(rng.uniform(0.15, 0.9))
    if rng.random() < 0.4:
        uneven = np.clip(0.7 + perlin(region.size, _few_cells(region.size), rng), 0.2, 1.2)[:, :, None]
        strength = (strength * uneven).astype(np.float32)
    end = np.float32(0 if darker else 255)
    # Half of the way in light, half in contrast: a shadow keeps the texture, a stain covers it.
    shadow = clean + (end - clean) * strength
    stain = level + (end - level) * strength
    cover = np.float32(rng.uniform(0, 0.6))
    return np.asarray(shadow * (1 - cover) + stain * cover, np.float32)


def missing(region: Region, rng: np.random.Generator) -> Patch:
    """Material removed or added: filled with what surrounds it, the background, or the image's other tone."""
    scene, choice = region.scene, rng.random()
    if scene.two_tone or choice < 0.25:
        colour = _other_tone(region)
    elif scene.background is not None and choice < 0.65:
        colour = scene.background
    else:
        return _surrounding(region) + rng.normal(0, 2, (*region.size, 1)).astype(np.float32)
    grain = 0 if scene.two_tone else rng.uniform(0, 3)
    return np.asarray(colour + rng.normal(0, grain, (*region.size, 1)), np.float32)


def noise(region: Region, rng: np.random.Generator) -> Patch:
    """Gaussian noise with a grain of 1 to 4 pixels, or salt and pepper."""
    height, width = region.size
    channels = 1 if region.scene.grey or rng.random() < 0.5 else 3
    if rng.random() < 0.5:
        grain = int(rng.integers(1, 5))
        coarse = rng.standard_normal((-(-height // grain), -(-width // grain), channels), np.float32)
        field = cv2.resize(coarse, (width, height)).reshape(height, width, channels)
        return np.asarray(region.clean + field * np.float32(rng.uniform(20, 90)), np.float32)
    chance = rng.random((height, width, channels), np.float32)
    density = np.float32(rng.uniform(0.1, 0.6))
    speckled = np.where(chance < density / 2, np.float32(0), region.clean)
    return np.where(chance > 1 - density / 2, np.float32(255), speckled)


def colour(region: Region, rng: np.random.Generator) -> Patch:
    """A cast: lightness stays, the two colour axes of CIELAB are turned and shifted."""
    lab = cv2.cvtColor(region.clean / 255, cv2.COLOR_RGB2LAB)
    turn, direction = rng.uniform(-np.pi, np.pi), rng.uniform(0, 2 * np.pi)
    a, b = lab[:, :, 1].copy(), lab[:, :, 2].copy()
    shift = rng.uniform(25, 70)
    lab[:, :, 1] = a * np.cos(turn) - b * np.sin(turn) + shift * np.cos(direction)
    lab[:, :, 2] = a * np.sin(turn) + b * np.cos(turn) + shift * np.sin(direction)
    lab[:, :, 0] = np.clip(lab[:, :, 0], 20, 85)  # black and white cannot hold a colour
    return np.asarray(cv2.cvtColor(lab, cv2.COLOR_LAB2RGB) * 255, np.float32)


def warp(region: Region, rng: np.random.Generator) -> Patch:
    """A local swirl, bend or shift of the image itself; it fades out toward the shape's edge."""
    height, width = region.size
    row = np.arange(height, dtype=np.float32)[:, None] - (height - 1) / 2
    column = np.arange(width, dtype=np.float32) - (width - 1) / 2
    reach = max(float(np.sqrt(region.coverage.sum())), 6.0)
    inside = cv2.GaussianBlur(region.coverage, (0, 0), max(reach / 10, 0.8)) * region.coverage
    kind, amount = rng.integers(3), rng.uniform(0.4, 1.0) * rng.choice([-1, 1])
    if kind == 0:  # swirl
        angle = 2 * amount * inside
        down = np.sin(angle) * column + np.cos(angle) * row - row
        across = np.cos(angle) * column - np.sin(angle) * row - column
    else:  # bend, shift
        direction = rng.uniform(0, 2 * np.pi)
        along = np.cos(direction) * column + np.sin(direction) * row
        wave = np.cos(2 * np.pi * along / reach) if kind == 1 else np.ones((height, width), np.float32)
        push = 0.4 * amount * reach * wave * inside
        down, across = push * np.cos(direction), -push * np.sin(direction)
    rows = (region.top + (height - 1) / 2 + row + down).astype(np.float32)
    columns = (region.left + (width - 1) / 2 + column + across).astype(np.float32)
    moved = cv2.remap(region.image, columns, rows, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101)
    return moved.astype(np.float32)


FILLINGS: Mapping[str, Filling] = MappingProxyType(
    {
        "texture": Filling(texture, 0.30, 0.15, 0.12, (0.3, 1.0)),
        "self": Filling(own_patch, 0.25, 0.15, 0.25, (0.4, 1.0)),
        "brightness": Filling(brightness, 0.18, 0.45, 0.10, (0.5, 1.0)),
        "missing": Filling(missing, 0.17, 0.20, 0.45, (1.0, 1.0)),
        "noise": Filling(noise, 0.10, 0.05, 0.08, (0.5, 1.0)),
        "colour": Filling(colour, 0.10, 0.10, 0.10, (0.4, 1.0)),
        "warp": Filling(warp, 0.10, 0.10, 0.10, (1.0, 1.0)),
    }
)
"""Name to filling: the second half of a kind of damage."""

HELD_OUT: tuple[str, ...] = ("warp", "colour")
"""Fillings never used in any training, so that identity mapping can be measured on unseen damage."""


def training_fillings() -> tuple[str, ...]:
    """Names of the fillings that training may use: all but `HELD_OUT`."""
    return tuple(name for name in FILLINGS if name not in HELD_OUT)


def _without_colour(patch: Patch) -> Patch:
    return np.repeat((patch @ _LUMA)[:, :, None], 3, axis=2)


def _few_cells(size: tuple[int, int]) -> tuple[int, int]:
    return max(1, min(3, size[0] // 8)), max(1, min(3, size[1] // 8))


def _other_tone(region: Region) -> NDArray[np.float32]:
    """The one of the image's two tones that is not (mostly) inside the shape."""
    total = max(float(region.coverage.sum()), 1e-6)
    inside = (region.clean * region.coverage[:, :, None]).sum((0, 1)) / total
    distance = np.abs(region.scene.tones - inside).sum(1)
    other: NDArray[np.float32] = region.scene.tones[distance.argmax()]
    return other


def _surrounding(region: Region) -> Patch:
    """The box's pixels outside the shape, spread into it: a blur that leaves the shape out."""
    outside = 1 - region.coverage
    if float(outside.mean()) < 0.02:
        return np.broadcast_to(np.median(region.clean, (0, 1)), (*region.size, 3)).astype(np.float32)
    reach = 2 * (min(region.size) // 4) + 1
    weight = outside + np.float32(1e-3)  # never zero, so that the middle of a large shape is defined too
    spread = region.clean * weight[:, :, None]
    for _ in range(2):  # two box blurs are nearly a triangle, and cost the same at any width
        weight = np.asarray(cv2.blur(weight, (reach, reach)), np.float32)
        spread = np.asarray(cv2.blur(spread, (reach, reach)), np.float32)
    return np.asarray(spread / weight[:, :, None], np.float32)
