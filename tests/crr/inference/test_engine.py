from dataclasses import replace

import cv2
import numpy as np
import pytest
import torch

from crr.errors import CheckpointError, ConfigError, DeviceError, ImageError
from crr.inference.engine import inspect, inspect_with
from crr.models.detector import Detector
from crr.runtime.devices import available_devices, resolve_device
from crr.types import Prediction
from tests.crr.tiny import ENCODER, calibrated_detector, good_images, tiny_config, tiny_detector

RANDOM = np.random.default_rng(0)
ODD_SIZES = [
    RANDOM.integers(0, 256, (*size, 3), dtype=np.uint8)
    for size in [(48, 72), (1, 1), (300, 20), (64, 64), (7, 500)]
]


class Brightness(Detector):
    """Calls bright what is anomalous, so that every place on its map is known."""

    def decode(self, features):
        return features

    def as_input(self, images):
        self.images = super().as_input(images)
        return self.images

    def predict(self, reconstruction, _stopwatch=None):
        brightness = self.images.mean(dim=1)
        rows = torch.arange(len(self.images)) * 0
        return Prediction(
            reconstruction,
            [],
            None,
            brightness[:, None],
            brightness,
            brightness.amax(dim=(1, 2)),
            rows,
            rows + 0.5,
        )


@pytest.fixture
def detector() -> Detector:
    return calibrated_detector()


def with_spot(size, row, column, radius):
    image = np.zeros((*size, 3), np.uint8)
    return cv2.circle(image, (column, row), radius, (255, 255, 255), -1)


def centre(mask):
    rows, columns = np.nonzero(mask)
    return float(rows.mean()), float(columns.mean())


@pytest.mark.parametrize("batch_size", [2, 3, 100])
def test_a_batch_of_different_sizes_is_judged_as_one_by_one(detector, batch_size):
    images = [*good_images("ring", 2), *ODD_SIZES]
    together = inspect(detector, images, batch_size)
    assert len(together) == len(images)
    for image, given in zip(images, together, strict=True):
        (alone,) = inspect(detector, [image])
        assert given.size == alone.size == image.shape[:2]
        np.testing.assert_allclose(given.anomaly_map, alone.anomaly_map, rtol=1e-3, atol=1e-5)
        np.testing.assert_allclose(given.segmentation, alone.segmentation, rtol=1e-3, atol=1e-5)
        assert given.score == pytest.approx(alone.score, rel=1e-4)
        assert (given.verdict, given.category, given.known) == (alone.verdict, alone.category, alone.known)


@pytest.mark.parametrize("value", [float("inf"), 3e38])
def test_answers_that_are_no_finite_numbers_are_no_verdict(detector, value):
    image = good_images("ring", 1)
    detector.name = "parts"
    for tensor in detector.decoder.parameters():
        tensor.data.fill_(value)  # no value of it is NaN: a file of such weights is read as any other
    with pytest.raises(CheckpointError, match=r"^parts answered with values that are no finite numbers"):
        inspect(detector, image)


def test_no_images_are_no_inspections(detector):
    assert inspect(detector, []) == []


def test_an_inspection_holds_plain_values(detector):
    detector.name, detector.revision = "parts", "0123456789ab"
    (inspection,) = inspect(detector, good_images("plate", 1))
    assert (inspection.model, inspection.revision, inspection.device) == ("parts", "0123456789ab", "cpu")
    assert inspection.anomaly_map.dtype == inspection.segmentation.dtype == np.float32
    assert inspection.anomaly_map.shape == inspection.segmentation.shape == (32, 32)
    assert inspection.mask().shape == (48, 72)
    assert set(inspection.milliseconds) == {"resize", "encoder", "decoder", "map", "segmentation"}
    assert type(inspection.score) is float


