"""How a detector is run: device, batches, and results in the original image's coordinates."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from crr.config import CategoryCalibration, EncoderConfig
from crr.errors import DeviceError
from crr.models.detector import Detector
from crr.runtime.stopwatch import Stopwatch
from crr.types import Features, Image, Inspection, Prediction, Verdict

EncoderKey = tuple[EncoderConfig, str, torch.device]
"""Settings, digest of the weights and device: encoders with the same three answer alike."""


@dataclass(frozen=True)
class EncoderPass:
    """What an encoder answered to one batch, and how long it took, in milliseconds."""

    features: Features
    milliseconds: float


EncoderPasses = dict[EncoderKey, EncoderPass]
"""The passes of one batch, for detectors that share an encoder."""


def inspect(detector: Detector, images: Sequence[Image], batch_size: int = 8) -> list[Inspection]:
    """Inspect images of any sizes, in order.

    Args:
        detector: From `crr.load`.
        images: From `crr.data.images.decode`.
        batch_size: Images a forward pass; memory grows with it, not with the number of images.

    Raises:
        DeviceError: The device ran out of memory.
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
        DeviceError: The device ran out of memory.
    """
    inspections: list[list[Inspection]] = [[] for _ in detectors]
    for start in range(0, len(images), batch_size):
        passes: EncoderPasses = {}
        for detector, found in zip(detectors, inspections, strict=True):
            found += inspect_batch(detector, images[start : start + batch_size], passes)
    return inspections


def inspect_batch(detector: Detector, images: Sequence[Image], passes: EncoderPasses) -> list[Inspection]:
    """Inspect images in a single forward pass.

    Args:
        detector: From `crr.load`.
        images: From `crr.data.images.decode`.
        passes: What encoders answered to these same images before. If the detector's encoder is not among
            them, it is added; if it is, its time is charged again, as the detector alone would take it.

    Raises:
        DeviceError: The device ran out of memory.
    """
    prediction, milliseconds = predict_batch(detector, images, passes)
    return inspections_of(detector, images, prediction, milliseconds)


def predict_batch(
    detector: Detector, images: Sequence[Image], passes: EncoderPasses
) -> tuple[Prediction, dict[str, float]]:
    """The prediction of `inspect_batch`, and the milliseconds that each step of it took for all images.

    Args:
        detector: As there.
        images: As there.
        passes: As there.

    Raises:
        DeviceError: The device ran out of memory.
    """
    watch = Stopwatch(detector.device)
    known = passes.get(encoder_key(detector))
    with memory_explained(detector, len(images)):
        with watch.step("resize"):
            batch = detector.preprocess(images)
        if known is not None:
            watch.milliseconds["encoder"] = known.milliseconds
        prediction = detector.predict(batch, watch, None if known is None else known.features)
    if known is None:
        features = prediction.reconstruction.encoder
        passes[encoder_key(detector)] = EncoderPass(features, watch.milliseconds.get("encoder", 0.0))
    return prediction, watch.milliseconds


def inspections_of(
    detector: Detector, images: Sequence[Image], prediction: Prediction, milliseconds: Mapping[str, float]
) -> list[Inspection]:
    """The inspection of each image, from what `predict_batch` answered to all."""
    share = {step: total / len(images) for step, total in milliseconds.items()}
    maps = uncropped(detector, prediction.anomaly_map[:, None])
    segmentations = None if prediction.segmentation is None else uncropped(detector, prediction.segmentation)
    return [
        _inspection(
            detector,
            prediction,
            index,
            image.shape[:2],
            maps[index],
            None if segmentations is None else segmentations[index],
            share,
        )
        for index, image in enumerate(images)
    ]


def encoder_key(detector: Detector) -> EncoderKey:
    """Equal for detectors whose encoders answer alike."""
    return detector.config.encoder, detector.encoder.digest, detector.device


@contextmanager
def memory_explained(detector: Detector, batch_size: int) -> Iterator[None]:
    """Turn a device's lack of memory, at this batch size, into a `DeviceError` that says what to do."""
    try:
        yield
    except torch.OutOfMemoryError:
        raise DeviceError(
            f"{detector.device} ran out of memory at {batch_size} images a batch. "
            "Use a smaller batch or the CPU."
        ) from None


def _inspection(
    detector: Detector,
    prediction: Prediction,
    index: int,
    size: tuple[int, int],
    anomaly_map: NDArray[np.float32],
    segmentation: NDArray[np.float32] | None,
    milliseconds: dict[str, float],
) -> Inspection:
    score = float(prediction.score[index])
    calibration = _calibration(detector, int(prediction.category[index]))
    threshold = calibration.threshold if calibration else 0.5
    normal_scores = calibration.normal_scores if calibration else ()
    verdict: Verdict = "defective" if score >= threshold else "normal"
    return Inspection(
        model=detector.name,
        revision=detector.revision,
        size=size,
        anomaly_map=anomaly_map,
        segmentation=segmentation,
        score=score,
        threshold=threshold,
        pixel_threshold=calibration.pixel_threshold if calibration else 0.5,
        percentile=_percentile(score, normal_scores) if normal_scores else None,
        normal_scores=normal_scores,
        verdict=verdict,
        category=calibration.name if calibration else None,
        known=bool(prediction.category_distance[index] <= 1),
        device=str(detector.device),
        milliseconds=milliseconds,
    )


def _calibration(detector: Detector, category: int) -> CategoryCalibration | None:
    calibrations = detector.config.calibration
    return calibrations[category] if calibrations else None


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
