"""What a command has found is never lost: to no broken file, no full device, and no reader that goes away."""

import io
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from crr.checkpoints.content import CARD
from crr.checkpoints.serialization import save
from crr.cli.main import app
from crr.data.inventory import looking
from crr.errors import DeviceError
from crr.identity import evaluation
from crr.inversion.checkpoint import save_inversion
from crr.inversion.network import InversionConfig, create_inversion
from tests.crr.cli.commands import crr, read_json
from tests.crr.tiny import calibrated_detector, write_dataset

MEASURED = {"evaluate": "--model", "identity": "--model", "layers": "--model", "compare": "--models"}


@pytest.fixture
def two(tmp_path: Path) -> Path:
    """The categories "plate" and "ring"."""
    return write_dataset(tmp_path / "two")


def measure(command: str, model: Path, data: Path, *options: object, code: int = 0) -> Any:
    asked = [command, MEASURED[command], model, "--data", data, "--device", "cpu", "--progress", "none"]
    return crr(*asked, *options, code=code)


# A category that breaks midway


def break_after_the_look(monkeypatch: pytest.MonkeyPatch, photo: Path) -> None:
    """The photo is good when the data set is looked at, and damaged when it is measured."""
    usable = looking.usable

    def then_broken(*arguments: Any) -> Any:
        photo.write_bytes(b"")
        return usable(*arguments)

    monkeypatch.setattr(looking, "usable", then_broken)


@pytest.mark.parametrize("command", ["evaluate", "layers", "compare"])
@pytest.mark.parametrize("category", ["plate", "ring"])
def test_finished_categories_are_kept(
    two: Path, tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str, category: str
) -> None:
    break_after_the_look(monkeypatch, two / category / "test/good/000.png")
    found = tmp_path / "found.json"
    said = measure(command, tiny_model, two, "--json", found, code=1)
    result = read_json(found)
    report = result["models"][0]["detection"] if command == "compare" else result
    assert [*report["categories"], *report["failed"]] in (["plate", "ring"], ["ring", "plate"])
    assert "000.png is empty" in report["failed"][category]
    assert f"{category} could not be finished: " in said.stderr
    assert "tiny" in said.stdout
    assert result["data"]["images"] == 8


@pytest.mark.parametrize("command", ["identity", "compare"])
def test_finished_categories_are_kept_on_a_full_device(
    two: Path, tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    whole = evaluation._measure_batch

    def full(detector: Any, batch: Any) -> Any:
        if batch[0][0].category == "ring":
            raise DeviceError("cpu ran out of memory.")
        return whole(detector, batch)

    monkeypatch.setattr(evaluation, "_measure_batch", full)
    found = tmp_path / "found.json"
    said = measure(command, tiny_model, two, "--json", found, code=1)
    result = read_json(found)
    report = result["models"][0]["identity"] if command == "compare" else result
    assert list(report["categories"]) == ["plate"]
    assert report["failed"] == {"ring": "cpu ran out of memory."}
    assert said.stderr.endswith("ring could not be finished: cpu ran out of memory.\n")
    assert "tiny" in said.stdout


def test_a_card_is_left_as_it_was_where_a_category_is_missing(
    two: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save(calibrated_detector(), tmp_path / "model", "# Mine\n")
    break_after_the_look(monkeypatch, two / "ring/test/good/000.png")
    said = measure("evaluate", tmp_path / "model", two, "--card", code=1)
    assert said.stderr.endswith("The card of model is left as it was.\n")
    assert (tmp_path / "model" / CARD).read_text() == "# Mine\n"


# Where nothing can be measured


def without(data: Path, part: str) -> Path:
    for photo in data.glob(f"*/test/{part}/*"):
        photo.unlink()
    for mask in data.glob(f"*/ground_truth/{part}/*"):
        mask.unlink()
    return data


@pytest.mark.parametrize("command", ["evaluate", "layers", "compare"])
@pytest.mark.parametrize(("part", "figures"), [("scratch", "figures"), ("good", "image-level figures")])
def test_a_set_that_nothing_can_be_told_apart_on_ends_with_1(
    two: Path, tiny_model: Path, tmp_path: Path, command: str, part: str, figures: str
) -> None:
    found = tmp_path / "found.json"
    said = measure(command, tiny_model, without(two, part), "--json", found, code=1)
    assert f"There are no {figures}: no category has both good and defective test images." in said.stderr
    assert read_json(found)["data"]["images"] == 4


def test_without_masks_the_rest_is_all_that_can_be_had(tiny_model: Path, tmp_path: Path) -> None:
    data = write_dataset(tmp_path / "bare", categories=1, masks=False)
    assert "has no masks, so no pixel-level figures" in measure("evaluate", tiny_model, data).stderr


# A measurement that fails


@pytest.mark.parametrize("broken", ["evaluate", "measure_identity", "_cost"])
def test_what_a_comparison_has_measured_of_a_model_is_kept(
    two: Path, tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise DeviceError("cpu ran out of memory.")

    monkeypatch.setattr(f"crr.evaluation.comparison.{broken}", fail)
    found = tmp_path / "found.json"
    said = measure("compare", tiny_model, two, "--json", found, code=1)
    (row,) = read_json(found)["models"]
    lost = {"evaluate": "detection", "measure_identity": "identity", "_cost": "cost"}[broken]
    assert row["failed"] == {lost: "cpu ran out of memory."}
    kept = {"detection": row["detection"], "identity": row["identity"], "cost": row["bytes"]}
    assert [name for name, value in kept.items() if value is None] == [lost]
    assert f"tiny: {lost} could not be finished: cpu ran out of memory." in said.stderr
    assert "tiny" in said.stdout


# A reader that goes away


class Gone(io.StringIO):
    """An output whose reader has gone."""

    def write(self, text: str) -> int:
        raise BrokenPipeError(32, f"nobody reads {text}")


@pytest.fixture
def painter(tmp_path: Path) -> Path:
    detector = calibrated_detector()
    config = InversionConfig(encoder=detector.config.encoder, encoder_digest=detector.encoder.digest)
    save_inversion(
        config, create_inversion(config, detector.encoder.layers), tmp_path / "painter", "# Pictures\n"
    )
    return tmp_path / "painter"


@pytest.mark.parametrize("command", ["predict", "data", "models", "evaluate-inversion", *MEASURED])
def test_the_file_is_written_before_anything_is_printed(
    two: Path, tiny_model: Path, painter: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    monkeypatch.setenv("CRR_CHECKPOINTS", str(tiny_model.parent))
    asked = {
        "predict": [two / "ring/test", "--model", "tiny"],
        "data": [two],
        "models": [],
        "evaluate-inversion": ["--data", two, "--models", "tiny", "--inversion", painter],
    }.get(command, [MEASURED.get(command), "tiny", "--data", two])
    monkeypatch.setattr(sys, "stdout", Gone())
    if command == "data":  # what it says on stderr is its result
        monkeypatch.setattr(sys, "stderr", Gone())
    found = tmp_path / "found.json"
    options = ["--json", found] + ([] if command == "models" else ["--progress", "none"])
    with suppress(BrokenPipeError, SystemExit):
        app([command, *map(str, [*asked, *options])], standalone_mode=False)
    assert read_json(found)
