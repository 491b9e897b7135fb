"""The smallest detector and the smallest data set that have every part of the real ones."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from crr.config import (
    CategoryCalibration,
    DecoderConfig,
    DetectorConfig,
    EncoderConfig,
    PredictionConfig,
    SegmentationConfig,
    StageConfig,
    TrainingConfig,
)
from crr.models import registry
from crr.models.components.category_recogniser import summary
from crr.models.detector import Detector
from crr.types import Image

CATEGORIES = ("plate", "ring", "bar", "dots")
ENCODER = EncoderConfig(
    name="test_efficientnet", weights="random", layers=(1, 2, 3), every_block=False, resize=64, crop=64
)
"""Three layers of 24, 32 and 48 channels on grids of 16, 8 and 4."""

_SIZE = (48, 72)  # height, width: not square, and not the encoder's input


def tiny_config(**changes: Any) -> DetectorConfig:
    """Two categories, 64 px, random weights, a handful of iterations; `changes` replace whole fields.

    Unless they replace that too, it is calibrated: 0.5 is every limit.
    """
    config = DetectorConfig(
        encoder=ENCODER,
        decoder=DecoderConfig(width=32, blocks=1, attention_heads=2, bottleneck_width=32),
        segmentation=SegmentationConfig(width=8),
        prediction=PredictionConfig(map_size=32, blur_sigma=1.0, blur_kernel=3, top_share=0.02),
        training=TrainingConfig(
            repair=StageConfig(iterations=4, batch_size=2, warmup=1),
            segmentation=StageConfig(iterations=2, batch_size=2, warmup=1, gradient_norm=1.0),
            mining_iterations=2,
            validation_share=0.34,
        ),
        categories=CATEGORIES[:2],
    )
    limits = tuple(
        CategoryCalibration(name, 0.5, 0.5, ()) for name in changes.get("categories", CATEGORIES[:2])
    )
    return replace(config, **{"calibration": limits, **changes})


def tiny_detector(config: DetectorConfig | None = None, seed: int = 0) -> Detector:
    """An untrained detector whose weights depend on `seed` alone."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return registry.create(config or tiny_config())


def calibrated_detector() -> Detector:
    """An untrained detector that knows "plate" and "ring" from a few images each, with thresholds."""
    detector = tiny_detector()
    summaries = []
    for index, name in enumerate(detector.categories):
        with torch.inference_mode():
            reconstruction = detector.reconstruct(detector.preprocess(good_images(name, 8)))
        assert detector.metric is not None
        detector.metric.fit(index, [reconstruction])
        summaries.append(summary(reconstruction.encoder))
    detector.recogniser.fit([rows[:5] for rows in summaries], [rows[5:] for rows in summaries])
    detector.scale.copy_(torch.tensor([[0.2, 0.3], [1.5, 2.0]]))
    calibration = (
        CategoryCalibration(
            "plate", threshold=0.4, pixel_threshold=0.35, normal_scores=(0.2, 0.3, 0.3, 0.35)
        ),
        CategoryCalibration("ring", threshold=0.6, pixel_threshold=0.5, normal_scores=(0.1, 0.5)),
    )
    detector.config = replace(detector.config, calibration=calibration)
    return detector


def write_dataset(
    root: Path, categories: int = 2, images: int = 6, seed: int = 0, masks: bool = True
) -> Path:
    """Write a synthetic data set in MVTec's layout; returns `root`.

    Every category has `images` good ones in train/good, two good and two scratched ones in test, and a
    mask for each scratched one unless `masks` is False. All PNG, 48 high and 72 wide.
    """
    random = np.random.default_rng(seed)
    for name in CATEGORIES[:categories]:
        for number in range(images):
            _write(root / name / "train" / "good" / f"{number:03}.png", good_image(name, random))
        for number in range(2):
            _write(root / name / "test" / "good" / f"{number:03}.png", good_image(name, random))
            damaged, mask = scratched(good_image(name, random), random)
            _write(root / name / "test" / "scratch" / f"{number:03}.png", damaged)
            if masks:
                _write(root / name / "ground_truth" / "scratch" / f"{number:03}_mask.png", mask)
    return root


def good_images(category: str, count: int, seed: int = 0) -> list[Image]:
    """`count` different good parts of a category."""
    random = np.random.default_rng(seed)
    return [good_image(category, random) for _ in range(count)]


def good_image(category: str, random: np.random.Generator) -> Image:
    """One good part of a category: a shape of the category's own, a little moved, on a noisy ground."""
    height, width = _SIZE
    image = np.full((height, width, 3), 60 + 30 * CATEGORIES.index(category), np.uint8)
    x, y = width // 2 + int(random.integers(-2, 3)), height // 2 + int(random.integers(-2, 3))
    if category == "plate":
        cv2.rectangle(image, (x - 22, y - 14), (x + 22, y + 14), (200, 180, 150), -1)
    elif category == "ring":
        cv2.circle(image, (x, y), 16, (40, 90, 190), 6)
    elif category == "bar":
        cv2.rectangle(image, (x - 30, y - 4), (x + 30, y + 4), (90, 220, 90), -1)
    else:
        for offset in range(-20, 21, 10):
            cv2.circle(image, (x + offset, y), 3, (20, 20, 20), -1)
    return np.clip(image + random.normal(0, 3, image.shape), 0, 255).astype(np.uint8)


def scratched(image: Image, random: np.random.Generator) -> tuple[Image, NDArray[np.uint8]]:
    """A copy with a white scratch near the middle, and its mask (H, W) of 0 and 255."""
    height, width = image.shape[:2]
    mask = np.zeros((height, width), np.uint8)
    x, y = width // 2 + int(random.integers(-12, 13)), height // 2 + int(random.integers(-8, 9))
    cv2.line(mask, (x - 6, y - 4), (x + 6, y + 4), 255, 3)
    damaged = image.copy()
    damaged[mask > 0] = 255
    return damaged, mask


def _write(path: Path, image: NDArray[np.uint8]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), image[..., ::-1] if image.ndim == 3 else image)
