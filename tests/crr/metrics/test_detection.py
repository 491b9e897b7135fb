"""Metrics against scikit-learn, a slow plain AUPRO, and figures that can be worked out by hand."""

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.ndimage import label as label_regions
from sklearn.metrics import average_precision_score, precision_recall_curve, roc_auc_score

from crr.errors import ConfigError, CRRError
from crr.metrics.detection import PixelAccumulator, f1_max, image_metrics

Maps = NDArray[np.float32]
Masks = NDArray[np.bool_]


def slow_f1_max(scores: NDArray[np.floating], labels: Masks) -> float:
    """F1-max from scikit-learn's precision-recall curve."""
    precision, recall, _ = precision_recall_curve(labels, scores)
    total = precision + recall
    return float(np.max(2 * precision * recall / np.where(total > 0, total, 1)))


def slow_aupro(maps: Maps, masks: Masks, limit: float = 0.3) -> float:
    """AUPRO as it is defined: one step a threshold, one loop a region, straight lines between."""
    regions = []
    for index, mask in enumerate(masks):
        numbered, count = label_regions(mask, structure=np.ones((3, 3)))
        regions += [maps[index][numbered == number] for number in range(1, count + 1)]
    rates, overlaps = [0.0], [0.0]
    for threshold in np.unique(maps)[::-1]:
        rates.append(float(np.mean(maps[~masks] >= threshold)))
        overlaps.append(float(np.mean([np.mean(region >= threshold) for region in regions])))
    area = 0.0
    for x0, x1, y0, y1 in zip(rates, rates[1:], overlaps, overlaps[1:], strict=False):
        if x0 >= limit:
            break
        if x1 > limit:  # the segment that crosses the limit is cut there
            y1 = y0 + (y1 - y0) * (limit - x0) / (x1 - x0)
            x1 = limit
        area += (x1 - x0) * (y0 + y1) / 2
    return area / limit


def random_case(seed: int, levels: int | None, images: int = 5, side: int = 24) -> tuple[Maps, Masks]:
    """Maps and masks with some regions that touch only at corners; `levels` values, so many ties."""
    rng = np.random.default_rng(seed)
    masks = np.zeros((images, side, side), dtype=bool)
    for mask in masks[1:]:  # the first image is good
        for _ in range(rng.integers(1, 4)):
            top, left = rng.integers(0, side - 4, size=2)
            height, width = rng.integers(1, 6, size=2)
            mask[top : top + height, left : left + width] = True
        mask[0, 0] = mask[1, 1] = True
    maps = rng.random(masks.shape) + 0.5 * masks * rng.random(masks.shape)
    if levels is not None:
        maps = np.floor(maps * levels) / levels
    return maps.astype(np.float32), masks


def pixel_metrics(maps: Maps, masks: Masks, limit: float = 0.3) -> dict[str, float | None]:
    accumulator = PixelAccumulator(masks.size)
    for anomaly_map, mask in zip(maps, masks, strict=True):
        accumulator.add(anomaly_map, mask)
    return accumulator.metrics(limit)


CASES = [(seed, levels) for seed in range(4) for levels in (None, 40, 5, 2)]


@pytest.mark.parametrize(("seed", "levels"), CASES)
def test_pixel_metrics_equal_scikit_learn(seed: int, levels: int | None) -> None:
    maps, masks = random_case(seed, levels)
    measured = pixel_metrics(maps, masks)
    labels, scores = masks.ravel(), maps.ravel()
    assert measured["pixel_auroc"] == pytest.approx(roc_auc_score(labels, scores), abs=1e-9)
    assert measured["pixel_ap"] == pytest.approx(average_precision_score(labels, scores), abs=1e-9)
    assert measured["pixel_f1max"] == pytest.approx(slow_f1_max(scores, labels), abs=1e-9)


@pytest.mark.parametrize("limit", [0.05, 0.3, 1.0])
@pytest.mark.parametrize(("seed", "levels"), CASES)
def test_aupro_equals_the_slow_definition(seed: int, levels: int | None, limit: float) -> None:
    maps, masks = random_case(seed, levels, images=3, side=16)
    assert pixel_metrics(maps, masks, limit)["aupro"] == pytest.approx(
        slow_aupro(maps, masks, limit), abs=1e-9
    )


def test_aupro_weighs_regions_not_pixels_and_joins_corners() -> None:
    mask = np.zeros((10, 10), dtype=bool)
    mask[0, 0] = mask[1, 1] = True  # one region: they touch at a corner
    mask[4:8, 4:8] = True  # a large region, missed
    anomaly_map = np.where(mask, 0.0, 0.5).astype(np.float32)
    anomaly_map[0, 0] = anomaly_map[1, 1] = 1.0
    # Half of the regions are found before the first false positive, and then all normal pixels come.
    assert pixel_metrics(anomaly_map[None], mask[None])["aupro"] == pytest.approx(0.5)


def test_aupro_is_interpolated_at_the_limit() -> None:
    # Every score equal: the curve is the line from (0, 0) to (1, 1), and its area up to L is L^2 / 2.
    masks = np.zeros((1, 8, 8), dtype=bool)
    masks[0, 2:4, 2:4] = True
    measured = pixel_metrics(np.full(masks.shape, 0.7, dtype=np.float32), masks)
    assert measured["aupro"] == pytest.approx(0.15)
    assert measured["pixel_auroc"] == pytest.approx(0.5)
    assert measured["pixel_ap"] == pytest.approx(4 / 64)
    assert measured["pixel_f1max"] == pytest.approx(2 * 4 / (64 + 4))


