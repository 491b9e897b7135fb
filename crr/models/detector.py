"""The interface of every method, and everything that is written once over it.

A method says what the encoder's features should look like (`decode`). Distances, segmentation, anomaly
map, score and nearest category follow from that in the same way for all.

    Detector
    ├── TrainedDetector    a decoder that learns by gradients
    │   └── CRR
    └── MemoryDetector     remembers normal features; nothing is trained
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any, ClassVar

import numpy as np
import torch
from pydantic.dataclasses import dataclass
from torch import Tensor, nn

from crr.config import DetectorConfig
from crr.data.preprocessing import as_input_tensor, to_input
from crr.models.components.anomaly_map import mean_map, smoothed, top_share_score, upsample_and_blur
from crr.models.components.category_recogniser import CategoryRecogniser
from crr.models.components.encoder import Encoder
from crr.models.components.losses import mining_share, repair_loss
from crr.models.components.residual_metric import Metric, ResidualMetric
from crr.models.components.segmentation import create_segmentation
from crr.runtime.stopwatch import Stopwatch
from crr.runtime.validation import STRICT, checked
from crr.types import Features, Image, Prediction, Reconstruction

_ENCODER = "encoder."


@dataclass(frozen=True, config=STRICT)
class NoOptions:
    """The settings of a method that has none of its own."""


class Detector(nn.Module, ABC):
    """A method with its frozen encoder.

    Attributes:
        title: The method as people write it, with its source.
        choices: What of a training can be chosen for it and not for every method: "iterations", "masking",
            "dropout", "segmentation".
        options_type: The dataclass of the settings that this method alone has.
        options: The settings that this method alone has, from `config.options`.
        config: Everything about it; `config.categories` are the categories it knows.
        name: Name of the checkpoint it came from, empty if it was just made.
        revision: 12 hex digits that identify the checkpoint's content, empty if it was just made.
        value_range: Black and white of images deeper than 8 bits that do not say it; the checkpoint's unless
            somebody sets another.

    Raises:
        ConfigError: A setting is out of range, is another method's, or does not fit the encoder.
    """

    title: ClassVar[str]
    choices: ClassVar[frozenset[str]] = frozenset()
    options_type: ClassVar[type[Any]] = NoOptions
    scale: Tensor

    def __init__(self, config: DetectorConfig, encoder: Encoder | None = None) -> None:
        super().__init__()
        self.options = checked(self.options_type, config.options)
        self.config = config
        self.name = ""
        self.revision = ""
        self.value_range = config.value_range
        self.encoder = encoder or Encoder(config.encoder)
        count = max(1, len(config.categories))
        self.metric = self.create_metric(count)
        self.recogniser = CategoryRecogniser(self.encoder.layers, count)
        self.segmentation = create_segmentation(config.segmentation, self.encoder.layers)
        measures = 2 if config.prediction.distance == "combined" else 1
        self.register_buffer("scale", torch.full((measures, count), 0.5))

    @classmethod
    def configured(cls, config: DetectorConfig) -> DetectorConfig:
        """A preset's config with the settings that make it this method."""
        return config

    @abstractmethod
    def decode(self, features: Features) -> Features:
        """What the encoder's features should look like if the image were normal; the same shapes."""

    def create_metric(self, categories: int) -> Metric | None:
        """The learnt measure of the residual, where the distance asked for needs one."""
        if self.config.prediction.distance in ("cosine", "euclidean"):
            return None
        return ResidualMetric(self.encoder.layers, categories)

    def own_tensors(self) -> dict[str, Tensor]:
        """Every parameter and buffer but those of the frozen encoder: what a checkpoint holds."""
        state = self.state_dict()
        return {name: tensor for name, tensor in state.items() if not name.startswith(_ENCODER)}

    @property
    def device(self) -> torch.device:
        """Where the detector runs."""
        return self.scale.device

    @property
    def categories(self) -> tuple[str, ...]:
        """The categories it was trained on."""
        return self.config.categories

    def preprocess(self, images: Sequence[Image]) -> Tensor:
        """(B, 3, crop, crop) float in [0, 1] on the detector's device."""
        return self.as_input([to_input(image, self.config.encoder) for image in images])

    def as_input(self, images: Sequence[Image]) -> Tensor:
        """(B, 3, crop, crop) float in [0, 1], of images that are (crop, crop, 3) already."""
        return as_input_tensor(torch.from_numpy(np.stack(images)).to(self.device))

    def reconstruct(self, images: Tensor) -> Reconstruction:
        """Encoder and decoder features of (B, 3, crop, crop) images in [0, 1]."""
        features = self.encoder(images)
        return Reconstruction(features, self.decode(features))

    def distances(self, reconstruction: Reconstruction, category: Tensor) -> Features:
        """One (B, 1, h_l, w_l) tensor a layer, scaled so that 0.5 is rare on the category's normal images."""
        measures = self.measures(reconstruction, category)
        weights = 1 / (2 * len(measures) * self.scale[:, category])  # (measures, B)
        weighted = [
            [layer * weight.view(-1, 1, 1, 1) for layer in layers]
            for layers, weight in zip(measures, weights, strict=True)
        ]
        return [torch.stack(layers).sum(dim=0) for layers in zip(*weighted, strict=True)]

    def measures(self, reconstruction: Reconstruction, category: Tensor) -> list[Features]:
        """The distances that `config.prediction.distance` names, each one (B, 1, h_l, w_l) tensor a layer."""
        kind = self.config.prediction.distance
        if kind == "euclidean":
            return [_lengths(reconstruction)]
        measures = [] if kind == "mahalanobis" else [reconstruction.distances()]
        if kind != "cosine":
            assert self.metric is not None
            measures.append(self.metric(reconstruction, category))
        return measures

    @torch.inference_mode()
    def predict(self, reconstruction: Reconstruction, stopwatch: Stopwatch | None = None) -> Prediction:
        """What follows from encoder and decoder features: distances, segmentation, anomaly map and score.

        Args:
            reconstruction: From `reconstruct`, or from `crr.inference.forward`.
            stopwatch: Adds up the time of "map" and "segmentation".
        """
        watch = stopwatch or Stopwatch()
        with watch.step("map"):
            category, category_distance = self.recogniser(reconstruction.encoder)
            distances = self.distances(reconstruction, category)
        probability = segmentation = None
        if self.segmentation is not None:
            with watch.step("segmentation"):
                probability = self.segmentation.probability(reconstruction, distances)
                segmentation = upsample_and_blur(
                    probability, self.config.prediction.map_size, sigma=0, kernel=1
                )
        with watch.step("map"):
            anomaly_map = self.fuse(mean_map(distances), probability)
            score = top_share_score(anomaly_map, self.config.prediction.top_share)
        return Prediction(
            reconstruction,
            distances,
            probability,
            segmentation,
            anomaly_map[:, 0],
            score,
            category,
            category_distance,
        )

    def fuse(self, distance_map: Tensor, probability: Tensor | None) -> Tensor:
        """The anomaly map (B, 1, map, map) from both kinds of map, each on its own grid (paper, section 3.4).

        Args:
            distance_map: Mean of `distances` over layers, (B, 1, h, w).
            probability: Answer of the segmentation network, (B, 1, h, w) in [0, 1], or None.
        """
        if probability is None:
            return self.smooth(distance_map)
        weight = self.config.prediction.distance_weight
        return weight * self.smooth(distance_map) + (1 - weight) * self.smooth(probability)

    def smooth(self, maps: Tensor) -> Tensor:
        """Maps on any grid, enlarged to (B, 1, map, map) and smoothed as the config says."""
        return smoothed(maps, self.config.prediction)


