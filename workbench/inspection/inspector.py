"""From an image file and a model to what the screen shows."""

import logging
import time
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from crr.checkpoints.files import CheckpointInfo
from crr.identity.index import IdentityIndex
from crr.inference.forward import EncoderPasses
from crr.models.detector import Detector
from crr.types import Image, Inspection
from workbench.basics import rate_limit
from workbench.basics.cache import OnceCache
from workbench.basics.pictures import Picture
from workbench.inspection.image_file import ImageFile
from workbench.model_store.loaded import Models
from workbench.model_store.queues import DeviceQueues, PresentWaiter, Waiter
from workbench.model_store.times import Times
from workbench.settings import MEGABYTE

Result = TypeVar("Result")

_LARGE = "large photos"  # the queue in which they wait for each other
_SAMPLE_CACHE = 64 * MEGABYTE
_requests = logging.getLogger("workbench.requests")

ChoiceKey = tuple[str, str]
"""Revision of a model and device: questions with the same key have the same answers."""


@dataclass(frozen=True)
class ModelChoice:
    """Who is asked about the images: a model on a device."""

    model: CheckpointInfo
    device: str

    @property
    def key(self) -> ChoiceKey:
        """A key that is equal for choices with the same answers."""
        return (self.model.revision, self.device)


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
        """Bytes of memory that picture and inspection take."""
        segmentation = self.inspection.segmentation
        maps = self.inspection.anomaly_map.nbytes + (0 if segmentation is None else segmentation.nbytes)
        return self.picture.nbytes + maps


class Inspector:
    """Inspects images for all sessions. It remembers samples, which are public, and nothing else."""

    def __init__(
        self,
        models: Models,
        run: Callable[[Detector, Sequence[Image], EncoderPasses], list[Inspection]],
        sample_cache: int = _SAMPLE_CACHE,
        times: Times | None = None,
    ) -> None:
        """Args: models; run, as `crr.inference.engine.inspect_batch`; sample_cache, bytes; times, to fill."""
        self._models = models
        self._run = run
        self._queues = DeviceQueues()
        self._inspected = OnceCache(sample_cache)
        self._indices: dict[Hashable, IdentityIndex] = {}  # a few numbers each
        self._times = times or Times()

    def inspect(self, file: ImageFile, choice: ModelChoice, memo: Hashable = None) -> Inspected:
        """Ask a model about a file.

        Args:
            file: Other models may be asked about it too.
            choice: Which model, on which device.
            memo: Names a file that is public, such as a sample: it is inspected once for all sessions, and is
                no question of a visitor's limit.

        Raises:
            ImageError: The file is no image.
            CRRError: The model cannot be asked.
        """
        if memo is None:
            return self._inspect(file, choice, counted=True)
        ask = partial(self._inspect, file, choice, counted=False)
        return self._inspected.of((memo, *choice.key), ask, lambda found: found.nbytes)

    def inspect_images(
        self, images: Sequence[Image], choice: ModelChoice, passes: EncoderPasses
    ) -> list[Inspection]:
        """Ask a model about several images of one size at once; raises `CRRError` if it cannot be asked.

        Args:
            images: What it is asked about.
            choice: Which model, on which device.
            passes: What encoders answered to these images so far; filled.
        """
        return self.ask(choice, lambda detector: self._run(detector, images, passes))

    def standard_index(self, file: ImageFile, choice: ModelChoice, memo: Hashable = None) -> IdentityIndex:
        """How much a model copies of the standard damage to a file; arguments and errors as of `inspect`."""
        key = (memo, *choice.key)
        known = None if memo is None else self._indices.get(key)
        if known is None:
            known = self.ask(choice, file.standard_damage.index_of)
            if memo is not None:
                self._indices[key] = known
        return known

    def _inspect(self, file: ImageFile, choice: ModelChoice, counted: bool) -> Inspected:
        if counted:
            rate_limit.acquire()

        waiter = PresentWaiter() if file.is_large else None

        def work() -> Inspected:
            image = file.image
            [inspection] = self.ask(
                choice,
                lambda detector: self._run(detector, [image], file.passes),
                counted=False,
                waiter=waiter,
            )
            self._times.keep(*choice.key, sum(inspection.milliseconds.values()))
            return Inspected(file.picture, inspection, file.decode_milliseconds)

        # A large photo takes hundreds of megabytes from when it is decoded until its picture is made.
        return self._queues.run(_LARGE, work) if file.is_large else work()

    def ask(
        self,
        choice: ModelChoice,
        work: Callable[[Detector], Result],
        counted: bool = True,
        waiter: Waiter | None = None,
    ) -> Result:
        """What `work` returns for a model's detector when its device is free; raises `CRRError` likewise.

        Args:
            choice: Who is asked, and where it computes.
            work: What it is asked.
            counted: Whether it is a question of this visitor's limit. What is asked while others wait for
                the answer is not: who has asked too often would keep them waiting.
            waiter: Who waits, if it is not whoever the thread works for.
        """
        model, device = choice.model, choice.device
        if counted:
            rate_limit.acquire()
        start, outcome = time.perf_counter(), "failed"
        try:
            # The model is fetched before the queue is entered: nobody waits for another's model to load.
            answer = self._models.use(
                str(model.path),
                device,
                lambda detector: self._queues.run(device, partial(work, detector), waiter),
                model.revision,
            )
            outcome = "answered"
        finally:
            # Of the image nothing is logged, not even its name.
            milliseconds = 1000 * (time.perf_counter() - start)
            _requests.info("%s on %s %s in %.0f ms", model.name, device, outcome, milliseconds)
        return answer


def log_requests() -> None:
    """A line a question on stderr, whatever else is logged."""
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(asctime)s %(message)s"))
    _requests.addHandler(handler)
    _requests.setLevel(logging.INFO)
    _requests.propagate = False
