"""Which layer tells defects best."""

import pytest

from crr.data.datasets import open_dataset
from crr.errors import DatasetError, ImageError
from crr.evaluation.detection import evaluate
from crr.evaluation.layers import ALL, SEGMENTATION, LayerFigures, LayerReport, measure_layers
from tests.crr.tiny import calibrated_detector, write_dataset


def test_all_layers_together_are_what_an_evaluation_measures(tmp_path):
    detector = calibrated_detector().eval()
    dataset = open_dataset(write_dataset(tmp_path))
    report, whole = measure_layers(detector, dataset), evaluate(detector, dataset)
    assert set(report.categories) == {"plate", "ring"}
    for name, layers in report.categories.items():
        assert list(layers) == [*(layer.name for layer in detector.encoder.layers), SEGMENTATION, ALL]
        assert layers[ALL].image_auroc == whole.categories[name].image_auroc
        assert layers[ALL].pixel_ap == pytest.approx(whole.categories[name].pixel_ap, abs=0.01)
        assert len({figures.pixel_ap for figures in layers.values()}) > 1


def test_the_best_layer_is_named():
    rows = {"a": 0.6, "b": 0.9, "c": None, SEGMENTATION: 0.99, ALL: 1.0}
    layers = {name: LayerFigures(auroc, None, None) for name, auroc in rows.items()}
    report = LayerReport("model", {"plate": layers, "ring": {"c": layers["c"]}})
    assert report.as_json()["best"] == {"plate": "b", "ring": None}


def test_without_masks_images_are_measured_all_the_same(tmp_path):
    dataset = open_dataset(write_dataset(tmp_path, masks=False))
    figures = measure_layers(calibrated_detector().eval(), dataset).categories["plate"][ALL]
    assert figures.image_auroc is not None
    assert figures.pixel_ap is None


def test_finished_categories_are_not_lost_with_a_broken_one(tmp_path):
    dataset = open_dataset(write_dataset(tmp_path))
    broken = dataset.categories[0].test[1].path
    broken.write_bytes(b"")
    report = measure_layers(calibrated_detector().eval(), dataset)
    assert list(report.categories) == ["ring"]
    assert broken.name in report.failed["plate"]
    values = report.as_json()
    assert (values["failed"], list(values["best"])) == (report.failed, ["ring"])
    dataset.categories[1].test[0].path.write_bytes(b"")
    with pytest.raises(ImageError, match="is empty"):
        measure_layers(calibrated_detector().eval(), dataset)


def test_without_test_images_it_says_so(tmp_path):
    write_dataset(tmp_path / "data")
    dataset = open_dataset(tmp_path / "data" / "plate" / "train" / "good")
    with pytest.raises(DatasetError, match="no test images"):
        measure_layers(calibrated_detector().eval(), dataset)
