"""A decoding process as seen from here: started, asked, and ended when it takes too much of anything."""

import os
import subprocess
import sys
import tempfile
import time
import weakref
from contextlib import suppress
from multiprocessing import Pipe
from pathlib import Path
from threading import Timer

import numpy as np
from pydantic import ValidationError

from crr.data.image_header import MAX_PIXELS
from crr.data.sandbox.messages import ANSWER, REQUEST, Answer, Request
from crr.types import Image

_CHILD = "crr.data.sandbox.child"
_ROOT = Path(__file__).parents[3]
_SECONDS_TO_START = 60.0
_LONGEST_ANSWER = 2**20
_SECRETS = ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN")
_KEPT = 2**25
"""Bytes of shared memory that are kept for the next photo: it takes milliseconds to get them anew."""


class LostError(Exception):
    """A process that ended, or made no sense, before it had answered."""


class SlowError(Exception):
    """A process that took too long to answer."""


class Worker:
    """A process that decodes one file at a time.

    It is a new Python, and no copy of this process, which would bring its memory and the locks of threads.
    Nor does it import the program that runs here, as processes of `multiprocessing` do: that is Streamlit, or
    a script that would begin anew.
    """

    def __init__(self, memory: int) -> None:
        """Start it, without waiting until it is there; raises `OSError` if the system has no room for it.

        Args:
            memory: As `Limits.memory`.
        """
        self._ready = False
        self._memory = _shared_memory()
        self._close_memory = weakref.finalize(self, os.close, self._memory)
        self._connection, theirs = Pipe()
        with theirs:
            given = (theirs.fileno(), self._memory)
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", _CHILD, *map(str, given), str(memory)],
                pass_fds=given,
                stdin=subprocess.DEVNULL,
                env=_environment(),
                process_group=0,  # Ctrl-C is for whoever asks
            )

    @property
    def pid(self) -> int:
        """Number of the process."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether it has not ended."""
        return self._process.poll() is None

    def ask(self, request: Request, content: bytes) -> tuple[Answer, Image | None]:
        """The answer to a request about a file, and uint8 (H, W, 3) if its pixels were asked for.

        Raises:
            LostError: The process ended.
            SlowError: It took longer than the request allows.
            OSError: It could not even be started.
        """
        self._await_start()
        # Killed and not only waited for: one that was taken over may begin an answer and never end it.
        deadline, end = Timer(request.seconds, self._process.kill), time.monotonic() + request.seconds
        deadline.start()
        try:
            self._fill(content)
            self._connection.send_bytes(REQUEST.dump_json(request))
            answer = ANSWER.validate_json(self._connection.recv_bytes(_LONGEST_ANSWER))
        except (OSError, EOFError, ValidationError) as error:
            raise SlowError if time.monotonic() >= end else LostError from error
        finally:
            deadline.cancel()
        found = (answer.size or answer.error) if request.wanted == "pixels" else answer.facts
        if not (found or (answer.large and request.most_pixels < MAX_PIXELS)):
            raise LostError
        pixels = None if answer.size is None else self._pixels(*answer.size)
        if os.fstat(self._memory).st_size > _KEPT:
            os.ftruncate(self._memory, 0)
        return answer, pixels

    def kill(self) -> None:
        """End it, whatever it is doing; whoever waits for its answer has lost it."""
        self._process.kill()
        self._process.wait()

    def close(self) -> None:
        """End it, and give back all that it had; nobody waits for its answer."""
        self.kill()
        self._connection.close()
        self._close_memory()

    def _await_start(self) -> None:
        if self._ready:
            return
        try:
            self._ready = self._connection.poll(_SECONDS_TO_START) and bool(self._connection.recv_bytes())
        except EOFError as error:
            raise OSError("the process ended before it was there") from error
        if not self._ready:
            raise OSError("the process does not start")

    def _fill(self, content: bytes) -> None:
        written = 0
        while written < len(content):
            written += os.pwrite(self._memory, memoryview(content)[written:], written)

    def _pixels(self, height: int, width: int) -> Image:
        # Copied and not mapped: whoever has taken over the process could make mapped memory vanish.
        if height < 1 or width < 1 or height * width > MAX_PIXELS:
            raise LostError
        pixels = np.empty((height, width, 3), np.uint8)
        if os.preadv(self._memory, [pixels.data], 0) != pixels.nbytes:
            raise LostError
        return pixels


def _shared_memory() -> int:
    """Memory without a name, open; it is gone when nobody holds it, however that came about.

    `multiprocessing.shared_memory` has names, which a killed process leaves behind, and lies in /dev/shm,
    where containers have 64 MB.
    """
    if sys.platform == "linux":
        with suppress(OSError):  # some containers forbid it
            return os.memfd_create("crr-image")
    with tempfile.TemporaryFile() as file:  # without a name too, but the system may write it to a disk
        return os.dup(file.fileno())


def _environment() -> dict[str, str]:
    found = os.environ.get("PYTHONPATH")
    changes = {
        "PYTHONPATH": os.pathsep.join([str(_ROOT), *([found] if found else [])]),
        "OMP_NUM_THREADS": "1",  # every process has a core to itself
        "MALLOC_ARENA_MAX": "2",  # address space is counted, of which each reserves much
        # Memory of photos of usual size is kept for the next: to get it anew, page by page, takes longer than
        # to decode them.
        "MALLOC_MMAP_THRESHOLD_": str(2**25),
        "MALLOC_TRIM_THRESHOLD_": str(2**28),
    }
    return {name: value for name, value in os.environ.items() if name not in _SECRETS} | changes
