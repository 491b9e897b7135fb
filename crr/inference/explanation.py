"""Why a detector says what it says of an image: the layers of one forward pass, and the sum of them.

anomaly map = w * weighted mean of the layers' distances + (1 - w) * segmentation   (paper, section 3.4)
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from crr.config import EncoderConfig, PredictionConfig
from crr.errors import ConfigError
from crr.inference.engine import inspections_of
from crr.inference.forward import EncoderPasses, FeatureMask, forward, memory_explained
from crr.models.components.anomaly_map import on_finest_grid, smoothed, top_count
from crr.models.components.encoder import Layer
from crr.models.detector import Detector
from crr.runtime.stopwatch import Stopwatch
from crr.types import Image, Inspection, Reconstruction

Map = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class ExplainedLayer:
    """One layer of one image.

    Attributes:
        layer: Name, channels and grid of the layer.
        encoder: float32 (h, w, C), what the encoder saw.
        shown: float32 (h, w, C), what of it the decoder was shown; the same array unless some was hidden.
        decoder: float32 (h, w, C), what the decoder answered.
        distance: float32 (h, w), non-negative: how far they are apart as the detector counts it.
    """

    layer: Layer
    encoder: Map
    shown: Map
    decoder: Map
    distance: Map

    def scaled(self, gain: float) -> "ExplainedLayer":
        """The layer with its answer `gain` times as long; directions, and what follows from them, stay."""
        return replace(self, decoder=np.asarray(gain * self.decoder, dtype=np.float32))


def gain_of(encoder: Map, decoder: Map) -> float:
    """The factor that brings answers (..., C) nearest to features (..., C), by least squares; 1 if none does.

    A decoder that learnt by cosine distance knows directions, and how its answers to different places relate,
    but its unit of length is its own.
    """
    square = float(np.square(decoder, dtype=np.float64).sum())
    product = float((encoder.astype(np.float64) * decoder).sum())
    return product / square if square > 0 and product > 0 else 1.0


@dataclass(frozen=True)
class FusedMap:
    """The anomaly map, with each term of the sum that it is.

    Attributes:
        distance: float32 (map, map), the weighted mean of the layers' distances, smoothed.
        segmentation: float32 (map, map), the segmentation network's map, smoothed, or None.
        anomaly_map: float32 (map, map), their sum with the weights of both.
        score: The image's.
        shares: What each layer, and last the segmentation network if there is one, contributes to the score;
            they add up to 1, or are all 0 where the score is.
    """

    distance: Map
    segmentation: Map | None
    anomaly_map: Map
    score: float
    shares: tuple[float, ...]


@dataclass(frozen=True, eq=False)
class MapTerms:
    """What the anomaly map of one image is made of, before it is weighted.

    Attributes:
        layers: float32 (layers, map, map): each layer's distance as the map has it, enlarged and smoothed.
        segmentation: float32 (map, map), likewise, or None without a segmentation network.
        settings: How they become a map and a score.
    """

    layers: Map
    segmentation: Map | None
    settings: PredictionConfig

    @property
    def nbytes(self) -> int:
        """Memory that it takes."""
        return self.layers.nbytes + (0 if self.segmentation is None else self.segmentation.nbytes)

    def halved(self) -> "MapTerms":
        """The terms in half precision, to be kept."""
        segmentation = None if self.segmentation is None else np.asarray(self.segmentation, dtype=np.float16)
        halved = np.asarray(self.layers, dtype=np.float16)
        return replace(self, layers=halved, segmentation=segmentation)  # type: ignore[arg-type]

    def fused(self, weights: Sequence[float] | None = None, distance_weight: float | None = None) -> FusedMap:
        """The map with other weights; no model is asked.

        Args:
            weights: Non-negative, one a layer; they count in proportion. All alike if None, as calibrated.
                If all are 0, no layer counts.
            distance_weight: What all layers count, in [0, 1]; the segmentation network has the rest. The
                calibrated one if None; without such a network it is 1.

        Raises:
            ConfigError: Not one non-negative weight a layer, or `distance_weight` is out of range.
        """
        shares = self._shares(weights)
        whole = self._distance_weight(distance_weight)
        distance = np.tensordot(shares, self.layers, axes=1).astype(np.float32)
        anomaly_map = np.float32(whole) * distance
        if self.segmentation is not None:
            anomaly_map = anomaly_map + np.float32(1 - whole) * self.segmentation
        count = top_count(anomaly_map.size, self.settings.top_share)
        top = np.argpartition(anomaly_map.ravel(), -count)[-count:]
        score = float(anomaly_map.ravel()[top].mean())
        parts = whole * shares * self.layers.reshape(len(shares), -1)[:, top].mean(axis=1)
        if self.segmentation is not None:
            parts = np.append(parts, (1 - whole) * self.segmentation.ravel()[top].mean())
        contributions = tuple(float(part) / score if score > 0 else 0.0 for part in parts)
        return FusedMap(distance, self.segmentation, anomaly_map, score, contributions)

    def _shares(self, weights: Sequence[float] | None) -> NDArray[np.float64]:
        """(layers,) that add up to 1, or are all 0."""
        given = np.ones(len(self.layers)) if weights is None else np.asarray(weights, dtype=np.float64)
        if given.shape != (len(self.layers),) or not (given >= 0).all():
            raise ConfigError(
                f"Give one weight of 0 or more for each of the {len(self.layers)} layers; given: {weights}."
            )
        return given / given.sum() if given.any() else given

    def _distance_weight(self, weight: float | None) -> float:
        if self.segmentation is None:
            return 1.0
        if weight is None:
            return self.settings.distance_weight
        if not 0 <= weight <= 1:
            raise ConfigError(f"The weight of the distances is between 0 and 1; given: {weight}.")
        return weight


@dataclass(frozen=True, eq=False)
class MapParts:
    """What the anomaly map of one image is made of, on the grids that the detector answered on.

    Attributes:
        distances: float32 (h_l, w_l) a layer.
        probability: float32 (h, w) in [0, 1], the segmentation network's answer, or None.
        settings: How they become a map and a score.
    """

    distances: tuple[Map, ...]
    probability: Map | None
    settings: PredictionConfig

    @cached_property
    def terms(self) -> MapTerms:
        """The terms of the map; made when somebody first looks at them."""
        distances = [_batch(distance[..., None]) for distance in self.distances]
        layers = smoothed(on_finest_grid(distances)[:, 0], self.settings)[:, 0]
        segmentation = None
        if self.probability is not None:
            segmentation = _array(smoothed(_batch(self.probability[..., None]), self.settings)[0, 0])
        return MapTerms(_array(layers), segmentation, self.settings)

    @property
    def nbytes(self) -> int:
        """Memory that it takes, once its terms are made."""
        arrays = [*self.distances, *(() if self.probability is None else (self.probability,))]
        return sum(array.nbytes for array in arrays) + 4 * self.settings.map_size**2 * len(arrays)


@dataclass(frozen=True, eq=False)
class Explanation:
    """One image's forward pass.

    Attributes:
        inspection: What the detector says, in the coordinates of the original image.
        layers: In the encoder's order.
        parts: What the anomaly map is made of.
        encoder: How the image was brought to the network.
    """

    inspection: Inspection
    layers: tuple[ExplainedLayer, ...]
    parts: MapParts
    encoder: EncoderConfig

    @property
    def view(self) -> float:
        """Share of the image's height and width, around its centre, that the network sees: 1 for all."""
        return self.encoder.crop / self.encoder.resize

    @property
    def terms(self) -> MapTerms:
        """What the anomaly map is the sum of."""
        return self.parts.terms

    def reconstruction(self) -> Reconstruction:
        """Encoder and decoder features as a batch of one, on the CPU."""
        return Reconstruction(
            [_batch(layer.encoder) for layer in self.layers], [_batch(layer.decoder) for layer in self.layers]
        )

    @property
    def nbytes(self) -> int:
        """Memory that it takes, once its terms are made."""
        arrays = [self.inspection.anomaly_map]
        if self.inspection.segmentation is not None:
            arrays.append(self.inspection.segmentation)
        for layer in self.layers:
            arrays += [layer.encoder, layer.decoder]
            if layer.shown is not layer.encoder:
                arrays.append(layer.shown)
        return self.parts.nbytes + sum(array.nbytes for array in arrays)


