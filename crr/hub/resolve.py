"""A model by its name, wherever it lies: a folder, one of the checkpoints here, or a model on the Hub."""

import threading
from pathlib import Path
from typing import TYPE_CHECKING

from crr.checkpoints import files as checkpoint_files
from crr.checkpoints.content import PICKLES
from crr.errors import CheckpointError, HubError
from crr.hub.client import Hub
from crr.hub.names import HubName
from crr.hub.transfer import TransferCallback
from crr.runtime.paths import StrPath, as_path

if TYPE_CHECKING:
    from crr.models.detector import Detector


def find(
    name_or_path: StrPath,
    tell: TransferCallback | None = None,
    stop: threading.Event | None = None,
    hub: Hub | None = None,
) -> Path:
    """The folder of a model; one of the Hub that is not on this machine yet is pulled.

    A model that is here is used as it is, and the Hub is not asked whether there is a newer one.

    Args:
        name_or_path: A checkpoint's folder, the name of one in `crr.checkpoints.files.checkpoint_folder()`,
            or OWNER/NAME or OWNER/NAME@REVISION on the Hub.
        tell: Hears how far a pull is.
        stop: Set to stop it.
        hub: Where to pull from; the client's own by default.

    Raises:
        CheckpointError: There is no such folder or name, and it is no name on the Hub either.
        HubError: The Hub has no such model, or it cannot be pulled.
        StoppedError: It was stopped.
    """
    try:
        return checkpoint_files.find(name_or_path)
    except CheckpointError:
        name = HubName.parse(str(name_or_path))
        path = as_path(name_or_path, "The checkpoint")
        if name is None or path.exists() or path.suffix in PICKLES:
            raise
    hub = hub or Hub()
    here = hub.store.find(name)
    if here is not None:
        return here.path
    try:
        return hub.pull(name, tell, stop).path
    except HubError as error:
        raise HubError(f"{name} is neither a folder nor a model that was pulled. {error}") from None


def load(name_or_path: StrPath, device: str = "auto") -> "Detector":
    """The detector of a model, in eval mode on `device`; see `find` and `crr.checkpoints.serialization.load`.

    Args:
        name_or_path: A checkpoint's folder, its name, or OWNER/NAME or OWNER/NAME@REVISION on the Hub.
        device: "auto" (the best there is), "cpu", "cuda", "cuda:1", "mps".

    Raises:
        CheckpointError: There is none, or a file of it is missing, damaged or foreign.
        NewerFormatError: A newer version of this library wrote it.
        HubError: It is on no Hub that can be reached.
        EncoderError: Its encoder's weights cannot be had.
        DeviceError: This machine has no such device.
    """
    from crr.checkpoints import serialization as checkpoint

    return checkpoint.load(find(name_or_path), device)
