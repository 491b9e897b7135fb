"""The resumable state of a training run: kept beside the checkpoint until the run is complete."""

import hashlib
import json
import time
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import astuple
from pathlib import Path
from typing import Any, Self

import torch
from torch.optim import Optimizer

from crr.checkpoints.content import CARD, CONFIG, WEIGHTS
from crr.config import DetectorConfig, ValueRange
from crr.errors import Remedy, TrainingError
from crr.models.detector import Detector
from crr.runtime.files import claimed, remove_leftovers, write_atomically
from crr.runtime.paths import StrPath, as_path

REPAIR, STATISTICS, SEGMENTATION = "repair", "statistics", "segmentation"
_STAGES = (REPAIR, STATISTICS, SEGMENTATION)
_FOLDER, _FILE = "snapshot", "state.pt"


def is_unfinished(out: StrPath) -> bool:
    """Whether the folder holds a run that can be resumed."""
    return (as_path(out, "The folder of the run") / _FOLDER / _FILE).is_file()


def check_free(out: Path, *, resume: bool, overwrite: bool) -> None:
    """See, before anything is read, that a run may write into a folder.

    Raises:
        TrainingError: There is nothing to resume, or the folder is in use.
    """
    unfinished = is_unfinished(out)
    if resume and not unfinished:
        raise TrainingError(f"{out} holds no unfinished run to resume: start a new one.")
    if unfinished and not resume and not overwrite:
        raise TrainingError(
            f"{out} holds an unfinished run: resume it, or choose another folder.", remedy="resume"
        )
    if not resume and not overwrite and _is_used(out):
        raise TrainingError(f"{out} already holds files: choose another folder.", remedy="overwrite")
    if overwrite and (foreign := _foreign(out)):
        raise TrainingError(f"{foreign} is of no earlier run, and would be lost: choose another folder.")


