"""Turns work done into reports: about one a second, with throughput and the time left."""

import time
from collections.abc import Callable, Mapping

from crr.types import Progress

_INTERVAL = 1.0  # seconds


class Reporter:
    """Calls back with `Progress`; does nothing where nobody listens.

    Args:
        callback: Who listens.
        plan: Steps of the training stages that are still to come, so that the time left covers them too.
    """

    def __init__(
        self, callback: Callable[[Progress], None] | None = None, plan: Mapping[str, int] | None = None
    ) -> None:
        self._callback = callback
        self._later = dict(plan or {})
        self._training_pace: float | None = None  # seconds a training step took, where last seen
        self.begin("", 0)

    def begin(self, stage: str, total: int, done: int = 0) -> None:
        """A stage of `total` steps begins, or goes on after `done` of them."""
        self._later.pop(stage, None)
        self._stage, self._total, self._first, self._done = stage, total, done, done
        self._began = time.monotonic()
        self._clear()

    def advance(self, steps: int = 1, *, images: int, loss: float | None = None) -> None:
        """Some steps are done, in which `images` images went through; `loss` in a training stage."""
        self._done += steps
        self._images += images
        if loss is not None:
            self._losses.append(loss)
        if time.monotonic() - self._since >= _INTERVAL or self._done >= self._total:
            self._report()
            self._clear()

    def _clear(self) -> None:
        self._since, self._images = time.monotonic(), 0
        self._losses: list[float] = []

    def _report(self) -> None:
        now = time.monotonic()
        elapsed = now - self._since
        pace = (now - self._began) / max(1, self._done - self._first)
        losses = {}
        if self._losses:
            self._training_pace = pace
            losses = {self._stage: sum(self._losses) / len(self._losses)}
        report = Progress(
            stage=self._stage,
            step=self._done,
            total=self._total,
            losses=losses,
            images_per_second=self._images / elapsed if elapsed > 0 else None,
            seconds_left=self._seconds_left(pace),
        )
        if self._callback is not None:
            self._callback(report)

    def _seconds_left(self, pace: float) -> float | None:
        """Seconds left in this stage and in the training stages to come, taken to run like the last one."""
        here = (self._total - self._done) * pace
        later = sum(self._later.values())
        if later == 0:
            return here
        return None if self._training_pace is None else here + later * self._training_pace
