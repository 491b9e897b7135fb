"""A few decoding processes with one limit of memory: started when needed, and used again."""

from contextlib import suppress
from threading import BoundedSemaphore, Lock

from crr.data.sandbox.messages import Answer, Request
from crr.data.sandbox.worker import Worker
from crr.types import Image


class Room:
    """Processes that decode one file each at a time; who comes when all are busy waits.

    Threads may share it.
    """

    def __init__(self, workers: int, memory: int) -> None:
        """Args: workers, how many processes at most; memory, bytes that each may take for a file."""
        self._memory = memory
        self._turns = BoundedSemaphore(workers)
        self._lock = Lock()
        self._idle: list[Worker] = []
        self._all: set[Worker] = set()
        self._closed = False

    @property
    def pids(self) -> set[int]:
        """Numbers of the processes."""
        with self._lock:
            return {worker.pid for worker in self._all}

    def warm(self) -> None:
        """Start a process if there is none, without waiting for it: it takes half a second."""
        with self._lock, suppress(OSError):
            if not self._all:
                self._idle.append(self._started())

    def ask(self, request: Request, data: bytes) -> tuple[Answer, Image | None]:
        """What a process answers about a file; raises what `Worker.ask` raises."""
        with self._turns:
            worker = self._taken()
            try:
                answer, pixels = worker.ask(request, data)
            except BaseException:  # what it does now, nobody knows
                self._drop(worker)
                raise
            if answer.spent:
                self._drop(worker)
            else:
                with self._lock:
                    self._idle.append(worker)
        return answer, pixels

    def close(self) -> None:
        """End all processes, and start none any more; what they are asked meanwhile is lost."""
        with self._lock:
            idle, self._idle = self._idle, []
            self._closed = True
            self.kill_all()
        for worker in idle:
            self._drop(worker)

    def kill_all(self) -> None:
        """End all processes, and clear nothing up; for the end of this one."""
        for worker in list(self._all):
            worker.kill()

    def _taken(self) -> Worker:
        """A process that waits for work, or a new one."""
        while True:
            with self._lock:
                worker = self._idle.pop() if self._idle else self._started()
            if worker.alive:
                return worker
            self._drop(worker)  # it ended while it had nothing to do, perhaps since memory ran out

    def _started(self) -> Worker:
        if self._closed:
            raise OSError("closed")
        worker = Worker(self._memory)
        self._all.add(worker)
        return worker

    def _drop(self, worker: Worker) -> None:
        with self._lock:
            self._all.discard(worker)
        worker.close()
