"""What a visitor does to a part: strokes filled with a material, perhaps on top of synthetic damage.

Since it is made here, the truth about it is known: the mask.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Literal, get_args

import cv2
import numpy as np

from crr.anomalies import HELD_OUT, AnomalySynthesizer, training_fillings
from crr.anomalies.textures import procedural
from crr.data.images import decode
from crr.types import Image, Mask
from workbench.components.strokes import Stroke, mask_of

Material = Literal["Colour", "Texture", "Another part"]
MATERIALS: tuple[Material, ...] = get_args(Material)

KINDS: Mapping[str, str] = {
    "any": "Any kind",
    "texture": "Foreign material",
    "self": "Material from elsewhere on the part",
    "brightness": "Darker or brighter",
    "missing": "Material missing",
    "noise": "Noise",
    "colour": "Colour cast (held out)",
    "warp": "Warp (held out)",
}
"""Kind of synthetic damage to what people call it; no method here is trained on what is held out."""

_CACHED = 4  # materials of the size of an image


@dataclass(frozen=True)
class Filling:
    """What strokes are filled with.

    Attributes:
        material: A colour, a made-up texture, or the same place of a photo of another part.
        colour: CSS colour "#rrggbb", used by "Colour".
        seed: Seed of the texture.
        part: File of the other part, used by "Another part".
        strength: How much it covers what is below, in [0, 1].
    """

    material: Material = "Colour"
    colour: str = "#f8f9fa"
    seed: int = 0
    part: Path | None = None
    strength: float = 1.0


@dataclass(frozen=True)
class Synthetic:
    """One synthetic damage: the same image, kind and seed give the same damage.

    Attributes:
        kind: Kind of damage, a name in `KINDS`.
        seed: 0 or above.
    """

    kind: str
    seed: int

    def __str__(self) -> str:
        """The damage as it stands in a link, for example "warp-3"."""
        return f"{self.kind}-{self.seed}"

    @staticmethod
    def parse(text: str) -> "Synthetic | None":
        """The damage that a link names; None if it means nothing."""
        kind, _, seed = text.rpartition("-")
        if kind not in KINDS or not seed.isascii() or not seed.isdecimal() or len(seed) > 9:
            return None
        return Synthetic(kind, int(seed))


@dataclass(frozen=True)
class Damaged:
    """A damaged image.

    Attributes:
        image: uint8 (H, W, 3).
        mask: bool (H, W), True where it was damaged; empty if nothing was done to it.
        shape: Shape of the synthetic damage, a name in `crr.anomalies.SHAPES`; empty without any.
        filling: Filling of the synthetic damage, a name in `crr.anomalies.FILLINGS`; empty without any.
    """

    image: Image
    mask: Mask
    shape: str = ""
    filling: str = ""


def synthetic_damage(image: Image, wanted: Synthetic | None, donors: Sequence[Path] = ()) -> Damaged:
    """Have an image damaged, or leave it whole.

    Args:
        image: uint8 (H, W, 3), not modified.
        wanted: Which damage; where nothing of that kind shows, one of another kind is made, which says so.
            None leaves the image whole.
        donors: Photos of other parts, one of which may lend material.

    Raises:
        ConfigError: The image is too small for synthetic damage.
        ImageError: A donor cannot be read.
    """
    if wanted is None:
        return Damaged(image, np.zeros(image.shape[:2], dtype=bool))
    random = np.random.default_rng([wanted.seed, *wanted.kind.encode()])
    synthesizer = AnomalySynthesizer(
        fillings=(*training_fillings(), *HELD_OUT) if wanted.kind == "any" else (wanted.kind,),
        foreground_only=True,
    )

    def lent() -> list[Image]:
        return [_part(donors[int(random.integers(len(donors)))], None)] if donors else []

    made = synthesizer.damage_that_shows(image, random, lent) or synthesizer.damage(image, random, lent())
    return Damaged(made.image, made.mask, made.shape, made.filling)


def paint(below: Damaged, strokes: Sequence[Stroke], filling: Filling) -> Damaged:
    """Lay strokes over an image.

    Args:
        below: The image, whole or damaged; not modified.
        strokes: In pixels of the image.
        filling: What the strokes are filled with.

    Raises:
        ImageError: The other part's photo cannot be read.
    """
    size = (below.image.shape[0], below.image.shape[1])
    painted = mask_of(tuple(strokes), size)
    if not painted.any():
        return below
    # Softer at the rim, as a real damage is, but never beyond the mask.
    cover = filling.strength * cv2.GaussianBlur(painted.astype(np.float32), (3, 3), 0) * painted
    mixed = below.image + (_material(filling, size).astype(np.float32) - below.image) * cover[:, :, None]
    return replace(below, image=np.rint(mixed).astype(np.uint8), mask=below.mask | painted)


def _material(filling: Filling, size: tuple[int, int]) -> Image:
    """uint8 of shape (height, width, 3), or (3,) for a colour."""
    if filling.material == "Texture":
        return _texture(filling.seed, size)
    if filling.material == "Another part" and filling.part is not None:
        return _part(filling.part, size)
    return np.frombuffer(bytes.fromhex(filling.colour[1:]), dtype=np.uint8)


@lru_cache(_CACHED)
def _texture(seed: int, size: tuple[int, int]) -> Image:
    pattern = procedural(size, np.random.default_rng(seed))
    return np.rint(pattern.clip(0, 255)).astype(np.uint8)


@lru_cache(_CACHED)
def _part(path: Path, size: tuple[int, int] | None) -> Image:
    """A photo of another part, stretched to `size`."""
    image = decode(path, path.name)
    return image if size is None else np.asarray(cv2.resize(image, size[::-1]), dtype=np.uint8)
