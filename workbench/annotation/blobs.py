"""Contents of files, each under the name of its SHA-256: the same content is in the data folder once."""

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

from crr.errors import WriteError
from crr.runtime.files import write_atomically
from workbench.annotation.errors import SourceError, StoreError
from workbench.annotation.records import NewImage


class Blobs:
    """The contents in one folder."""

    def __init__(self, folder: Path) -> None:
        """Args: folder, made when the first content comes."""
        self._folder = folder

    def put(self, content: bytes) -> str:
        """Keep a content; its digest. What is there already is not written again.

        Raises:
            StoreError: The disk refuses.
        """
        digest = hashlib.sha256(content).hexdigest()
        path = self.path(digest)
        if not path.exists():
            try:
                write_atomically(path, lambda temporary: _write_through(temporary, content))
            except WriteError as error:
                raise StoreError(str(error)) from error
        return digest

    def path(self, digest: str) -> Path:
        """Where a content is, or would be."""
        return self._folder / digest[:2] / digest

    def digests(self) -> Iterator[str]:
        """Names of all contents that are there, whatever they hold."""
        return (path.name for path in sorted(self._folder.glob("??/*")) if not path.name.startswith("."))

    def checked(self, digest: str) -> bytes:
        """A content of the data folder; raises `SourceError` if it is not there, or damaged."""
        return self.content(NewImage(digest, digest, 0, 0))

    def content(self, image: NewImage) -> bytes:
        """The content of an image, wherever it lies.

        Raises:
            SourceError: It is not there, or is another by now.
        """
        path = self.path(image.digest) if image.path is None else Path(image.path)
        try:
            content = path.read_bytes()
        except OSError as error:
            where = "the data folder" if image.path is None else image.path
            raise SourceError(
                f"{image.name} cannot be read from {where} ({error.strerror}). Put the file back, or add the "
                "images again."
            ) from error
        if hashlib.sha256(content).hexdigest() != image.digest:
            raise SourceError(
                f"{path.name if image.path is None else image.path} is no longer the image that was added as "
                f"{image.name}: its content changed. Put the old file back, or add the new one as an image "
                "of its own."
            )
        return content


def has_changed(image: NewImage) -> bool:
    """Whether the file of an image that stays where it is looks other than it did: size, time, or gone."""
    if image.path is None:
        return False
    try:
        status = Path(image.path).stat()
    except OSError:
        return True
    return (status.st_size, status.st_mtime_ns) != (image.size, image.modified)


def _write_through(path: Path, content: bytes) -> None:
    """Write a file so that it is on the disk when this returns: a row that names it may follow."""
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
