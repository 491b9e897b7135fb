"""Colour profiles: photos of a phone in Display P3, or of a printer's inks, brought to sRGB."""

from functools import lru_cache
from io import BytesIO

import numpy as np
import PIL.Image
import PIL.ImageCms


def in_srgb(picture: PIL.Image.Image, profile: bytes | None) -> PIL.Image.Image:
    """The picture in the colours of sRGB, as screens show it, where its file has another ICC profile."""
    if not profile:
        return picture
    alpha = picture.convert("RGBA").getchannel("A") if picture.has_transparency_data else None
    plain = picture.convert(_PLAIN_MODES.get(picture.mode, "RGB"))
    try:
        transform = _transform(profile, plain.mode)
    except (PIL.ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return picture  # a broken profile, or one of another colour space: what every viewer does
    if transform is None:
        return picture
    converted = PIL.ImageCms.applyTransform(plain, transform)
    assert converted is not None
    if alpha is not None:
        converted.putalpha(alpha)
    return converted


_PLAIN_MODES = {"1": "L", "L": "L", "LA": "L", "CMYK": "CMYK"}
_SPACES = {"L": "GRAY", "RGB": "RGB ", "CMYK": "CMYK"}


_MUTED = np.stack(np.meshgrid(*[np.arange(60, 241, 20, dtype=np.uint8)] * 3), axis=-1).reshape(-1, 3)
_GREYS = np.arange(256, dtype=np.uint8)[:, None].repeat(3, axis=1)
_TRIED = np.concatenate([_GREYS, _MUTED])[None]
"""Colours by which it is known whether a profile changes any; the purest are moved by mere rounding."""
_ROUNDING = 3  # by which profiles of sRGB differ from each other


@lru_cache(maxsize=8)
def _transform(profile: bytes, mode: str) -> PIL.ImageCms.ImageCmsTransform | None:
    """From a profile's colours to sRGB; None if they are sRGB already, which its name does not tell."""
    source = PIL.ImageCms.ImageCmsProfile(BytesIO(profile))
    if source.profile.xcolor_space != _SPACES[mode]:
        raise ValueError("the profile is of another colour space than the pixels")
    transform = PIL.ImageCms.buildTransform(
        source,
        PIL.ImageCms.createProfile("sRGB"),
        mode,
        "RGB",
        PIL.ImageCms.Intent.RELATIVE_COLORIMETRIC,
    )
    if mode == "CMYK":
        return transform
    tried = PIL.Image.fromarray(_TRIED).convert(mode)
    changed = PIL.ImageCms.applyTransform(tried, transform)
    assert changed is not None
    difference = np.asarray(changed, np.int16) - np.asarray(tried.convert("RGB"), np.int16)
    return None if np.abs(difference).max() <= _ROUNDING else transform
