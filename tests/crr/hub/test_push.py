"""What is published can be found, read and pulled again."""

import threading
import time

import pytest
from huggingface_hub import constants

from crr.checkpoints.card_metadata import Facts, metadata_of
from crr.checkpoints.files import describe
from crr.checkpoints.model_card import write_figures
from crr.checkpoints.serialization import save
from crr.errors import CheckpointError, ConfigError, HubError, StoppedError
from crr.hub import HubName, Publication, timeouts
from crr.hub.publishing import upload
from crr.metrics.report import HEADINGS
from tests.crr.tiny import calibrated_detector
from tests.hub_repos import Fault

NAME = HubName("owner/mine")


def test_a_push_then_a_pull_gives_equal_bits(hub, server, model):
    published = hub.push(Publication(model, NAME))
    assert published.url == f"{server.endpoint}/owner/mine"
    pulled = hub.pull(NAME)
    assert pulled.name == published.name
    for file in ("config.json", "model.safetensors"):
        assert (pulled.path / file).read_bytes() == (model / file).read_bytes()
    assert (pulled.path / "README.md").read_text() == Publication(model, NAME).card()
    assert describe(pulled.path).revision == describe(model).revision


def test_the_card_says_what_the_hub_and_a_search_need(hub, model, report):
    write_figures(model, report, "crr evaluate --model mine --data DATA")
    hub.push(Publication(model, NAME))
    [found] = hub.search("mine")
    assert found.licence == "mit"
    assert found.results == dict.fromkeys(HEADINGS, 0.875)
    config = calibrated_detector().config
    layers = tuple(map(str, config.encoder.layers))
    size = sum((model / name).stat().st_size for name in ("config.json", "model.safetensors"))
    assert found.facts == Facts(config.method, config.encoder.name, layers, config.categories, size)
    assert [one["name"] for one in found.card["model-index"]] == ["owner/mine"]
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
    hub.push(Publication(model, NAME))
    assert [str(found.name) for found in hub.search()] == ["owner/mine"]


def test_card_and_revisions_are_read_without_pulling(hub, server, model):
    hub.push(Publication(model, NAME))
    server.repos["owner/mine"].tags["v1"] = server.repos["owner/mine"].commits[-1].sha
    revisions = hub.revisions("owner/mine")
    assert [one.name for one in revisions[:2]] == ["main", "v1"]
    newest = server.repos["owner/mine"].commits[-1].sha
    assert str(revisions[2]).startswith(f"{newest[:7]} · 2026-01-02 · mine, revision ")
    looked_up = hub.look_up(NAME)
    card = hub.read_card(looked_up)
    assert card.startswith("# Tiny\n")
    assert card.endswith("    crr predict photo.jpg --model owner/mine --out results")
    assert hub.store.all() == []
    with pytest.raises(HubError, match="no model owner/other"):
        hub.revisions("owner/other")


def test_a_second_push_is_a_second_commit_and_an_unchanged_one_is_none(hub, server, model):
    first = hub.push(Publication(model, NAME))
    save(calibrated_detector(), model, "---\nlicense: mit\n---\n# Better\n")
    second = hub.push(Publication(model, NAME, message="better"))
    assert first.name != second.name
    assert first.before is None
    assert second.name.means(server.repos["owner/mine"].commits[-1].sha)
    assert first.name.means(second.before)
    unchanged = hub.push(Publication(model, NAME))
    assert unchanged.name == second.name
    assert "is this model already" in unchanged.sentence
    assert len(server.repos["owner/mine"].commits) == 3
    assert hub.pull(HubName("owner/mine", first.name.revision)).name == first.name


def test_photos_stay_here_unless_they_are_asked_for(hub, server, model):
    folder = model / "normals" / "plate"
    folder.mkdir(parents=True)
    (folder / "000.jpg").write_bytes(b"a photo")
    hub.push(Publication(model, NAME))
    assert "normals/plate/000.jpg" not in server.repos["owner/mine"].commits[-1].files
    hub.push(Publication(model, NAME, normals=True))
    assert server.repos["owner/mine"].commits[-1].files["normals/plate/000.jpg"] == b"a photo"
    assert "normals" not in {path.name for path in hub.pull(NAME).path.iterdir()}
    hub.push(Publication(model, NAME))  # the card is another one now, and may not speak for them
    assert "normals/plate/000.jpg" not in server.repos["owner/mine"].commits[-1].files


def test_a_private_repository_is_private(hub, server, model):
    hub.push(Publication(model, NAME, private=True))
    assert server.repos["owner/mine"].private
    hub.push(Publication(model, HubName("owner/open")))
    with pytest.raises(HubError, match="is there already, and everybody sees it"):
        hub.push(Publication(model, HubName("owner/open"), private=True))
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
        hub.push(Publication(model, NAME))
    assert server.requests == []
    assert "names no licence" in Publication(model).lacks(Publication(model).card())[0]
    hub.push(Publication(model, NAME, licence=" CC-BY-4.0"))
    card = server.repos["owner/mine"].commits[-1].files["README.md"].decode()
    assert metadata_of(card)["license"] == "cc-by-4.0"


