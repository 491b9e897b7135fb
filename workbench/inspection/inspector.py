"""From an image file and a model to what the screen shows; one queue a device."""

import logging
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache, partial
from threading import Lock
from typing import TypeVar

import crr
from crr.checkpoints.files import CheckpointInfo
from crr.identity.single_image import CopiedDamage
from crr.inference import engine
from crr.inference.engine import EncoderPasses
from crr.models.detector import Detector
from crr.types import Image, Inspection
from workbench.basics import rate_limit
from workbench.basics.cache import BoundedCache
from workbench.basics.pictures import Picture
from workbench.inspection.image_file import ImageFile, sample_file
from workbench.inspection.samples import GallerySample
from workbench.model_store.loaded import Models
from workbench.settings import MEGABYTE, settings

Result = TypeVar("Result")

_SAMPLE_CACHE = 64 * MEGABYTE
_requests = logging.getLogger("workbench.requests")


@dataclass(frozen=True)
class Inspected:
    """An image that was inspected.

    Attributes:
        picture: What the screen shows of the image.
        inspection: What the model says about it.
        decode_milliseconds: Time to read the file.
    """

    picture: Picture
    inspection: Inspection
    decode_milliseconds: float

    @property
    def nbytes(self) -> int:
        """Memory it takes."""
        segmentation = self.inspection.segmentation
        maps = self.inspection.anomaly_map.nbytes + (0 if segmentation is None else segmentation.nbytes)
        return self.picture.nbytes + maps


class DeviceQueues:
    """One worker a device takes one image after the other, first come, first served.

    A session asks for its next image only when it has the last one. So a session with a thousand
    images and a session with one take turns, and nobody waits longer than an image for each other visitor.
    """

    def __init__(self) -> None:
        self._workers: dict[str, ThreadPoolExecutor] = {}
        self._lock = Lock()

    def run(self, device: str, work: Callable[[], Result]) -> Result:
        """What `work` returns or raises, when its turn has come."""
        with self._lock:
            if device not in self._workers:
                self._workers[device] = ThreadPoolExecutor(
                    max_workers=1, thread_name_prefix=f"inspect-{device}"
                )
            worker = self._workers[device]
        return worker.submit(work).result()


class Inspector:
    """Inspects images for all sessions. It remembers samples, which are public, and nothing else."""

    def __init__(
        self,
        models: Models,
        run: Callable[[Detector, Sequence[Image], EncoderPasses], list[Inspection]],
        sample_cache: int = _SAMPLE_CACHE,
    ) -> None:
        """Args: models; run, as `crr.inference.engine.inspect_batch`; sample_cache, bytes."""
        self._models = models
        self._run = run
        self._queues = DeviceQueues()
        self._samples: BoundedCache[Inspected] = BoundedCache(sample_cache)
        self._copied: dict[tuple[str, str, str], CopiedDamage] = {}  # a few numbers each
        self._lock = Lock()
        self._sample_locks: defaultdict[tuple[str, str, str], Lock] = defaultdict(Lock)

    def inspect(self, content: bytes, name: str, model: CheckpointInfo, device: str) -> Inspected:
        """Inspect an image file; raises `ImageError` for a bad file, another `CRRError` for a bad model."""
        return self.inspect_file(ImageFile(name, lambda: content), model, device)

    def inspect_file(
        self, file: ImageFile, model: CheckpointInfo, device: str, counted: bool = True
    ) -> Inspected:
        """Inspect a file that other models are asked about too; raises as `inspect` does."""
        image = file.image
        [inspection] = self.ask(
            model, device, lambda detector: self._run(detector, [image], file.passes), counted
        )
        return Inspected(file.picture, inspection, file.decode_milliseconds)

    def copied_by(self, file: ImageFile, model: CheckpointInfo, device: str) -> CopiedDamage:
        """How much a model copies of the standard damage to a file; raises as `inspect` does."""
        return self.ask(model, device, file.standard_damage.copied_by)

    def copied_by_sample(
        self, sample: GallerySample, model: CheckpointInfo, device: str, file: ImageFile
    ) -> CopiedDamage:
        """The same of a sample, whose `file` it is: measured once for all sessions."""
        key = (sample.name, model.revision, device)
        if key not in self._copied:
            self._copied[key] = self.copied_by(file, model, device)
        return self._copied[key]

    def ask(
        self, model: CheckpointInfo, device: str, work: Callable[[Detector], Result], counted: bool = True
    ) -> Result:
        """What `work` returns for a model's detector when its device is free; raises `CRRError` likewise.

        Args:
            model: Who is asked.
            device: Where it computes.
            work: What it is asked.
            counted: Whether it is a question of this visitor's allowance. What is asked while others wait for
                the answer is not: who has asked too often would keep them waiting.
        """
        if counted:
            rate_limit.acquire()
        start, outcome = time.perf_counter(), "failed"
        try:
            # The model is fetched before the queue is entered: nobody waits for another's model to load.
            answer = self._models.use(
                str(model.path),
                device,
                lambda detector: self._queues.run(device, partial(work, detector)),
                model.revision,
            )
            outcome = "answered"
        finally:
            # Of the image nothing is logged, not even its name.
            milliseconds = 1000 * (time.perf_counter() - start)
            _requests.info("%s on %s %s in %.0f ms", model.name, device, outcome, milliseconds)
        return answer

    def inspect_sample(
        self, sample: GallerySample, model: CheckpointInfo, device: str, file: ImageFile | None = None
    ) -> Inspected:
        """Inspect a sample, or recall it: a sample is inspected once for all sessions.

        Args:
            sample: What to inspect.
            model: Who is asked.
            device: Where it computes.
            file: The sample's, if other models are asked too.
        """
        key = (sample.name, model.revision, device)
        with self._lock:
            turn = self._sample_locks[key]
        with turn:
            known = self._samples.get(key)
            if known is None:
                known = self.inspect_file(file or sample_file(sample), model, device, counted=False)
                self._samples.put(key, known, known.nbytes)
        return known


@cache
def inspector() -> Inspector:
    """The inspector of this process."""
    if settings().request_log:
        _write_requests()
    return Inspector(Models(crr.load, settings().model_bytes), engine.inspect_batch)


def _write_requests() -> None:
    """A line a question on stderr, whatever else is logged."""
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(asctime)s %(message)s"))
    _requests.addHandler(handler)
    _requests.setLevel(logging.INFO)
    _requests.propagate = False


ChoiceKey = tuple[str, str]
"""Revision of a model and device: questions with the same key have the same answers."""


@dataclass(frozen=True)
class ModelChoice:
    """Who is asked about the images: a model on a device."""

    model: CheckpointInfo
    device: str

    @property
    def key(self) -> ChoiceKey:
        """Equal for questions with the same answers."""
        return (self.model.revision, self.device)
