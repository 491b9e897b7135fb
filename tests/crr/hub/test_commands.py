"""The commands `pull`, `push` and `models`, and models of the Hub in the others."""

import json
import os
import re
import subprocess
import sys

import pytest
from huggingface_hub import constants
from typer.testing import CliRunner

from crr.checkpoints.card_metadata import metadata_of
from crr.checkpoints.model_card import write_figures
from crr.checkpoints.serialization import load
from crr.cli.main import app
from crr.data.images import encode_png
from crr.hub import HubName, Store
from tests.crr.tiny import good_images
from tests.hub_repos import TOKEN


def crr(*arguments, code=0):
    result = CliRunner().invoke(app, [str(argument) for argument in arguments], catch_exceptions=False)
    assert result.exit_code == code, result.output
    assert TOKEN not in result.output
    return result.output


def test_on_the_command_line_a_model_is_published_found_pulled_and_used(server, model, tmp_path, monkeypatch):
    monkeypatch.setenv("CRR_CHECKPOINTS", str(tmp_path / "none"))
    preview = crr("push", model, "owner/mine", "--preview", "--license", "mit")
    assert metadata_of(preview)["crr"]["method"] == "crr"
    assert server.requests == []
    lines = [
        json.loads(line) for line in crr("push", model, "owner/early", "--progress", "json").splitlines()
    ]
    assert (lines[0]["stage"], lines[-2]["done"]) == ("push", lines[-2]["total"])
    assert (lines[-1]["stage"], lines[-1]["url"]) == ("pushed", f"{server.endpoint}/owner/early")
    del server.repos["owner/early"]
    said = crr("push", model, "owner/mine")
    assert "It has no figures: crr evaluate" in said
    assert "new revision" not in said
    commit = server.repos["owner/mine"].commits[-1].sha
    assert f"Published as owner/mine@{commit[:7]}: {server.endpoint}/owner/mine" in said
    listed = json.loads(crr("models", "--hub", "--search", "mine", "--json", "-"))
    assert [row["name"] for row in listed["hub"]] == ["owner/mine"]
    assert listed["models"] == []
    assert "owner/mine" in crr("models", "--hub")
    said = crr("pull", "owner/mine", "--progress", "json")
    lines = [json.loads(line) for line in said.splitlines()]
    assert lines[-2]["done"] == lines[-2]["total"]
    assert (lines[-1]["stage"], lines[-1]["commit"], lines[-1]["licence"]) == ("pulled", commit, "mit")
    assert f"owner/mine@{commit[:7]}" in crr("models")
    assert ", also called owner/mine" in re.sub(r"\s+", " ", crr("models"))
    assert "on this machine" in crr("models", "--hub")
    before = len(server.requests)
    photo = tmp_path / "part.png"
    photo.write_bytes(encode_png(good_images("plate", 1, seed=3)[0]))
    results = tmp_path / "results.json"
    crr("predict", photo, "--model", "owner/mine", "--json", results, "--device", "cpu")
    assert len(server.requests) == before
    assert json.loads(results.read_text())["model"] == f"owner/mine@{commit[:7]}"
    [own] = crr_predicts(model, photo, tmp_path)
    [pulled] = json.loads(results.read_text())["images"]
    assert pulled["score"] == own["score"]


def test_figures_are_not_written_into_the_card_of_a_pulled_model(server, files, tmp_path):
    server.add("owner/tiny", files)
    crr("pull", "owner/tiny")
    [pulled] = Store().all()
    photos = tmp_path / "data" / "plate" / "train" / "good"
    photos.mkdir(parents=True)
    for number, image in enumerate(good_images("plate", 2, seed=3)):
        (photos / f"{number}.png").write_bytes(encode_png(image))
    for command in ("evaluate", "identity"):
        said = crr(command, "--model", "owner/tiny", "--data", tmp_path / "data", "--card", code=2)
        assert "its card is its owner's" in said
    assert (pulled.path / "README.md").read_bytes() == files["README.md"]


def test_a_pull_says_under_which_licence_it_came(server, files):
    server.add("owner/tiny", files)
    server.add("owner/bare", {**files, "README.md": b"# Bare"})
    assert "Licence: mit" in crr("pull", "owner/tiny")
    assert "Licence: its card names none" in crr("pull", "owner/bare")


def test_a_pull_says_what_it_changed(server, files, monkeypatch):
    first = server.add("owner/tiny", files)
    assert re.search(r"Pulled \d\.\d MB\.", crr("pull", "owner/tiny"))
    assert "It was here already: main has nothing newer." in crr("pull", "owner/tiny")
    server.add("owner/tiny", {**files, "README.md": b"# Better"})
    assert f"Updated: it was owner/tiny@{first[:7]} before" in crr("pull", "owner/tiny")
    assert "It was here already.\n" in crr("pull", f"owner/tiny@{first}")
    third = server.add("owner/tiny", {**files, "README.md": b"# Best"})
    crr("pull", f"owner/tiny@{third}")
    assert "Updated: it was owner/tiny@" in crr("pull", "owner/tiny")  # though nothing had to be sent
    [*_, last] = crr("pull", "owner/tiny@main", "--progress", "json").splitlines()
    assert json.loads(last)["before"] == json.loads(last)["commit"]
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    assert "HF_HUB_OFFLINE forbids to ask whether there is a newer one." in crr("pull", "owner/tiny")


