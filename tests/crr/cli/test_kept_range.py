"""Whatever reads deep photos says by which range, prefers the one that is kept, and keeps what it guessed."""

import json
import shutil
import signal
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import PIL.Image
import pytest

from tests.crr.cli.commands import crr, read_json, train
from tests.crr.cli.test_range import fractional_pairs
from tests.crr.tiny import good_image, scratched, write_dataset

TWELVE = "Images that do not say which value is white are read from 0 to 4095"


def deepened(folder: Path) -> Path:
    """Save the photos of a data set anew as those of a camera of 12 bits; masks stay."""
    for path in [*folder.rglob("*.png")]:
        if "ground_truth" not in path.parts:
            write_deep(path, cv2.imread(str(path))[..., ::-1])
    return folder


@pytest.fixture
def deep(tmp_path: Path) -> Path:
    """Two categories, "ring" and "plate", of 12 bits that nobody says."""
    return deepened(write_dataset(tmp_path / "deep"))


def keeping(model: Path, out: Path, high: float) -> Path:
    """A copy of a model that was trained with a range from 0 to `high`."""
    shutil.copytree(model, out)
    config = read_json(out / "config.json") | {"value_range": {"low": 0, "high": high}}
    (out / "config.json").write_text(json.dumps(config))
    return out


def write_deep(path: Path, pixels: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), np.rint(pixels[..., ::-1] / 255 * 4000).astype(np.uint16))


def test_a_run_goes_on_by_the_range_that_it_began_with(
    deep: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "crr.training.trainer.set_learning_rate", lambda *_: signal.raise_signal(signal.SIGINT)
    )
    asked = (deep, tmp_path / "run", "--category", "plate", "--iterations", "4")
    train(*asked, code=130)
    monkeypatch.undo()
    write_deep(deep / "ring/train/good/bright.png", np.full((48, 72, 3), 255 * 2.0))
    assert "are read from 0 to 8191 (guessed" in crr("data", deep).stderr
    assert TWELVE + " (as given or trained with)" in train(*asked, "--resume").stderr
    assert read_json(tmp_path / "run/config.json")["value_range"] == {"low": 0, "high": 4095}


def test_limits_are_kept_with_the_range_by_which_they_were_chosen(tiny_model: Path, tmp_path: Path) -> None:
    random = np.random.default_rng(1)
    for number in range(12):
        write_deep(tmp_path / f"set/plate/test/good/{number}.png", good_image("plate", random))
        damaged, _ = scratched(good_image("plate", random), random)
        write_deep(tmp_path / f"set/plate/test/cut/{number}.png", damaged)
    asked = ["limits", "--data", tmp_path / "set", "--progress", "none"]
    said = crr(*asked, "--model", tiny_model, "--out", tmp_path / "new").stderr
    assert TWELVE in said
    assert read_json(tmp_path / "new/config.json")["value_range"] == {"low": 0, "high": 4095}
    kept = keeping(tiny_model, tmp_path / "kept", 4000)
    crr(*asked, "--model", kept, "--out", tmp_path / "other")
    assert read_json(tmp_path / "other/config.json")["value_range"] == {"low": 0, "high": 4000}


def test_normal_images_beside_a_checkpoint_are_as_bright_as_they_are(
    tiny_model: Path, deep: Path, tmp_path: Path
) -> None:
    def brightness(*options: object) -> float:
        model = tmp_path / f"model{len(options)}"
        shutil.copytree(tiny_model, model)
        said = crr("normals", "--model", model, "--data", deep, "--count", "1", *options).stderr
        assert "Images that do not say which value is white are read from 0 to " in said
        return float(np.array(PIL.Image.open(model / "normals/plate/000.jpg")).mean())

    usual = brightness()
    assert usual > 60
    assert brightness("--range", "13") == pytest.approx(usual / 2, rel=0.1)


