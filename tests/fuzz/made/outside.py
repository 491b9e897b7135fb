"""A process of its own in which untrusted files are read, so that crashes, hangs and memory are seen."""

import multiprocessing
import os
import resource
import traceback
import warnings
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import Connection

from tests.fuzz.made.limits import BYTES, SECONDS, peak

_GUARD = 4 * 2**30  # where the system refuses more, so that a test cannot fill the machine

Task = Callable[[bytes], None]


class Outside:
    """Hands files to a process that can be ended; one that has failed is replaced."""

    def __init__(self) -> None:
        self._start()

    def check(self, task: Task, data: bytes) -> None:
        """Run a task on a file; raises `AssertionError` if it fails, hangs or takes too much memory."""
        self._pipe.send((task, data))
        if not self._pipe.poll(SECONDS):
            self._fail(f"it takes longer than {SECONDS} s")
        try:
            problem, used = self._pipe.recv()
        except EOFError:
            self._process.join()
            self._fail(f"the process ended with {self._process.exitcode}")
        if used - self._used > BYTES:
            self._fail(f"it took {(used - self._used) >> 20} MiB of memory")
        assert not problem, problem

    def stop(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.join()
        self._pipe.close()

    def _start(self) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs,), daemon=True)
        self._process.start()
        theirs.close()
        self._used: int = self._pipe.recv()

    def _fail(self, problem: str) -> None:
        self.stop()
        self._start()
        raise AssertionError(problem)


def _serve(pipe: Connection) -> None:
    """What the other process does."""
    import tests.fuzz.made.promises  # what all tasks need, before memory is measured

    tests.fuzz.made.promises.warm_up()
    warnings.filterwarnings("error", module=r"crr\.")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # libtiff says there what it dislikes
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_DATA, (_GUARD, resource.RLIM_INFINITY))
    pipe.send(peak())
    while True:
        task, data = pipe.recv()
        problem = ""
        try:
            task(data)
        except BaseException:
            problem = traceback.format_exc()
        pipe.send((problem, peak()))
