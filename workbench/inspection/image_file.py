"""An image file that several models are asked about: read, decoded and damaged once."""

import time
from collections.abc import Callable
from functools import cached_property

from crr.config import ValueRange
from crr.data.images import decode
from crr.identity.single_image import StandardDamage
from crr.inference.forward import EncoderPasses
from crr.types import Image
from workbench.basics.pictures import Picture, digest_of, picture_of
from workbench.inspection.samples import GallerySample


class ImageFile:
    """An image file that models are asked about; what they share is done once, and only if it is needed.

    Attributes:
        name: What the file is called.
        passes: What encoders answered to it so far.
        value_range: Black and white of a file deeper than 8 bits that does not say it.
        is_large: Whether decoding it takes hundreds of megabytes, and so others of that kind wait for it.
    """

    def __init__(
        self,
        name: str,
        read: Callable[[], bytes],
        page: int = 0,
        value_range: ValueRange | None = None,
        decode: Callable[..., Image] = decode,
        is_large: bool = False,
    ) -> None:
        """Read nothing yet.

        Args:
            name: What the file is called.
            read: Gives the content.
            page: Which page of the file, counted from 0.
            value_range: See above.
            decode: Who decodes it.
            is_large: See above.
        """
        self.name, self.value_range, self.is_large = name, value_range, is_large
        self._page, self._decode = page, decode
        self.passes: EncoderPasses = {}
        self._read = read
        self._milliseconds = 0.0

    @cached_property
    def content(self) -> bytes:
        """Content of the file."""
        return self._read()

    @cached_property
    def image(self) -> Image:
        """The image that the file shows; raises `ImageError` for a bad file."""
        content, start = self.content, time.perf_counter()
        image = self._decode(content, self.name, value_range=self.value_range, page=self._page)
        self._milliseconds = 1000 * (time.perf_counter() - start)
        return image

    @cached_property
    def standard_damage(self) -> StandardDamage:
        """The image with damage of kinds no model was trained on; raises `ImageError` for a bad file."""
        return StandardDamage(self.image)

    @property
    def decode_milliseconds(self) -> float:
        """Time that decoding the file took, 0 if it was not decoded."""
        return self._milliseconds

    @cached_property
    def picture(self) -> Picture:
        """What the screen shows of the file; raises `ImageError` for a bad file."""
        return picture_of(self.image, self.key)

    @cached_property
    def key(self) -> str:
        """Identifies the image: the content, which page of it, and how its values are read."""
        page = f"-{self._page + 1}" if self._page else ""
        values = f" {self.value_range}" if self.value_range else ""
        return f"{digest_of(self.content)}{page}{values}"


def sample_file(sample: GallerySample) -> ImageFile:
    """The file of a sample, not read yet."""
    return ImageFile(sample.path.name, sample.path.read_bytes)