class Snapshots:
    """Writes and reads `out/snapshot/state.pt`, atomically; read back without running any pickle code.

    Args:
        out: Output folder of the run.
    """

    def __init__(self, out: Path) -> None:
        self._out = out
        self._path = out / _FOLDER / _FILE
        self._fingerprint = ""
        self._state: dict[str, Any] = {"stage": REPAIR, "step": 0}

    @classmethod
    @contextmanager
    def open(cls, out: Path, *, resume: bool, overwrite: bool) -> Iterator[Self]:
        """Inside the `with` block: the state to resume from or a new one, of a run that has the folder alone.

        Args:
            out: Output folder of the run.
            resume: Go on with what it holds.
            overwrite: Start anew, whatever an earlier run left in it.

        Raises:
            TrainingError: There is nothing to resume, or the folder is in use.
            CRRError: Another run is writing into the folder, or nothing can be written there.
        """
        check_free(out, resume=resume, overwrite=overwrite)
        with claimed(out):
            check_free(out, resume=resume, overwrite=overwrite)  # another run may have ended meanwhile
            snapshots = cls(out)
            if resume:
                snapshots._state = snapshots._read()
            else:
                snapshots.remove()
            yield snapshots

    def belong_to(self, fingerprint: str) -> None:
        """See that the state to resume from is of this run.

        Args:
            fingerprint: Digest of everything that decides what the run learns, see `fingerprint`.

        Raises:
            TrainingError: The run had other settings or other images.
        """
        self._fingerprint = fingerprint
        if self._state.get("fingerprint", fingerprint) != fingerprint:
            raise TrainingError(
                f"The unfinished run in {self._out} was started with other settings or other images. "
                "Resume with the same ones, or start anew.",
                remedy="overwrite",
            )

    @property
    def value_range(self) -> ValueRange | None:
        """By which the run so far read deep images that do not say theirs; None if it needed none."""
        kept = self._state.get("value_range")
        return ValueRange(*kept) if kept else None

    def restore(self, detector: Detector) -> None:
        """Give the detector the weights that it had when the run stopped; does nothing for a new run."""
        if "detector" in self._state:
            detector.load_state_dict(self._state["detector"], strict=False)

    def steps_done(self, stage: str, total: int) -> int:
        """How many of the `total` steps of a stage the restored run had done."""
        position, reached = _STAGES.index(stage), _STAGES.index(self._state["stage"])
        if position == reached:
            step: int = self._state["step"]
            return step
        return total if position < reached else 0

    def restore_optimizer(self, stage: str, optimizer: Optimizer) -> None:
        """Give the optimiser its state back if the run stopped in this stage."""
        if self._state["stage"] == stage and "optimizer" in self._state:
            optimizer.load_state_dict(self._state["optimizer"])

    def save(self, stage: str, step: int, detector: Detector, optimizer: Optimizer | None = None) -> None:
        """Keep the state after `step` steps of `stage`; all earlier stages are complete.

        Raises:
            WriteError: It cannot be written; the last one is still there.
        """
        state = {
            "fingerprint": self._fingerprint,
            "stage": stage,
            "step": step,
            "detector": detector.own_tensors(),
            "value_range": astuple(kept) if (kept := detector.config.value_range) else None,
        }
        if optimizer is not None:
            state["optimizer"] = optimizer.state_dict()
        write_atomically(self._path, lambda path: _write(state, path))
        self._state = state

    @property
    def next_step(self) -> tuple[str, Remedy | None]:
        """What the user of a run that broke off can do next, and the remedy that it needs."""
        return ("resume the run", "resume") if is_unfinished(self._out) else ("start it again", None)

    def remove(self) -> None:
        """Forget the state: the run is complete, or starts anew."""
        for file in (self._path, *(self._out / name for name in (CONFIG, WEIGHTS, CARD))):
            remove_leftovers(file)
        self._path.unlink(missing_ok=True)
        with suppress(OSError):  # not there, or it holds files of somebody else
            self._path.parent.rmdir()

    def _read(self) -> dict[str, Any]:
        try:
            with zipfile.ZipFile(self._path) as archive:  # which torch does not check
                if archive.testzip() is not None:
                    raise ValueError("its content is not what was written")
            state: dict[str, Any] = torch.load(self._path, map_location="cpu", weights_only=True)
            state["fingerprint"]
        except Exception as error:  # torch raises many types for a damaged file
            raise TrainingError(
                f"{self._path} is damaged ({type(error).__name__}): start anew.", remedy="overwrite"
            ) from error
        return state


def fingerprint(config: DetectorConfig, images: Mapping[str, Mapping[Path, str]]) -> str:
    """Digest of the settings and of the names and contents of the images, wherever they lie.

    Args:
        config: What is trained.
        images: Image files and the digests of their contents, by what they are used for.
    """
    files = {use: [(path.name, digest) for path, digest in paths.items()] for use, paths in images.items()}
    text = json.dumps([config.as_json(), files], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def timer(seconds: float) -> Callable[[], bool]:
    """A function that says True once every `seconds`."""
    last = time.monotonic()

    def due() -> bool:
        nonlocal last
        if time.monotonic() - last < seconds:
            return False
        last = time.monotonic()
        return True

    return due


def _is_used(out: Path) -> bool:
    """Whether there is something to lose; a folder for snapshots into which none could be written is not."""
    return any(path.name != _FOLDER or path.is_file() or _visible(path) for path in _visible(out))


def _foreign(out: Path) -> Path | None:
    """A file in a folder that a checkpoint would replace and that belongs to none; None if there is none."""
    if (out / WEIGHTS).exists():
        return None
    return next((path for path in _visible(out) if path.name in (CONFIG, CARD)), None)


def _visible(folder: Path) -> list[Path]:
    return [path for path in folder.iterdir() if not path.name.startswith(".")] if folder.is_dir() else []


def _write(state: Mapping[str, Any], path: Path) -> None:
    with path.open("wb") as file:
        try:
            torch.save(state, file)
        except RuntimeError as error:  # torch's own; what the file system said, if it did, is behind it
            if isinstance(error.__context__, OSError):
                raise error.__context__ from error
            raise
