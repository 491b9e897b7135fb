"""Collaborative reconstruction and repair: find defects after seeing only good parts (arXiv 2512.11401).

The names below are imported when they are first used, so that `import crr` and `crr --help` need not wait
for torch.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from crr.checkpoints.files import list_checkpoints
    from crr.checkpoints.serialization import save
    from crr.config import DetectorConfig
    from crr.data.datasets import open_dataset
    from crr.data.images import decode
    from crr.errors import CRRError
    from crr.hub import load
    from crr.inference.engine import inspect
    from crr.models.detector import Detector
    from crr.runtime.devices import available_devices
    from crr.training.trainer import RunOptions, train
    from crr.types import Image, Inspection, Prediction, Progress, Reconstruction

__all__ = [
    "CRRError",
    "Detector",
    "DetectorConfig",
    "Image",
    "Inspection",
    "Prediction",
    "Progress",
    "Reconstruction",
    "RunOptions",
    "available_devices",
    "decode",
    "inspect",
    "list_checkpoints",
    "load",
    "open_dataset",
    "save",
    "train",
]

_HOMES = {
    "crr.checkpoints.serialization": ("save",),
    "crr.checkpoints.files": ("list_checkpoints",),
    "crr.config": ("DetectorConfig",),
    "crr.data.datasets": ("open_dataset",),
    "crr.models.detector": ("Detector",),
    "crr.inference.engine": ("inspect",),
    "crr.runtime.devices": ("available_devices",),
    "crr.errors": ("CRRError",),
    "crr.hub": ("load",),
    "crr.data.images": ("decode",),
    "crr.training.trainer": ("RunOptions", "train"),
    "crr.types": ("Image", "Inspection", "Prediction", "Progress", "Reconstruction"),
}


if not TYPE_CHECKING:  # a type checker reads the imports above, and still finds misspelt names

    def __getattr__(name: str) -> object:
        """Import a public name from where it is defined."""
        for home, names in _HOMES.items():
            if name in names:
                return getattr(import_module(home), name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
