"""A model that answers at once: same signatures as the library's, deterministic, no weights."""

import threading
import time
from collections.abc import Sequence
from functools import cached_property
from io import BytesIO
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import PIL.Image
import pytest
import torch
from torch import nn

from crr.checkpoints.files import CheckpointInfo
from crr.data.images import encode_png
from crr.identity.index import IdentityIndex
from crr.types import Image, Inspection, usual_score, verdict_of
from workbench.basics.cache import OnceCache
from workbench.exports.making import Making
from workbench.inspection.image_file import ImageFile
from workbench.inspection.inspector import Inspector, ModelChoice
from workbench.model_store.downloads import Downloads
from workbench.model_store.loaded import Models
from workbench.model_store.times import Times
from workbench.model_store.uploads import Uploads
from workbench.reference.cache import ReferenceCache
from workbench.start.answers import StartAnswers
from workbench.views.shared.services import make_start_answers

MODEL = CheckpointInfo(
    "crr-embedded", Path("fake"), "crr", "none", ("mvtec_bottle", "pcb"), 1, "0123456789ab"
)
OTHER_MODEL = CheckpointInfo("other", Path("other"), "crr", "none", ("mvtec_bottle",), 1, "ba9876543210")
CHOICE = ModelChoice(MODEL, "cpu")
NORMAL_SCORES = tuple(float(score) for score in np.linspace(0.1, 0.4, 50))


class FakeDetector(nn.Module):
    """Holds a megabyte."""

    def __init__(self, name: str = "crr-embedded") -> None:
        super().__init__()
        self.name = name
        self.weights = nn.Parameter(torch.zeros(2**18), requires_grad=False)


class FakeLibrary:
    """Stands for `crr.load` and `crr.inference.engine.inspect_batch`, and counts how often each is called."""

    def __init__(self, load_seconds: float = 0.0, inspect_seconds: float = 0.0) -> None:
        self.loads: list[str] = []
        self.inspected = 0
        self._load_seconds = load_seconds
        self._inspect_seconds = inspect_seconds
        self._lock = threading.Lock()

    def load(self, path: str, device: str, _make_room: object = None) -> FakeDetector:
        time.sleep(self._load_seconds)
        with self._lock:
            self.loads.append(f"{path} {device}")
        return FakeDetector(path)

    def inspect(
        self, _detector: FakeDetector, images: Sequence[Image], _passes: object = None
    ) -> list[Inspection]:
        time.sleep(self._inspect_seconds)
        with self._lock:
            self.inspected += len(images)
        return [inspection_of(image) for image in images]

    def inspector(self, limit: int = 2**30, times: Times | None = None) -> Inspector:
        return FakeInspector(Models(self.load, limit), self.inspect, times=times)


class FakeInspector(Inspector):
    """Its models copy three quarters of a damage."""

    def standard_index(self, _file: ImageFile, _choice: ModelChoice, memo: object = None) -> IdentityIndex:
        del memo
        return IdentityIndex(0.75, {"first": 0.8, "second": 0.7}, normal_error=0.1)


def inspection_of(image: Image, **changes: object) -> Inspection:
    """Red pixels are anomalous; the score is their highest 1 %."""
    red = np.clip(image[..., 0].astype(np.float32) - image[..., 1], 0, None) / 255
    levels = red[:: max(1, red.shape[0] // 64), :: max(1, red.shape[1] // 64)].copy()
    score = float(np.sort(levels.ravel())[-max(1, levels.size // 100) :].mean())
    values = {
        "model": "crr-embedded",
        "revision": MODEL.revision,
        "size": image.shape[:2],
        "anomaly_map": levels,
        "segmentation": levels / 2,
        "score": score,
        "threshold": 0.45,
        "pixel_threshold": 0.5,
        "percentile": 100 * sum(normal < score for normal in NORMAL_SCORES) / len(NORMAL_SCORES),
        "normal_scores": NORMAL_SCORES,
        "verdict": verdict_of(score, 0.45, usual_score(NORMAL_SCORES), known=True, seen=True),
        "category": "mvtec_bottle",
        "known": True,
        "device": "cpu",
        "milliseconds": {"encoder": 1.0, "decoder": 2.0, "segmentation": 3.0},
    }
    return Inspection(**{**values, **changes})


def part(
    spots: Sequence[tuple[int, int]] = ((20, 30),), strength: int = 220, size: tuple[int, int] = (96, 128)
) -> Image:
    """A grey part, (height, width), with a red square of 12 pixels at each (row, column)."""
    image = np.full((*size, 3), 120, dtype=np.uint8)
    for row, column in spots:
        image[row : row + 12, column : column + 12] = (strength, 0, 0)
    return image


def png(image: Image | None = None) -> bytes:
    """A PNG file's content."""
    return encode_png(part() if image is None else image)


def good_png(shade: int = 120) -> bytes:
    """A part without a defect; another shade is another file."""
    return encode_png(np.full((96, 128, 3), shade, dtype=np.uint8))


def file_of(content: bytes, name: str = "part.png") -> ImageFile:
    """An image file with this content."""
    return ImageFile(name, lambda: content)


class FakeServices(SimpleNamespace):
    """What all pages share."""

    @cached_property
    def start_answers(self) -> StartAnswers:
        """Of this inspector's models."""
        return make_start_answers(self.inspector, self.references)


def use_inspector(monkeypatch: pytest.MonkeyPatch, inspector: Inspector) -> None:
    """Have all pages ask this inspector, with what is usual made by it too."""
    fake = FakeServices(
        inspector=inspector,
        references=ReferenceCache(inspector, 2**27),
        downloads=Downloads(lambda _: True),
        uploads=Uploads(),
        making=Making(2**30, lambda: 0),
        times=Times(),
        lesson_answers=OnceCache(2**24),
    )
    monkeypatch.setattr("workbench.views.shared.services.SERVICES", fake)


def pages(*shades: int, kind: str = "TIFF") -> bytes:
    """A file of several pages, some good (a shade), some with a defect (0)."""
    pictures = [PIL.Image.open(BytesIO(good_png(shade) if shade else png())) for shade in shades]
    file = BytesIO()
    pictures[0].save(file, kind, save_all=True, append_images=pictures[1:], lossless=True)
    return file.getvalue()
