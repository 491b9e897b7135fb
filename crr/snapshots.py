"""The resumable state of a training run: kept beside the checkpoint until the run is complete."""

import hashlib
import json
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch.optim import Optimizer

from crr.checkpoint import CONFIG
from crr.config import DetectorConfig
from crr.datasets import Sample
from crr.detector import Detector
from crr.errors import TrainingError
from crr.files import write_atomically

_FOLDER, _FILE = "snapshot", "state.pt"


@dataclass
class Snapshots:
    """Writes and reads `out/snapshot/state.pt`, atomically; read back without running any pickle code."""

    out: Path
    config: DetectorConfig
    training: Mapping[str, Sequence[Sample]]

    def __post_init__(self) -> None:
        self._path = self.out / _FOLDER / _FILE
        self._state: dict[str, Any] | None = None

    def check(self, *, resume: bool, overwrite: bool) -> None:
        """Read the state to resume from, or see that the folder is free.

        Raises:
            TrainingError: Nothing to resume, other settings, or the folder is in use.
        """
        unfinished = self._path.is_file()
        if resume:
            if not unfinished:
                raise TrainingError(f"{self.out} holds no unfinished run to resume. Start without --resume.")
            self._state = self._read()
        elif unfinished and not overwrite:
            raise TrainingError(
                f"{self.out} holds an unfinished run. Go on with --resume, or start anew with --overwrite."
            )
        elif (self.out / CONFIG).exists() and not overwrite:
            raise TrainingError(f"{self.out} already holds a checkpoint. Choose another folder, or add --overwrite.")
        else:
            self.remove()

    def restore(self, stage: str, detector: Detector, optimizer: Optimizer, iterations: int) -> int:
        """Bring detector and optimiser to where the run stopped; returns the stage's first step to do."""
        if self._state is None:
            return 0
        detector.load_state_dict(self._state["detector"], strict=False)
        if self._state["stage"] != stage:
            return iterations if stage in self._state["completed"] else 0
        optimizer.load_state_dict(self._state["optimizer"])
        step: int = self._state["step"]
        return step

    def statistics_are_fitted(self) -> bool:
        """Whether the run stopped after the residual's statistics were fitted."""
        return self._state is not None and bool(self._state["statistics"])

    def statistics_fitted(self, detector: Detector) -> None:
        """Remember the fitted statistics: stage 2 looks at distances measured with them."""
        state = self._state or {}
        self._write({**state, "detector": _own_tensors(detector), "statistics": True})

    def save(self, stage: str, step: int, detector: Detector, optimizer: Optimizer) -> None:
        """Keep the state after `step` steps of `stage`."""
        previous = self._state or {}
        completed = set(previous.get("completed", []))
        if previous.get("stage") not in (None, stage):
            completed.add(previous["stage"])
        self._write(
            {
                "fingerprint": self._fingerprint(),
                "stage": stage,
                "step": step,
                "completed": sorted(completed),
                "statistics": bool(previous.get("statistics", False)),
                "detector": _own_tensors(detector),
                "optimizer": optimizer.state_dict(),
            }
        )

    def timer(self, seconds: float) -> Callable[[], bool]:
        """A function that says True once every `seconds`."""
        last = time.monotonic()

        def due() -> bool:
            nonlocal last
            if time.monotonic() - last < seconds:
                return False
            last = time.monotonic()
            return True

        return due

    def remove(self) -> None:
        """Forget the state: the run is complete, or starts anew."""
        shutil.rmtree(self._path.parent, ignore_errors=True)

    def _read(self) -> dict[str, Any]:
        try:
            state: dict[str, Any] = torch.load(self._path, map_location="cpu", weights_only=True)
        except Exception as error:  # torch raises many types for a damaged file
            raise TrainingError(
                f"{self._path} is damaged ({type(error).__name__}). Start anew with --overwrite."
            ) from None
        if state.get("fingerprint") != self._fingerprint():
            raise TrainingError(
                f"The unfinished run in {self.out} was started with other settings or other images. "
                "Resume with the same command, or start anew with --overwrite."
            )
        return state

    def _write(self, state: dict[str, Any]) -> None:
        self._state = state
        write_atomically(self._path, lambda path: torch.save(state, path))

    def _fingerprint(self) -> str:
        """Digest of the settings and of the names of the training images."""
        names = {name: [sample.path.name for sample in samples] for name, samples in self.training.items()}
        text = json.dumps([self.config.as_json(), names], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()


def _own_tensors(detector: Detector) -> dict[str, torch.Tensor]:
    """Everything but the frozen encoder, copied."""
    state = detector.state_dict()
    return {name: tensor.detach().cpu().clone() for name, tensor in state.items() if not name.startswith("encoder.")}
