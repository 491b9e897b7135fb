"""What a decoding process is asked and what it answers, as JSON: a file may have taken it over."""

from dataclasses import dataclass
from typing import Literal

from pydantic import TypeAdapter

from crr.config import ValueRange
from crr.data.image_header import MAX_PIXELS
from crr.data.inventory.facts import FileFacts
from crr.errors import Remedy

ANY_NAME = "\ue000"
"""How every file is called in a process; its true name, whatever letters it has, is put in afterwards."""


@dataclass(frozen=True)
class Limits:
    """How much one image may take.

    Attributes:
        seconds: Wall time.
        memory: Address space, in bytes, besides what a process has before its first image.
        usual_memory: The same for files of usual size, which are decoded at the same time as others.
        usual_pixels: How many pixels these have at most.
    """

    seconds: float = 30.0  # the largest take 11 s where nothing else is done
    memory: int = 3 * 2**30
    usual_memory: int = 2**29
    usual_pixels: int = 16_000_000


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
        most_pixels: How many pixels it may have to be decoded.
    """

    wanted: Literal["pixels", "facts", "facts of its header"]
    size: int
    seconds: float
    background: int = 255
    value_range: ValueRange | None = None
    page: int = 0
    most_pixels: int = MAX_PIXELS


@dataclass(frozen=True)
class Answer:
    """What came of a file; its pixels lie in the memory that both hold.

    Attributes:
        size: (height, width) of its pixels, 3 bytes each; None if there are none.
        facts: Its facts, if they were asked for, without the digest.
        error: Why it cannot be used, or empty; its facts say it too.
        remedy: What helps against that.
        large: Whether it has too many pixels for this process, or found too little memory.
        spent: Whether the process should be asked no more, since it holds much memory.
    """

    size: tuple[int, int] | None = None
    facts: FileFacts | None = None
    error: str = ""
    remedy: Remedy | None = None
    large: bool = False
    spent: bool = False


REQUEST = TypeAdapter(Request)
ANSWER = TypeAdapter(Answer)
