import json
import shutil

import pytest

from crr.checkpoints import serialization
from crr.checkpoints.serialization import save
from crr.data.datasets import open_dataset
from crr.errors import ConfigError, DatasetError, DeviceError, StoppedError
from crr.evaluation import comparison
from crr.evaluation.comparison import compare
from crr.evaluation.detection import evaluate
from crr.identity.evaluation import measure_identity
from tests.crr.tiny import calibrated_detector, tiny_config, tiny_detector, write_dataset


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    return open_dataset(write_dataset(tmp_path_factory.mktemp("data")))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Two checkpoints, and one that is damaged."""
    root = tmp_path_factory.mktemp("checkpoints")
    save(calibrated_detector(), root / "good", "card")
    save(tiny_detector(tiny_config(), seed=1), root / "other", "card")
    save(tiny_detector(), root / "damaged", "card")
    (root / "damaged" / "model.safetensors").write_bytes(b"nothing")
    return root


def test_each_checkpoint_has_the_figures_that_it_has_alone(dataset, folder):
    result = compare([folder / "good", folder / "other"], dataset, device="cpu").as_json()
    assert [(row["model"], row["method"]) for row in result["models"]] == [("good", "crr"), ("other", "crr")]
    detector = calibrated_detector()
    detection, identity = evaluate(detector, dataset).as_json(), measure_identity(detector, dataset).as_json()
    row = result["models"][0]
    assert row["detection"]["mean"] == pytest.approx(detection["mean"])
    assert row["detection"]["categories"].keys() == detection["categories"].keys()
    assert row["identity"]["index"]["seen"] == pytest.approx(identity["index"]["seen"], rel=1e-4)
    assert json.loads(json.dumps(result)) == result


def test_cost_is_measured_and_counted(dataset, folder):
    [row] = compare([folder / "good"], dataset, device="cpu").as_json()["models"]
    assert row["milliseconds"] > 0
    assert row["parameters"] == sum(tensor.numel() for tensor in calibrated_detector().own_tensors().values())
    assert row["bytes"] == sum(file.stat().st_size for file in (folder / "good").iterdir())


def test_a_damaged_checkpoint_leaves_its_sentence_and_the_others_go_on(dataset, folder):
    result = compare([folder / "damaged", folder / "good"], dataset, device="cpu").as_json()
    damaged, good = result["models"]
    assert damaged.keys() == {"model", "error"}
    assert damaged["model"] == "damaged"
    assert "model.safetensors is truncated" in damaged["error"]
    assert good["model"] == "good"
    assert "error" not in good


def test_progress_names_the_checkpoint_and_what_is_measured(dataset, folder):
    reports = []
    compare([folder / "good"], dataset, device="cpu", progress=reports.append)
    stages = list(dict.fromkeys(report.stage for report in reports))
    assert stages == ["check", "good: load", "good: evaluation", "good: seen damage", "good: held-out damage"]


def test_who_stops_it_waits_for_no_other_checkpoint(dataset, folder, monkeypatch):
    loaded = []
    monkeypatch.setattr(comparison, "load", lambda *asked: loaded.append(asked) or serialization.load(*asked))

    def stop(report):
        if report.stage not in ("check", "good: load"):
            raise StoppedError("it was stopped.")

    rows = compare([folder / "good", folder / "other"], dataset, device="cpu", progress=stop).as_json()[
        "models"
    ]
    assert len(loaded) == 1
    assert rows[1] == {"model": "other", "error": "it was stopped."}


def test_what_is_wrong_for_all_ends_the_comparison(dataset, folder, tmp_path):
    with pytest.raises(DeviceError, match="There is no device"):
        compare([folder / "good"], dataset, device="cuda:99")
    with pytest.raises(DatasetError):
        compare([folder / "good"], dataset, tmp_path / "nowhere", device="cpu")


def test_what_was_measured_of_a_checkpoint_is_kept(folder, tmp_path):
    without_good = write_dataset(tmp_path / "data", categories=1)
    for photo in without_good.glob("*/test/good/*"):
        photo.unlink()
    (row,) = compare([folder / "good"], open_dataset(without_good), device="cpu").as_json()["models"]
    assert row["detection"]["mean"]["pixel_ap"] > 0
    assert row["identity"] is None
    assert "no good images" in row["failed"]["identity"]
    assert row["milliseconds"] > 0


def test_checkpoints_of_one_name_are_told_apart_everywhere(dataset, folder, tmp_path):
    for place in ("A", "B", "C"):
        shutil.copytree(folder / ("damaged" if place == "C" else "good"), tmp_path / place / "x")
    reports = []
    models = [str(tmp_path / place / "x") for place in ("A", "B", "C")]
    rows = compare(models, dataset, device="cpu", progress=reports.append).as_json()["models"]
    assert [row["model"] for row in rows] == ["A/x", "B/x", "C/x"]
    assert "error" in rows[2]
    assert {report.stage.partition(":")[0] for report in reports} == {"check", "A/x", "B/x", "C/x"}


def test_a_checkpoint_named_twice_is_a_sentence_before_anything_is_measured(dataset, folder):
    reports = []
    with pytest.raises(ConfigError, match="good is named twice"):
        compare([folder / "good", str(folder / "good")], dataset, device="cpu", progress=reports.append)
    assert reports == []


def test_a_checkpoint_that_is_not_there_is_called_as_it_was_named(dataset, folder):
    rows = compare(["A/x/y", folder / "good"], dataset, device="cpu").as_json()["models"]
    assert [row["model"] for row in rows] == ["A/x/y", "good"]