class TrainedDetector(Detector):
    """A method whose answer comes from a decoder that learns by gradients.

    Attributes:
        decoder: From encoder features to features of the same shapes.
    """

    choices = frozenset({"iterations", "segmentation"})

    def __init__(self, config: DetectorConfig, encoder: Encoder | None = None) -> None:
        super().__init__(config, encoder)
        self.decoder = self.create_decoder()

    @abstractmethod
    def create_decoder(self) -> nn.Module:
        """The untrained decoder for this encoder's layers."""

    def decode(self, features: Features) -> Features:
        """The decoder's answer."""
        answers: Features = self.decoder(features)
        return answers

    def loss(self, target: Features, answer: Features, step: int) -> Tensor:
        """How far an answer is from the clean features: cosine distance with hard mining, a scalar >= 0."""
        settings = self.config.training
        share = mining_share(step, settings.mining_share, settings.mining_iterations)
        return repair_loss(target, answer, share, settings.mining_factor)


class MemoryDetector(Detector):
    """A method that remembers normal features and trains nothing."""

    @classmethod
    def configured(cls, config: DetectorConfig) -> DetectorConfig:
        """The preset's config with no iterations and no segmentation network."""
        return without_training(config)

    @abstractmethod
    def memorise(self, category: int, features: Iterable[Features]) -> None:
        """Remember one category's normal features.

        The categories are memorised in order, after `recogniser` was fitted.

        Args:
            category: Index of the category.
            features: Batches of encoder features, which can be read once.
        """


def without_segmentation(config: DetectorConfig) -> DetectorConfig:
    """The config without stage 2."""
    segmentation = replace(config.segmentation, design="none")
    settings = replace(config.training, segmentation=replace(config.training.segmentation, iterations=0))
    prediction = replace(config.prediction, distance_weight=1.0)
    return replace(config, segmentation=segmentation, training=settings, prediction=prediction)


def reconstruction_only(
    config: DetectorConfig, *, dropout: float = 0.0, mining_share: float = 0.0
) -> DetectorConfig:
    """The config of a method that masks nothing, segments nothing, and is shown clean images only.

    In place of the damaged images it sees as many clean ones more.

    Args:
        config: Config of a preset.
        dropout: Dropout of the bottleneck, where the method has one.
        mining_share: Final share of easiest points whose gradients are scaled down.
    """
    config = without_segmentation(config)
    repair = replace(config.training.repair, batch_size=2 * config.training.repair.batch_size)
    return replace(
        config,
        masking=replace(config.masking, rate=0.0),
        decoder=replace(config.decoder, dropout=dropout),
        training=replace(config.training, repair=repair, repair_loss=False, mining_share=mining_share),
    )


def without_training(config: DetectorConfig) -> DetectorConfig:
    """The config without either stage."""
    config = without_segmentation(config)
    settings = replace(config.training, repair=replace(config.training.repair, iterations=0))
    return replace(config, training=settings)


def _lengths(reconstruction: Reconstruction) -> Features:
    """One (B, 1, h_l, w_l) tensor a layer: root mean square of the residual over channels."""
    return [
        (seen - answered).square().mean(dim=1, keepdim=True).sqrt()
        for seen, answered in zip(reconstruction.encoder, reconstruction.decoder, strict=True)
    ]
