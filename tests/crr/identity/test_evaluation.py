import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from torch import Tensor

from crr.data.datasets import Dataset, open_dataset
from crr.data.images import decode
from crr.errors import ConfigError, CRRError, DatasetError, DeviceError
from crr.identity.evaluation import IdentityReport, _interval, _Measured, measure_identity
from crr.identity.pairs import GROUP_FILLINGS, PARTS
from crr.models.detector import Detector
from crr.types import Features, Progress
from tests.crr.tiny import good_image, scratched, tiny_detector, write_dataset

KINDS = [filling for fillings in GROUP_FILLINGS.values() for filling in fillings]


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return open_dataset(write_dataset(tmp_path_factory.mktemp("parts")))


@pytest.fixture(scope="module")
def pairs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pairs")
    random = np.random.default_rng(3)
    for part in PARTS:
        (folder / part).mkdir()
    for number in range(3):
        clean = good_image("ring", random)
        for part, image in zip(PARTS, (clean, *scratched(clean, random)), strict=True):
            cv2.imwrite(str(folder / part / f"{number}.png"), image)
    return folder


def answering(decode: Callable[[Features], Features]) -> Detector:
    """A tiny detector with another decoder."""
    detector = tiny_detector()
    detector.name = "tiny"
    detector.decode = decode  # type: ignore[method-assign]
    return detector


def copying(features: Features) -> Features:
    return features


def constant(features: Features) -> Features:
    return [torch.ones_like(layer) for layer in features]


def test_a_copying_decoder_has_index_one_and_no_normal_error(dataset: Dataset, pairs: Path) -> None:
    report = measure_identity(answering(copying), dataset, pairs)
    assert report.model == "tiny"
    for index in (*report.index.values(), *report.kinds.values()):
        assert index == pytest.approx(1)
    for interval in report.interval.values():
        assert interval == pytest.approx([1, 1])
    assert report.normal_error == pytest.approx(0, abs=1e-6)


def test_a_decoder_that_ignores_its_input_has_index_zero_and_a_normal_error(
    dataset: Dataset, pairs: Path
) -> None:
    report = measure_identity(answering(constant), dataset, pairs)
    assert set(report.index.values()) == set(report.kinds.values()) == {0}
    assert report.normal_error > 0.1


def test_layers_are_told_apart(dataset: Dataset, pairs: Path) -> None:
    def mixed(features: Features) -> Features:
        return [features[0], *constant(features[1:])]

    detector = answering(mixed)
    report = measure_identity(detector, dataset, pairs)
    first, *others = report.layers.values()
    assert list(report.layers) == [layer.name for layer in detector.encoder.layers]
    assert first == pytest.approx({"seen": 1, "held_out": 1, "pairs": 1, "normal_error": 0}, abs=1e-6)
    for layer in others:
        assert (layer["seen"], layer["held_out"], layer["pairs"]) == (0, 0, 0)
    assert report.index["seen"] == pytest.approx(1 / 3)
    errors = [layer["normal_error"] for layer in report.layers.values()]
    assert report.normal_error == pytest.approx(sum(errors) / 3)


def test_the_normal_error_is_that_of_the_normal_test_images(dataset: Dataset) -> None:
    detector = answering(constant)
    report = measure_identity(detector, dataset)
    for category in dataset.categories:
        images = [decode(sample.path) for sample in category.test if not sample.defective]
        with torch.inference_mode():
            distances = detector.reconstruct(detector.preprocess(images)).distances()
        expected = sum(float(distance.mean()) for distance in distances) / 3
        assert report.categories[category.name]["normal_error"] == pytest.approx(expected, rel=1e-5)


def test_the_batch_size_changes_nothing(dataset: Dataset, pairs: Path) -> None:
    sizes: list[int] = []

    def measure(batch_size: int) -> IdentityReport:
        detector = tiny_detector()
        decode = detector.decode

        def counted(features: Features) -> Features:
            sizes.append(len(features[0]))
            return decode(features)

        detector.decode = counted  # type: ignore[method-assign]
        detector.eval()
        return measure_identity(detector, dataset, pairs, batch_size=batch_size)

    one = measure(1)
    assert max(sizes) == 1 + len(GROUP_FILLINGS["seen"])
    sizes.clear()
    many = measure(13)
    assert max(sizes) == 12
    assert one.index == pytest.approx(many.index, rel=1e-4)
    assert one.kinds == pytest.approx(many.kinds, rel=1e-4)


def test_the_report_is_plain_and_complete(dataset: Dataset, pairs: Path) -> None:
    values = measure_identity(tiny_detector().eval(), dataset, pairs).as_json()
    assert json.loads(json.dumps(values)) == values
    assert list(values) == ["model", "index", "interval", "normal_error", "layers", "categories", "kinds"]
    assert list(values["index"]) == list(values["interval"]) == ["seen", "held_out", "pairs"]
    assert list(values["kinds"]) == KINDS
    for layer in values["layers"].values():
        assert list(layer) == ["seen", "held_out", "pairs", "normal_error"]
    assert list(values["categories"]) == ["plate", "ring"]
    for category in values["categories"].values():
        assert list(category) == ["seen", "held_out", "normal_error"]
    for group, (low, high) in values["interval"].items():
        assert low <= values["index"][group] <= high