def test_a_card_that_the_hub_refuses_is_a_sentence_before_anything_is_sent(hub, server, model):
    with pytest.raises(HubError, match='does not accept the card: "license" must be one of'):
        hub.push(Publication(model, NAME, licence="to-be-found"))
    assert "owner/mine" not in server.repos
    assert server.large == {}


@pytest.mark.parametrize(
    ("token", "sentence"), [("", "hf auth login"), ("hf_wrong", "the token lacks the right")]
)
def test_a_missing_or_foreign_token_is_a_sentence(hub, server, model, monkeypatch, token, sentence):
    monkeypatch.setattr(constants, "HF_TOKEN_PATH", "/nowhere")
    monkeypatch.setenv("HF_TOKEN", token)
    with pytest.raises(HubError, match=sentence) as refusal:
        hub.push(Publication(model, NAME))
    assert "hf_wrong" not in str(refusal.value)
    assert "owner/mine" not in server.repos


@pytest.mark.parametrize("where", ["/commit/", "PUT /lfs/", "/preupload/"])
def test_a_server_that_fails_while_it_takes_a_model_is_a_sentence(hub, server, model, where):
    server.faults = [Fault(where, 418)]
    with pytest.raises(HubError, match="refused the request for owner/mine"):
        hub.push(Publication(model, NAME))
    assert len(server.repos["owner/mine"].commits) == 1  # the empty one that a repository begins with


def test_a_push_says_how_far_it_is(hub, model):
    told = []
    hub.push(Publication(model, NAME), tell=told.append)
    sizes = {name: (model / name).stat().st_size for name in ("config.json", "model.safetensors")}
    assert {one.total for one in told} == {sum(sizes.values())}
    assert [one.done for one in told] == sorted(one.done for one in told)
    assert told[-1].done == told[-1].total
    assert "model.safetensors" in {one.file for one in told if one.done < one.total}
    again = []
    hub.push(Publication(model, HubName("owner/again")), tell=again.append)  # the Hub has these bytes already
    assert {one.done for one in again} == {sum(sizes.values())}


def test_a_push_that_is_stopped_publishes_nothing_and_the_next_one_does(hub, server, model):
    stop = threading.Event()
    with pytest.raises(StoppedError, match=r"nothing was published\. An empty .* is at .*/owner/mine"):
        hub.push(Publication(model, NAME), tell=lambda _: stop.set(), stop=stop)
    assert len(server.repos["owner/mine"].commits) == 1
    hub.push(Publication(model, NAME), stop=threading.Event())
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
    monkeypatch.setattr(timeouts, "SILENCE_TIMEOUT", 0.5)
    monkeypatch.setattr(upload, "_CHECK_TIMEOUT", 0.5)
    server.faults = [Fault(where, hang=9)]
    start = time.monotonic()
    with pytest.raises(HubError, match=sentence):
        hub.push(Publication(model, NAME))
    assert time.monotonic() - start < 8


def test_a_connection_that_breaks_while_it_is_published_leaves_that_open(hub, server, model):
    server.faults = [Fault("/commit/", cut=0)]
    with pytest.raises(HubError, match="did not say whether owner/mine was published"):
        hub.push(Publication(model, NAME))


def test_the_hubs_own_reason_is_repeated(hub, server, model):
    server.faults = [Fault("/commit/", 403, {"X-Error-Message": "Private storage limit reached."})]
    with pytest.raises(HubError, match="does not allow this for owner/mine: Private storage limit reached"):
        hub.push(Publication(model, NAME))


def test_what_nobody_could_pull_is_not_published(hub, server, model):
    (model / "README.md").write_text("---\nlicense: mit\n---\n" + "x" * 2**20)
    with pytest.raises(ConfigError, match=r"README\.md has 1\.0 MB.* nobody could pull it"):
        hub.push(Publication(model, NAME))
    (model / "model.safetensors").unlink()
    with pytest.raises(CheckpointError, match="is missing"):
        Publication(model).card()
    assert server.requests == []


def test_a_repository_that_holds_something_else_is_not_written_over(hub, server, model):
    other = {"README.md": b"---\nlibrary_name: transformers\n---\n", "pytorch_model.bin": b"weights"}
    server.add("owner/bert", other)
    with pytest.raises(HubError, match=r"holds something else \(pytorch_model.bin\)"):
        hub.push(Publication(model, HubName("owner/bert")))
    assert server.repos["owner/bert"].commits[-1].files == other
    server.add("owner/begun", {"README.md": b"---\nlicense: mit\n---\n", ".gitattributes": b""})
    assert hub.push(Publication(model, HubName("owner/begun"))).name.repo == "owner/begun"
