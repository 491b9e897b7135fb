from dataclasses import replace

import numpy as np
import pytest
import torch

from crr.config import MaskingConfig, PredictionConfig, SegmentationConfig
from crr.data.preprocessing import as_input_tensor
from crr.models.components.anomaly_map import mean_map, upsample_and_blur
from crr.models.detector import Detector
from crr.runtime.stopwatch import Stopwatch
from crr.types import Reconstruction
from tests.crr.tiny import calibrated_detector, good_images, scratched, tiny_config, tiny_detector

IMAGES = [*good_images("plate", 2), *good_images("ring", 1)]


@pytest.fixture
def detector() -> Detector:
    return calibrated_detector()


def predict(detector, images=IMAGES):
    return detector.predict(detector.reconstruct(detector.preprocess(images)))


def test_a_prediction_has_the_shapes_and_ranges_it_promises(detector):
    prediction = predict(detector)
    assert isinstance(prediction.reconstruction, Reconstruction)
    assert [layer.shape for layer in prediction.reconstruction.encoder] == [
        (3, 24, 16, 16),
        (3, 32, 8, 8),
        (3, 48, 4, 4),
    ]
    assert [layer.shape for layer in prediction.reconstruction.decoder] == [
        (3, 24, 16, 16),
        (3, 32, 8, 8),
        (3, 48, 4, 4),
    ]
    assert prediction.segmentation.shape == (3, 1, 32, 32)
    assert 0 <= prediction.segmentation.min() <= prediction.segmentation.max() <= 1
    assert prediction.anomaly_map.shape == (3, 32, 32)
    assert prediction.anomaly_map.min() >= 0
    assert prediction.score.shape == prediction.category.shape == prediction.category_distance.shape == (3,)


def test_the_same_image_gets_the_same_answer(detector):
    first, again = predict(detector), predict(detector)
    assert torch.equal(first.anomaly_map, again.anomaly_map)
    assert torch.equal(first.score, again.score)


def test_masking_at_inference_answers_anew_each_time():
    detector = tiny_detector(tiny_config(masking=MaskingConfig(at_inference=True)))
    assert not torch.equal(predict(detector).score, predict(detector).score)


def test_the_category_is_found_in_the_image(detector):
    prediction = predict(detector)
    assert prediction.category.tolist() == [0, 0, 1]


def test_what_is_unusual_scores_higher(detector):
    random = np.random.default_rng(5)
    fresh = good_images("plate", 6, seed=9)
    damaged = [scratched(image, random)[0] for image in fresh]
    good, bad = (predict(detector, images).reconstruction for images in (fresh, damaged))
    category = torch.zeros(6, dtype=torch.long)
    lengths = [mean_map(detector.distances(each, category)).amax(dim=(1, 2, 3)) for each in (good, bad)]
    assert (lengths[1] > lengths[0]).all()


def test_a_cosine_detector_measures_as_the_paper_does(detector):
    reconstruction, category = predict(detector).reconstruction, torch.zeros(3, dtype=torch.long)
    detector.config = replace(detector.config, prediction=PredictionConfig(distance="cosine"))
    [measure] = detector.measures(reconstruction, category)
    for given, expected in zip(measure, reconstruction.distances(), strict=True):
        torch.testing.assert_close(given, expected)
        assert given.min() >= 0
        assert given.max() <= 2


def test_distances_are_the_mean_of_the_measures_on_the_categorys_scale(detector):
    category = torch.tensor([0, 1, 0])
    reconstruction = predict(detector).reconstruction
    measures = detector.measures(reconstruction, category)
    assert detector.config.prediction.distance == "combined"
    for given, angles, lengths in zip(detector.distances(reconstruction, category), *measures, strict=True):
        for row, index in enumerate(category):
            units = 2 * detector.scale[:, index]
            expected = (angles[row] / units[0] + lengths[row] / units[1]) / 2
            torch.testing.assert_close(given[row], expected)


@pytest.mark.parametrize("weight", [0.0, 0.3, 1.0])
def test_the_map_is_the_weighted_mean_of_two_smoothed_maps(detector, weight):
    settings = replace(detector.config.prediction, distance_weight=weight)
    detector.config = replace(detector.config, prediction=settings)
    distance, probability = torch.rand(2, 1, 16, 16), torch.rand(2, 1, 8, 8)
    expected = weight * upsample_and_blur(distance, 32, 1.0, 3) + (1 - weight) * upsample_and_blur(
        probability, 32, 1.0, 3
    )
    torch.testing.assert_close(detector.fuse(distance, probability), expected)
    torch.testing.assert_close(detector.fuse(distance, None), upsample_and_blur(distance, 32, 1.0, 3))


def test_without_a_segmentation_network_the_distance_decides():
    detector = tiny_detector(tiny_config(segmentation=SegmentationConfig(design="none")))
    prediction = predict(detector)
    assert prediction.segmentation is None
    distances = detector.distances(prediction.reconstruction, prediction.category)
    expected = detector.fuse(mean_map(distances), None)
    torch.testing.assert_close(prediction.anomaly_map, expected[:, 0])


def test_the_score_is_the_top_of_the_map(detector):
    prediction = predict(detector)
    count = round(0.02 * 32 * 32)
    top = prediction.anomaly_map.flatten(1).sort(dim=1, descending=True).values[:, :count]
    torch.testing.assert_close(prediction.score, top.mean(dim=1))


def test_every_step_is_timed(detector):
    watch = Stopwatch()
    detector.predict(detector.reconstruct(detector.preprocess(IMAGES)), watch)
    assert set(watch.milliseconds) == {"map", "segmentation"}
    assert min(watch.milliseconds.values()) > 0


def test_images_of_all_sizes_become_one_batch(detector):
    images = [IMAGES[0], np.full((5, 400, 3), 255, np.uint8), np.zeros((1, 1, 3), np.uint8)]
    batch = detector.preprocess(images)
    assert batch.shape == (3, 3, 64, 64)
    assert (float(batch[1].min()), float(batch[2].max())) == (1, 0)


def test_pixels_become_channels_first_in_0_to_1():
    pixels = torch.tensor([[[[0, 51, 255]]]], dtype=torch.uint8)
    torch.testing.assert_close(as_input_tensor(pixels), torch.tensor([0, 0.2, 1]).view(1, 3, 1, 1))


def test_training_leaves_the_encoder_alone(detector):
    detector.train()
    assert not any(module.training for module in detector.encoder.modules())
    trainable = {name.split(".")[0] for name, weight in detector.named_parameters() if weight.requires_grad}
    assert trainable == {"decoder", "segmentation"}


def test_a_method_must_say_what_normal_looks_like():
    with pytest.raises(TypeError, match=r"abstract.*decode"):
        Detector(tiny_config())
