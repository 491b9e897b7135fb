"""Collaborative reconstruction and repair: find defects after seeing only good parts (arXiv 2512.11401)."""

from crr.checkpoint import list_checkpoints, load, save
from crr.config import DetectorConfig
from crr.detector import Detector
from crr.engine import available_devices, inspect
from crr.errors import CRRError
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
    "save",
    "train",
]
