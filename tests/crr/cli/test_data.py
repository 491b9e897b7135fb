"""Data sets as people have them, from the command line: what is said, what is left out, and exit codes."""

import json
import os
import shutil
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import PIL.Image
import pytest
from click.testing import Result
from numpy.typing import NDArray
from typer.testing import CliRunner

from crr.checkpoints.serialization import save
from crr.cli.main import app
from tests.crr.tiny import calibrated_detector, good_image, good_images, write_dataset

ENCODER = ["--encoder", "test_efficientnet", "--weights", "random", "--layers", "1,2,3", "--size", "64"]
TINY = [*ENCODER, "--batch-size", "2", "--device", "cpu", "--workers", "0", "--progress", "none"]
RESULTS = ("config.json", "model.safetensors")


def crr(*arguments: object, code: int = 0) -> Result:
    """Run a command in this process; returns what it said."""
    result = CliRunner().invoke(app, [str(argument) for argument in arguments], catch_exceptions=False)
    assert result.exit_code == code, result.output
    return result


def read_json(path: Path) -> dict[str, Any]:
    values: dict[str, Any] = json.loads(path.read_text())
    return values


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("checkpoints") / "tiny"
    save(calibrated_detector(), folder, "# Tiny\n")
    return folder


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A category "plate" of 6 good images, and 2 good and 2 scratched ones to test on, with masks."""
    return write_dataset(tmp_path / "set", categories=1) / "plate"


# crr data


def test_data_says_what_is_there_in_lines_a_table_and_json(root: Path, tmp_path: Path) -> None:
    (root / "notes.txt").touch()
    said = crr("data", root, "--json", tmp_path / "found.json")
    assert said.stderr.splitlines()[-2:] == [
        "plate, as MVTec AD: plate; 6 images to train on, 2 good and 2 defective to test on, 2 masks. "
        "PNG, 8 bits, RGB, 72 x 48 pixels.",
        "Passed over, no image by its name: 1 file, notes.txt.",
    ]
    assert all(word in said.stdout for word in ("plate", "train", "kinds of defects", "2 scratch"))
    found = read_json(tmp_path / "found.json")
    assert found["categories"]["plate"]["defective"] == {"scratch": 2}
    assert json.loads(crr("data", root, "--json", "-", "--progress", "none").stdout) == found


def test_data_ends_with_1_if_something_cannot_be_used_and_with_2_if_there_is_nothing(
    root: Path, tmp_path: Path
) -> None:
    (root / "train/good/000.png").write_bytes(b"")
    assert "1 image cannot be used: train/good/000.png." in crr("data", root, code=1).stderr
    (tmp_path / "empty").mkdir()
    assert "holds no images" in crr("data", tmp_path / "empty", code=2).stderr
    assert "There is no folder" in crr("data", tmp_path / "missing", code=2).stderr
    assert "is not understood" in crr("data", root, "--range", "much", code=2).stderr


# crr predict


def test_predict_passes_masks_over_and_counts_verdicts(root: Path, model: Path, tmp_path: Path) -> None:
    folder = tmp_path / "photos"
    shutil.copytree(root / "train/good", folder)
    shutil.copytree(root / "ground_truth", folder / "masks")
    said = crr("predict", folder, "--model", model, "--json", tmp_path / "found.json")
    assert "Passed over, masks, which are no photos: 2 files" in said.stderr
    found = read_json(tmp_path / "found.json")
    assert len(found["images"]) == 6
    assert sum(found["counts"].values()) == 6
    counts = ", ".join(f"{count} {verdict}" for verdict, count in found["counts"].items())
    assert said.stderr.endswith(f"6 inspected: {counts}\n")
    assert found["data"]["passed_over"]["masks, which are no photos"]["count"] == 2


@pytest.mark.parametrize("value", [0, 255, 90])
def test_predict_ends_with_3_for_a_frame_that_shows_nothing(model: Path, tmp_path: Path, value: int) -> None:
    PIL.Image.new("RGB", (200, 100), (value,) * 3).save(tmp_path / "frame.png")
    PIL.Image.fromarray(good_images("plate", 1)[0]).save(tmp_path / "good.png")
    said = crr("predict", tmp_path, "--model", model, "--json", tmp_path / "found.json", code=3)
    assert "no part seen" in said.stdout
    assert read_json(tmp_path / "found.json")["counts"]["no part seen"] == 1
    (tmp_path / "broken.png").touch()
    said = crr("predict", tmp_path, "--model", model, code=1)
    assert "3 inspected: " in said.stderr
    assert "1 error" in said.stderr


# crr evaluate, whatever way masks are stored


def masks_of(root: Path) -> list[Path]:
    return sorted((root / "ground_truth/scratch").iterdir())


def rewritten(
    change: Callable[[NDArray[np.uint8]], NDArray[Any]], suffix: str = ".png"
) -> Callable[[Path], None]:
    def write(root: Path) -> None:
        for mask in masks_of(root):
            values = cv2.imread(str(mask), cv2.IMREAD_UNCHANGED)
            mask.unlink()
            assert cv2.imwrite(str(mask.with_suffix(suffix)), change(values))

    return write


def in_folders(root: Path) -> None:
    for mask in masks_of(root):
        place = mask.parent / mask.stem.removesuffix("_mask")
        place.mkdir()
        values = cv2.imread(str(mask), cv2.IMREAD_UNCHANGED)
        upper = np.where(np.arange(len(values))[:, None] < np.argwhere(values)[:, 0].mean(), values, 0)
        cv2.imwrite(str(place / "000.png"), upper)
        cv2.imwrite(str(place / "001.png"), values - upper)
        mask.unlink()


def beside(root: Path) -> None:
    for mask in masks_of(root):
        mask.rename(root / "test/scratch" / mask.name)
    shutil.rmtree(root / "ground_truth")


def renamed(name: Callable[[str], str]) -> Callable[[Path], None]:
    def rename(root: Path) -> None:
        for mask in masks_of(root):
            mask.rename(mask.with_name(name(mask.name)))

    return rename


def with_good(name: str) -> Callable[[Path], None]:
    def rename(root: Path) -> None:
        (root / "test/good").rename(root / "test" / name)

    return rename


def two_folders_of_good(root: Path) -> None:
    (root / "test/ok").mkdir()
    (root / "test/good/001.png").rename(root / "test/ok/001.png")


def turned(root: Path) -> None:
    """Photos as a sensor saw them, turned by their tags; masks as the sensor saw them, without one."""
    exif = PIL.Image.Exif()
    exif[0x0112] = 6
    for photo in sorted((root / "test").rglob("*.png")):
        with PIL.Image.open(photo) as picture:
            picture.transpose(PIL.Image.Transpose.ROTATE_90).save(photo, exif=exif)
    for mask in masks_of(root):
        with PIL.Image.open(mask) as picture:
            picture.transpose(PIL.Image.Transpose.ROTATE_90).save(mask)


def in_shifts(root: Path) -> None:
    for place in ("test/good", "test/scratch", "ground_truth/scratch"):
        for number, path in enumerate(sorted((root / place).iterdir())):
            (root / place / f"shift{number}").mkdir()
            path.rename(root / place / f"shift{number}" / path.name)


def as_windows_calls_jpeg(root: Path) -> None:
    for photo in sorted((root / "test/good").iterdir()):
        photo.rename(photo.with_suffix(".jfif"))


CASES: dict[str, Callable[[Path], None]] = {
    "a folder of masks an image": in_folders,
    "_gt": renamed(lambda name: name.replace("_mask", "_gt")),
    "capitals": renamed(str.upper),
    "0 and 1 in 16 bits": rewritten(lambda values: (values > 0).astype(np.uint16)),
    "classes": rewritten(
        lambda values: np.where(np.arange(72) < 36, 80, 200).astype(np.uint8) * (values > 0)
    ),
    "another format": rewritten(lambda values: values, ".bmp"),
    "beside the photos": beside,
    "test/ok": with_good("ok"),
    "test/Normal": with_good("Normal"),
    "test/good and test/ok": two_folders_of_good,
    "turned by a tag": turned,
    "a folder a shift": in_shifts,
    "without a part to train on": lambda root: shutil.rmtree(root / "train"),
    ".jfif": as_windows_calls_jpeg,
}


def figures(root: Path, model: Path, out: Path) -> dict[str, Any]:
    crr("evaluate", "--model", model, "--data", root, "--json", out, "--device", "cpu", "--progress", "none")
    found: dict[str, Any] = read_json(out)["categories"]["plate"]
    return found


@pytest.fixture(scope="module")
def plain(model: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("plain")
    return figures(write_dataset(folder / "set", categories=1) / "plate", model, folder / "found.json")


@pytest.mark.parametrize("change", CASES.values(), ids=CASES)
def test_figures_do_not_depend_on_how_a_set_is_stored(
    change: Callable[[Path], None], root: Path, model: Path, plain: dict[str, Any], tmp_path: Path
) -> None:
    change(root)
    found = figures(root, model, tmp_path / "found.json")
    assert None not in plain.values()
    assert found == pytest.approx(plain, abs=1e-6)


def test_a_bad_image_stops_the_evaluation_or_is_left_out(root: Path, model: Path, tmp_path: Path) -> None:
    (root / "test/good/000.png").write_bytes(b"")
    asked = [
        "evaluate",
        "--model",
        model,
        "--data",
        root,
        "--json",
        tmp_path / "found.json",
        "--progress",
        "none",
    ]
    said = crr(*asked, code=2)
    assert "Error: " in said.stderr
    assert "000.png is empty" in said.stderr
    assert not (tmp_path / "found.json").exists()
    said = crr(*asked, "--on-error", "skip")
    assert "1 image cannot be used: test/good/000.png." in said.stderr
    found = read_json(tmp_path / "found.json")
    assert found["categories"]["plate"]["images"] == 3
    assert list(found["data"]["unusable"]) == ["test/good/000.png"]


def test_a_defect_without_a_mask_stops_the_evaluation_or_is_left_out(
    root: Path, model: Path, tmp_path: Path
) -> None:
    masks_of(root)[0].unlink()
    asked = [
        "evaluate",
        "--model",
        model,
        "--data",
        root,
        "--json",
        tmp_path / "found.json",
        "--progress",
        "none",
    ]
    assert "have no mask" in crr(*asked, code=2).stderr
    assert "without a mask where others have one: 1 file" in crr(*asked, "--on-error", "skip").stderr
    assert read_json(tmp_path / "found.json")["categories"]["plate"]["images"] == 3


# crr train


def train(data: Path, out: Path, *options: object, code: int = 0) -> Result:
    return crr("train", "--data", data, "--out", out, *TINY, *options, code=code)


@pytest.mark.parametrize("method", ["gaussian", "patchcore"])
def test_copies_change_no_bit_of_a_checkpoint(tmp_path: Path, method: str) -> None:
    once, often = tmp_path / "once/plate", tmp_path / "often/plate"
    for folder in (once, often):
        folder.mkdir(parents=True)
    for number, image in enumerate(good_images("plate", 8)):
        PIL.Image.fromarray(image).save(once / f"{number}.png")
        for copy in ("", "_b", "_c"):
            shutil.copy(once / f"{number}.png", often / f"{number}{copy}.png")
    train(once, tmp_path / "a", "--method", method)
    said = train(often, tmp_path / "b", "--method", method)
    assert "16 files with the same content as another" in said.stderr
    assert all(
        (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes() for name in RESULTS
    )


def test_a_run_goes_on_only_with_the_same_pictures(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    photo = root / "train/good/000.png"
    PIL.Image.open(photo).save(photo, "BMP")  # of which two of one size have the same number of bytes
    before, status = photo.read_bytes(), photo.stat()
    monkeypatch.setattr(
        "crr.training.trainer.set_learning_rate", lambda *_: signal.raise_signal(signal.SIGINT)
    )
    train(root, tmp_path / "run", "--iterations", "4", code=130)
    monkeypatch.undo()
    PIL.Image.fromarray(255 - np.array(PIL.Image.open(photo))).save(photo, "BMP")
    assert photo.stat().st_size == status.st_size
    os.utime(photo, ns=(status.st_atime_ns, status.st_mtime_ns))
    refused = train(root, tmp_path / "run", "--iterations", "4", "--resume", code=2)
    assert "Error: " in refused.stderr
    photo.write_bytes(before)
    train(root, tmp_path / "run", "--iterations", "4", "--resume")


def test_training_leaves_out_what_is_bad_only_when_asked(root: Path, tmp_path: Path) -> None:
    (root / "train/good/000.png").write_bytes(b"text")
    options = ["--method", "gaussian"]
    assert "000.png is a text file" in train(root, tmp_path / "run", *options, code=2).stderr
    said = train(root, tmp_path / "run", *options, "--on-error", "skip")
    assert "1 image cannot be used: train/good/000.png." in said.stderr


def test_names_in_an_old_coding_can_be_learnt(tmp_path: Path) -> None:
    (tmp_path / "parts").mkdir()
    for number, image in enumerate(good_images("plate", 4)):
        PIL.Image.fromarray(image).save(tmp_path / "parts" / f"Gr\udcfcn_{number}.png")
    train(tmp_path / "parts", tmp_path / "run", "--method", "gaussian")
    crr(
        "predict",
        tmp_path / "parts",
        "--model",
        tmp_path / "run",
        "--out",
        tmp_path / "out",
        "--progress",
        "none",
    )


# The range of deep pixels


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


def test_fractions_among_integers_are_a_sentence(camera: Path, model: Path, tmp_path: Path) -> None:
    shutil.copytree(camera / "parts", tmp_path / "parts")
    PIL.Image.fromarray(np.full((48, 72), 0.5, np.float32)).save(tmp_path / "parts/fraction.tif")
    for asked in (["data", tmp_path / "parts"], ["predict", tmp_path / "parts", "--model", model]):
        said = crr(*asked, "--progress", "none", code=2)
        assert "Error: Some images hold fractions and others integers" in said.stderr
