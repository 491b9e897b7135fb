"""What a decoding process is asked and what it answers, as JSON: a file may have taken it over."""

from dataclasses import dataclass
from typing import Literal

from pydantic import TypeAdapter

from crr.config import ValueRange
from crr.data.inventory.facts import FileFacts
from crr.errors import Remedy

ANY_NAME = "\ue000"
"""How every file is called in a process; its true name, whatever letters it has, is put in afterwards."""


@dataclass(frozen=True)
class Limits:
    """How much one image may take.

    Attributes:
        seconds: Wall time.
        memory: Address space, in bytes, besides what a process has before its first image. The largest photos
            take 1.9 GB: 64 million pixels of 16 bits with transparency, or of 32 bits.
    """

    seconds: float = 30.0  # the largest take 11 s where nothing else is done
    memory: int = 3 * 2**30


@dataclass(frozen=True)
class Request:
    """What is asked of a file.

    Attributes:
        wanted: Its pixels, or its facts with or without having tried to decode it.
        size: Bytes of its content.
        seconds: Wall time after which the process ends itself.
        background: As for `crr.data.images.decode`.
        value_range: As for `crr.data.images.decode`.
        page: As for `crr.data.images.decode`.
    """

    wanted: Literal["pixels", "facts", "facts of its header"]
    size: int
    seconds: float
    background: int = 255
    value_range: ValueRange | None = None
    page: int = 0


@dataclass(frozen=True)
class Answer:
    """What came of a file; its pixels lie in the memory that both hold.

    Attributes:
        size: (height, width) of its pixels, 3 bytes each; None if there are none.
        facts: Its facts, if they were asked for, without the digest.
        error: Why it cannot be used, or empty.
        remedy: What helps against that.
        spent: Whether the process should be asked no more, since it holds much memory.
    """

    size: tuple[int, int] | None = None
    facts: FileFacts | None = None
    error: str = ""
    remedy: Remedy | None = None
    spent: bool = False


REQUEST = TypeAdapter(Request)
ANSWER = TypeAdapter(Answer)