@pytest.mark.usefixtures("server")
def test_a_push_says_what_it_changed_and_what_the_card_lacks(model, report):
    (model / "README.md").write_text("# Mine\n")
    preview = crr("push", model, "owner/mine", "--preview")
    assert "Its card names no licence: give one" in preview
    assert "It has no figures" in preview
    write_figures(model, report, "crr evaluate --model mine --data DATA")
    assert "It has no figures" not in crr("push", model, "owner/mine", "--license", "mit")
    (model / "README.md").write_text("# Better\n")
    said = crr("push", model, "owner/mine", "--license", "mit")
    (model / "README.md").write_text("---\nlicense: cc-by-4.0\n---\n# Better\n")
    assert "Its own card says cc-by-4.0, and not mit" in crr("push", model, "owner/odd", "--license", "mit")
    assert ", a new revision; the older ones stay: " in said


def test_who_reads_no_further_ends_the_command_and_is_told_nothing_wrong(server, files):
    """As `crr pull --progress json | head -1` does."""
    server.add("owner/tiny", {**files, "README.md": b"x" * 400_000})
    environment = {**os.environ, "HF_ENDPOINT": server.endpoint, "HF_HUB_OFFLINE": "0"}
    environment["HF_ASSETS_CACHE"] = constants.HF_ASSETS_CACHE
    command = [sys.executable, "-m", "crr", "pull", "owner/tiny", "--progress", "json"]
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as pull:
        pull.stdout.readline()
        pull.stdout.close()
        assert "Make room" not in pull.stderr.read()
        assert pull.wait(timeout=60) == 1


def test_pulled_models_are_removed_by_name(server, files):
    for card in (b"# First", b"# Second"):
        server.add("owner/tiny", {**files, "README.md": card})
        crr("pull", "owner/tiny")
    server.add("owner/other", files)
    crr("pull", "owner/other")
    newest = Store().find(HubName("owner/tiny"))
    assert f"Removed {newest.name}; " in crr("remove", "owner/tiny@main")
    [old, other] = sorted(Store().all(), key=lambda model: model.name.repo, reverse=True)
    crr("pull", "owner/tiny")
    assert crr("remove", "owner/tiny").count("Removed owner/tiny@") == 2
    assert Store().all() == [other]
    assert not old.path.exists()
    for name in ("owner/tiny", "owner/other@v9"):
        assert f"{name} is not among the models that were pulled" in crr("remove", name, code=2)
    assert "no name on the Hub" in crr("remove", "tiny", code=2)


@pytest.mark.usefixtures("server")
def test_a_search_without_hits_says_so():
    said = crr("models", "--hub", "--search", "unheard")
    assert "No checkpoint on this machine has 'unheard' in its name." in said
    assert "There are no such models on the Hub." in said


def crr_predicts(model, photo, folder):
    results = folder / "own.json"
    crr("predict", photo, "--model", model, "--json", results, "--device", "cpu")
    return json.loads(results.read_text())["images"]


def test_a_model_that_is_not_here_is_pulled_when_it_is_named(server, files, tmp_path):
    server.add("owner/tiny", files)
    photo = tmp_path / "part.png"
    photo.write_bytes(encode_png(good_images("plate", 1, seed=3)[0]))
    crr("predict", photo, "--model", "owner/tiny", "--progress", "none", "--device", "cpu")
    assert len(Store().all()) == 1
    said = crr("predict", photo, "--model", "owner/typo", code=2)
    assert "owner/typo is neither a folder nor a model that was pulled." in said
    assert "no name on the Hub" in crr("pull", "tiny", code=2)
    assert "no name on the Hub" in crr("push", "tiny", "mine", code=2)


def test_the_embedded_checkpoint_goes_there_and_back_and_finds_the_same(server, tmp_path, monkeypatch):
    """The real one: published, pulled on an empty machine, and asked about a real photo."""
    said = crr("push", "crr-embedded", "owner/six")
    assert "files in its folder normals/ stayed here" in said
    monkeypatch.setenv("CRR_CHECKPOINTS", str(tmp_path / "none"))
    crr("pull", "owner/six", "--progress", "none")
    results = tmp_path / "results.json"
    crr("predict", "samples/bottle_broken_large.jpg", "--model", "owner/six", "--json", results)
    [row] = json.loads(results.read_text())["images"]
    assert row["verdict"] == "defective"
    monkeypatch.delenv("CRR_CHECKPOINTS")
    own = load("crr-embedded", "cpu")
    assert load(Store().all()[0].path, "cpu").revision == own.revision
    assert server.repos["owner/six"].commits
