"""What `crr predict` does in folders in use, without a reader, and with photos that get no verdict."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import PIL.Image
import pytest

from crr.checkpoints.serialization import load, save
from crr.data.inventory.looking import look_at_files
from crr.data.layouts.finding import find_images
from crr.data.layouts.walk import Notes
from crr.errors import CRRError, DeviceError
from crr.inference import engine
from crr.runtime.version import version
from tests.crr.cli.commands import crr, read_json
from tests.crr.data.bounds.bombs import tiff
from tests.crr.tiny import good_images

REPOSITORY = Path(__file__).parents[3]


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    folder.mkdir()
    for number, image in enumerate(good_images("plate", 3)):
        PIL.Image.fromarray(image).save(folder / f"{number}.png")
    return folder


def test_a_used_folder_is_kept_unless_it_may_be_replaced(
    photos: Path, tiny_model: Path, tmp_path: Path
) -> None:
    asked = ["predict", photos, "--model", tiny_model, "--progress", "none", "--out", tmp_path / "out"]
    crr(*asked)
    (tmp_path / "out/1_mask.png").write_bytes(b"mine")
    said = crr(*asked, "--json", tmp_path / "found.json", code=2)
    assert said.stdout == ""
    assert said.stderr.splitlines()[-1] == (
        f"Error: {tmp_path}/out holds 6 files already where pictures would go, the first is 0_heatmap.png: "
        "name another folder. With --overwrite files of an earlier run are replaced."
    )
    assert not (tmp_path / "found.json").exists()
    assert (tmp_path / "out/1_mask.png").read_bytes() == b"mine"
    crr(*asked, "--overwrite")
    assert (tmp_path / "out/1_mask.png").read_bytes() != b"mine"


def test_a_run_into_the_folder_of_the_photos_can_be_done_again(
    photos: Path, tiny_model: Path, tmp_path: Path
) -> None:
    asked = ["predict", photos, "--model", tiny_model, "--out", photos, "--json", tmp_path / "found.json"]
    crr(*asked)
    said = crr(*asked, "--overwrite").stderr
    assert "Passed over, a heat-map that lies beside its image: 3 files, 0_heatmap.png," in said
    assert len(read_json(tmp_path / "found.json")["images"]) == 3
    assert len(list(photos.iterdir())) == 9


@pytest.mark.usefixtures("photos")
def test_a_reader_that_goes_away_costs_no_file(tiny_model: Path, tmp_path: Path) -> None:
    variables = {**os.environ, "PYTHONPATH": str(REPOSITORY), "CRR_CHECKPOINTS": str(tiny_model.parent)}
    command = f"{sys.executable} -m crr predict photos --model tiny --json found.json --progress none | true"
    ran = subprocess.run(["sh", "-c", command], cwd=tmp_path, env=variables, capture_output=True, text=True)
    assert "Traceback" not in ran.stderr
    assert len(read_json(tmp_path / "found.json")["images"]) == 3


def test_what_is_inspected_is_not_lost_with_what_cannot_be(
    photos: Path, tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inspect = engine.inspect

    def full(detector: object, images: list[object], batch_size: int) -> object:
        if len(read) == 2:
            raise DeviceError("cuda ran out of memory.")
        read.append(images)
        return inspect(detector, images, batch_size)  # type: ignore[arg-type]

    read: list[object] = []
    monkeypatch.setattr(engine, "inspect", full)
    asked = ["predict", photos, "--model", tiny_model, "--batch-size", "1", "--progress", "none"]
    said = crr(*asked, "--json", tmp_path / "found.json", code=1)
    found = read_json(tmp_path / "found.json")
    assert len(found["images"]) == len(said.stdout.splitlines()) == 2
    assert found["failed"] == "cuda ran out of memory."
    assert said.stderr.endswith("The others could not be inspected: cuda ran out of memory.\n")


def test_the_samples_are_14_photos_and_10_masks(tiny_model: Path, tmp_path: Path) -> None:
    samples, notes = REPOSITORY / "samples", Notes()
    assert len(find_images(samples, notes)) == len(look_at_files(samples).facts) == 14
    assert len(notes.passed_over["masks, which are no photos"]) == 10
    options = ["--model", tiny_model, "--json", tmp_path / "found.json", "--out", tmp_path / "results"]
    said = crr("predict", samples, *options, code=3)  # a model that knows none of these parts
    assert len(said.stdout.splitlines()) == len(read_json(tmp_path / "found.json")["images"]) == 14
    assert "Passed over, masks, which are no photos: 10 files" in said.stderr
    assert len(list((tmp_path / "results").iterdir())) == 28


def test_a_transparent_photo_shows_no_part(tiny_model: Path, tmp_path: Path) -> None:
    picture = np.dstack([good_images("plate", 1)[0], np.zeros((48, 72), np.uint8)])
    PIL.Image.fromarray(picture).save(tmp_path / "all_transparent.png")
    asked = ["predict", tmp_path / "all_transparent.png", "--model", tiny_model, "--progress", "none"]
    said = crr(*asked, "--json", tmp_path / "found.json", code=3)
    assert said.stdout.startswith("no part seen")
    (row,) = read_json(tmp_path / "found.json")["images"]
    assert (row["verdict"], row["known"]) == ("no part seen", False)


def test_an_unknown_part_ends_with_3(photos: Path, tiny_model: Path, tmp_path: Path) -> None:
    detector = load(tiny_model, "cpu")
    detector.recogniser.radius.zero_()
    save(detector, tmp_path / "narrow", "# Knows nothing\n")
    said = crr("predict", photos, "--model", tmp_path / "narrow", "--progress", "none", code=3)
    assert [line.split("  ")[0] for line in said.stdout.splitlines()] == 3 * ["unknown part"]
    assert said.stderr.endswith("3 inspected: 3 unknown part\n")


def test_a_full_disk_costs_the_file_and_not_the_verdicts(
    photos: Path, tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise CRRError("found.json cannot be written (No space left on device): free some.")

    monkeypatch.setattr("crr.cli.main.write_json", full)
    said = crr("predict", photos, "--model", tiny_model, "--json", tmp_path / "found.json", code=2)
    assert [line.split()[-1] for line in said.stdout.splitlines()] == [
        str(photos / f"{number}.png") for number in range(3)
    ]
    assert "No space left" in said.stderr


@pytest.mark.parametrize(
    "name",
    [
        "photos/1.png",
        "photos/new.jpg",
        "table.csv",
        "model.safetensors",
        "out",
        "coco.json",
        "label_studio.json",
    ],
)
def test_a_result_takes_the_place_of_nothing_but_a_result(
    photos: Path, tiny_model: Path, tmp_path: Path, name: str
) -> None:
    (tmp_path / "table.csv").write_text("path,label\n")
    (tmp_path / "model.safetensors").write_bytes(b"\x10\0\0")
    (tmp_path / "coco.json").write_text('{"info": {}, "images": [], "annotations": [], "crr": ""}')
    (tmp_path / "label_studio.json").write_text("[]")
    there = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    asked = ["predict", photos, "--model", tiny_model, "--out", tmp_path / "out", "--json", tmp_path / name]
    assert "give another file name to --json" in crr(*asked, code=2).stderr
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == there


def test_a_result_takes_the_place_of_a_result_and_of_an_empty_file(
    photos: Path, tiny_model: Path, tmp_path: Path
) -> None:
    (tmp_path / "empty.json").touch()
    for name in ("empty.json", "found.json", "found.json"):
        crr("predict", photos, "--model", tiny_model, "--json", tmp_path / name)
        assert json.loads((tmp_path / name).read_text())["crr"] == version()


def test_what_is_inspected_is_kept_when_somebody_stops_it(
    photos: Path, tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inspect = engine.inspect

    def stop(*asked: object) -> object:
        monkeypatch.setattr(engine, "inspect", interrupt)
        return inspect(*asked)  # type: ignore[arg-type]

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(engine, "inspect", stop)
    asked = ["predict", photos, "--model", tiny_model, "--json", tmp_path / "found.json", "--batch-size", "1"]
    said = crr(*asked, code=130)
    found = read_json(tmp_path / "found.json")
    assert len(found["images"]) == 1
    assert found["failed"] == "Stopped after 1 of 3 images."
    assert "Stopped after 1 of 3 images." in said.stderr
    assert "0.png" in said.stdout


def test_a_sandbox_finds_the_same_and_names_a_bomb(photos: Path, tiny_model: Path, tmp_path: Path) -> None:
    (photos / "bomb.tif").write_bytes(tiff((273, 4, 10_000, 8), data=bytes(40_000)))
    PIL.Image.fromarray(np.arange(64 * 64, dtype=np.uint16).reshape(64, 64)).save(photos / "deep.png")
    asked = ["predict", photos, "--model", tiny_model, "--progress", "none", "--range", "12"]
    here = crr(*asked, "--json", tmp_path / "here.json", code=1)
    apart = crr(*asked, "--sandbox", "--json", tmp_path / "apart.json", code=1)
    assert apart.output == here.output
    assert read_json(tmp_path / "apart.json") == read_json(tmp_path / "here.json")
    assert "bomb.tif lists 10,000 strips, far more than a picture of its size needs" in here.output
