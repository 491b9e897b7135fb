"""What models said of the images of projects: asked once as long as memory allows, and kept as scores."""

from collections.abc import Callable
from dataclasses import replace
from threading import Lock

from crr.data.images import encode_jpeg
from crr.identity.sighting import Sighting
from crr.metrics.score_ratios import score_ratio
from crr.types import Image, Inspection, Mask
from workbench.annotation.queue.scores import Score, Scores
from workbench.annotation.records import NewImage
from workbench.basics.cache import BoundedCache
from workbench.review_service.asking import Asker

Open = Callable[[NewImage], Image]
"""An image as it is decoded; raises `CRRError`."""

_QUALITY = 95  # of the JPEG that a browser shows


class ModelAnswers:
    """The answers of a process, for all who review; thread-safe."""

    def __init__(self, scores: Scores, open_image: Open, asker: Asker, limit: int) -> None:
        """Args: scores, where they are kept; open_image; asker; limit, bytes of answers and pictures each."""
        self._scores, self._open, self._asker = scores, open_image, asker
        self._answers: BoundedCache[Inspection] = BoundedCache(limit)
        self._pictures: BoundedCache[bytes] = BoundedCache(limit)
        self._images: BoundedCache[Image] = BoundedCache(limit)
        self._asking: dict[tuple[str, str, str], Lock] = {}
        self._lock = Lock()

    def of(self, image: NewImage, model: str) -> Inspection:
        """What a model says of an image; raises `CRRError` if it cannot be asked, or the image is gone."""
        key = (image.digest, model, self.revision(model))
        with self._once(key):
            known = self._answers.get(key)
            if known is None:
                known = self._asker.answer(image.digest, self.image(image), model)
                self._answers.put(key, known, known.anomaly_map.nbytes)
                self._scores.put([score_of(image, model, known)])
        return known

    def revision(self, model: str) -> str:
        """Digest of a model; raises `CRRError` if it is not there."""
        return self._asker.revision(model)

    def measure(self, image: NewImage, model: str) -> None:
        """Keep also what the model's encoder saw and its decoder copied; errors as of `of`."""
        inspection = self.of(image, model)
        found = self._asker.sighting(image.digest, self.image(image), model, None)
        seen, copied = (None, None) if found is None else (found.most, found.copied)
        score = score_of(image, model, inspection)
        self._scores.put([replace(score, seen=seen, copied=copied, measured=True)])

    def sighting(self, image: NewImage, model: str, mask: Mask) -> Sighting | None:
        """What is unusual for a model within a mask; None if that cannot be told, errors as of `of`."""
        return self._asker.sighting(image.digest, self.image(image), model, mask)

    def image(self, image: NewImage) -> Image:
        """The pixels of an image; raises `CRRError` if they cannot be had."""
        known = self._images.get(image.digest)
        if known is None:
            known = self._open(image)
            self._images.put(image.digest, known, known.nbytes)
        return known

    def picture(self, image: NewImage) -> bytes:
        """An image as a JPEG of all its pixels; raises `CRRError` if they cannot be had."""
        known = self._pictures.get(image.digest)
        if known is None:
            known = encode_jpeg(self.image(image), _QUALITY)
            self._pictures.put(image.digest, known, len(known))
        return known

    def _once(self, key: tuple[str, str, str]) -> Lock:
        """Two who ask the same wait for one answer."""
        with self._lock:
            if len(self._asking) > 10_000:
                self._asking = {known: lock for known, lock in self._asking.items() if lock.locked()}
            return self._asking.setdefault(key, Lock())


def score_of(image: NewImage, model: str, inspection: Inspection) -> Score:
    """What is kept of an answer, for the order of the queue."""
    ratio = score_ratio(inspection.score, inspection.threshold)
    return Score(image.digest, model, inspection.revision, ratio, inspection.verdict)
