"""How a training run fails, as sentences that say how it goes on."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor

from crr.errors import DeviceError, TrainingError, WriteError
from crr.training.snapshots import Snapshots


def check_finite(value: Tensor, stage: str, step: int) -> None:
    """See that a loss is a number; raises `TrainingError` if not."""
    if not torch.isfinite(value):
        raise TrainingError(
            f"The {stage} loss is no longer a number at step {step}. Lower the learning rate; "
            "the last snapshot is kept."
        )


@contextmanager
def failures_explained(device: torch.device, snapshots: Snapshots) -> Iterator[None]:
    """What a machine that is too small does to a run becomes a sentence.

    Args:
        device: Where the run computes.
        snapshots: Those of the run, which know how it goes on.

    Raises:
        DeviceError: The device ran out of memory.
        TrainingError: The disk is full, or a process that makes images was ended.
    """
    try:
        yield
    except torch.OutOfMemoryError as error:
        raise DeviceError(f"{device} ran out of memory. Use a smaller batch or smaller images.") from error
    except WriteError as error:
        step, remedy = snapshots.next_step
        raise TrainingError(f"{error} Then {step}.", remedy=remedy) from error
    except RuntimeError as error:
        if "DataLoader worker" not in str(error) or "Caught" in str(error):  # an error of the worker's own
            raise
        raise TrainingError(
            "A process that makes training images was ended from outside, probably for lack of memory. "
            f"With fewer workers, {snapshots.next_step[0]}.",
            remedy="workers",
        ) from error
