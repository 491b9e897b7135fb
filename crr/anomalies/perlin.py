"""Periodic Perlin noise (Perlin, "An image synthesizer", SIGGRAPH 1985), vectorised."""

import numpy as np
from numpy.typing import NDArray


def perlin(size: tuple[int, int], cells: tuple[int, int], rng: np.random.Generator) -> NDArray[np.float32]:
    """Gradient noise that tiles without a seam.

    Args:
        size: (height, width) of the result.
        cells: Lattice cells (down, across), each at least 1: more cells, finer noise.
        rng: Where the gradients come from.

    Returns:
        float32 (height, width), mean about 0, within [-1, 1].
    """
    angles = rng.uniform(0, 2 * np.pi, cells).astype(np.float32)
    down, across = np.sin(angles), np.cos(angles)
    row, dy = _lattice(size[0], cells[0])
    column, dx = _lattice(size[1], cells[1])

    def corner(y: int, x: int) -> NDArray[np.float32]:
        lattice = np.ix_((row + y) % cells[0], (column + x) % cells[1])
        return np.asarray(down[lattice] * (dy - y)[:, None] + across[lattice] * (dx - x), np.float32)

    fade_y, fade_x = _fade(dy)[:, None], _fade(dx)
    top = corner(0, 0) * (1 - fade_x) + corner(0, 1) * fade_x
    bottom = corner(1, 0) * (1 - fade_x) + corner(1, 1) * fade_x
    return np.asarray(top * (1 - fade_y) + bottom * fade_y, np.float32)


def _lattice(length: int, cells: int) -> tuple[NDArray[np.intp], NDArray[np.float32]]:
    """Each pixel's cell along one axis, and its place in that cell, in [0, 1)."""
    place = (np.arange(length) + 0.5) * cells / length
    cell = place.astype(np.intp)
    return cell, (place - cell).astype(np.float32)


def _fade(t: NDArray[np.float32]) -> NDArray[np.float32]:
    """Perlin's quintic: 0 to 1 with flat first and second derivatives at both ends."""
    return t * t * t * (t * (t * 6 - 15) + 10)
