"""An export that goes to the Hub as a data set, with the real client against a Hub on this machine."""

import json

import cv2
import numpy as np
import pytest

from crr.hub.publishing import upload
from tests.hub_server import the_only_hub
from tests.workbench.annotation.parts import DOT
from tests.workbench.command.test_annotations import data, parts, run, say
from workbench.annotation.masks import encode
from workbench.annotation.records import Region, Review
from workbench.annotation.store import open_store

__all__ = ["data", "parts"]  # fixtures


@pytest.fixture
def hub(monkeypatch, tmp_path):
    with the_only_hub(monkeypatch, tmp_path / "assets") as running:
        monkeypatch.setenv("HF_ENDPOINT", running.endpoint)
        yield running


@pytest.fixture
def exported(data, parts, tmp_path):
    run("create", "Parts", "--images", parts)
    say(data, _0="good", _1="good")
    store = open_store(data)
    item = next(one for one in store.images.all(store.projects.get("Parts").id) if "2" in one.image.name)
    marked = Review("defective", (Region("defect", encode(DOT)),))
    store.reviews.save(item.id, None, marked, store.people.named("Anna"), "attempt 2")
    store.close()
    run("export", "Parts", "--format", "hub", "--out", tmp_path / "out", "--license", "mit")
    return tmp_path / "out"


def test_an_export_for_the_hub_is_an_image_folder_with_masks_and_a_card(exported):
    lines = [json.loads(line) for line in (exported / "metadata.jsonl").read_text().splitlines()]
    assert [line["judgement"] for line in lines] == ["good", "good", "defective"]
    for line in lines:
        image, mask = (cv2.imread(str(exported / line[name])) for name in ("file_name", "mask_file_name"))
        assert image.shape == mask.shape
        marked = DOT if line["judgement"] == "defective" else np.zeros_like(DOT)
        assert np.array_equal(mask[..., 0], 255 * marked)
    card = (exported / "README.md").read_text()
    assert "license: mit" in card
    assert "| defective | 1 |" in card
    assert "Anna" not in card + (exported / "metadata.jsonl").read_text()


@pytest.mark.parametrize("licence", [(), ("--license", "my own: [words]"), ("--license", "")])
def test_without_a_licence_nothing_is_written(data, parts, tmp_path, licence):
    run("create", "Parts", "--images", parts)
    say(data, _0="good")
    said = run("export", "Parts", "--format", "hub", "--out", tmp_path / "out", *licence, code=2).output
    assert "under which licence" in said
    assert not (tmp_path / "out").exists()


def test_it_is_published_replaced_and_never_put_over_something_else(exported, hub):
    said = run("publish", exported, "owner/parts").output
    assert f"{hub.endpoint}/datasets/owner/parts" in said
    files = hub.repos["datasets/owner/parts"].commits[-1].files
    assert {"README.md", "metadata.jsonl"} <= set(files)
    assert sum(name.startswith("images/") for name in files) == 3
    gone = next(path for path in (exported / "images").iterdir())
    gone.unlink()
    run("publish", exported, "owner/parts")
    assert f"images/{gone.name}" not in hub.repos["datasets/owner/parts"].commits[-1].files
    hub.add("datasets/owner/other", {"README.md": b"---\ntags: [x]\n---\n", "data.csv": b"1"})
    said = run("publish", exported, "owner/other", code=2).output
    assert "holds something else (data.csv)" in " ".join(said.split())
    assert hub.repos["datasets/owner/other"].commits[-1].files["data.csv"] == b"1"


@pytest.mark.parametrize(("name", "sentence"), [("parts", "OWNER/NAME"), ("owner/parts@v1", "OWNER/NAME")])
def test_a_name_that_is_none_is_a_sentence(exported, hub, name, sentence):
    assert sentence in run("publish", exported, name, code=2).output
    assert hub.repos == {}


def test_what_is_hidden_stays_here_and_many_files_need_not_be_open_at_once(exported, hub, monkeypatch):
    monkeypatch.setattr(upload, "_FEW", 2)
    monkeypatch.setattr(upload, "_AT_A_TIME", 2)
    (exported / ".git").mkdir()
    (exported / ".git/config").write_text("url = https://me:secret@elsewhere")
    (exported / ".hidden.png").write_bytes(b"x")
    run("publish", exported, "owner/parts")
    files = hub.repos["datasets/owner/parts"].commits[-1].files
    assert not [name for name in files if name.startswith(".") and name != ".gitattributes"]
    for path in (path for path in exported.rglob("*.png") if not path.name.startswith(".")):
        assert files[path.relative_to(exported).as_posix()] == path.read_bytes()


def test_a_folder_that_is_no_export_is_refused(tmp_path, hub):
    (tmp_path / "README.md").write_text("---\nlicense: mit\n---\n")
    assert "does not say tags: crr-annotations" in run("publish", tmp_path, "owner/parts", code=2).output
    assert hub.repos == {}