def test_without_pairs_theirs_is_none(dataset: Dataset) -> None:
    report = measure_identity(answering(copying), dataset)
    assert report.index["pairs"] is report.interval["pairs"] is None
    assert all(layer["pairs"] is None for layer in report.layers.values())


def test_where_no_damage_shows_there_is_no_index(dataset: Dataset) -> None:
    detector = answering(copying)

    def blind(images: Tensor) -> Features:
        return [torch.ones(len(images), 4, 8, 8)] * 3

    detector.encoder.forward = blind  # type: ignore[method-assign]
    report = measure_identity(detector, dataset)
    assert set(report.index.values()) == set(report.interval.values()) == {None}
    assert report.normal_error == pytest.approx(0, abs=1e-6)


def test_progress_goes_through_the_groups(dataset: Dataset, pairs: Path) -> None:
    reports: list[Progress] = []
    measure_identity(answering(copying), dataset, pairs, progress=reports.append)
    ends = [(report.stage, report.step, report.total) for report in reports if report.step == report.total]
    assert ends == [("seen damage", 4, 4), ("held-out damage", 4, 4), ("pairs", 3, 3)]


def test_it_runs_in_full_precision_and_without_gradients(dataset: Dataset) -> None:
    def checked(features: Features) -> Features:
        assert not torch.is_autocast_enabled("cpu")
        assert torch.is_inference_mode_enabled()
        return features

    with torch.autocast("cpu", dtype=torch.bfloat16):
        measure_identity(answering(checked), dataset)


def test_features_that_are_no_numbers_are_refused(dataset: Dataset) -> None:
    detector = answering(lambda features: [layer * torch.nan for layer in features])
    with pytest.raises(CRRError, match="not finite"):
        measure_identity(detector, dataset)


def test_fewer_images_can_be_asked_for(dataset: Dataset) -> None:
    reports: list[Progress] = []
    measure_identity(answering(copying), dataset, progress=reports.append, images=1)
    assert {report.total for report in reports} == {2}
    with pytest.raises(ConfigError, match="choose 1 or more"):
        measure_identity(answering(copying), dataset, images=0)


def test_a_batch_size_below_one_is_refused(dataset: Dataset) -> None:
    with pytest.raises(ConfigError, match="batch size is 0"):
        measure_identity(tiny_detector(), dataset, batch_size=0)


def test_a_wrong_folder_of_pairs_is_refused_before_the_work(dataset: Dataset, tmp_path: Path) -> None:
    def never(features: Features) -> Features:
        raise AssertionError(f"{len(features)} layers were decoded")

    with pytest.raises(DatasetError, match="no folder"):
        measure_identity(answering(never), dataset, tmp_path)


def test_a_full_device_is_one_sentence(dataset: Dataset) -> None:
    def full(features: Features) -> Features:
        raise torch.OutOfMemoryError(f"no room for {len(features)} layers")

    with pytest.raises(DeviceError, match="smaller batch"):
        measure_identity(answering(full), dataset)


def test_what_is_finished_is_not_lost_with_what_fails(dataset: Dataset, pairs: Path, tmp_path: Path) -> None:
    broken = shutil.copytree(pairs, tmp_path / "broken")
    (broken / "clean/1.png").write_bytes(b"")
    whole = measure_identity(answering(copying), dataset)
    report = measure_identity(answering(copying), dataset, broken)
    assert list(report.failed) == ["The folder of pairs broken"]
    assert "1.png is empty" in report.failed["The folder of pairs broken"]
    assert replace(report, failed={}) == whole
    assert report.as_json()["failed"] == report.failed


def test_a_category_that_fails_is_in_no_figure(dataset: Dataset) -> None:
    detector, calls = answering(copying), []

    def full_at_last(features: Features) -> Features:
        calls.append(features)
        if len(calls) == 4:  # the held-out damage of the second category
            raise torch.OutOfMemoryError
        return features

    detector.decode = full_at_last  # type: ignore[method-assign]
    report = measure_identity(detector, dataset, batch_size=16)
    assert (list(report.categories), list(report.failed)) == (["plate"], ["ring"])
    assert "ran out of memory" in report.failed["ring"]
    assert report.index["seen"] == pytest.approx(1)


def test_intervals_are_those_of_the_bootstrap() -> None:

    random = np.random.default_rng(1)
    shares = random.normal(0.4, 0.1, 100)
    rows = [
        _Measured("ring", {"warp": torch.tensor([[share, 1.0]], dtype=torch.float64)}, torch.zeros(1))
        for share in shares
    ]
    error = 1.96 * shares.std() / 10  # of the mean of 100, as all images weigh alike
    assert _interval(rows) == pytest.approx([shares.mean() - error, shares.mean() + error], abs=0.003)
    apart = [replace(row, category=str(number)) for number, row in enumerate(rows)]
    assert _interval(apart) == pytest.approx([shares.mean()] * 2)  # one image a category: nothing to draw
