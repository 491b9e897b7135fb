"""The range of a camera of more than 8 bits is kept in a checkpoint, and another one can be given."""

import json
import shutil
from pathlib import Path

import cv2
import numpy as np
import PIL.Image
import pytest
from typer.testing import CliRunner

from crr.cli.main import app
from tests.crr.cli.commands import crr, read_json, train
from tests.crr.tiny import good_image


def deep(folder: Path, tops: dict[str, int]) -> Path:
    """Photos of a camera whose brightest values are `tops`, by their names."""
    folder.mkdir(parents=True)
    for number, (name, top) in enumerate(tops.items()):
        image = good_image("plate", np.random.default_rng(number % 8))[..., 1] / 255
        assert cv2.imwrite(str(folder / f"{name}.png"), np.rint(image / image.max() * top).astype(np.uint16))
    return folder


@pytest.fixture(scope="module")
def camera(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint that was trained on photos whose brightest value is 4600, and new photos."""
    place = tmp_path_factory.mktemp("camera")
    train(
        deep(place / "parts", {str(number): 4600 for number in range(8)}),
        place / "model",
        "--method",
        "gaussian",
    )
    folder = place / "new"
    folder.mkdir()
    image = good_image("plate", np.random.default_rng(99))[..., 1] / 255
    for top in (4600, 4200, 4090):
        cv2.imwrite(str(folder / f"{top}.png"), np.rint(image / image.max() * top).astype(np.uint16))
    return place


def scores(camera: Path, photos: Path, *options: object) -> dict[str, float]:
    asked = ["predict", photos, "--model", camera / "model", "--json", "-", "--progress", "none", *options]
    result = CliRunner().invoke(app, [str(argument) for argument in asked])
    return {Path(row["path"]).stem: row["score"] for row in json.loads(result.stdout)["images"]}


def test_the_range_of_a_set_is_kept_in_its_checkpoint(camera: Path) -> None:
    assert read_json(camera / "model/config.json")["value_range"] == {"low": 0, "high": 8191}
    found = scores(camera, camera / "new")
    assert found["4200"] == pytest.approx(found["4600"], rel=0.25)
    assert found["4090"] == pytest.approx(found["4200"], rel=0.1)
    for name, score in found.items():  # nor does a photo depend on those beside it
        assert scores(camera, camera / "new" / f"{name}.png")[name] == pytest.approx(score, rel=1e-4)


def test_a_range_that_is_given_counts_for_all(camera: Path, tmp_path: Path) -> None:
    kept, darker = scores(camera, camera / "new"), scores(camera, camera / "new", "--range", "16")
    assert all(darker[name] > 2 * kept[name] for name in kept)
    assert scores(camera, camera / "new", "--range", "0:8191") == pytest.approx(kept)
    train(camera / "parts", tmp_path / "run", "--method", "gaussian", "--range", "0:5000")
    assert read_json(tmp_path / "run/config.json")["value_range"] == {"low": 0, "high": 5000}
    said = crr("data", camera / "parts", "--range", "12", "--progress", "none")
    assert "are read from 0 to 4095 (as given or trained with)." in said.stderr


def test_a_config_without_a_range_is_as_it_was(root: Path, tmp_path: Path) -> None:
    train(root, tmp_path / "run", "--method", "gaussian")
    assert "value_range" not in read_json(tmp_path / "run/config.json")


def test_fractions_among_integers_are_a_sentence(camera: Path, tmp_path: Path) -> None:
    shutil.copytree(camera / "parts", tmp_path / "parts")
    PIL.Image.fromarray(np.full((48, 72), 0.5, np.float32)).save(tmp_path / "parts/fraction.tif")
    said = crr("data", tmp_path / "parts", "--progress", "none", code=2).stderr
    assert "Error: Some images hold fractions and others integers" in said
    assert said.endswith(" Say it with --range LOW:HIGH.\n")
    said = crr("anomalies", "--data", tmp_path / "parts", "--out", tmp_path / "sheet.png", code=2).stderr
    assert "Error: Some images hold fractions and others integers" in said


def test_fractions_among_integers_do_not_stop_the_inspection_of_other_photos(
    camera: Path, tiny_model: Path, tmp_path: Path
) -> None:
    shutil.copytree(camera / "parts", tmp_path / "parts")
    deep = len([*(tmp_path / "parts").iterdir()])
    PIL.Image.fromarray(np.full((48, 72), 0.5, np.float32)).save(tmp_path / "parts/fraction.tif")
    PIL.Image.fromarray(good_image("plate", np.random.default_rng(0))).save(tmp_path / "parts/plain.png")
    asked = ["predict", tmp_path / "parts", "--model", tiny_model, "--json", tmp_path / "found.json"]
    crr(*asked, "--progress", "none", code=1)
    rows = read_json(tmp_path / "found.json")["images"]
    assert [Path(row["path"]).name for row in rows if "error" not in row] == ["plain.png"]
    refused = [row["error"] for row in rows if "error" in row]
    assert len(refused) == deep + 1
    assert all("Some images hold fractions and others integers" in sentence for sentence in refused)


def test_one_photo_alone_waits_for_its_range(camera: Path, tiny_model: Path, tmp_path: Path) -> None:
    photos = tmp_path / "new"
    photos.mkdir()
    shutil.copy(camera / "new/4200.png", photos)
    PIL.Image.fromarray(good_image("plate", np.random.default_rng(0))).save(photos / "plain.png")
    asked = [
        "predict",
        photos,
        "--model",
        tiny_model,
        "--json",
        tmp_path / "found.json",
        "--progress",
        "none",
    ]
    said = crr(*asked, code=1).stderr
    assert "Not known which value is white (--range says it): 4200.png." in said
    assert "1 of 2 inspected: " in said
    silent, plain = read_json(tmp_path / "found.json")["images"]
    assert "score" in plain
    assert "one image alone does not tell: it holds 1089 to 4200, as 13 bits do." in silent["error"]
    crr(*asked, "--range", "13", code=3)
    alone = read_json(tmp_path / "found.json")["images"][0]["score"]
    shutil.copy(camera / "new/4600.png", photos)
    crr(*asked, code=3)  # two tell a range, which is the same
    assert read_json(tmp_path / "found.json")["images"][0]["score"] == pytest.approx(alone, rel=1e-4)


def test_a_range_that_was_guessed_says_how_another_is_given(camera: Path) -> None:
    said = crr("data", camera / "parts", "--progress", "none").stderr
    assert (
        "are read from 0 to 8191 (guessed from all such images of the data set; --range says another)."
        in said
    )


@pytest.mark.parametrize("top", [1, 4000])
def test_a_sheet_of_deep_photos_is_as_bright_as_they_are(tmp_path: Path, top: int) -> None:
    (tmp_path / "parts").mkdir()
    for number in range(4):
        image = good_image("plate", np.random.default_rng(number))[..., 1] / 255
        values = image.astype(np.float32) if top == 1 else np.rint(image * top).astype(np.uint16)
        PIL.Image.fromarray(values).save(tmp_path / f"parts/{number}.tif")
    sheet = tmp_path / "sheet.png"
    crr("anomalies", "--data", tmp_path / "parts", "--out", sheet, "--count", "1", "--size", "64")
    shown = np.array(PIL.Image.open(sheet))[6:70, 6:70]
    assert shown.mean() == pytest.approx(255 * image.mean(), rel=0.3)


def fractional_pairs(folder: Path) -> Path:
    """A part without and with a scratch, as fractions up to 1."""
    image = good_image("plate", np.random.default_rng(5))[..., 1].astype(np.float32) / 255
    for part in ("clean", "defective", "mask"):
        (folder / part).mkdir(parents=True)
    mask = np.zeros_like(image)
    mask[20:28, 30:40] = 1
    PIL.Image.fromarray(image).save(folder / "clean/a.tif")
    PIL.Image.fromarray(np.maximum(image, mask)).save(folder / "defective/a.tif")
    PIL.Image.fromarray((255 * mask).astype(np.uint8)).save(folder / "mask/a.png")
    return folder


@pytest.mark.parametrize("command", ["identity", "compare"])
def test_a_range_counts_for_pairs_though_the_set_needs_none(
    root: Path, tiny_model: Path, tmp_path: Path, command: str
) -> None:
    pairs, found = fractional_pairs(tmp_path / "pairs"), tmp_path / "found.json"
    kept = shutil.copytree(tiny_model, tmp_path / "kept")
    config = read_json(kept / "config.json") | {"value_range": {"low": 0, "high": 3}}
    (kept / "config.json").write_text(json.dumps(config))

    def index(model: Path, *options: object) -> float:
        asked = [command, "--models" if command == "compare" else "--model", model, "--data", root]
        crr(*asked, "--pairs", pairs, "--json", found, "--device", "cpu", "--progress", "none", *options)
        result = read_json(found)
        report = result["models"][0]["identity"] if command == "compare" else result
        return float(report["index"]["pairs"])

    bright, dark = index(tiny_model, "--range", "0:1"), index(kept)
    assert index(kept, "--range", "0:1") == pytest.approx(bright, rel=1e-3)
    assert index(tiny_model, "--range", "0:3") == pytest.approx(dark, rel=1e-3)
    assert index(tiny_model) == pytest.approx(bright, rel=1e-3)  # guessed from the pairs
    assert bright != pytest.approx(dark, rel=1e-3)
