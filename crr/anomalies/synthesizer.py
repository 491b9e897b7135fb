"""Synthetic anomalies: where (a shape) x what (a filling), blended with a random opacity."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from crr.anomalies.fillings import FILLINGS, Region, training_fillings
from crr.anomalies.scene import Scene, describe
from crr.anomalies.shapes import SHAPES, Coverage, Point
from crr.errors import ConfigError
from crr.types import Image, Mask

VISIBLE = 12
"""A pixel is damaged if a channel changed by at least this (of 255), also when lightly smoothed."""

FEATHER = 3
"""Outside the truth mask dilated by this many pixels the damaged image equals the clean one."""

_ATTEMPTS = 8
_DRAWS = 4  # each of so many attempts
_ON_FOREGROUND = 0.8  # how often damage must touch the part
_ON_EDGE = 0.35  # how often it begins where the two tones meet
_PIT = 0.002  # smaller shapes (share of the area) are pits: mainly darker, like scratches
_SHOWN = 0.3  # a smaller share of the shape than this is chance, not damage ...
_STRIKING = 40  # ... unless what shows differs by this much, as a gap in line art does
_SMALLEST_SIDE = 16
# Closes holes in damage where the filling happens to equal what was there.
_DISC = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (7, 7))


@dataclass(frozen=True)
class Damage:
    """A damaged image and the truth about it.

    Attributes:
        image: uint8 (H, W, 3), a new array.
        mask: bool (H, W), True where the image visibly changed; never empty.
        shape: Name in `SHAPES`.
        filling: Name in `FILLINGS`.
    """

    image: Image
    mask: Mask
    shape: str
    filling: str


class AnomalySynthesizer:
    """Damages images; holds settings only, so one object may serve many threads or processes."""

    def __init__(
        self,
        textures: Sequence[Path] | None = None,
        fillings: Sequence[str] = training_fillings(),
        shapes: Sequence[str] = tuple(SHAPES),
        *,
        foreground_only: bool = False,
    ) -> None:
        """Choose the kinds of damage.

        Args:
            textures: Texture image files, for example those of DTD; decoded when needed.
            fillings: Names in `FILLINGS`; by default those that training may use.
            shapes: Names in `SHAPES`.
            foreground_only: Damage nothing but the part, where it lies before a plain background; else the
                part mostly.

        Raises:
            ConfigError: A name is unknown, or a list is empty.
        """
        self.textures = tuple(textures or ())
        self.fillings = _checked(fillings, FILLINGS, "filling")
        self.shapes = _checked(shapes, SHAPES, "shape")
        self.foreground_only = foreground_only

    def damage(self, image: Image, rng: np.random.Generator, donors: Sequence[Image] = ()) -> Damage:
        """Damage a copy of `image`; the same arguments and generator state give the same bits.

        Where a draw leaves nothing visible (white filled with white) others are drawn; at last a square is
        made plainly darker or brighter, and reported as "rectangle" and "brightness".

        Args:
            image: uint8 (H, W, 3), each side at least 16 pixels; not modified.
            rng: Source of all randomness.
            donors: Images of other categories, whose material may be pasted in.

        Raises:
            ConfigError: The image is too small or not uint8 RGB.
        """
        _check_image(image)
        scene = describe(image)
        for _ in range(_ATTEMPTS):
            shape = _draw(self.shapes, [SHAPES[name].weight for name in self.shapes], rng)
            filling = _draw(self.fillings, [_weight(name, shape, scene) for name in self.fillings], rng)
            coverage = SHAPES[shape].draw(scene.size, self._anchor(scene, rng), rng)
            if self.foreground_only:
                coverage = _on_part(coverage, scene)
                if not coverage.any():
                    continue
            region = self._region(image, coverage, SHAPES[shape].thin, scene, donors, rng)
            opacity = np.float32(rng.uniform(*FILLINGS[filling].opacity))
            damaged = _blend(image, region, FILLINGS[filling].paint(region, rng), opacity)
            if damaged is not None:
                return Damage(*damaged, shape, filling)
        return _plain_square(image, self._anchor(scene, rng))

    def damage_that_shows(
        self,
        image: Image,
        rng: np.random.Generator,
        donors: Callable[[], Sequence[Image]] = tuple,
    ) -> Damage | None:
        """Damage a copy with one of the fillings asked for; None where several draws show nothing.

        Args:
            image: What is damaged, as `damage` takes it.
            rng: Source of every random draw, as `damage` takes it.
            donors: Gives the donors of each draw.
        """
        for _ in range(_DRAWS):
            damage = self.damage(image, rng, donors())
            if (
                damage.filling in self.fillings
            ):  # else nothing showed, and a square of another kind was made instead
                return damage
        return None

    def _anchor(self, scene: Scene, rng: np.random.Generator) -> Point:
        """A pixel of the part if there is one (mostly), of an edge between the tones (sometimes), or any."""
        on_part, on_edge = rng.random() < _ON_FOREGROUND, rng.random() < _ON_EDGE
        allowed = np.ones_like(scene.edges)
        if scene.foreground is not None and (on_part or self.foreground_only):
            allowed = scene.foreground
        if on_edge and (allowed & scene.edges).any():
            allowed = allowed & scene.edges
        cells = np.flatnonzero(allowed)
        cell = divmod(int(cells[rng.integers(cells.size)]), allowed.shape[1])
        row, column = (
            (cell[axis] + rng.random()) / allowed.shape[axis] * scene.size[axis] for axis in (0, 1)
        )
        return min(int(row), scene.size[0] - 1), min(int(column), scene.size[1] - 1)

    def _region(
        self,
        image: Image,
        coverage: Coverage,
        thin: bool,
        scene: Scene,
        donors: Sequence[Image],
        rng: np.random.Generator,
    ) -> Region:
        """Cut out the shape's box and soften the shape's edge by up to two pixels."""
        left, top, width, height = cv2.boundingRect(coverage)
        bottom, right = top + height + FEATHER, left + width + FEATHER
        top, left = max(0, top - FEATHER), max(0, left - FEATHER)
        soft = coverage[top:bottom, left:right].astype(np.float32) / np.float32(255)
        sigma = float(rng.uniform(0, 0.5 if thin else 1.0))
        if sigma > 0.2:
            soft = np.asarray(cv2.GaussianBlur(soft, (5, 5), sigma), np.float32)
        small = thin or float(soft.sum()) < _PIT * coverage.size
        return Region(image, top, left, soft, small, scene, donors, self.textures)


def _blend(
    image: Image, region: Region, filling: NDArray[np.float32], opacity: np.float32
) -> tuple[Image, Mask] | None:
    """Blend the filling into a copy of the image; None if too little of it shows."""
    alpha = (region.coverage * opacity)[:, :, None]
    clean = region.clean
    painted = np.clip(np.rint(clean + (filling - clean) * alpha), 0, 255).astype(np.uint8)
    height, width = region.size
    inside = (slice(region.top, region.top + height), slice(region.left, region.left + width))
    change = cv2.absdiff(image[inside], painted).max(2)
    truth = _truth(change, region.coverage)
    if not truth.any() or (truth.sum() < _SHOWN * region.coverage.sum() and change[truth].mean() < _STRIKING):
        return None

    near = cv2.dilate(truth.astype(np.uint8), np.ones((2 * FEATHER + 1, 2 * FEATHER + 1), np.uint8)) > 0
    damaged = image.copy()
    damaged[inside][near] = painted[near]
    mask = np.zeros(image.shape[:2], np.bool_)
    mask[inside] = truth
    return damaged, mask


def _truth(change: NDArray[np.uint8], coverage: NDArray[np.float32]) -> Mask:
    """Mask (h, w) of visibly changed pixels of the shape, small holes closed, specks removed."""
    visible = np.minimum(change, cv2.GaussianBlur(change, (3, 3), 0)) >= VISIBLE  # it and its surroundings
    closed = cv2.morphologyEx(visible.astype(np.uint8), cv2.MORPH_CLOSE, _DISC)
    inside = closed & (coverage > 0.2).astype(np.uint8)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(inside, connectivity=8)
    areas = stats[:, cv2.CC_STAT_AREA]
    kept = areas >= max(4.0, 0.02 * float(coverage.sum()))
    kept[0] = False
    mask: Mask = kept[labels]
    return mask


def _plain_square(image: Image, anchor: Point) -> Damage:
    """What shows in every image: a square of 1/24 of the short side (at least 5) in strong contrast."""
    half = max(2, min(image.shape[:2]) // 48)
    square = tuple(slice(max(0, place - half), place + half + 1) for place in anchor)
    mask = np.zeros(image.shape[:2], np.bool_)
    mask[square] = True
    damaged = image.copy()
    damaged[square] = np.where(image[square] < 128, image[square] + 100, image[square] - 100)
    return Damage(damaged, mask, "rectangle", "brightness")


def _on_part(coverage: Coverage, scene: Scene) -> Coverage:
    """The coverage without the plain background; all of it where there is none."""
    if scene.foreground is None:
        return coverage
    height, width = scene.size
    part = cv2.resize(scene.foreground.astype(np.uint8), (width, height), interpolation=cv2.INTER_NEAREST)
    return np.asarray(coverage * part, coverage.dtype)


def _weight(name: str, shape: str, scene: Scene) -> float:
    filling = FILLINGS[name]
    if scene.two_tone:
        return filling.line_art_weight
    return filling.thin_weight if SHAPES[shape].thin else filling.weight


def _draw(names: Sequence[str], weights: Sequence[float], rng: np.random.Generator) -> str:
    limits = np.cumsum(weights)
    return names[int(np.searchsorted(limits, rng.random() * limits[-1], side="right"))]


def _checked(names: Sequence[str], known: Mapping[str, object], noun: str) -> tuple[str, ...]:
    unknown = sorted(set(names) - set(known))
    if unknown or not names:
        given = f"unknown {noun} {', '.join(unknown)}" if unknown else f"no {noun} was given"
        raise ConfigError(f"Synthetic damage: {given}. Choose from {', '.join(known)}.")
    return tuple(names)


def _check_image(image: Image) -> None:
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3:
        raise ConfigError(
            f"Synthetic damage needs an RGB image of 8 bits, not {image.dtype} of shape {image.shape}."
        )
    if min(image.shape[:2]) < _SMALLEST_SIDE:
        raise ConfigError(
            f"An image of {image.shape[1]} x {image.shape[0]} pixels is too small to damage; "
            f"each side must be at least {_SMALLEST_SIDE} pixels."
        )
