"""Named configurations to start from."""

from dataclasses import dataclass
from typing import Any

from crr.config import (
    DecoderConfig,
    DetectorConfig,
    EncoderConfig,
    PredictionConfig,
    SegmentationConfig,
    StageConfig,
    TrainingConfig,
)
from crr.errors import ConfigError
from crr.models.components.backbones import check_name

EMBEDDED = DetectorConfig()
"""EfficientNet-Lite0, 384 px: trains on two CPU cores in under an hour, needs no network."""

DINOV2_BASE = DetectorConfig(
    encoder=EncoderConfig(
        name="vit_base_patch14_reg4_dinov2",
        weights="timm",
        layers=tuple(range(2, 10)),
        every_block=False,
        groups=((0, 1, 2, 3), (4, 5, 6, 7)),
        resize=448,
        crop=392,
    ),
    decoder=DecoderConfig(
        width=768,
        blocks=8,
        attention_heads=12,
        bottleneck_width=4 * 768,
        tokens="mean",
        outputs="blocks",
        positions=False,
    ),
    segmentation=SegmentationConfig(distance_input=False),
    prediction=PredictionConfig(
        distance="cosine", distance_weight=0.7, blur_sigma=4.0, blur_kernel=5, top_share=0.01
    ),
    training=TrainingConfig(
        repair=StageConfig(iterations=50_000, batch_size=16),
        segmentation=StageConfig(
            iterations=8_000, learning_rate=1e-4, final_learning_rate=1e-4, warmup=0, gradient_norm=0.0
        ),
    ),
)
"""The paper's preset: DINOv2 ViT-B/14 with registers, 448 px cropped to 392, for a GPU; weights from the Hub.

Ours are still: masking while training only and rescaled (see `MaskingConfig`), the compact segmentation
network, StableAdamW in stage 2 where the paper has Adam, and a fusion weight that the calibration chooses.
"""

PRESETS = {"embedded": EMBEDDED, "dinov2-base": DINOV2_BASE}


def preset(name: str) -> DetectorConfig:
    """The configuration of that name.

    Raises:
        ConfigError: There is no such preset.
    """
    if name not in PRESETS:
        raise ConfigError(f"There is no preset {name!r}; there are: {', '.join(PRESETS)}.")
    return PRESETS[name]


@dataclass(frozen=True)
class TrainingChoices:
    """What somebody wants to train; None leaves the preset's value.

    Attributes:
        preset: Name of the preset to start from.
        method: Name in `crr.models.registry.METHODS`; its own settings go before the preset's.
        masking: Rate of the feature-level random masking, of methods that have it.
        dropout: Dropout of the bottleneck, of methods that have one.
        encoder: Another timm backbone; needs `layers`.
        layers: Comma-separated indices into what the backbone's `forward_intermediates` offers.
        weights: "timm" or "random"; another backbone has "timm" by default.
        size: Side that images are resized to; a crop keeps its share.
        iterations: Steps of stage 1; stage 2 changes in proportion.
        batch_size: Images a step, in both stages.
        distance: "combined", "mahalanobis", "cosine" or "euclidean".
        segmentation: "compact", "paper" or "none".
        foreground_only: Damage the part and never a plain background around it.
        seed: Fixes every random draw.
    """

    preset: str = "embedded"
    method: str = "crr"
    masking: float | None = None
    dropout: float | None = None
    encoder: str | None = None
    layers: str | None = None
    weights: str | None = None
    size: int | None = None
    iterations: int | None = None
    batch_size: int | None = None
    distance: str | None = None
    segmentation: str | None = None
    foreground_only: bool = False
    seed: int = 0


def configure(choices: TrainingChoices) -> DetectorConfig:
    """A preset with what was chosen changed.

    Raises:
        ConfigError: A value is out of range, or the choices contradict each other.
        EncoderError: timm has no such backbone.
    """
    from crr.models.registry import check_choices, configured

    wanted = {name: getattr(choices, name) for name in ("iterations", "masking", "dropout")}
    wanted["segmentation"] = None if choices.segmentation == "none" else choices.segmentation
    check_choices(choices.method, [name for name, value in wanted.items() if value is not None])
    values = configured(preset(choices.preset), choices.method).as_json()
    backbone, stages = values["encoder"], [values["training"][stage] for stage in ("repair", "segmentation")]
    if choices.encoder is not None and choices.encoder != backbone["name"]:
        check_name(choices.encoder)
        if choices.layers is None:
            raise ConfigError(f"Say which layers of {choices.encoder} to compare, for example 1,2,3.")
        backbone.update(name=choices.encoder, weights="timm", every_block=False)
    if choices.layers is not None:
        backbone.update(layers=_indices(choices.layers), groups=())
    if choices.weights is not None:
        backbone["weights"] = choices.weights
    if choices.size is not None:
        backbone.update(resize=choices.size, crop=round(choices.size * backbone["crop"] / backbone["resize"]))
    if choices.iterations is not None:
        _scale_iterations([stage for stage in stages if stage["iterations"]], choices.iterations)
    if choices.batch_size is not None:
        for stage in stages:
            stage["batch_size"] = choices.batch_size
    if choices.masking is not None:
        values["masking"]["rate"] = choices.masking
    if choices.dropout is not None:
        values["decoder"]["dropout"] = choices.dropout
    if choices.distance is not None:
        values["prediction"]["distance"] = choices.distance
    if choices.segmentation not in (None, "none") and not values["training"]["segmentation"]["iterations"]:
        raise ConfigError(f"{choices.method} trains no segmentation network: leave the choice of one out.")
    if choices.segmentation is not None:
        values["segmentation"]["design"] = choices.segmentation
    values["training"].update(seed=choices.seed, foreground_only=choices.foreground_only)
    return DetectorConfig.from_json(values)


def _scale_iterations(stages: list[dict[str, Any]], iterations: int) -> None:
    """Give the first of these stages so many iterations and the others in proportion."""
    share = iterations / stages[0]["iterations"] if stages else 1.0
    for stage in stages:
        stage["iterations"] = max(1, round(share * stage["iterations"]))
        stage["warmup"] = min(stage["warmup"], stage["iterations"] // 10)


def _indices(layers: str) -> tuple[int, ...]:
    try:
        return tuple(int(part) for part in layers.split(","))
    except ValueError:
        raise ConfigError(
            f"Layers are numbers with commas between, such as 1,2,3; given: {layers!r}."
        ) from None