@pytest.mark.parametrize("size", [(100, 400), (400, 100), (30, 20)])
def test_a_defect_is_found_where_it_is_in_the_original(size):
    row, column = size[0] // 4, 2 * size[1] // 3
    image = with_spot(size, row, column, radius=min(size) // 8)
    (inspection,) = inspect(Brightness(tiny_config()), [image])
    found, across = centre(inspection.mask(0.5))
    assert found == pytest.approx(row, abs=1 + size[0] / 64)
    assert across == pytest.approx(column, abs=1 + size[1] / 64)


@pytest.mark.parametrize("size", [(192, 384), (96, 96)])
def test_a_crop_is_put_back_into_its_place(size):
    config = tiny_config(encoder=replace(ENCODER, resize=96, crop=64))
    row, column = size[0] // 3, size[1] // 2
    (inspection,) = inspect(Brightness(config), [with_spot(size, row, column, radius=10)])
    assert inspection.anomaly_map.shape == (96, 96)  # 64 seen, a rim of 16 around them
    found, across = centre(inspection.mask(0.5))
    assert found == pytest.approx(row, abs=1 + size[0] / 96)
    assert across == pytest.approx(column, abs=1 + size[1] / 96)


def test_what_a_crop_cannot_see_repeats_its_edge():
    config = tiny_config(encoder=replace(ENCODER, resize=96, crop=64))
    image = np.zeros((96, 96, 3), np.uint8)
    image[16, 40], image[:10] = 255, 255  # the first row inside the crop, and outside of it
    (inspection,) = inspect(Brightness(config), [image])
    assert (inspection.anomaly_map[:17, 40] == 1).all()
    assert inspection.anomaly_map.sum() == 17


def test_percentile_and_verdict_follow_the_nearest_category(monkeypatch):
    monkeypatch.setattr("crr.inference.engine.shows_something", lambda _: True)
    detector = Brightness(tiny_config(calibration=calibrated_detector().config.calibration))
    gray = [np.full((8, 8, 3), value, np.uint8) for value in (0, 64, 128)]
    inspections = inspect(detector, gray)
    assert [inspection.percentile for inspection in inspections] == [0, 25, 100]  # among 0.2, 0.3, 0.3, 0.35
    assert [inspection.verdict for inspection in inspections] == ["normal", "normal", "defective"]
    for inspection in inspections:
        assert (inspection.category, inspection.threshold, inspection.pixel_threshold) == ("plate", 0.4, 0.35)
        assert inspection.normal_scores == (0.2, 0.3, 0.3, 0.35)


def test_a_score_at_the_threshold_is_defective_and_ties_count_half(monkeypatch):
    monkeypatch.setattr("crr.inference.engine.shows_something", lambda _: True)
    calibration = calibrated_detector().config.calibration
    exact = replace(calibration[0], threshold=1.0, normal_scores=(0.1, 1.0, 1.0, 1.5))
    detector = Brightness(tiny_config(calibration=(exact, calibration[1])))
    (inspection,) = inspect(detector, [np.full((8, 8, 3), 255, np.uint8)])
    assert (inspection.score, inspection.verdict, inspection.percentile) == (1.0, "defective", 50.0)


def test_a_detector_that_was_never_calibrated_gives_no_verdict(detector):
    detector.name, detector.config = "parts", replace(detector.config, calibration=())
    with pytest.raises(
        CheckpointError, match=r"^parts was never calibrated .* it has no limit, and gives no"
    ):
        inspect(detector, good_images("plate", 1))


def test_a_category_without_normal_scores_has_no_percentile(detector):
    bare = tuple(replace(entry, normal_scores=()) for entry in detector.config.calibration)
    detector.config = replace(detector.config, calibration=bare)
    (inspection,) = inspect(detector, good_images("plate", 1))
    assert inspection.percentile is None


def test_what_resembles_nothing_is_not_known(detector):
    known, unknown = inspect(detector, [good_images("plate", 1)[0], ODD_SIZES[3]])
    assert known.known
    assert not unknown.known


def test_running_out_of_memory_is_a_sentence(detector, monkeypatch):
    def exhausted(*_arguments):
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB")

    monkeypatch.setattr(detector, "predict", exhausted)
    with pytest.raises(DeviceError, match=r"cpu ran out of memory at 2 images a batch\. Use a smaller"):
        inspect(detector, ODD_SIZES, batch_size=2)


def test_the_best_device_comes_first_and_the_cpu_last(monkeypatch):
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    assert available_devices() == ["cuda:0", "cuda:1", "mps", "cpu"]
    assert resolve_device("auto") == resolve_device("cuda") == torch.device("cuda:0")
    assert resolve_device("cuda:1") == torch.device("cuda:1")
    assert resolve_device("cpu") == torch.device("cpu")


@pytest.mark.parametrize("name", ["cuda", "cuda:7", "mps", "tpu", ""])
def test_a_device_that_is_not_there_is_answered_with_those_that_are(name, monkeypatch):
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 0)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    with pytest.raises(DeviceError, match=f"no device '{name}' on this machine; there are: cpu"):
        resolve_device(name)
    assert resolve_device("auto") == torch.device("cpu")


