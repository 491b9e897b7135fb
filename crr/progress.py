"""Turns steps into reports: about one a second, with throughput and the time left."""

import time
from collections.abc import Callable, Mapping

from crr.types import Progress

_INTERVAL = 1.0


class Reporter:
    """Calls back with `Progress`; does nothing where nobody listens."""

    def __init__(self, callback: Callable[[Progress], None] | None) -> None:
        self._callback = callback
        self._plan: dict[str, int] = {}
        self._restart()

    def plan(self, steps: Mapping[str, int]) -> None:
        """Say how many steps the stages will have, so that the time left covers all of them."""
        self._plan = dict(steps)

    def step(self, stage: str, step: int, total: int, loss: float, images: int) -> None:
        """One optimiser step is done."""
        if stage != self._stage:
            self._restart(stage)
        self._steps += 1
        self._images += images
        self._loss += loss
        elapsed = time.monotonic() - self._since
        if elapsed < _INTERVAL and step < total:
            return
        self._emit(
            Progress(
                stage=stage,
                step=step,
                total=total,
                losses={stage: self._loss / self._steps},
                images_per_second=self._images / elapsed if elapsed else None,
                seconds_left=self._steps_left(stage, step, total) * elapsed / self._steps,
            )
        )
        self._restart(stage)

    def count(self, stage: str, done: int, total: int) -> None:
        """`done` of `total` pieces of a step without losses are done."""
        if stage != self._stage:
            self._restart(stage)
        if time.monotonic() - self._since >= _INTERVAL or done >= total:
            self._emit(Progress(stage=stage, step=done, total=total))
            self._restart(stage)

    def _steps_left(self, stage: str, step: int, total: int) -> int:
        stages = list(self._plan)
        later = stages[stages.index(stage) + 1 :] if stage in stages else []
        return total - step + sum(self._plan[name] for name in later)

    def _restart(self, stage: str = "") -> None:
        self._stage, self._since, self._steps, self._images, self._loss = stage, time.monotonic(), 0, 0, 0.0

    def _emit(self, progress: Progress) -> None:
        if self._callback is not None:
            self._callback(progress)
