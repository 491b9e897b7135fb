"""Decoding strangers' image files in processes of their own, which are started when needed and used again."""

import os
import weakref
from contextlib import suppress
from dataclasses import replace
from types import TracebackType
from typing import Self, final

from crr.config import ValueRange
from crr.data import image_header
from crr.data.image_header import too_many_bytes
from crr.data.images import Source, content_of
from crr.data.inventory.facts import FileFacts
from crr.data.sandbox.child import answer_to
from crr.data.sandbox.messages import ANY_NAME, Answer, Limits, Request
from crr.data.sandbox.room import Room
from crr.data.sandbox.worker import LostError, SlowError
from crr.errors import ImageError
from crr.types import Image

_MOST_WORKERS = 8
"""Processes at most for files of usual size: each may take `Limits.usual_memory`."""
_CONFINED = os.name == "posix"
"""Whether this system lets a process have limits; elsewhere files are decoded here."""


@final
class Sandbox:
    """Decodes image files in processes that may take only so much memory and time.

    Threads may share it: there is a process for each core, and who comes when all are busy waits. Large
    photos have one process more, with more memory: they wait for each other, and nobody waits for them. A
    file that ends its process or takes too much costs itself alone; the next has a new one. The processes end
    with a `with` block, or with this process.

    Attributes:
        limits: How much one image may take.
    """

    def __init__(self, workers: int | None = None, limits: Limits | None = None) -> None:
        """Args: workers, how many processes at most, one a core if None; limits."""
        self.limits = limits or Limits()
        usual_memory = min(self.limits.usual_memory, self.limits.memory)
        self._usual = Room(workers or min(_cores(), _MOST_WORKERS), usual_memory)
        self._large = Room(1, self.limits.memory)
        self._finalizer = weakref.finalize(self, _kill, self._usual, self._large)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def pids(self) -> set[int]:
        """Numbers of its processes."""
        return self._usual.pids | self._large.pids

    def close(self) -> None:
        """End all processes; what they are asked meanwhile fails."""
        self._usual.close()
        self._large.close()

    def warm(self) -> None:
        """Start a process if there is none, without waiting for it: it takes half a second."""
        if _CONFINED:
            self._usual.warm()

    def decode(
        self,
        source: Source,
        name: str = "",
        background: int = 255,
        value_range: ValueRange | None = None,
        page: int = 0,
    ) -> Image:
        """Decode one image, as `crr.data.images.decode` does, to the same bits.

        Raises:
            ImageError: As there; or it takes too much memory or time.
            TypeError: The source is neither bytes nor a path.
        """
        data, name = content_of(source, name)
        request = Request("pixels", len(data), self.limits.seconds, background, value_range, page)
        answer, pixels = self._answer(request, data, name)
        if pixels is None:
            raise ImageError(answer.error.replace(ANY_NAME, name), remedy=answer.remedy)
        return pixels

    def facts_of(self, data: bytes, name: str, digest: str, *, decode: bool) -> FileFacts:
        """The facts of a file's content, as `crr.data.inventory.facts.facts_of` gives them.

        Args:
            data: The content.
            name: File name for error messages.
            digest: Of the content.
            decode: Whether its pixels are decoded, to know that they can be.
        """
        wanted = Request("facts" if decode else "facts of its header", len(data), self.limits.seconds)
        try:
            answer, _ = self._answer(wanted, data, name)
        except ImageError as error:
            return FileFacts(digest, None, error=str(error))
        assert answer.facts is not None
        return replace(answer.facts, digest=digest, error=answer.facts.error.replace(ANY_NAME, name))

    def _answer(self, request: Request, data: bytes, name: str) -> tuple[Answer, Image | None]:
        if len(data) > image_header.MAX_BYTES:
            raise too_many_bytes(name)
        if not _CONFINED:
            return answer_to(request, data)
        try:
            return self._ask(request, data)
        except SlowError as error:
            raise ImageError(
                f"{name} takes longer than {request.seconds:g} s to decode, the most allowed: scale it "
                "down, or save it again in another format."
            ) from error
        except LostError as error:
            raise ImageError(
                f"{name} made its decoder fail, as some damaged images do and some that need too much "
                "memory: save it again in another program, or scale it down."
            ) from error
        except (OSError, MemoryError) as error:
            raise ImageError(
                f"{name} cannot be decoded now, since this machine is short of memory or of processes: "
                "try again later."
            ) from error

    def _ask(self, request: Request, data: bytes) -> tuple[Answer, Image | None]:
        with suppress(LostError):  # a decoder that finds no memory may also just end
            answer, pixels = self._usual.ask(replace(request, most_pixels=self.limits.usual_pixels), data)
            if not answer.large:
                return answer, pixels
        return self._large.ask(request, data)


def _kill(*rooms: Room) -> None:
    for room in rooms:
        room.kill_all()


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
