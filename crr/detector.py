"""The interface of every method, and everything that is written once over it.

A method says what the encoder's features should look like (`decode`). Distances, segmentation, anomaly
map, score and nearest category follow from that in the same way for all.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn

from crr.categories import CategoryRecogniser
from crr.config import DetectorConfig
from crr.decoder import Decoder
from crr.encoders import Encoder
from crr.maps import enlarged, mean_map, top_share_score
from crr.preprocessing import to_input
from crr.residual_metric import ResidualMetric
from crr.segmentation import create_segmentation
from crr.stopwatch import Stopwatch
from crr.types import Features, Image, Prediction, Reconstruction


class Detector(nn.Module, ABC):
    """A method with its frozen encoder.

    Attributes:
        config: Everything about it; `config.categories` are the categories it knows.
        name: Name of the checkpoint it came from, empty if it was just made.
        revision: 12 hex digits that identify the checkpoint's content, empty likewise.
    """

    scale: Tensor

    def __init__(self, config: DetectorConfig, encoder: Encoder | None = None) -> None:
        super().__init__()
        self.config = config
        self.name = ""
        self.revision = ""
        self.encoder = encoder or Encoder(config.encoder)
        count = max(1, len(config.categories))
        self.metric = ResidualMetric(self.encoder.layers, count)
        self.recogniser = CategoryRecogniser(self.encoder.layers, count)
        self.segmentation = create_segmentation(config.segmentation, self.encoder.layers)
        measures = 2 if config.prediction.distance == "combined" else 1
        self.register_buffer("scale", torch.full((measures, count), 0.5))

    @abstractmethod
    def decode(self, features: Features) -> Features:
        """What the encoder's features should look like if the image were normal; the same shapes."""

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
        batch = np.stack([to_input(image, self.config.encoder) for image in images])
        return as_input_tensor(torch.from_numpy(batch).to(self.device))

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
        measures = [] if kind == "mahalanobis" else [reconstruction.distances()]
        return measures if kind == "cosine" else [*measures, self.metric(reconstruction, category)]

    @torch.inference_mode()
    def predict(self, images: Tensor, stopwatch: Stopwatch | None = None) -> Prediction:
        """Inspect (B, 3, crop, crop) images in [0, 1]."""
        watch = stopwatch or Stopwatch()
        with watch.step("encoder"):
            features = self.encoder(images)
        with watch.step("decoder"):
            reconstruction = Reconstruction(features, self.decode(features))
        with watch.step("map"):
            category, category_distance = self.recogniser(features)
            distances = self.distances(reconstruction, category)
        probability = segmentation = None
        if self.segmentation is not None:
            with watch.step("segmentation"):
                probability = self.segmentation.probability(reconstruction, distances)
                segmentation = enlarged(probability, self.config.prediction.map_size, sigma=0, kernel=1)
        with watch.step("map"):
            anomaly_map = self.fuse(mean_map(distances), probability)
            score = top_share_score(anomaly_map, self.config.prediction.top_share)
        return Prediction(reconstruction, segmentation, anomaly_map[:, 0], score, category, category_distance)

    def fuse(self, distance_map: Tensor, probability: Tensor | None) -> Tensor:
        """The anomaly map (B, 1, map, map) from both kinds of map, each on its own grid (paper, section 3.4).

        Args:
            distance_map: Mean of `distances` over layers, (B, 1, h, w).
            probability: Of the segmentation network, (B, 1, h, w) in [0, 1], or None.
        """
        if probability is None:
            return self.smooth(distance_map)
        weight = self.config.prediction.distance_weight
        return weight * self.smooth(distance_map) + (1 - weight) * self.smooth(probability)

    def smooth(self, maps: Tensor) -> Tensor:
        """Maps on any grid, enlarged to (B, 1, map, map) and smoothed as the config says."""
        settings = self.config.prediction
        return enlarged(maps, settings.map_size, settings.blur_sigma, settings.blur_kernel)


class CRR(Detector):
    """Collaborative reconstruction and repair (arXiv 2512.11401)."""

    def __init__(self, config: DetectorConfig, encoder: Encoder | None = None) -> None:
        super().__init__(config, encoder)
        self.decoder = Decoder(config.decoder, config.masking, self.encoder.layers)

    def decode(self, features: Features) -> Features:
        """The decoder's answer: normal features reconstructed, damaged ones repaired."""
        answers: Features = self.decoder(features)
        return answers


def as_input_tensor(pixels: Tensor) -> Tensor:
    """uint8 (B, H, W, 3) pixels to float (B, 3, H, W) in [0, 1]."""
    return pixels.permute(0, 3, 1, 2).float() / 255
