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

from crr.data.conversion import upright_rgb
from crr.data.image_header import MAX_BYTES, MAX_PIXELS, ImageHeader, open_image
from crr.data.inventory.facts import FileFacts, facts_in, needs_pixels
from crr.data.sandbox.messages import ANSWER, ANY_NAME, REQUEST, Answer, Request
from crr.errors import ImageError
from crr.types import Image

_KEPT = 2**28  # bytes at most that a process holds after an image, or half of what it may take


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
        spent = answer.spent or address_space() > base + min(_KEPT, allowed // 2)
        connection.send_bytes(ANSWER.dump_json(replace(answer, spent=spent)))


def answer_to(request: Request, content: bytes) -> tuple[Answer, Image | None]:
    """The answer to a request, and the file's pixels if these were asked for."""
    header, pixels_wanted = None, request.wanted == "pixels"
    try:
        with open_image(content, ANY_NAME) as file:
            header = file.header
            if header.pixels > request.most_pixels and _decodes(request, header):
                return Answer(large=True), None
            if pixels_wanted:
                pixels = upright_rgb(file, ANY_NAME, request.page, request.background, request.value_range)
                return Answer(pixels.shape[:2]), pixels
            return Answer(facts=facts_in(file, ANY_NAME, "", decode=request.wanted == "facts")), None
    except ImageError as error:
        short = isinstance(error.__cause__, MemoryError)
        facts = None if pixels_wanted else FileFacts("", header, error=str(error))
        return Answer(facts=facts, error=str(error), remedy=error.remedy, large=short, spent=short), None


def _decodes(request: Request, header: ImageHeader) -> bool:
    return request.wanted != "facts of its header" or needs_pixels(header)


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
        # The memory that both hold is a file: it counts here, and is no address space.
        largest = max(MAX_BYTES, 3 * MAX_PIXELS)
        resource.setrlimit(resource.RLIMIT_FSIZE, (largest, largest))
        with suppress(OSError):
            Path("/proc/self/oom_score_adj").write_text("1000")


if __name__ == "__main__":
    # Whoever asks takes a lack of memory for what it is; or has gone, perhaps without having heard all.
    with suppress(MemoryError, ConnectionError):
        main()
