"""What is published can be found, read and pulled again."""

import json
import re
import shutil
import threading
import time

import pytest
from huggingface_hub import constants
from typer.testing import CliRunner

from crr import registry
from crr.card_metadata import Facts, metadata_of, ready_to_publish, results_of, with_results
from crr.checkpoint import describe, load, save
from crr.cli import app
from crr.errors import ConfigError, HubError, StoppedError
from crr.hub import HubName, Store, card_to_publish, patience, upload
from crr.images import encode_png
from crr.model_card import write_figures
from crr.presets import configure
from crr.report import HEADINGS
from tests.crr.tiny import calibrated_detector, good_images
from tests.hub_server import TOKEN, Fault

NAME = HubName("owner/mine")


def crr(*arguments, code=0):
    result = CliRunner().invoke(app, [str(argument) for argument in arguments], catch_exceptions=False)
    assert result.exit_code == code, result.output
    assert TOKEN not in result.output
    return result.output


@pytest.fixture
def model(tiny_model, tmp_path):
    """A copy that a test may change."""
    return shutil.copytree(tiny_model, tmp_path / "mine")


def report(value=0.875):
    def row():
        return dict.fromkeys(HEADINGS, value) | {"images": 4}

    return {"model": "mine", "categories": {"plate": row(), "ring": row()}, "mean": row()}


def test_a_push_then_a_pull_gives_equal_bits(hub, server, model):
    published = hub.push(model, NAME)
    assert published.url == f"{server.endpoint}/owner/mine"
    pulled = hub.pull(NAME)
    assert pulled.name == published.name
    for file in ("config.json", "model.safetensors"):
        assert (pulled.path / file).read_bytes() == (model / file).read_bytes()
    assert (pulled.path / "README.md").read_text() == card_to_publish(model)
    assert describe(pulled.path).revision == describe(model).revision


def test_the_card_says_what_the_hub_and_a_search_need(hub, model):
    write_figures(model, report(), "crr evaluate --model mine --data DATA")
    hub.push(model, NAME)
    [found] = hub.search("mine")
    assert found.licence == "mit"
    assert found.results == dict.fromkeys(HEADINGS, 0.875)
    config = calibrated_detector().config
    layers = tuple(map(str, config.encoder.layers))
    assert found.facts == Facts(config.method, config.encoder.name, layers, config.categories)
    assert found.card["library_name"] == "crr"
    assert found.card["pipeline_tag"] == "image-segmentation"
    assert {"anomaly-detection", config.encoder.name} <= set(found.card["tags"])
    assert hub.search("other") == []
    looked_up = hub.look_up(NAME)
    assert looked_up.results == found.results
    sizes = [looked_up.files[name].bytes for name in ("config.json", "model.safetensors", "README.md")]
    assert looked_up.bytes == sum(sizes)


def test_only_models_of_this_library_are_found(hub, server, model):
    server.add("owner/bert", {"README.md": b"---\nlibrary_name: transformers\ntags:\n- crr\n---\n"})
    hub.push(model, NAME)
    assert [str(found.name) for found in hub.search()] == ["owner/mine"]


def test_card_and_revisions_are_read_without_pulling(hub, server, model):
    hub.push(model, NAME)
    server.repos["owner/mine"].tags["v1"] = server.repos["owner/mine"].commits[-1].sha
    assert hub.revisions("owner/mine") == ["main", "v1"]
    looked_up = hub.look_up(NAME)
    assert hub.read_card(looked_up) == "# Tiny"
    assert hub.store.all() == []
    with pytest.raises(HubError, match="no model owner/other"):
        hub.revisions("owner/other")


def test_a_second_push_is_a_second_commit_and_an_unchanged_one_is_none(hub, server, model):
    first = hub.push(model, NAME)
    save(calibrated_detector(), model, "---\nlicense: mit\n---\n# Better\n")
    second = hub.push(model, NAME, message="better")
    assert first.name != second.name
    assert len(server.repos["owner/mine"].commits) == 3
    assert hub.pull(HubName("owner/mine", first.name.revision)).name == first.name


