"""What cannot be pulled has a sentence that says why, and leaves nothing behind."""

import json
import threading
import time

import pytest
from huggingface_hub import constants

from crr.errors import CheckpointError, ConfigError, HubError, NewerFormatError, StoppedError
from crr.hub import Hub, HubName, Store, find
from tests.crr.hub.arrival import NAME, WEIGHTS, asked
from tests.hub_repos import TOKEN, Fault

BAD_TOKEN = "Invalid credentials in Authorization header"  # as the Hub says it


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        (
            Fault("/api/models", 401, {"X-Error-Message": BAD_TOKEN}),
            "token",
        ),
        (Fault("/api/models", 403), "does not allow this"),
        (Fault("/api/models", 429, {"Retry-After": "7"}), "try again in 7 seconds"),
        (Fault("/api/models", 429), "in a few minutes"),
        (Fault("/api/models", 503), r"out of order \(503\)"),
        (Fault(f"/{WEIGHTS}", 503), r"out of order \(503\)"),
        (Fault("/api/models", 200), "not as a Hub does"),
        (Fault("/api/models", 418), r"refused the request for owner/tiny \(418\)"),
    ],
)
def test_each_refusal_has_its_sentence(hub, server, files, fault, sentence):
    server.add(NAME.repo, files)
    server.faults = [fault]
    with pytest.raises(HubError, match=sentence) as refusal:
        hub.pull(NAME)
    assert TOKEN not in str(refusal.value)
    assert hub.store.all() == []


def test_what_is_not_there_is_said_so(hub, server, files):
    server.add(NAME.repo, files)
    with pytest.raises(HubError, match=r"no model owner/other on .*private.*use a token that may see it"):
        hub.pull(HubName("owner/other"))
    with pytest.raises(HubError, match="owner/tiny has no revision v9"):
        hub.pull(HubName(NAME.repo, "v9"))


def test_private_and_gated_models_need_a_token(hub, server, files, monkeypatch):
    server.add("owner/private", files, private=True)
    server.add("owner/gated", files, gated=True)
    assert hub.pull(HubName("owner/private")).path.is_dir()
    monkeypatch.delenv("HF_TOKEN")
    monkeypatch.setattr(constants, "HF_TOKEN_PATH", "/nowhere")
    with pytest.raises(HubError, match=r"or it is private.*HF_TOKEN"):
        hub.look_up(HubName("owner/private"))
    with pytest.raises(HubError, match="is gated: ask for access on"):
        hub.pull(HubName("owner/gated"))


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({WEIGHTS: None}, "no model.safetensors"),
        ({WEIGHTS: None, "model.bin": b"0"}, "It holds model.bin, a pickle, which is refused"),
        ({"config.json": None, WEIGHTS: None}, "no config.json and no model.safetensors"),
        ({"config.json": b"{" * 2_000_000}, "more than 1,048,576 is not accepted"),
    ],
)
def test_what_is_no_checkpoint_is_refused_before_anything_is_sent(hub, server, files, change, sentence):
    server.add(NAME.repo, {name: one for name, one in {**files, **change}.items() if one is not None})
    with pytest.raises(HubError, match=sentence):
        hub.pull(NAME)
    assert asked(server) == []


def test_a_foreign_or_newer_config_is_refused_before_the_weights_are_sent(hub, server, files):
    server.add("owner/foreign", {**files, "config.json": b'{"architectures": ["BertModel"]}'})
    with pytest.raises(CheckpointError, match=r"owner/foreign: config\.json"):
        hub.pull(HubName("owner/foreign"))
    newer = json.loads(files["config.json"]) | {"format": 99}
    server.add("owner/newer", {**files, "config.json": json.dumps(newer).encode()})
    with pytest.raises(NewerFormatError, match="owner/newer"):
        hub.pull(HubName("owner/newer"))
    assert not [line for line in asked(server) if WEIGHTS in line]
    assert not list(hub.store.root.rglob("*.part"))


def test_config_and_weights_of_two_models_are_refused(hub, server, files):
    server.add(NAME.repo, {**files, WEIGHTS: files[WEIGHTS][:-4] + b"abcd"})
    with pytest.raises(CheckpointError, match="not saved together"):
        hub.pull(NAME)
    assert hub.store.all() == []


def test_a_full_disk_is_seen_before_the_pull(hub, server, files, monkeypatch):
    server.add(NAME.repo, files)
    monkeypatch.setattr("crr.hub.client.shutil.disk_usage", lambda _: type("Usage", (), {"free": 10}))
    with pytest.raises(HubError, match="Make room, or set HF_HOME"):
        hub.pull(NAME)


