"""Evaluation with a detector whose anomaly map is the image's brightness, so that every figure is known."""

import json
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import cv2
import numpy as np
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score

from crr.data.datasets import Category, Dataset, Sample
from crr.data.images import decode
from crr.errors import ConfigError, CRRError, DatasetError, DeviceError, ImageError
from crr.evaluation.detection import evaluate
from crr.models.detector import Detector
from crr.types import Image, Inspection, Progress

DETECTOR = cast(Detector, SimpleNamespace(name="brightness", value_range=None))
NO_PIXEL_FIGURES = dict.fromkeys(("pixel_auroc", "pixel_ap", "pixel_f1max", "aupro"))
NO_IMAGE_FIGURES = dict.fromkeys(("image_auroc", "image_ap", "image_f1max"))


def brightness(image: Image) -> Inspection:
    """Inspects one image: its red channel, on a scale from 0 to 1, is the anomaly map."""
    anomaly_map = (image[..., 0] / 255).astype(np.float32)
    return Inspection(
        model="brightness",
        revision="0" * 12,
        size=(image.shape[0], image.shape[1]),
        anomaly_map=anomaly_map,
        segmentation=None,
        score=float(anomaly_map.mean()),
        threshold=0.5,
        pixel_threshold=0.5,
        percentile=None,
        normal_scores=(),
        verdict="normal",
        category=None,
        known=True,
        device="cpu",
    )