def test_photos_stay_here_unless_they_are_asked_for(hub, server, model):
    folder = model / "normals" / "plate"
    folder.mkdir(parents=True)
    (folder / "000.jpg").write_bytes(b"a photo")
    hub.push(model, NAME)
    assert "normals/plate/000.jpg" not in server.repos["owner/mine"].commits[-1].files
    hub.push(model, NAME, normals=True)
    assert server.repos["owner/mine"].commits[-1].files["normals/plate/000.jpg"] == b"a photo"
    assert "normals" not in {path.name for path in hub.pull(NAME).path.iterdir()}


def test_a_private_repository_is_private(hub, server, model):
    hub.push(model, NAME, private=True)
    assert server.repos["owner/mine"].private
    hub.push(model, HubName("owner/open"))
    with pytest.raises(HubError, match="is there already, and everybody sees it"):
        hub.push(model, HubName("owner/open"), private=True)
    assert len(server.repos["owner/open"].commits) == 2


def test_a_card_that_holds_anything_breaks_no_search(hub, server):
    odd = b"---\nlibrary_name: crr\ncrr: {categories: 5, layers: x}\nlicense: [a]\n---\n"
    server.add("owner/odd", {"README.md": odd})
    server.add("owner/odder", {"README.md": b"---\nlibrary_name: crr\ncrr: 3\n---\n"})
    assert [(found.facts, found.results) for found in hub.search()] == [(Facts(), {})] * 2


@pytest.mark.parametrize("head", ["", "---\nlicense: other\n---\n", "---\nlibrary_name: crr\n---\n"])
def test_without_a_licence_nothing_is_published(hub, server, model, head):
    (model / "README.md").write_text(head + "# Mine\n")
    with pytest.raises(ConfigError, match="give one, such as"):
        hub.push(model, NAME)
    assert server.requests == []
    hub.push(model, NAME, licence="cc-by-4.0")
    card = server.repos["owner/mine"].commits[-1].files["README.md"].decode()
    assert metadata_of(card)["license"] == "cc-by-4.0"


def test_a_card_whose_head_is_no_yaml_is_a_sentence():
    config = calibrated_detector().config
    with pytest.raises(ConfigError, match="between two lines of ---"):
        ready_to_publish("---\na: [1\n---\n# Mine\n", config)
    with pytest.raises(ConfigError, match="between two lines of ---"):
        metadata_of("---\njust words\n---\n")


def test_figures_that_do_not_exist_are_left_out():
    figures = report()
    figures["mean"]["aupro"] = figures["categories"]["ring"]["pixel_ap"] = None
    card = with_results("# Mine\n", "mine", figures)
    assert set(results_of(metadata_of(card))) == set(HEADINGS) - {"aupro"}
    assert results_of({}) == results_of({"model-index": [1]}) == results_of({"model-index": 3}) == {}
    twice = with_results(card, "mine", report(0.5))
    assert set(results_of(metadata_of(twice)).values()) == {0.5}
    assert "# Mine" in twice


@pytest.mark.parametrize(
    ("token", "sentence"), [("", "hf auth login"), ("hf_wrong", "the token lacks the right")]
)
def test_a_missing_or_foreign_token_is_a_sentence(hub, server, model, monkeypatch, token, sentence):
    monkeypatch.setattr(constants, "HF_TOKEN_PATH", "/nowhere")
    monkeypatch.setenv("HF_TOKEN", token)
    with pytest.raises(HubError, match=sentence) as refusal:
        hub.push(model, NAME)
    assert "hf_wrong" not in str(refusal.value)
    assert "owner/mine" not in server.repos


