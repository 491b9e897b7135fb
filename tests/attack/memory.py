"""What a server takes, watched from outside: memory of its whole process tree, and a guard that ends it.

Resident memory is added up over the processes, and files without a name that are memory (memfd). Pages that
two processes share count twice, so the sum is never less than what a container is charged with.
"""

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

_PAGE = os.sysconf("SC_PAGE_SIZE")


def tree(root: int) -> Iterator[int]:
    """A process and all below it."""
    yield root
    with suppress(OSError):
        for thread in Path(f"/proc/{root}/task").iterdir():
            with suppress(OSError):
                for child in (thread / "children").read_text().split():
                    yield from tree(int(child))


def resident(root: int) -> int:
    """Bytes of memory that a process tree holds; 0 when it is gone."""
    total, files = 0, dict[int, int]()
    for process in tree(root):
        with suppress(OSError, IndexError):
            total += int(Path(f"/proc/{process}/statm").read_text().split()[1]) * _PAGE
            files |= _memory_files(process)
    return total + sum(files.values())


def _memory_files(process: int) -> dict[int, int]:
    """Bytes of the files that are memory, by their number: two processes may hold the same."""
    found = {}
    for entry in Path(f"/proc/{process}/fd").iterdir():
        with suppress(OSError):
            if entry.readlink().name.startswith("memfd:"):
                status = entry.stat()
                found[status.st_ino] = 512 * status.st_blocks
    return found


class MemoryWatch(threading.Thread):
    """Looks every 50 ms how much a process tree takes, and kills it before it takes the whole machine.

    Attributes:
        peak: Most bytes since `restart`.
        killed: Bytes at which it was killed; 0 if it was not.
    """

    def __init__(self, root: int, most: int) -> None:
        """Args: root, a process that leads a group of its own; most, bytes at which the group is killed."""
        super().__init__(daemon=True)
        self.peak = self.killed = 0
        self._root, self._most = root, most
        self._over = threading.Event()

    def run(self) -> None:
        """Until `stop`."""
        while not self._over.wait(0.05):
            now = resident(self._root)
            self.peak = max(self.peak, now)
            if now > self._most and not self.killed:
                self.killed = now
                with suppress(ProcessLookupError):
                    os.killpg(self._root, signal.SIGKILL)

    def restart(self) -> None:
        """Forget the peak so far."""
        self.peak = resident(self._root)

    def stop(self) -> None:
        """Look no more."""
        self._over.set()
        self.join()


def settled(root: int, seconds: float) -> int:
    """Bytes that a tree takes after so many seconds; less time if it is gone."""
    end = time.monotonic() + seconds
    while time.monotonic() < end and resident(root):
        time.sleep(min(0.5, max(0.0, end - time.monotonic())))
    return resident(root)
