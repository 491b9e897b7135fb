"""Data sets as people have them, from the command line: what is said, what is left out, and exit codes."""

import json
import os
import shutil
import signal
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import pytest

from tests.crr.cli.commands import RESULTS, TINY, crr, read_json, train
from tests.crr.tiny import good_images, write_dataset

# crr data


def test_data_says_what_is_there_in_lines_a_table_and_json(root: Path, tmp_path: Path) -> None:
    (root / "notes.txt").touch()
    said = crr("data", root, "--json", tmp_path / "found.json")
    assert said.stderr.splitlines()[-2:] == [
        "plate, as MVTec AD: plate; 6 images to train on, 2 good and 2 defective to test on, 2 images "
        "with masks. PNG, 8 bits, RGB, 72 x 48 pixels.",
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


def test_predict_passes_masks_over_and_counts_verdicts(root: Path, tiny_model: Path, tmp_path: Path) -> None:
    folder = tmp_path / "photos"
    shutil.copytree(root / "train/good", folder)
    shutil.copytree(root / "ground_truth", folder / "masks")
    said = crr("predict", folder, "--model", tiny_model, "--json", tmp_path / "found.json")
    assert "Passed over, masks, which are no photos: 2 files" in said.stderr
    found = read_json(tmp_path / "found.json")
    assert len(found["images"]) == 6
    assert sum(found["counts"].values()) == 6
    counts = ", ".join(f"{count} {verdict}" for verdict, count in found["counts"].items())
    assert said.stderr.endswith(f"6 inspected: {counts}\n")
    assert found["data"]["passed_over"]["masks, which are no photos"]["count"] == 2


@pytest.mark.parametrize("value", [0, 255, 90])
def test_predict_ends_with_3_for_a_frame_that_shows_nothing(
    tiny_model: Path, tmp_path: Path, value: int
) -> None:
    PIL.Image.new("RGB", (200, 100), (value,) * 3).save(tmp_path / "frame.png")
    PIL.Image.fromarray(good_images("plate", 1)[0]).save(tmp_path / "good.png")
    said = crr("predict", tmp_path, "--model", tiny_model, "--json", tmp_path / "found.json", code=3)
    assert "no part seen" in said.stdout
    assert read_json(tmp_path / "found.json")["counts"]["no part seen"] == 1
    (tmp_path / "broken.png").touch()
    said = crr("predict", tmp_path, "--model", tiny_model, code=1)
    assert "2 of 3 inspected: " in said.stderr
    assert "1 error" in said.stderr


# What every command that reads a data set or photos says before its work

COMMANDS = {
    "train": ["--method", "gaussian", *TINY[:-1], "json"],
    "evaluate": ["--progress", "none"],
    "compare": ["--device", "cpu", "--progress", "none"],
    "identity": ["--progress", "none"],
    "layers": ["--progress", "none"],
}


def asked(command: str, root: Path, model: Path, found: Path, *options: object) -> list[object]:
    """The arguments of a command that writes its result to `found`, which train does not do."""
    named = {"train": ["--out", found.parent / "run"], "compare": ["--models", model]}
    result = [] if command == "train" else ["--json", found]
    usual = named.get(command, ["--model", model])
    return [command, "--data", root, *usual, *COMMANDS[command], *result, *options]


def found_before(command: str, stdout: str, found: Path) -> dict[str, Any]:
    """What a look found, as a program reads it."""
    if command != "train":
        return read_json(found)["data"]  # type: ignore[no-any-return]
    (line,) = (line for line in map(json.loads, stdout.splitlines()) if "data" in line)
    return line["data"]  # type: ignore[no-any-return]


@pytest.mark.parametrize("command", COMMANDS)
def test_a_look_comes_before_the_work(root: Path, tiny_model: Path, tmp_path: Path, command: str) -> None:
    part, found = "train" if command == "train" else "test", tmp_path / "found.json"
    (root / f"{part}/good/notes.txt").touch()
    photo = root / f"{part}/good/000.png"
    photo.write_bytes(b"")
    said = crr(*asked(command, root, tiny_model, found), code=2)
    assert "000.png is empty (zero bytes)" in said.stderr
    assert said.stderr.endswith(" What cannot be used is left out with --on-error skip.\n")
    assert not found.exists()
    assert not (tmp_path / "run/config.json").exists()

    said = crr(*asked(command, root, tiny_model, found, "--on-error", "skip"))
    looked = found_before(command, said.stdout, found)
    assert list(looked["unusable"]) == [f"{part}/good/000.png"]
    assert looked["passed_over"]["no image by its name"] == {"count": 1, "first": [f"{part}/good/notes.txt"]}
    if command == "train":  # a program listens, so that nothing is said to a person
        assert said.stderr == ""
        crr(*asked(command, root, tiny_model, found, "--on-error", "stop", "--overwrite"), code=2)
        options = ["--on-error", "skip", "--overwrite", "--progress", "none"]
        said = crr(*asked(command, root, tiny_model, found, *options))
    assert f"1 image cannot be used: {part}/good/000.png." in said.stderr
    assert f"Passed over, no image by its name: 1 file, {part}/good/notes.txt." in said.stderr


@pytest.mark.parametrize("command", COMMANDS)
def test_a_link_that_leads_nowhere_is_named(
    root: Path, tiny_model: Path, tmp_path: Path, command: str
) -> None:
    photo = root / ("train" if command == "train" else "test") / "good/000.png"
    photo.unlink()
    photo.symlink_to(tmp_path / "gone.png")
    said = crr(*asked(command, root, tiny_model, tmp_path / "found.json"), code=2)
    assert "000.png is a link to" in said.stderr or "000.png does not exist" in said.stderr
    assert "Traceback" not in said.output


def test_predict_looks_too_and_goes_on_without_what_is_damaged(
    root: Path, tiny_model: Path, tmp_path: Path
) -> None:
    (root / "test/good/000.png").write_bytes(b"")
    found, options = tmp_path / "found.json", ["--progress", "none"]
    said = crr("predict", root / "test", "--model", tiny_model, "--json", found, *options, code=1)
    assert "1 image cannot be used: good/000.png." in said.stderr
    assert list(read_json(found)["data"]["unusable"]) == ["good/000.png"]


# crr evaluate


def test_a_bad_image_stops_the_evaluation_or_is_left_out(
    root: Path, tiny_model: Path, tmp_path: Path
) -> None:
    (root / "test/good/000.png").write_bytes(b"")
    found, asked = tmp_path / "found.json", ["evaluate", "--model", tiny_model, "--data", root]
    asked += ["--json", found, "--progress", "none"]
    said = crr(*asked, code=2)
    assert "Error: " in said.stderr
    assert "000.png is empty" in said.stderr
    assert said.stderr.endswith("copy it again. What cannot be used is left out with --on-error skip.\n")
    assert not found.exists()
    said = crr(*asked, "--on-error", "skip")
    assert "1 image cannot be used: test/good/000.png." in said.stderr
    values = read_json(found)
    assert values["categories"]["plate"]["images"] == 3
    assert list(values["data"]["unusable"]) == ["test/good/000.png"]


def test_a_defect_without_a_mask_stops_the_evaluation_or_is_left_out(
    root: Path, tiny_model: Path, tmp_path: Path
) -> None:
    (root / "ground_truth/scratch/000_mask.png").unlink()
    found, asked = tmp_path / "found.json", ["evaluate", "--model", tiny_model, "--data", root]
    asked += ["--json", found, "--progress", "none"]
    said = crr(*asked, code=2).stderr
    assert "without a mask where others have one: 1 file, test/scratch/000.png." in said  # the look is first
    assert "Masks are missing in plate for 1 of its defective images" in said
    assert said.endswith(" What cannot be used is left out with --on-error skip.\n")
    assert "without a mask where others have one: 1 file" in crr(*asked, "--on-error", "skip").stderr
    assert read_json(found)["categories"]["plate"]["images"] == 3


# Commands that use no masks


@pytest.fixture
def damaged(root: Path) -> Path:
    """The set with a mask that is missing, and a defective photo that is damaged."""
    (root / "ground_truth/scratch/000_mask.png").unlink()
    (root / "test/scratch/001.png").write_bytes(b"")
    return root


def test_identity_reads_good_images_alone(damaged: Path, tiny_model: Path, tmp_path: Path) -> None:
    asked = ["identity", "--model", tiny_model, "--data", damaged, "--json", tmp_path / "found.json"]
    crr(*asked, "--progress", "none")
    assert read_json(tmp_path / "found.json")["data"]["images"] == 2
    (damaged / "test/good/000.png").write_bytes(b"")
    assert "left out with --on-error skip" in crr(*asked, code=2).stderr


def test_identity_reads_names_in_an_old_coding(root: Path, tiny_model: Path, tmp_path: Path) -> None:
    photos = [root / "test/good/000.png", root / "test/good/001.png"]
    for photo in photos:
        photo.rename(photo.with_name(f"Gr\udcfcn_{photo.name}"))
    found = tmp_path / "found.json"
    crr("identity", "--model", tiny_model, "--data", root, "--json", found, "--progress", "none")
    assert read_json(found)["index"]["held_out"] is not None


def test_a_mask_that_is_missing_stops_no_command_that_uses_none(
    damaged: Path, tiny_model: Path, tmp_path: Path
) -> None:
    model, painter = shutil.copytree(tiny_model, tmp_path / "model"), tmp_path / "painter"
    tiny = ["--iterations", "1", "--batch-size", "1", "--device", "cpu", "--workers", "0"]
    crr("anomalies", "--data", damaged, "--out", tmp_path / "sheet.png", "--count", "1", "--size", "64")
    crr("normals", "--data", damaged, "--model", model)
    crr("train-inversion", "--data", damaged, "--model", model, "--out", painter, *tiny)
    crr("evaluate-inversion", "--data", damaged, "--models", model, "--inversion", painter)


# crr train


@pytest.mark.parametrize("method", ["gaussian", "patchcore"])
def test_copies_change_no_bit_of_a_checkpoint(tmp_path: Path, method: str) -> None:
    once, often = tmp_path / "once/plate", tmp_path / "often/plate"
    for folder in (once, often):
        folder.mkdir(parents=True)
    for number, image in enumerate(good_images("plate", 8)):
        PIL.Image.fromarray(image).save(once / f"{number}.png")
        for copy in ("", "_b"):
            shutil.copy(once / f"{number}.png", often / f"{number}{copy}.png")
        PIL.Image.fromarray(image).save(often / f"{number}_c.bmp")  # saved anew, and no byte is the same
    train(once, tmp_path / "a", "--method", method)
    said = train(often, tmp_path / "b", "--method", method)
    assert "16 files with the same content as another" in said.stderr
    assert all(
        (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes() for name in RESULTS
    )


def test_test_images_that_are_trained_on_are_said_by_who_learns_and_who_measures(
    root: Path, tiny_model: Path, tmp_path: Path
) -> None:
    shutil.copy(root / "test/good/001.png", root / "train/good/new.png")
    words = "1 test image is a training image too, so figures are too good: test/good/001.png."
    assert words in train(root, tmp_path / "run", "--method", "gaussian").stderr
    report = tmp_path / "report.json"
    assert words in crr("evaluate", "--model", tiny_model, "--data", root, "--json", report).stderr
    assert read_json(report)["data"]["trained_and_tested"] == ["test/good/001.png"]


def test_frames_of_a_blind_camera_among_the_training_images_are_said(root: Path, tmp_path: Path) -> None:
    PIL.Image.new("RGB", (72, 48), (90, 90, 90)).save(root / "train/good/blind.png")
    said = train(root, tmp_path / "run", "--method", "gaussian")
    assert "1 of 7 images shows no part: train/good/blind.png." in said.stderr


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


# What would be lost


def test_no_image_is_replaced_by_a_sheet_and_no_checkpoint_lies_among_images(root: Path) -> None:
    photo = root / "train/good/000.png"
    before = photo.read_bytes()
    assert (
        "is no sheet of crr, and would be lost"
        in crr("anomalies", "--data", root, "--out", photo, code=2).stderr
    )
    assert photo.read_bytes() == before
    good = root / "train/good"
    said = train(good, good / "model", "--method", "gaussian", code=2).stderr
    assert "lies among the images, and would be taken for some: give another --out." in said
    assert not (good / "model").exists()


@pytest.mark.parametrize("name", ["test/good/001.png", "mine.png", "notes.txt", "sheet.jpg"])
def test_a_sheet_takes_the_place_of_nothing_but_a_sheet(root: Path, name: str) -> None:
    shutil.copy(root / "train/good/000.png", root / "mine.png")
    (root / "notes.txt").write_text("mine")
    there = {path: path.read_bytes() for path in root.rglob("*") if path.is_file()}
    asked = ["anomalies", "--data", root, "--count", "1", "--size", "64", "--out"]
    said = crr(*asked, root / name, code=2).stderr
    assert "is no sheet of crr" in said or "a sheet is a PNG" in said
    assert {path: path.read_bytes() for path in root.rglob("*") if path.is_file()} == there
    for _ in range(2):
        crr(*asked, root.parent / "sheet.png")


def test_normals_of_an_earlier_training_do_not_stay(root: Path, tmp_path: Path) -> None:
    train(root, tmp_path / "run", "--method", "gaussian")
    normals = tmp_path / "run/normals"
    assert [*normals.glob("*/*.jpg")]
    (normals / "credits.json").write_text("{}")
    train(root, tmp_path / "run", "--method", "gaussian", "--overwrite", "--normals", "0")
    assert [*normals.rglob("*")] == [normals / "credits.json"]


@pytest.mark.parametrize(
    ("method", "option"),
    [
        ("gaussian", ["--iterations", "7"]),
        ("patchcore", ["--masking", "0.9"]),
        ("padim", ["--dropout", "0.5"]),
        ("gaussian", ["--segmentation", "paper"]),
        ("rd", ["--masking", "0.5"]),
    ],
)
def test_a_choice_without_effect_is_refused(
    root: Path, tmp_path: Path, method: str, option: list[str]
) -> None:
    said = train(root, tmp_path / "run", "--method", method, *option, code=2).stderr
    assert f"The choice of {option[0][2:]} has no effect on the method {method}: leave it out." in said
    assert not (tmp_path / "run").exists()


def test_parts_that_a_model_does_not_know_are_said_where_it_is_measured(
    tiny_model: Path, tmp_path: Path
) -> None:
    data = write_dataset(tmp_path / "other", categories=4)
    said = crr("evaluate", "--model", tiny_model, "--data", data, "--progress", "none").stderr
    assert "images show no part, or one that the model does not know" in said


@pytest.mark.parametrize("progress", ["none", "bar"])
def test_ctrl_c_keeps_the_categories_that_are_measured(
    tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, progress: str
) -> None:
    from crr.evaluation import detection

    data, measure = write_dataset(tmp_path / "data", categories=2), detection._evaluate_category

    def stopped_after_one(*arguments: Any) -> Any:
        found = measure(*arguments)
        signal.raise_signal(signal.SIGINT)
        return found

    monkeypatch.setattr(detection, "_evaluate_category", stopped_after_one)
    report = tmp_path / "report.json"
    asked = ["evaluate", "--model", tiny_model, "--data", data, "--json", report, "--progress", progress]
    said = crr(*asked, code=130).stderr
    assert "Stopping; what is finished is kept." in said
    found = read_json(report)
    assert list(found["categories"]) == ["plate"]
    assert found["failed"] == {"ring": "it was stopped."}


def test_where_no_image_can_be_used_that_is_said(root: Path, tiny_model: Path) -> None:
    for photo in (root / "test").rglob("*.png"):
        photo.write_bytes(b"")
    asked = ["evaluate", "--model", tiny_model, "--data", root, "--on-error", "skip", "--progress", "none"]
    assert "None of 4 images can be used. The first: " in crr(*asked, code=2).stderr
