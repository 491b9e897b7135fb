"""Why a detector says what it says of an image: the layers of one forward pass, and the sum of them.

anomaly map = w * weighted mean of the layers' distances + (1 - w) * segmentation   (paper, section 3.4)
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from crr.config import PredictionConfig
from crr.errors import ConfigError
from crr.inference.engine import EncoderPass, EncoderPasses, encoder_key, inspections_of, memory_explained
from crr.models.components.anomaly_map import on_finest_grid, top_count, upsample_and_blur
from crr.models.components.encoder import Layer
from crr.models.detector import Detector
from crr.runtime.stopwatch import Stopwatch
from crr.types import Features, Image, Inspection, Prediction, Reconstruction

Map = NDArray[np.float32]


@dataclass(frozen=True)
class FeatureMask:
    """Part of the encoder's features that the decoder is not shown, as in training with masking.

    Attributes:
        rate: Probability with which each element of each patch is hidden, in [0, 1).
        seed: Of the draw.
    """

    rate: float = 0.0
    seed: int = 0


@dataclass(frozen=True, eq=False)
class ExplainedLayer:
    """One layer of one image.

    Attributes:
        layer: Its name, channels and grid.
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
        """With the decoder's answer `gain` times as long; directions, and what follows from them, stay."""
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
    """The anomaly map as a sum.

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
        """In half precision, to be kept."""
        segmentation = None if self.segmentation is None else np.asarray(self.segmentation, dtype=np.float16)
        halved = np.asarray(self.layers, dtype=np.float16)
        return replace(self, layers=halved, segmentation=segmentation)  # type: ignore[arg-type]

    def fused(self, weights: Sequence[float] | None = None, distance_weight: float | None = None) -> FusedMap:
        """The map with other weights; no model is asked.

        Args:
            weights: Of the layers, non-negative; they count in proportion. All alike if None, as calibrated.
                If all are 0, no layer counts.
            distance_weight: Of the layers together, in [0, 1]; the segmentation network has the rest. The
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
class Explanation:
    """One image's forward pass.

    Attributes:
        inspection: What the detector says, in the coordinates of the original image.
        layers: In the encoder's order.
        terms: Of the anomaly map.
        view: Share of the image's height and width, around its centre, that the network sees: 1 for all.
    """

    inspection: Inspection
    layers: tuple[ExplainedLayer, ...]
    terms: MapTerms
    view: float

    @property
    def nbytes(self) -> int:
        """Memory that it takes."""
        arrays = [self.inspection.anomaly_map]
        if self.inspection.segmentation is not None:
            arrays.append(self.inspection.segmentation)
        for layer in self.layers:
            arrays += [layer.encoder, layer.decoder, layer.distance]
            if layer.shown is not layer.encoder:
                arrays.append(layer.shown)
        return self.terms.nbytes + sum(array.nbytes for array in arrays)


@torch.inference_mode()
def explain(
    detector: Detector, image: Image, passes: EncoderPasses | None = None, hidden: FeatureMask | None = None
) -> Explanation:
    """Ask a detector about one image, and keep every step of its answer.

    Args:
        detector: From `crr.load`.
        image: From `crr.data.images.decode`.
        passes: What encoders answered to this image before; this detector's is added.
        hidden: What of the features is kept from the decoder; nothing if None.

    Raises:
        ConfigError: The rate of `hidden` is not in [0, 1).
        DeviceError: The device ran out of memory.
    """
    watch, passes = Stopwatch(detector.device), {} if passes is None else passes
    with memory_explained(detector, 1):
        features = _features(detector, image, passes, watch)
        shown = features if hidden is None or hidden.rate == 0 else hide(features, hidden)
        with watch.step("decoder"):
            reconstruction = Reconstruction(features, detector.decode(shown))
        prediction, terms, distances = _predict(detector, reconstruction, watch)
    [inspection] = inspections_of(detector, [image], prediction, watch.milliseconds)
    config = detector.config.encoder
    layers = tuple(
        ExplainedLayer(
            layer=layer,
            encoder=(seen := _rows(features[index])),
            shown=seen if shown is features else _rows(shown[index]),
            decoder=_rows(reconstruction.decoder[index]),
            distance=distances[index][0, 0].float().cpu().numpy(),
        )
        for index, layer in enumerate(detector.encoder.layers)
    )
    return Explanation(inspection, layers, terms, view=config.crop / config.resize)


def hide(features: Features, hidden: FeatureMask) -> Features:
    """Features with each element zeroed at random, and what is left scaled up so that means stay.

    Here before layers are joined into tokens, so that it can be shown and done to any method. Where tokens
    are the layers side by side, as in the embedded models, it is exactly
    what `crr.models.components.masking` does in training.

    Raises:
        ConfigError: The rate is not in [0, 1).
    """
    if not 0 <= hidden.rate < 1:
        raise ConfigError(f"The share that is hidden is from 0 to below 1; given: {hidden.rate}.")
    generator = torch.Generator().manual_seed(hidden.seed)
    return [
        layer * ((torch.rand(layer.shape, generator=generator) >= hidden.rate) / (1 - hidden.rate)).to(layer)
        for layer in features
    ]


def _features(detector: Detector, image: Image, passes: EncoderPasses, watch: Stopwatch) -> Features:
    known = passes.get(encoder_key(detector))
    if known is not None:
        watch.milliseconds["encoder"] = known.milliseconds
        return known.features
    with watch.step("resize"):
        batch = detector.preprocess([image])
    with watch.step("encoder"):
        features = detector.encoder(batch)
    passes[encoder_key(detector)] = EncoderPass(features, watch.milliseconds["encoder"])
    return features


def _predict(
    detector: Detector, reconstruction: Reconstruction, watch: Stopwatch
) -> tuple[Prediction, MapTerms, Features]:
    """As `Detector.predict`, with the terms of the sum kept apart; and each layer's distances."""
    settings = detector.config.prediction
    with watch.step("map"):
        category, category_distance = detector.recogniser(reconstruction.encoder)
        distances = detector.distances(reconstruction, category)
        layers = detector.smooth(on_finest_grid(distances)[:, 0])[:, 0]
    probability = segmentation = smoothed = None
    if detector.segmentation is not None:
        with watch.step("segmentation"):
            probability = detector.segmentation.probability(reconstruction, distances)
            segmentation = upsample_and_blur(probability, settings.map_size, sigma=0, kernel=1)
            smoothed = _array(detector.smooth(probability)[0, 0])
    terms = MapTerms(_array(layers), smoothed, settings)
    fused = terms.fused()
    prediction = Prediction(
        reconstruction,
        segmentation,
        torch.from_numpy(fused.anomaly_map)[None],
        torch.tensor([fused.score]),
        category,
        category_distance,
    )
    return prediction, terms, distances


def _rows(features: Tensor) -> Map:
    """float32 (h, w, C) of a batch of one."""
    return np.ascontiguousarray(_array(features[0].permute(1, 2, 0)))


def _array(values: Tensor) -> Map:
    return np.asarray(values.float().cpu().numpy())
