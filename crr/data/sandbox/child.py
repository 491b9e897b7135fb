"""What runs in a decoding process: one file after the other, within a limit of memory and of time.

Started by `crr.data.sandbox.worker`, which names an open connection, open memory, and the limit in bytes.
"""

import math
import os
import signal
import sys
from contextlib import suppress
from dataclasses import replace
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np

from crr.data.images import decode
from crr.data.inventory.facts import facts_of
from crr.data.sandbox.messages import ANSWER, ANY_NAME, REQUEST, Answer, Request
from crr.errors import ImageError
from crr.types import Image

_KEPT = 1 / 8  # of the allowed memory, which a process may hold after an image


def main() -> None:
    """Answer until whoever asks has gone."""
    connection, memory, allowed = Connection(int(sys.argv[1])), int(sys.argv[2]), int(sys.argv[3])
    base = address_space()
    confine(base + allowed)
    connection.send_bytes(b"ready")
    while True:
        try:
            request = REQUEST.validate_json(connection.recv_bytes())
        except EOFError:
            return
        # By itself, so that it ends too if whoever asked has ended meanwhile.
        signal.alarm(math.ceil(request.seconds) + 1)
        content = os.pread(memory, request.size, 0)
        answer, pixels = answer_to(request, content)
        del content
        if pixels is not None:
            os.pwrite(memory, pixels.data.cast("B"), 0)
            del pixels
        signal.alarm(0)
        spent = answer.spent or address_space() > base + _KEPT * allowed
        connection.send_bytes(ANSWER.dump_json(replace(answer, spent=spent)))


def answer_to(request: Request, content: bytes) -> tuple[Answer, Image | None]:
    """The answer to a request, and the file's pixels if these were asked for."""
    if request.wanted != "pixels":
        whole = request.wanted == "facts"
        return Answer(facts=facts_of(content, ANY_NAME, "", decode=whole)), None
    try:
        pixels = decode(content, ANY_NAME, request.background, request.value_range, request.page)
    except ImageError as error:
        short = isinstance(error.__cause__, MemoryError)
        return Answer(error=str(error), remedy=error.remedy, spent=short), None
    height, width = pixels.shape[:2]
    return Answer((height, width)), np.ascontiguousarray(pixels)


def address_space() -> int:
    """The address space of this process, in bytes; 0 where the system does not tell."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0


def confine(address_space: int) -> None:
    """Take no more address space than this, and be the first to go where the machine runs out of memory."""
    import resource  # which Windows lacks

    if sys.platform == "linux":
        _, most = resource.getrlimit(resource.RLIMIT_AS)
        least = address_space if most == resource.RLIM_INFINITY else min(address_space, most)
        resource.setrlimit(resource.RLIMIT_AS, (least, least))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        with suppress(OSError):
            Path("/proc/self/oom_score_adj").write_text("1000")


if __name__ == "__main__":
    # Whoever asks takes a lack of memory for what it is; or has gone, perhaps without having heard all.
    with suppress(MemoryError, ConnectionError):
        main()
