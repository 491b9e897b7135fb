"""`python -m workbench annotations`, as it is typed."""

import json
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

from crr.config import ValueRange
from tests.workbench.annotation.parts import write_image
from workbench.__main__ import app
from workbench.annotation.records import Review
from workbench.annotation.store import open_store
from workbench.settings import settings


@pytest.fixture(autouse=True)
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("CRR_DATA", str(tmp_path / "data"))
    monkeypatch.delenv("CRR_DATABASE_URL", raising=False)
    settings.cache_clear()
    yield tmp_path / "data"
    settings.cache_clear()


@pytest.fixture
def parts(tmp_path: Path) -> Path:
    for number in range(4):
        write_image(tmp_path / f"parts/{number}.png", number)
    return tmp_path / "parts"


def run(*arguments: object, code: int = 0):
    result = CliRunner().invoke(app, ["annotations", *map(str, arguments)])
    assert result.exit_code == code, result.output
    return result


def test_the_range_of_deep_images_is_asked_for_and_kept(data, tmp_path):
    (tmp_path / "parts").mkdir()
    deep = np.linspace(0, 4000, 2400).reshape(40, 60).astype(np.uint16)
    assert cv2.imwrite(str(tmp_path / "parts/deep.png"), deep)
    create = ["create", "Deep", "--images", tmp_path / "parts"]
    refused = run(*create, code=2).output
    assert f"{tmp_path / 'parts/deep.png'} does not say which value is white" in refused
    assert "one image alone does not tell: it holds 0 to 4000, as 12 bits do." in refused
    assert "Say it with --range LOW:HIGH." in refused
    run(*create, "--range", "12")
    store = open_store(data)
    [kept] = store.images.all(store.projects.get("Deep").id)
    store.close()
    assert kept.image.value_range == ValueRange(0, 4095)


def say(data: Path, **judgements: str) -> None:
    """Review some images of the project."""
    store = open_store(data)
    anna = store.people.named("Anna")
    for item in store.images.all(store.projects.get("Parts").id):
        said = judgements.get(f"_{Path(item.image.name).stem}")
        if said:
            store.reviews.save(item.id, None, Review(said), anna, str(item.id))
    store.close()


def test_a_model_that_is_not_there_is_refused_and_one_may_be_called_as_on_the_page(parts):
    refused = run("create", "Parts", "--images", parts, "--model", "nonsense", code=2)
    assert "There is no model nonsense on this machine: choose from crr-embedded, " in refused.output
    assert json.loads(run("list", "--json", "-").stdout)["projects"] == []
    run("create", "Parts", "--images", parts, "--model", "Autoencoder", "--model", "autoencoder-embedded")
    [project] = json.loads(run("list", "--json", "-").stdout)["projects"]
    assert project["models"] == ["autoencoder-embedded"]


def test_a_project_is_made_listed_exported_and_kept(data, parts, tmp_path):
    assert "No projects yet" in run("list").output
    assert (
        "Parts: 4 images added."
        in run("create", "Parts", "--images", parts, "--model", "crr-embedded").output
    )
    say(data, _0="good", _1="good", _2="defective")
    listed = json.loads(run("list", "--json", "-").stdout)
    assert listed["projects"][0] | {"created": ""} == {
        "name": "Parts",
        "images": 4,
        "done": 3,
        "skipped": 0,
        "left": 1,
        "opinions": 1,
        "models": ["crr-embedded"],
        "classes": ["defect"],
        "archived": False,
        "created": "",
        "members": [],
    }
    assert "Parts" in run("list").output
    said = run(
        "export", "Parts", "--format", "mvtec", "--out", tmp_path / "out", "--json", tmp_path / "out.json"
    )
    assert "3 images with 0 marked parts." in said.output
    assert f"crr evaluate --model crr-embedded --data {tmp_path / 'out'}" in said.output
    assert json.loads((tmp_path / "out.json").read_text())["images"] == 3
    assert run("backup", tmp_path / "kept.zip").output.count("item 4") == 1
    assert "All fits together: 4 images." in run("check").output


def test_what_was_exported_is_imported_and_a_backup_restored(data, parts, tmp_path, monkeypatch):
    run("create", "Parts", "--images", parts, "--copy")
    say(data, _0="good", _2="defective", _3="unsure")
    for kind in ("coco", "jsonl"):
        run("export", "Parts", "--format", kind, "--out", tmp_path / kind, "--judgement", "defective")
        listed = tmp_path / kind / f"annotations.{'json' if kind == 'coco' else kind}"
        done = run("import", f"From {kind}", listed, "--format", kind, "--json", "-")
        assert json.loads(done.stdout)["reviews"] == 1
    run("backup", tmp_path / "kept.zip")
    monkeypatch.setenv("CRR_DATA", str(tmp_path / "elsewhere"))
    settings.cache_clear()
    assert "Restored: " in run("restore", tmp_path / "kept.zip").output
    names = {project["name"] for project in json.loads(run("list", "--json", "-").stdout)["projects"]}
    assert names == {"Parts", "From coco", "From jsonl"}
    assert "There are annotations already" in run("restore", tmp_path / "kept.zip", code=2).output


def test_what_is_left_out_is_said_and_the_exit_code_tells(data, parts, tmp_path):
    run("create", "Parts", "--images", parts)
    say(data, _0="good", _1="unsure", _2="good")
    said = run("export", "Parts", "--format", "mvtec", "--out", tmp_path / "out", code=1)
    assert "Left out, unsure whether they are good: 1 image (1.png)." in said.output
    (parts / "2.png").unlink()
    assert "2.png cannot be read from" in run("check", code=1).output
    assert "2.png" in run("export", "Parts", "--format", "coco", "--out", tmp_path / "coco", code=1).output


@pytest.mark.usefixtures("parts")
@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["create", "Parts", "--images", "nowhere"], "nowhere"),
        (["create", "", "--images", "parts"], "Give a name"),
        (["create", "Parts", "--images", "parts", "--masks"], "good"),
        (["import", "Parts", "nowhere.json", "--format", "coco"], "nowhere.json cannot be read"),
        (["import", "Parts", "parts/0.png", "--format", "jsonl"], "0.png, line 1"),
        (["export", "Parts", "--format", "coco", "--out", "out"], "no project Parts"),
        (["restore", "parts/0.png"], "is no backup"),
        (["backup", "parts"], "is a folder"),
    ],
)
def test_wrong_input_is_a_sentence_and_leaves_nothing(tmp_path, monkeypatch, arguments, sentence):
    monkeypatch.chdir(tmp_path)
    result = run(*arguments, code=2)
    assert sentence in result.output
    assert "Traceback" not in result.output
    assert json.loads(run("list", "--json", "-").stdout)["projects"] == []


def test_a_folder_that_cannot_be_used_is_a_sentence(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("CRR_DATA", str(tmp_path / "file"))
    settings.cache_clear()
    assert "CRR_DATA names the folder" in run("list", code=2).output


def test_help_needs_no_torch():
    code = "import sys, workbench.__main__; sys.exit('torch' in sys.modules or 'streamlit' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
    assert "restore" in run("--help").output