@pytest.fixture(autouse=True)
def batches(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Puts `brightness` in the engine's place; answers with the sizes of the batches it was given."""
    sizes: list[int] = []

    def inspect(detector: Detector, images: Sequence[Image], batch_size: int = 8) -> list[Inspection]:
        assert detector is DETECTOR
        assert len(images) <= batch_size
        sizes.append(len(images))
        return [brightness(image) for image in images]

    monkeypatch.setattr("crr.inference.engine.inspect", inspect)
    return sizes


def make_sample(
    folder: Path, seed: int, defect: str = "good", masked: bool = True, size: tuple[int, int] = (256, 256)
) -> Sample:
    """Writes a noisy image, a brighter rectangle in it where there is a defect, and the mask."""
    rng = np.random.default_rng(seed)
    folder.mkdir(parents=True, exist_ok=True)
    image = rng.integers(0, 200, size=size, dtype=np.uint8)
    mask = np.zeros(size, dtype=bool)
    if defect != "good":
        top, left = rng.integers(0, size[0] // 2, size=2)
        mask[top : top + size[0] // 4, left : left + size[1] // 3] = True
        image[mask] += 50
    path, mask_path = folder / f"{defect}-{seed}.png", folder / f"{defect}-{seed}-mask.png"
    cv2.imwrite(str(path), image)
    cv2.imwrite(str(mask_path), mask.astype(np.uint8) * 255)
    has_mask = masked and defect != "good"
    return Sample(path=path, category=folder.name, defect=defect, masks=(mask_path,) if has_mask else ())


def make_category(root: Path, name: str, good: int, defective: int, masked: bool = True) -> Category:
    """A category of `good` and `defective` test samples and no training samples."""
    first_seed = 100 * sum(name.encode())
    samples = [make_sample(root / name, first_seed + index) for index in range(good)]
    samples += [
        make_sample(root / name, first_seed + good + index, "scratch", masked) for index in range(defective)
    ]
    return Category(name=name, train=(), test=tuple(samples))


def make_dataset(root: Path, *categories: Category) -> Dataset:
    """A data set of these categories."""
    return Dataset(root=root, layout="mvtec", categories=categories)


def test_figures_are_those_of_the_detectors_maps(tmp_path: Path) -> None:
    category = make_category(tmp_path, "bolt", good=3, defective=4)
    report = evaluate(DETECTOR, make_dataset(tmp_path, category), batch_size=2)

    maps = np.stack([decode(sample.path)[..., 0] for sample in category.test])
    masks = np.stack(
        [
            decode(sample.masks[0])[..., 0] > 0 if sample.masks else np.zeros((256, 256), bool)
            for sample in category.test
        ]
    )
    labels = [sample.defective for sample in category.test]
    pixels, truth = maps.ravel(), masks.ravel()
    figures = report.categories["bolt"]
    assert figures.images == 7
    assert figures.image_auroc == roc_auc_score(labels, maps.mean(axis=(1, 2)))
    assert figures.pixel_auroc == pytest.approx(roc_auc_score(truth, pixels), abs=1e-9)
    assert figures.pixel_ap == pytest.approx(average_precision_score(truth, pixels), abs=1e-9)
    assert figures.aupro is not None
    assert 0 < figures.aupro < roc_auc_score(truth, pixels)


def test_maps_and_masks_of_any_size_meet_at_256(tmp_path: Path) -> None:
    samples = tuple(
        make_sample(tmp_path / "bolt", seed, "scratch", size=size)
        for seed, size in enumerate([(90, 300), (300, 90), (700, 500)])
    )
    for sample in samples:  # the image is its own mask, so the detector is right about every pixel
        sample.path.write_bytes(sample.masks[0].read_bytes())
    figures = evaluate(DETECTOR, make_dataset(tmp_path, Category("bolt", (), samples))).categories["bolt"]
    assert figures.pixel_f1max == pytest.approx(1, abs=0.02)


def test_a_thin_defect_of_a_large_photo_counts(tmp_path: Path) -> None:
    sample = make_sample(tmp_path / "bolt", 0, "scratch", size=(1000, 1000))
    line = np.zeros((1000, 1000), np.uint8)
    line[333, 100:900] = 255  # of which shrinking as ever leaves nothing
    cv2.imwrite(str(sample.masks[0]), line)
    figures = evaluate(DETECTOR, make_dataset(tmp_path, Category("bolt", (), (sample,)))).categories["bolt"]
    assert figures.pixel_auroc is not None


def test_mean_is_over_the_categories_that_have_the_figure(tmp_path: Path) -> None:
    dataset = make_dataset(
        tmp_path,
        make_category(tmp_path, "bolt", good=2, defective=2),
        make_category(tmp_path, "cable", good=2, defective=2),
        make_category(tmp_path, "disc", good=2, defective=1, masked=False),
        make_category(tmp_path, "empty", good=0, defective=0),
        make_category(tmp_path, "flawless", good=2, defective=0),
    )
    report = evaluate(DETECTOR, dataset).as_json()
    bolt, cable, disc, empty, flawless = report["categories"].values()
    assert disc == {"images": 3, **{name: disc[name] for name in NO_IMAGE_FIGURES}, **NO_PIXEL_FIGURES}
    assert disc["image_auroc"] is not None
    assert empty == {"images": 0, **NO_IMAGE_FIGURES, **NO_PIXEL_FIGURES}
    assert flawless == {"images": 2, **NO_IMAGE_FIGURES, **NO_PIXEL_FIGURES}

    mean = report["mean"]
    assert mean["images"] == 13
    assert mean["image_ap"] == pytest.approx((bolt["image_ap"] + cable["image_ap"] + disc["image_ap"]) / 3)
    assert mean["aupro"] == pytest.approx((bolt["aupro"] + cable["aupro"]) / 2)


def test_json_has_the_promised_keys_and_null(tmp_path: Path) -> None:
    dataset = make_dataset(tmp_path, make_category(tmp_path, "flawless", good=1, defective=0))
    expected = {"images": 1, **NO_IMAGE_FIGURES, **NO_PIXEL_FIGURES}
    written = json.loads(json.dumps(evaluate(DETECTOR, dataset).as_json()))
    ratios = written.pop("score_ratios")["flawless"]
    assert written == {"model": "brightness", "categories": {"flawless": expected}, "mean": expected}
    assert (len(ratios["good"]), ratios["defective"], ratios["unjudged"]) == (1, [], 0)


@pytest.mark.parametrize(("batch_size", "sizes"), [(1, [1] * 5), (2, [2, 2, 1]), (5, [5]), (64, [5])])
def test_batches(tmp_path: Path, batches: list[int], batch_size: int, sizes: list[int]) -> None:
    dataset = make_dataset(tmp_path, make_category(tmp_path, "bolt", good=2, defective=3))
    report = evaluate(DETECTOR, dataset, batch_size=batch_size)
    assert batches == sizes
    assert report == evaluate(DETECTOR, dataset)


def test_images_are_read_one_batch_ahead_and_no_more(
    tmp_path: Path, batches: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    decoded: list[Path] = []

    def counting_decode(source: Path, name: str, value_range: None) -> Image:
        decoded.append(source)
        assert len(decoded) <= sum(batches) + 2 * 2  # those at work and those ahead
        return decode(source, name, value_range=value_range)

    monkeypatch.setattr("crr.evaluation.detection.decode", counting_decode)
    evaluate(
        DETECTOR, make_dataset(tmp_path, make_category(tmp_path, "bolt", good=4, defective=5)), batch_size=2
    )
    assert len(decoded) == 9


def test_progress_counts_over_all_categories(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("crr.runtime.progress._INTERVAL", 0)
    dataset = make_dataset(
        tmp_path,
        make_category(tmp_path, "bolt", good=1, defective=2),
        make_category(tmp_path, "cable", good=1, defective=0),
    )
    reports: list[Progress] = []
    evaluate(DETECTOR, dataset, progress=reports.append, batch_size=2)
    assert [(report.stage, report.step, report.total) for report in reports] == [
        ("evaluation", 2, 4),
        ("evaluation", 3, 4),
        ("evaluation", 4, 4),
    ]
    assert all(report.images_per_second is not None for report in reports)
    assert reports[-1].seconds_left == 0


def test_training_samples_are_not_read(tmp_path: Path) -> None:
    missing = Sample(path=tmp_path / "missing.png", category="bolt", defect="good")
    test = make_category(tmp_path, "bolt", good=1, defective=1).test
    category = Category(name="bolt", train=(missing,), test=test)
    assert evaluate(DETECTOR, make_dataset(tmp_path, category)).mean.images == 2


def test_nothing_to_evaluate(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="no test images"):
        evaluate(DETECTOR, make_dataset(tmp_path, make_category(tmp_path, "bolt", good=0, defective=0)))


def test_an_impossible_batch_size(tmp_path: Path) -> None:
    dataset = make_dataset(tmp_path, make_category(tmp_path, "bolt", good=1, defective=0))
    with pytest.raises(ConfigError, match="batch size is 0"):
        evaluate(DETECTOR, dataset, batch_size=0)


def test_a_broken_test_image_is_named(tmp_path: Path) -> None:
    category = make_category(tmp_path, "bolt", good=2, defective=1)
    broken = category.test[1].path
    broken.write_bytes(broken.read_bytes()[:200])
    with pytest.raises(ImageError, match=broken.name):
        evaluate(DETECTOR, make_dataset(tmp_path, category))


def test_a_broken_mask_is_named(tmp_path: Path) -> None:
    category = make_category(tmp_path, "bolt", good=1, defective=1)
    [broken] = category.test[1].masks
    broken.write_bytes(b"")
    with pytest.raises(ImageError, match=broken.name):
        evaluate(DETECTOR, make_dataset(tmp_path, category))


def test_finished_categories_are_not_lost_with_a_broken_one(tmp_path: Path) -> None:
    whole, broken = (make_category(tmp_path, name, good=2, defective=1) for name in ("bolt", "nut"))
    broken.test[2].path.write_bytes(b"")
    report = evaluate(DETECTOR, make_dataset(tmp_path, whole, broken))
    assert list(report.categories) == ["bolt"]
    assert broken.test[2].path.name in report.failed["nut"]
    assert report.mean.images == 3
    assert report.as_json()["failed"] == report.failed


@pytest.mark.parametrize("full", [1, 2])
def test_finished_categories_are_not_lost_with_the_memory_of_a_device(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, full: int
) -> None:
    def inspect(_detector: Detector, images: Sequence[Image], **_options: int) -> list[Inspection]:
        asked.append(images)
        if len(asked) == full:
            raise DeviceError("cuda ran out of memory.")
        return [brightness(image) for image in images]

    asked: list[Sequence[Image]] = []
    monkeypatch.setattr("crr.inference.engine.inspect", inspect)
    names = ["bolt", "nut"]
    categories = [make_category(tmp_path, name, good=2, defective=1) for name in names]
    report = evaluate(DETECTOR, make_dataset(tmp_path, *categories))
    assert report.failed == {names.pop(full - 1): "cuda ran out of memory."}
    assert list(report.categories) == names


def test_where_no_category_could_be_finished_the_error_is_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def inspect(*_: object, **__: object) -> None:
        raise DeviceError("cuda ran out of memory.")

    monkeypatch.setattr("crr.inference.engine.inspect", inspect)
    categories = [make_category(tmp_path, name, good=1, defective=1) for name in ("bolt", "nut")]
    with pytest.raises(DeviceError, match="cuda"):
        evaluate(DETECTOR, make_dataset(tmp_path, *categories))


@pytest.mark.parametrize("broken", ["anomaly_map", "score"])
def test_answers_that_are_not_finite_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    category = make_category(tmp_path, "bolt", good=2, defective=1)

    def inspect(_detector: Detector, images: Sequence[Image], **_options: int) -> list[Inspection]:
        inspections = [brightness(image) for image in images]
        value = np.full((4, 4), np.nan, np.float32) if broken == "anomaly_map" else float("nan")
        object.__setattr__(inspections[2], broken, value)
        return inspections

    monkeypatch.setattr("crr.inference.engine.inspect", inspect)
    with pytest.raises(CRRError, match=category.test[2].path.name):
        evaluate(DETECTOR, make_dataset(tmp_path, category))
