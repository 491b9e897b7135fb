"""Settings of a training run that its checkpoint need not remember: device, resuming, folders."""

from dataclasses import dataclass

from crr.checkpoints.normals import MOST
from crr.data.inventory.looking import OnError
from crr.runtime.paths import StrPath


@dataclass(frozen=True)
class RunOptions:
    """How a training run goes about its work, which changes nothing that a checkpoint must remember.

    Attributes:
        device: "auto", "cpu", "cuda", ...
        workers: Processes that make training images; None chooses by the number of cores. How many there
            are changes nothing that is learnt.
        resume: Go on from the last snapshot in the output folder.
        overwrite: Start anew although the output folder holds a checkpoint or an unfinished run.
        snapshot_seconds: Time between snapshots.
        textures: Folder of texture images (such as DTD) for the fillings; None: made and borrowed ones.
        normals: Held-back images a category that are put beside the checkpoint; 0: none.
        on_error: Whether to stop at an image that cannot be used, or to leave it out.
    """

    device: str = "auto"
    workers: int | None = None
    resume: bool = False
    overwrite: bool = False
    snapshot_seconds: float = 60.0
    textures: StrPath | None = None
    normals: int = MOST
    on_error: OnError = "stop"