@torch.inference_mode()
def explain(
    detector: Detector, image: Image, passes: EncoderPasses | None = None, mask: FeatureMask | None = None
) -> Explanation:
    """Ask a detector about one image, and keep every step of its answer.

    Args:
        detector: From `crr.load`.
        image: From `crr.data.images.decode`.
        passes: What encoders answered to this image before; this detector's is added.
        mask: What of the features is hidden from the decoder; nothing if None.

    Raises:
        ConfigError: The rate of `mask` is not in [0, 1).
        DeviceError: The device ran out of memory.
    """
    watch = Stopwatch(detector.device)
    asked = forward(detector, [image], passes, mask=mask, stopwatch=watch)
    with memory_explained(detector, 1):
        prediction = detector.predict(asked.reconstruction, watch)
    [inspection] = inspections_of(detector, [image], prediction, watch.milliseconds)
    config, features = detector.config, asked.reconstruction.encoder
    layers = tuple(
        ExplainedLayer(
            layer=layer,
            encoder=(seen := _rows(features[index])),
            shown=seen if asked.shown is features else _rows(asked.shown[index]),
            decoder=_rows(asked.reconstruction.decoder[index]),
            distance=_array(prediction.distances[index][0, 0]),
        )
        for index, layer in enumerate(detector.encoder.layers)
    )
    probability = None if prediction.probability is None else _array(prediction.probability[0, 0])
    parts = MapParts(tuple(layer.distance for layer in layers), probability, config.prediction)
    return Explanation(inspection, layers, parts, config.encoder)


def _rows(features: Tensor) -> Map:
    """float32 (h, w, C) of a batch of one."""
    return np.ascontiguousarray(_array(features[0].permute(1, 2, 0)))


def _array(values: Tensor) -> Map:
    return np.asarray(values.float().cpu().numpy())


def _batch(rows: Map) -> Tensor:
    """(1, C, h, w) of float32 (h, w, C)."""
    return torch.from_numpy(rows).permute(2, 0, 1)[None]