def test_a_place_that_cannot_be_written_to_is_a_sentence(server, files, tmp_path):
    server.add(NAME.repo, files)
    (tmp_path / "store").write_text("a file where a folder should be")
    with pytest.raises(HubError, match="set HF_HOME to a folder that can be written to"):
        Hub(server.endpoint, store=Store(tmp_path / "store")).pull(NAME)


def test_offline_what_is_here_works_and_the_rest_says_why(hub, server, files, monkeypatch):
    commit = server.add(NAME.repo, files)
    pulled = hub.pull(NAME)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    before = len(server.requests)
    assert hub.pull(NAME) == pulled
    assert find(f"{NAME.repo}@{commit}", hub=hub) == pulled.path
    with pytest.raises(HubError, match="HF_HUB_OFFLINE"):
        hub.pull(HubName("owner/other"))
    with pytest.raises(HubError, match="HF_HUB_OFFLINE"):
        hub.search()
    assert len(server.requests) == before


def test_without_a_network_the_sentence_says_what_still_works(tmp_path, monkeypatch):
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    nobody = Hub("http://127.0.0.1:9", store=Store(tmp_path))
    with pytest.raises(HubError, match=r"cannot be reached.*models that are on this machine work without it"):
        nobody.pull(NAME)


def test_a_file_here_or_a_pickle_is_no_name_on_the_hub(hub, server, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs" / "notes").write_text("words")
    for name, sentence in (("runs/notes", "is a file"), ("runs/model.pth", "is a pickle")):
        with pytest.raises(CheckpointError, match=sentence):
            find(name, hub=hub)
    assert server.requests == []


@pytest.mark.parametrize("commit", ["", "../../elsewhere", "main"])
def test_an_answer_without_a_commit_is_refused(hub, server, files, commit):
    """It would become the name of a folder."""
    server.add(NAME.repo, files)
    server.repos[NAME.repo].commits[-1].sha = commit
    with pytest.raises(HubError, match="not as a Hub does"):
        hub.pull(NAME)
    assert not hub.store.root.exists()


def test_who_sent_no_token_is_not_told_that_it_is_wrong(server, files, tmp_path):
    server.add(NAME.repo, files)
    server.faults = [Fault("/api/models", 401, {"X-Error-Message": BAD_TOKEN})]
    stranger = Hub(server.endpoint, token=False, store=Store(tmp_path / "store"))
    with pytest.raises(HubError, match="This needs a token"):
        stranger.search()


def test_what_goes_wrong_where_progress_is_told_is_not_the_hubs_fault(hub, server, files):
    server.add(NAME.repo, files)

    def tell(_):
        raise KeyError("of somebody who listens")

    with pytest.raises(KeyError, match="of somebody who listens"):
        hub.pull(NAME, tell)


@pytest.mark.parametrize(
    "endpoint", ["foo", "htp://x.y", "http://exa mple", " ", "http://[bad", "http://me:secret@host"]
)
def test_an_endpoint_that_is_none_is_named(endpoint):
    with pytest.raises(ConfigError, match="HF_ENDPOINT is no address") as refusal:
        Hub(endpoint)
    assert "secret" not in str(refusal.value)


def test_a_token_that_can_be_none_is_a_sentence(hub, server, files, monkeypatch):
    server.add(NAME.repo, files)
    monkeypatch.setenv("HF_TOKEN", "hf_ü")
    with pytest.raises(HubError, match="token for the Hub holds signs that no token has"):
        hub.look_up(NAME)


def test_a_proxy_that_needs_another_package_is_a_sentence(hub, server, files, monkeypatch):
    server.add(NAME.repo, files)

    def missing(*_, **__):
        raise ImportError("Using SOCKS proxy, but the 'socksio' package is not installed.")

    monkeypatch.setattr(hub._api, "model_info", missing)
    with pytest.raises(HubError, match=r"Using SOCKS proxy.* unset ALL_PROXY"):
        hub.look_up(NAME)


def test_a_look_up_can_be_stopped(hub, server, files):
    server.add(NAME.repo, files)
    server.faults = [Fault("/api/models/", hang=9)]
    stop = threading.Event()
    threading.Timer(0.3, stop.set).start()
    start = time.monotonic()
    with pytest.raises(StoppedError):
        hub.pull(NAME, stop=stop)
    assert time.monotonic() - start < 8