@pytest.mark.parametrize("where", ["/commit/", "PUT /lfs/", "/preupload/"])
def test_a_server_that_fails_while_it_takes_a_model_is_a_sentence(hub, server, model, where):
    server.faults = [Fault(where, 418)]
    with pytest.raises(HubError, match="refused the request for owner/mine"):
        hub.push(model, NAME)
    assert len(server.repos["owner/mine"].commits) == 1  # the empty one that a repository begins with


def test_a_push_says_how_far_it_is(hub, model):
    told = []
    hub.push(model, NAME, tell=told.append)
    sizes = {name: (model / name).stat().st_size for name in ("config.json", "model.safetensors")}
    assert {one.total for one in told} == {sum(sizes.values())}
    assert [one.done for one in told] == sorted(one.done for one in told)
    assert told[-1].done == told[-1].total
    assert "model.safetensors" in {one.file for one in told if one.done < one.total}


def test_a_push_that_is_stopped_publishes_nothing_and_the_next_one_does(hub, server, model):
    stop = threading.Event()
    with pytest.raises(StoppedError, match="nothing was published"):
        hub.push(model, NAME, tell=lambda _: stop.set(), stop=stop)
    assert len(server.repos["owner/mine"].commits) == 1
    hub.push(model, NAME, stop=threading.Event())
    assert len(server.repos["owner/mine"].commits) == 2


@pytest.mark.parametrize(
    ("where", "sentence"),
    [
        ("/repos/create", "does not answer"),
        ("/preupload/", "does not answer"),
        ("PUT /lfs/", "does not answer"),
        ("/commit/", "did not say whether owner/mine was published"),
    ],
)
def test_a_server_that_hangs_while_it_takes_a_model_is_given_up(
    hub, server, model, monkeypatch, where, sentence
):
    monkeypatch.setattr(patience, "PATIENCE", 0.5)
    monkeypatch.setattr(upload, "_PATIENCE", 0.5)
    server.faults = [Fault(where, hang=3)]
    start = time.monotonic()
    with pytest.raises(HubError, match=sentence):
        hub.push(model, NAME)
    assert time.monotonic() - start < 2.5


def test_a_repository_that_holds_something_else_is_not_written_over(hub, server, model):
    other = {"README.md": b"---\nlibrary_name: transformers\n---\n", "pytorch_model.bin": b"weights"}
    server.add("owner/bert", other)
    with pytest.raises(HubError, match=r"holds something else \(pytorch_model.bin\)"):
        hub.push(model, HubName("owner/bert"))
    assert server.repos["owner/bert"].commits[-1].files == other
    server.add("owner/begun", {"README.md": b"---\nlicense: mit\n---\n", ".gitattributes": b""})
    assert hub.push(model, HubName("owner/begun")).name.repo == "owner/begun"


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
    commit = server.repos["owner/mine"].commits[-1].sha
    assert f"owner/mine@{commit[:7]}: {server.endpoint}/owner/mine" in said
    listed = json.loads(crr("models", "--hub", "--search", "mine", "--json", "-"))
    assert [row["name"] for row in listed["hub"]] == ["owner/mine"]
    assert listed["models"] == []
    assert "owner/mine" in crr("models", "--hub")
    said = crr("pull", "owner/mine", "--progress", "json")
    lines = [json.loads(line) for line in said.splitlines()]
    assert lines[-2]["done"] == lines[-2]["total"]
    assert (lines[-1]["stage"], lines[-1]["commit"], lines[-1]["licence"]) == ("pulled", commit, "mit")
    assert f"owner/mine@{commit[:7]}" in re.sub(r"\s+", "", crr("models"))
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
    assert "There is no folder owner/typo here, so the Hub was asked." in said
    assert "no name on the Hub" in crr("pull", "tiny", code=2)
    assert "no name on the Hub" in crr("push", "tiny", "mine", code=2)


def test_every_method_can_be_published():
    for method in registry.METHODS:
        config = configure("embedded", method=method)
        assert metadata_of(ready_to_publish("# A\n", config, "mit"))["crr"]["method"] == method


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