@pytest.mark.parametrize("command", ["identity", "compare"])
def test_how_pairs_are_read_is_said(tiny_model: Path, root: Path, tmp_path: Path, command: str) -> None:
    pairs = fractional_pairs(tmp_path / "pairs")
    asked: list[Any] = [
        command,
        "--models" if command == "compare" else "--model",
        tiny_model,
        "--data",
        root,
    ]
    asked += ["--pairs", pairs, "--device", "cpu", "--progress", "none"]
    said = crr(*asked).stderr
    assert "Pairs: Images that do not say which value is white are read from 0 to 1 (guessed" in said
    said = crr(*asked, "--range", "0:0.5").stderr
    assert "Pairs: 2 images with values beyond that, which are cut: " in said
    holed = np.array(PIL.Image.open(pairs / "clean/a.tif"))
    holed[:4, :4] = -9999
    PIL.Image.fromarray(holed).save(pairs / "clean/a.tif")
    said = crr(*asked, code=2 if command == "identity" else 1).stderr
    assert "Pairs: Not known which value is white (--range says it): " in said


def test_a_sheet_of_anomalies_says_the_range_and_takes_another(deep: Path, tmp_path: Path) -> None:
    asked = ["anomalies", "--data", deep, "--out", tmp_path / "sheet.png", "--count", "1", "--size", "32"]
    assert TWELVE in crr(*asked).stderr
    assert "are read from 0 to 9999 (as given" in crr(*asked, "--range", "0:9999").stderr
    holed = np.full((48, 72), 0.5, np.float32)
    PIL.Image.fromarray(holed).save(deep / "ring/train/good/fraction.tif")
    assert crr(*asked, code=2).stderr.endswith(" Say it with --range LOW:HIGH.\n")
    assert TWELVE in crr(*asked, "--category", "plate").stderr


def test_a_painter_is_measured_by_the_range_that_it_learnt_by(
    tiny_model: Path, deep: Path, tmp_path: Path
) -> None:
    out = tmp_path / "painter"
    tiny = ["--iterations", "2", "--batch-size", "2", "--workers", "0", "--device", "cpu"]
    said = crr("train-inversion", "--model", tiny_model, "--data", deep, "--out", out, *tiny).stderr
    assert TWELVE in said
    assert read_json(out / "inversion.json")["value_range"] == {"low": 0, "high": 4095}
    write_deep(deep / "ring/test/good/bright.png", np.full((48, 72, 3), 255 * 2.0))
    options = ["--inversion", out, "--models", tiny_model, "--data", deep, "--device", "cpu"]
    said = crr("evaluate-inversion", *options, "--json", tmp_path / "found.json").stderr
    assert TWELVE + " (as given or trained with)" in said
    assert "1 image with values beyond that, which are cut: " in said
    assert read_json(tmp_path / "found.json")["data"]["value_range"] == {"low": 0, "high": 4095}


def test_a_comparison_says_which_model_reads_by_its_own(tiny_model: Path, deep: Path, tmp_path: Path) -> None:
    kept = keeping(tiny_model, tmp_path / "kept", 1000)
    found = tmp_path / "found.json"
    asked = ["compare", "--data", deep, "--json", found, "--device", "cpu", "--progress", "none", "--models"]
    said = crr(*asked, f"{tiny_model},{kept}").stderr
    assert TWELVE + " (guessed" in said
    assert "kept reads them from 0 to 1000, as it was trained with, which cuts " in said
    assert read_json(found)["data"]["value_ranges_of_models"] == {"kept": {"low": 0, "high": 1000}}
    together = {row["model"]: row["detection"] for row in read_json(found)["models"]}
    said = crr(*asked, kept).stderr
    assert "are read from 0 to 1000 (as given or trained with)" in said
    [alone] = read_json(found)["models"]
    assert alone["detection"]["categories"] == together["kept"]["categories"]


def test_a_model_that_keeps_a_range_is_compared_on_one_photo_that_does_not_say_it(
    tiny_model: Path, root: Path, tmp_path: Path
) -> None:
    write_deep(root / "test/good/deep.png", good_image("plate", np.random.default_rng(3)))
    asked = ["compare", "--data", root, "--device", "cpu", "--progress", "none", "--models"]
    assert "Say it with --range" in crr(*asked, tiny_model, code=2).stderr
    crr(*asked, keeping(tiny_model, tmp_path / "kept", 4095))
