"""Collaborative reconstruction and repair: find defects after seeing only good parts (arXiv 2512.11401).

The names below are imported when they are first used, so that `import crr` and `crr --help` need not wait
for torch. Begin to read with `types.py` (what flows), `config.py` and `models/detector.py` (the interface of
a method).
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from crr.checkpoints.files import list_checkpoints as list_checkpoints
    from crr.checkpoints.serialization import save as save
    from crr.config import DetectorConfig as DetectorConfig
    from crr.data.datasets import open_dataset as open_dataset
    from crr.data.images import decode as decode
    from crr.errors import CRRError as CRRError
    from crr.hub import load as load
    from crr.inference.engine import inspect as inspect
    from crr.models.detector import Detector as Detector
    from crr.runtime.devices import available_devices as available_devices
    from crr.training.run_options import RunOptions as RunOptions
    from crr.training.trainer import train as train
    from crr.types import (
        Image as Image,
        Inspection as Inspection,
        Prediction as Prediction,
        Progress as Progress,
        Reconstruction as Reconstruction,
    )

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
    "crr.training.run_options": ("RunOptions",),
    "crr.training.trainer": ("train",),
    "crr.types": ("Image", "Inspection", "Prediction", "Progress", "Reconstruction"),
}

__all__ = sorted(name for names in _HOMES.values() for name in names)

if not TYPE_CHECKING:  # a type checker reads the imports above, and still finds misspelt names

    def __getattr__(name: str) -> object:
        """Import a public name from where it is defined."""
        for home, names in _HOMES.items():
            if name in names:
                return getattr(import_module(home), name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
