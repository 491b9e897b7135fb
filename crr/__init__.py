"""Collaborative reconstruction and repair: find defects after seeing only good parts (arXiv 2512.11401).

The names below are imported when they are first used, so that `import crr` and `crr --help` need not wait
for torch.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from crr.checkpoint import save
    from crr.checkpoint_files import list_checkpoints
    from crr.config import DetectorConfig
    from crr.datasets import open_dataset
    from crr.detector import Detector
    from crr.engine import available_devices, inspect
    from crr.errors import CRRError
    from crr.hub import load
    from crr.images import decode
    from crr.training import RunOptions, train
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
    "crr.checkpoint": ("save",),
    "crr.checkpoint_files": ("list_checkpoints",),
    "crr.config": ("DetectorConfig",),
    "crr.datasets": ("open_dataset",),
    "crr.detector": ("Detector",),
    "crr.engine": ("available_devices", "inspect"),
    "crr.errors": ("CRRError",),
    "crr.hub": ("load",),
    "crr.images": ("decode",),
    "crr.training": ("RunOptions", "train"),
    "crr.types": ("Image", "Inspection", "Prediction", "Progress", "Reconstruction"),
}


if not TYPE_CHECKING:  # a type checker reads the imports above, and still finds misspelt names

    def __getattr__(name: str) -> object:
        """Import a public name from where it is defined."""
        for home, names in _HOMES.items():
            if name in names:
                return getattr(import_module(home), name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