def test_perfect_and_reversed_single_image() -> None:
    masks = np.zeros((1, 6, 6), dtype=bool)
    masks[0, :2] = True
    assert pixel_metrics(masks.astype(np.float32), masks) == dict.fromkeys(
        ("pixel_auroc", "pixel_ap", "pixel_f1max", "aupro"), pytest.approx(1.0)
    )
    backwards = pixel_metrics(1 - masks.astype(np.float32), masks)
    assert backwards["pixel_auroc"] == backwards["aupro"] == pytest.approx(0.0)


@pytest.mark.parametrize("anomalous", [False, True])
def test_pixels_of_one_kind_give_no_figure(anomalous: bool) -> None:
    measured = pixel_metrics(np.zeros((2, 4, 4), np.float32), np.full((2, 4, 4), anomalous))
    assert measured == dict.fromkeys(("pixel_auroc", "pixel_ap", "pixel_f1max", "aupro"))


def test_nothing_added_gives_no_figure() -> None:
    assert set(PixelAccumulator(0).metrics().values()) == {None}


def test_metrics_may_be_read_between_images() -> None:
    maps, masks = random_case(seed=9, levels=7)
    accumulator = PixelAccumulator(masks.size)
    for anomaly_map, mask in zip(maps, masks, strict=True):
        accumulator.add(anomaly_map, mask)
        accumulator.metrics()
    assert accumulator.metrics() == pixel_metrics(maps, masks)


def test_the_given_map_is_left_alone() -> None:
    maps, masks = random_case(seed=3, levels=None, images=2)
    before = maps.copy()
    pixel_metrics(maps, masks)
    np.testing.assert_array_equal(maps, before)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_map_that_is_not_finite_is_named(bad: float) -> None:
    anomaly_map = np.zeros((4, 4), np.float32)
    anomaly_map[1, 2] = bad
    with pytest.raises(CRRError, match=r"anomaly map of broken/007\.png"):
        PixelAccumulator(16).add(anomaly_map, np.zeros((4, 4), bool), "broken/007.png")


def test_a_mask_of_another_size_is_named() -> None:
    with pytest.raises(CRRError, match=r"map of a\.png is \(4, 4\) but its mask is \(4, 5\)"):
        PixelAccumulator(16).add(np.zeros((4, 4), np.float32), np.zeros((4, 5), bool), "a.png")


@pytest.mark.parametrize("capacity", [0, 1, 700, 10**6])
def test_capacity_changes_no_figure(capacity: int) -> None:
    maps, masks = random_case(seed=2, levels=None)
    accumulator = PixelAccumulator(capacity)
    for anomaly_map, mask in zip(maps, masks, strict=True):
        accumulator.add(anomaly_map, mask)
    assert accumulator.metrics() == pixel_metrics(maps, masks)


@pytest.mark.parametrize("limit", [0.0, -0.1, 1.5, float("nan")])
def test_an_impossible_limit_is_refused(limit: float) -> None:
    with pytest.raises(ConfigError, match="above 0 and up to 1"):
        PixelAccumulator(0).metrics(limit)


@pytest.mark.parametrize(("seed", "levels"), CASES)
def test_image_metrics_equal_scikit_learn(seed: int, levels: int | None) -> None:
    rng = np.random.default_rng(seed)
    labels = rng.random(60) < 0.4
    scores = rng.random(60) + 0.3 * labels
    if levels is not None:
        scores = np.floor(scores * levels) / levels
    measured = image_metrics(scores, labels)
    assert measured["image_auroc"] == pytest.approx(roc_auc_score(labels, scores), abs=1e-9)
    assert measured["image_ap"] == pytest.approx(average_precision_score(labels, scores), abs=1e-9)
    assert measured["image_f1max"] == pytest.approx(slow_f1_max(scores, labels), abs=1e-9)


@pytest.mark.parametrize("labels", [[], [0], [1], [0, 0, 0], [1, 1, 1]])
def test_images_of_one_kind_give_no_figure(labels: list[int]) -> None:
    assert image_metrics([0.5] * len(labels), labels) == dict.fromkeys(
        ("image_auroc", "image_ap", "image_f1max")
    )


@pytest.mark.parametrize(
    ("scores", "labels", "expected"),
    [
        ([0.1, 0.2, 0.8, 0.9], [0, 0, 1, 1], (1.0, 0.8)),
        ([0.1, 0.8, 0.2, 0.9], [0, 0, 1, 1], (0.8, 0.2)),
        ([3, 3, 3, 3], [0, 0, 0, 1], (0.4, 3.0)),
        ([0.3, 0.6], [1, 1], (1.0, 0.3)),
        # 0.9 alone and 0.9 with 0.5 and one false alarm are equally good: the higher threshold wins.
        ([0.9, 0.7, 0.6, 0.5], [1, 0, 0, 1], (2 / 3, 0.9)),
    ],
)
def test_f1_max_by_hand(scores: list[float], labels: list[int], expected: tuple[float, float]) -> None:
    assert f1_max(scores, labels) == pytest.approx(expected)


def test_f1_max_reaches_its_f1_at_its_threshold() -> None:
    rng = np.random.default_rng(5)
    labels = rng.random(500) < 0.2
    scores = np.round(rng.random(500) + 0.2 * labels, 2)
    best, threshold = f1_max(scores, labels)
    called = scores >= threshold
    hits = np.sum(called & labels)
    assert best == pytest.approx(2 * hits / (called.sum() + labels.sum()))


def test_f1_max_without_an_anomaly() -> None:
    with pytest.raises(CRRError, match="at least one anomalous"):
        f1_max([0.1, 0.2], [0, 0])


def test_scores_that_cannot_be_measured() -> None:
    with pytest.raises(CRRError, match="not finite"):
        image_metrics([0.1, np.nan], [0, 1])
    with pytest.raises(CRRError, match="3 scores but 2 labels"):
        image_metrics([0.1, 0.2, 0.3], [0, 1])
