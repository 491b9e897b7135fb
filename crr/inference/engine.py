"""Images in, inspections out: batches, several detectors on one encoder, maps in the image's coordinates."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from crr.errors import CheckpointError, ConfigError, ImageError
from crr.inference.content import shows_something
from crr.inference.forward import EncoderPasses, forward, memory_explained
from crr.models.detector import Detector
from crr.runtime.stopwatch import Stopwatch
from crr.types import Image, Inspection, Prediction, usual_score, verdict_of


def inspect(detector: Detector, images: Sequence[Image], batch_size: int = 8) -> list[Inspection]:
    """Inspect images of any sizes, in order.

    Args:
        detector: From `crr.load`.
        images: From `crr.data.images.decode`.
        batch_size: Images a forward pass; memory grows with it, not with the number of images.

    Raises:
        CheckpointError: The detector's answers are no finite numbers.
        DeviceError: The device ran out of memory.
        ImageError: Something else was given than such images.
    """
    return inspect_with([detector], images, batch_size)[0]


def inspect_with(
    detectors: Sequence[Detector], images: Sequence[Image], batch_size: int = 8
) -> list[list[Inspection]]:
    """Inspect images with several detectors; those with the same encoder share its pass.

    Args:
        detectors: From `crr.load`, all in memory.
        images: From `crr.data.images.decode`.
        batch_size: Images a forward pass; features of one batch are kept, an encoder.

    Returns:
        A list a detector, with an inspection an image, equal to those of `inspect`.

    Raises:
        CheckpointError: The detector's answers are no finite numbers.
        DeviceError: The device ran out of memory.
        ImageError: Something else was given than such images.
    """
    check_images(images)
    check_batch_size(batch_size)
    inspections: list[list[Inspection]] = [[] for _ in detectors]
    for start in range(0, len(images), batch_size):
        passes: EncoderPasses = {}
        for detector, found in zip(detectors, inspections, strict=True):
            found += inspect_batch(detector, images[start : start + batch_size], passes)
    return inspections


def check_images(images: object) -> None:
    """See that images are what `decode` gives: any other numbers would be inspected and mean something else.

    Raises:
        ImageError: One is no uint8 array (H, W, 3), or they are no list.
    """
    wanted = "give a list of uint8 arrays (H, W, 3) in RGB, as crr.decode returns them"
    several = isinstance(images, Sequence) or (isinstance(images, np.ndarray) and images.ndim == 4)
    if not several or isinstance(images, str | bytes):
        raise ImageError(f"Images are {_described(images)}: {wanted}.")
    for number, image in enumerate(images):  # type: ignore[var-annotated, arg-type]
        if not isinstance(image, np.ndarray) or image.dtype != np.uint8 or image.shape[2:] != (3,):
            raise ImageError(f"Image {number} of the list is {_described(image)}: {wanted}.")
        if not image.size:
            raise ImageError(f"Image {number} of the list is {_described(image)}: it has no pixels.")


def _described(given: object) -> str:
    if isinstance(given, np.ndarray):
        return f"an array of {given.dtype} {given.shape}"
    return f"of type {type(given).__name__}"


def check_batch_size(batch_size: int) -> None:
    """See that there is at least one image a batch; raises `ConfigError` if not."""
    if batch_size < 1:
        raise ConfigError(f"The batch size is {batch_size}; choose 1 or more.")


def inspect_batch(detector: Detector, images: Sequence[Image], passes: EncoderPasses) -> list[Inspection]:
    """Inspect images in a single forward pass.

    Args:
        detector: From `crr.load`.
        images: From `crr.data.images.decode`.
        passes: What encoders answered to these same images before. If the detector's encoder is not among
            them, it is added; if it is, its time is charged again, as the detector alone would take it.

    Raises:
        CheckpointError: The detector's answers are no finite numbers.
        DeviceError: The device ran out of memory.
    """
    watch = Stopwatch(detector.device)
    reconstruction = forward(detector, images, passes, stopwatch=watch).reconstruction
    with memory_explained(detector, len(images)):
        prediction = detector.predict(reconstruction, watch)
    return inspections_of(detector, images, prediction, watch.milliseconds)


def inspections_of(
    detector: Detector, images: Sequence[Image], prediction: Prediction, milliseconds: Mapping[str, float]
) -> list[Inspection]:
    """The inspection of each image, from what `Detector.predict` answered to all.

    Raises:
        CheckpointError: The detector was not calibrated, so that it has no limits; or an answer is no finite
            number, and would count as normal.
    """
    if not detector.config.calibration:
        raise CheckpointError(
            f"{detector.name or 'This model'} was never calibrated on normal images: it has no limit, "
            "and gives no verdict. Train it with crr train, which calibrates it at its end."
        )
    answers = (prediction.score, prediction.anomaly_map, prediction.segmentation)
    if not all(answer.isfinite().all() for answer in answers if answer is not None):
        raise CheckpointError(
            f"{detector.name} answered with values that are no finite numbers, so nothing can be said. "
            "It is probably damaged: choose another model."
        )
    share = {step: total / len(images) for step, total in milliseconds.items()}
    maps = uncropped(detector, prediction.anomaly_map[:, None])
    segmentations = None if prediction.segmentation is None else uncropped(detector, prediction.segmentation)
    return [
        _inspection(
            detector,
            prediction,
            index,
            image,
            maps[index],
            None if segmentations is None else segmentations[index],
            share,
        )
        for index, image in enumerate(images)
    ]


def _inspection(
    detector: Detector,
    prediction: Prediction,
    index: int,
    image: Image,
    anomaly_map: NDArray[np.float32],
    segmentation: NDArray[np.float32] | None,
    milliseconds: dict[str, float],
) -> Inspection:
    score = float(prediction.score[index])
    calibration = detector.config.calibration[int(prediction.category[index])]
    normal_scores = calibration.normal_scores
    seen = shows_something(image)
    known = seen and bool(prediction.category_distance[index] <= 1)
    return Inspection(
        model=detector.name,
        revision=detector.revision,
        size=image.shape[:2],
        anomaly_map=anomaly_map,
        segmentation=segmentation,
        score=score,
        threshold=calibration.threshold,
        pixel_threshold=calibration.pixel_threshold,
        percentile=_percentile(score, normal_scores) if normal_scores else None,
        normal_scores=normal_scores,
        verdict=verdict_of(score, calibration.threshold, usual_score(normal_scores), known=known, seen=seen),
        category=calibration.name,
        known=known,
        seen=seen,
        device=str(detector.device),
        milliseconds=milliseconds,
    )


def _percentile(score: float, normal_scores: Sequence[float]) -> float:
    """Share of normal scores below `score`, ties counted half, in [0, 100]."""
    normal = np.asarray(normal_scores)
    return float(100 * ((normal < score).mean() + (normal == score).mean() / 2))


def uncropped(detector: Detector, maps: Tensor) -> NDArray[np.float32]:
    """(B, h, w): maps (B, 1, h, w) of the centre crop, put back into the whole image; edges repeat."""
    encoder = detector.config.encoder
    margin = round((encoder.resize - encoder.crop) / 2 / encoder.crop * maps.shape[-1])
    whole = functional.pad(maps, (margin,) * 4, mode="replicate") if margin else maps
    return np.asarray(whole[:, 0].float().cpu().numpy())
