"""The types that flow through the library, from an image to an inspection."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:  # whoever reads images only needs no torch, which takes two seconds and 200 MB to import
    from torch import Tensor

Image = NDArray[np.uint8]
"""uint8 (H, W, 3), RGB, upright, values in [0, 255]."""

Mask = NDArray[np.bool_]
"""bool (H, W), True where a pixel is anomalous."""

Features: TypeAlias = "list[Tensor]"
"""One float tensor (B, C_l, h_l, w_l) a layer, each layer on its own grid."""

TensorShape = tuple[tuple[int, ...], bool]
"""Shape of a tensor, and whether its values are floating-point numbers."""

Verdict = Literal["defective", "check by hand", "normal", "unknown part", "no part seen"]
"""What is said of an image. The last two are neither: a model's score means nothing there."""

Label = Literal["good", "defective"]
"""What is true of a part, whatever a model says of it."""

BELOW_LIMIT: tuple[Verdict, ...] = ("normal", "check by hand")
"""What is said of an image whose score does not reach the threshold."""

USUAL_PERCENT = 90
"""Percent of normal images that score lower than what is checked by hand."""


def verdict_of(score: float, threshold: float, usual: float, *, known: bool, seen: bool) -> Verdict:
    """The verdict on an image: whether it shows anything comes first, then whether the model knows it.

    Args:
        score: Image-level anomaly score.
        threshold: Defective if the score reaches it.
        usual: From `usual_score`: between it and the threshold an image is to be checked by hand.
        known: Whether the image looks like something the model was trained on.
        seen: Whether it shows anything at all.
    """
    if not seen:
        return "no part seen"
    if not known:
        return "unknown part"
    if score >= threshold:
        return "defective"
    return "check by hand" if score >= usual else "normal"


def usual_score(normal_scores: Sequence[float]) -> float:
    """The score that `USUAL_PERCENT` % of normal images stay below; infinite where none are known."""
    return float(np.percentile(normal_scores, USUAL_PERCENT)) if len(normal_scores) else float("inf")


@dataclass(frozen=True)
class Reconstruction:
    """What the encoder saw and what the decoder answered: every detector answers with this.

    Attributes:
        encoder: Features, one (B, C_l, h_l, w_l) a layer.
        decoder: Features of exactly the same shapes.
    """

    encoder: Features
    decoder: Features

    def distances(self) -> Features:
        """One (B, 1, h_l, w_l) tensor a layer: 1 - cosine, in [0, 2] (paper, section 3.4)."""
        from torch.nn import functional

        return [
            1 - functional.cosine_similarity(seen, answered, dim=1).unsqueeze(1)
            for seen, answered in zip(self.encoder, self.decoder, strict=True)
        ]

    def rows(self, images: Sequence[int]) -> "Reconstruction":
        """The reconstruction of some images of the batch, by their positions; one may be asked for twice."""
        chosen = list(images)
        return Reconstruction(
            [layer[chosen] for layer in self.encoder], [layer[chosen] for layer in self.decoder]
        )


@dataclass(frozen=True)
class Prediction:
    """A batch's reconstruction and what was derived from it.

    Attributes:
        reconstruction: Encoder and decoder features.
        distances: One (B, 1, h_l, w_l) tensor a layer, how far both are apart as the detector counts it.
        probability: (B, 1, h, w) probability of "anomalous" in [0, 1] on the segmentation network's own
            grid, or None if the detector has no such network.
        segmentation: The same at (B, 1, H, W), or None.
        anomaly_map: (B, H, W), non-negative; H = W = the config's `map_size`.
        score: (B,), the image-level anomaly score on the scale of `anomaly_map`.
        category: (B,) index of the nearest known category; without meaning before calibration.
        category_distance: (B,) distance to that category's centre; above 1 means unlike anything known.
    """

    reconstruction: Reconstruction
    distances: Features
    probability: "Tensor | None"
    segmentation: "Tensor | None"
    anomaly_map: "Tensor"
    score: "Tensor"
    category: "Tensor"
    category_distance: "Tensor"


@dataclass(frozen=True)
class Inspection:
    """One image's prediction as arrays in the coordinates of the original image.

    Attributes:
        model: Name of the checkpoint that was asked.
        revision: The checkpoint's digest (12 hex digits), so that a result can be traced.
        size: (height, width) of the original image.
        anomaly_map: float32 (h, w), non-negative, covering the whole original image edge to edge.
            Its grid is the detector's, coarser or finer than the original's: `anomaly_map_at` resamples it.
        segmentation: float32 (h, w) in [0, 1] on the same grid, or None.
        score: Image-level anomaly score, non-negative.
        threshold: Calibrated image threshold of the nearest category: defective if score >= it.
        pixel_threshold: Calibrated pixel threshold of the nearest category.
        percentile: Share of that category's held-back normal scores below this score, ties counted half,
            in [0, 100], or None where it keeps no such scores.
        normal_scores: Held-back normal scores of the nearest category, ascending.
        verdict: See `verdict_of`; with the calibrated threshold.
        category: Nearest known category.
        known: False if the image looks like nothing the model was trained on.
        seen: False if it shows nothing: constant, black, white, saturated, transparent, or noise alone.
        device: For example "cpu" or "cuda:0".
        milliseconds: Time a step took: decode, encoder, decoder, segmentation, ... (this image's share).
    """

    model: str
    revision: str
    size: tuple[int, int]
    anomaly_map: NDArray[np.float32]
    segmentation: NDArray[np.float32] | None
    score: float
    threshold: float
    pixel_threshold: float
    percentile: float | None
    normal_scores: tuple[float, ...]
    verdict: Verdict
    category: str
    known: bool
    device: str
    milliseconds: dict[str, float] = field(default_factory=dict)
    seen: bool = True

    def verdict_at(self, threshold: float) -> Verdict:
        """The verdict with another image threshold."""
        return verdict_of(
            self.score, threshold, usual_score(self.normal_scores), known=self.known, seen=self.seen
        )

    def mask(self, threshold: float | None = None) -> Mask:
        """bool (H, W) in original pixels: True where the map reaches `threshold` (calibrated if None)."""
        limit = self.pixel_threshold if threshold is None else threshold
        return self.anomaly_map_at(self.size) >= limit

    def anomaly_map_at(self, size: tuple[int, int]) -> NDArray[np.float32]:
        """float32 (height, width): the anomaly map resampled bilinearly to `size`."""
        import torch
        from torch.nn import functional

        grid = torch.from_numpy(self.anomaly_map)[None, None]
        resized = functional.interpolate(grid, size=size, mode="bilinear", align_corners=False)
        return resized[0, 0].numpy()


@dataclass(frozen=True)
class Progress:
    """One report of a long piece of work.

    Attributes:
        stage: For example "repair", "segmentation", "calibration".
        step: Steps done in this stage.
        total: Steps this stage has.
        losses: Name to value, averaged since the last report.
        images_per_second: Throughput since the last report.
        seconds_left: Estimate for the whole run, None while unknown.
    """

    stage: str
    step: int
    total: int
    losses: dict[str, float] = field(default_factory=dict)
    images_per_second: float | None = None
    seconds_left: float | None = None

    def as_json(self) -> dict[str, Any]:
        """A dictionary of plain values, one line of `--progress json`."""
        return asdict(self)
