"""How long each step of a prediction takes."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

import torch


class Stopwatch:
    """Adds up milliseconds a step; waits for the GPU, so that a step is charged for its own work."""

    def __init__(self, device: torch.device | None = None) -> None:
        self.milliseconds: dict[str, float] = {}
        self._device = device

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Charge the time inside the `with` block to `name`."""
        start = self._now()
        yield
        self.milliseconds[name] = self.milliseconds.get(name, 0.0) + 1000 * (self._now() - start)

    def _now(self) -> float:
        if self._device is not None and self._device.type != "cpu":
            torch.accelerator.synchronize(self._device)
        return time.perf_counter()
