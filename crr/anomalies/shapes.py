"""Where damage is: shapes drawn around an anchor point.

A shape is a function of (size, anchor, rng) and returns its coverage: uint8 (H, W), 0 outside,
255 inside, values between on an anti-aliased edge. It always covers the anchor's neighbourhood, so
the caller decides what is hit. Lengths are in units of 1/384 of the image's side.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import cv2
import numpy as np
from numpy.typing import NDArray

from crr.anomalies.perlin import perlin

Coverage = NDArray[np.uint8]
"""uint8 (H, W), 0 outside, 255 inside."""

Point = tuple[int, int]
"""(row, column) of a pixel."""

_SUBPIXEL_BITS = 4  # OpenCV draws with fixed-point coordinates
_PERLIN_SIDE = 160  # finest Perlin lattice is 64 cells: 2.5 grid points a cell, upsampled smoothly


@dataclass(frozen=True)
class Shape:
    """One entry of `SHAPES`.

    Attributes:
        draw: (size, anchor, rng) to the shape's coverage.
        weight: How often it is drawn, relative to the others.
        thin: Cracks and scratches: mostly darker than what they run across.
    """

    draw: Callable[[tuple[int, int], Point, np.random.Generator], Coverage]
    weight: float
    thin: bool = False


def unit(size: tuple[int, int]) -> float:
    """Pixels that correspond to one pixel of a 384 x 384 image (geometric mean of the sides)."""
    return float(np.sqrt(size[0] * size[1])) / 384


def perlin_parts(size: tuple[int, int], anchor: Point, rng: np.random.Generator) -> Coverage:
    """One to four connected parts of thresholded Perlin noise, 2^0..2^6 cells an axis (DRAEM, 2108.07610)."""
    grid = _grid(size)
    exponents = rng.integers(0, 7, 2)
    cells = [min(2 ** int(exponent), side // 2) for exponent, side in zip(exponents, grid, strict=True)]
    here = (anchor[0] * grid[0] // size[0], anchor[1] * grid[1] // size[1])
    noise = _peak_at(here, perlin(grid, (cells[0], cells[1]), rng), rng)

    level = float(np.quantile(noise, 1 - _log_uniform(rng, 0.005, 0.15)))
    above = (noise > level).astype(np.uint8)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(above, connectivity=4)
    others = [part for part in range(1, count) if part != labels[here]]
    others = sorted(others, key=lambda part: -stats[part, cv2.CC_STAT_AREA])[:8]
    kept = np.isin(labels, [labels[here] or 1, *rng.permutation(others)[: rng.integers(0, 4)]])
    height = np.where(kept, np.maximum(noise - level, 1e-6), np.minimum(noise - level, -1e-3))
    smooth = cv2.resize(height.astype(np.float32), (size[1], size[0]), interpolation=cv2.INTER_LINEAR)
    return np.where(smooth > 0, np.uint8(255), np.uint8(0))


def blob(size: tuple[int, int], anchor: Point, rng: np.random.Generator) -> Coverage:
    """One to five smooth irregular blobs, from pits of 0.05 % of the area to 10 % in all."""
    share = _log_uniform(rng, 0.0005, 0.10)
    count = 1 if rng.random() < 0.6 else int(rng.integers(2, 6))
    radius = max(float(np.sqrt(share / count * size[0] * size[1] / np.pi)), 1.2)
    coverage = np.zeros(size, np.uint8)
    for index in range(count):
        offset = rng.normal(0, 3 * radius, 2) if index else np.zeros(2)
        _fill(coverage, _xy(anchor) + offset + radius * _irregular_outline(rng))
    return coverage


def rectangle(size: tuple[int, int], anchor: Point, rng: np.random.Generator) -> Coverage:
    """A rectangle of 0.1..8 % of the area (random erasing, 1708.04896), half of them turned (CutPaste)."""
    area = max(_log_uniform(rng, 0.001, 0.08) * size[0] * size[1], 9.0)
    aspect = _log_uniform(rng, 0.2, 5.0)
    half = np.array([np.sqrt(area * aspect), np.sqrt(area / aspect)]) / 2
    corners = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * half
    if rng.random() < 0.5:
        corners = corners @ _rotation(rng.uniform(0, np.pi))
    coverage = np.zeros(size, np.uint8)
    _fill(coverage, corners + _xy(anchor))
    return coverage


def stroke(size: tuple[int, int], anchor: Point, rng: np.random.Generator) -> Coverage:
    """One to three thin scratches: straight or curved, 1..6 units wide, 10..250 units long."""
    scale = unit(size)
    width = max(1, round(_log_uniform(rng, 1, 6) * scale))
    length = _log_uniform(rng, 10, 250) * scale
    bend = rng.normal(0, 0.25) if rng.random() < 0.6 else 0.0
    heading = rng.uniform(0, 2 * np.pi)
    coverage = np.zeros(size, np.uint8)
    for index in range(1 if rng.random() < 0.7 else int(rng.integers(2, 4))):
        curve = _bezier(length * rng.uniform(0.6, 1), bend, rng) @ _rotation(heading + rng.normal(0, 0.08))
        offset = rng.normal(0, 8 * scale, 2) if index else np.zeros(2)
        _line(coverage, curve + _xy(anchor) + offset, width)
    return coverage


def crack(size: tuple[int, int], anchor: Point, rng: np.random.Generator) -> Coverage:
    """A jagged random walk through the anchor with branches, 1..3 units wide, 20..400 units long."""
    scale = unit(size)
    step = max(rng.uniform(3, 9) * scale, 1.5)
    steps = max(4, round(_log_uniform(rng, 20, 400) * scale / step))
    width = max(1.0, rng.uniform(1, 3) * scale)
    heading = rng.uniform(0, 2 * np.pi)
    coverage = np.zeros(size, np.uint8)
    for direction in (heading, heading + np.pi):
        walk = _xy(anchor) + _walk(steps // 2 + 1, step, direction, rng)
        _tapered(coverage, walk, width)
        for _ in range(rng.poisson(0.6)):
            fork = int(rng.integers(0, len(walk)))
            side = direction + rng.choice([-1, 1]) * rng.uniform(0.4, 1.2)
            _tapered(coverage, walk[fork] + _walk(max(3, steps // 4), step, side, rng), max(1.0, width * 0.6))
    return coverage


SHAPES: Mapping[str, Shape] = MappingProxyType(
    {
        "perlin": Shape(perlin_parts, 0.30),
        "blob": Shape(blob, 0.30),
        "stroke": Shape(stroke, 0.15, thin=True),
        "crack": Shape(crack, 0.15, thin=True),
        "rectangle": Shape(rectangle, 0.10),
    }
)
"""Name to shape: the first half of a kind of damage."""


def _log_uniform(rng: np.random.Generator, low: float, high: float) -> float:
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


def _grid(size: tuple[int, int]) -> tuple[int, int]:
    shrink = min(1.0, _PERLIN_SIDE / max(size))
    return max(8, round(size[0] * shrink)), max(8, round(size[1] * shrink))


def _peak_at(point: Point, noise: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    """Periodic noise turned by a random angle and moved, seamlessly, so that its maximum lies at `point`."""
    row, column = np.unravel_index(int(noise.argmax()), noise.shape)
    turn = _rotation(rng.uniform(0, 2 * np.pi))
    inverse = np.column_stack([turn, np.array([column, row]) - turn @ _xy(point)])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    moved = cv2.warpAffine(noise, inverse, noise.shape[::-1], flags=flags, borderMode=cv2.BORDER_WRAP)
    return np.asarray(moved, np.float32)


def _xy(point: Point) -> NDArray[np.float64]:
    return np.array([point[1], point[0]], np.float64)


def _rotation(angle: float) -> NDArray[np.float64]:
    return np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])


def _irregular_outline(rng: np.random.Generator) -> NDArray[np.float64]:
    """(64, 2) points around the origin, mean radius about 1: an ellipse with random harmonics."""
    theta = np.linspace(0, 2 * np.pi, 64, endpoint=False)
    order = np.arange(2, 8)[:, None]
    amplitude = rng.normal(0, 0.28, order.shape) / np.sqrt(order)
    waves = amplitude * np.cos(order * theta + rng.uniform(0, 2 * np.pi, order.shape))
    radius = np.maximum(1 + waves.sum(0), 0.3)
    stretch = _log_uniform(rng, 0.5, 2.0) ** 0.5
    outline = np.stack([radius * np.cos(theta) * stretch, radius * np.sin(theta) / stretch], 1)
    return outline @ _rotation(rng.uniform(0, np.pi))


def _bezier(length: float, bend: float, rng: np.random.Generator) -> NDArray[np.float64]:
    """(17, 2) points of a cubic Bezier curve along x, through the origin in its middle."""
    points = np.array([[-0.5, 0], [-0.17, bend + rng.normal(0, abs(bend))], [0.17, bend], [0.5, 0]])
    t = np.linspace(0, 1, 17)[:, None]
    bernstein = np.hstack([(1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t**2 * (1 - t), t**3])
    curve = bernstein @ points * length
    return np.asarray(curve - curve[8])


def _walk(steps: int, step: float, heading: float, rng: np.random.Generator) -> NDArray[np.float64]:
    """(steps + 1, 2) points from the origin: a slowly turning direction with a jagged one on top."""
    angle = heading + np.cumsum(rng.normal(0, 0.12, steps)) + rng.normal(0, 0.6, steps)
    stride = step * rng.uniform(0.4, 1.6, steps)
    path = np.cumsum(np.stack([np.cos(angle), np.sin(angle)], 1) * stride[:, None], 0)
    return np.concatenate([np.zeros((1, 2)), path])


def _fixed(points: NDArray[np.float64]) -> NDArray[np.int32]:
    return np.asarray(np.round(points * 2**_SUBPIXEL_BITS), np.int32).reshape(-1, 1, 2)


def _fill(coverage: Coverage, outline: NDArray[np.float64]) -> None:
    cv2.fillPoly(coverage, [_fixed(outline)], 255, cv2.LINE_AA, _SUBPIXEL_BITS)


def _line(coverage: Coverage, points: NDArray[np.float64], width: int) -> None:
    cv2.polylines(coverage, [_fixed(points)], False, 255, width, cv2.LINE_AA, _SUBPIXEL_BITS)


def _tapered(coverage: Coverage, points: NDArray[np.float64], width: float) -> None:
    """A line that is `width` at its start and thins out to one pixel, in four pieces."""
    for piece, part in enumerate(np.array_split(np.arange(len(points) - 1), 4)):
        if part.size:
            _line(coverage, points[part[0] : part[-1] + 2], max(1, round(width * (1 - piece / 5))))