def other_detector(**changes) -> Detector:
    """A plain autoencoder."""
    return tiny_detector(replace(tiny_config(**changes), method="autoencoder"))


def same(first, second):
    assert np.array_equal(first.anomaly_map, second.anomaly_map)
    ignored = {"anomaly_map": None, "segmentation": None, "milliseconds": {}}
    assert replace(first, **ignored) == replace(second, **ignored)


def count_passes(detector, monkeypatch):
    """How many images each pass of the detector's encoder gets."""
    passes, forward = [], detector.encoder.forward
    monkeypatch.setattr(
        detector.encoder, "forward", lambda images: passes.append(len(images)) or forward(images)
    )
    return passes


def test_detectors_with_one_encoder_share_its_pass_and_answer_as_alone(detector, monkeypatch):
    other, images = other_detector(), good_images("ring", 5)
    assert other.encoder.digest == detector.encoder.digest
    alone = [inspect(detector, images, 2), inspect(other, images, 2)]
    passes, spared = count_passes(detector, monkeypatch), count_passes(other, monkeypatch)
    together = inspect_with([detector, other], images, 2)
    assert (passes, spared) == ([2, 2, 1], [])
    for given, expected in zip(together, alone, strict=True):
        for first, second in zip(given, expected, strict=True):
            same(first, second)
    first, second = (found[0].milliseconds["encoder"] for found in together)
    assert first == second > 0


@pytest.mark.parametrize(
    ("encoder", "weights"), [(ENCODER, "others"), (replace(ENCODER, layers=(2, 3)), None)]
)
def test_another_encoder_is_asked_itself(detector, monkeypatch, encoder, weights):
    other, images = other_detector(encoder=encoder), good_images("plate", 1)
    other.encoder.digest = weights or other.encoder.digest
    alone, passes = inspect(other, images), count_passes(other, monkeypatch)
    same(inspect_with([detector, other], images)[1][0], alone[0])
    assert passes == [1]


GREY = np.zeros((48, 72, 3), np.uint8)


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        (np.zeros((48, 72, 3), np.uint8), r"Images are an array of uint8 \(48, 72, 3\): give a list"),
        ("photo.jpg", "Images are of type str: give a list"),
        (["photo.jpg"], "Image 0 of the list is of type str: give a list"),
        (
            [np.zeros((48, 72, 3), np.uint8), np.zeros((48, 72, 3), np.float32)],
            "Image 1 .* an array of float32",
        ),
        ([np.zeros((48, 72, 3), np.uint16)], "an array of uint16"),
        ([np.zeros((48, 72), np.uint8)], r"uint8 \(48, 72\): give a list of uint8 arrays \(H, W, 3\) in RGB"),
        ([np.zeros((48, 72, 4), np.uint8)], r"uint8 \(48, 72, 4\)"),
        ([np.zeros((3, 48, 72), np.uint8)], r"uint8 \(3, 48, 72\)"),
        ([GREY, np.zeros((0, 72, 3), np.uint8)], r"Image 1 .* uint8 \(0, 72, 3\): it has no pixels"),
    ],
)
def test_what_is_no_image_is_a_sentence(given, sentence):
    with pytest.raises(ImageError, match=sentence):
        inspect(calibrated_detector(), given)


@pytest.mark.parametrize("size", [0, -1])
def test_a_batch_holds_an_image_at_least(size):
    with pytest.raises(ConfigError, match=f"The batch size is {size}; choose 1 or more"):
        inspect(calibrated_detector(), [GREY], size)


def test_images_may_be_one_array():
    assert len(inspect(calibrated_detector(), np.zeros((2, 48, 72, 3), np.uint8))) == 2
