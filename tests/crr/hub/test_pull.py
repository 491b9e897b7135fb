"""Models come here whole or not at all, over real HTTP with the real client."""

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from huggingface_hub import constants
from huggingface_hub.utils import WeakFileLock

from crr.checkpoint import load
from crr.checkpoint_files import describe
from crr.errors import CheckpointError, HubError, NewerFormatError, StoppedError
from crr.hub import Hub, HubName, Store, find
from crr.hub import patience as waiting
from tests.hub_server import TOKEN, Fault

NAME = HubName("owner/tiny")
WEIGHTS = "model.safetensors"
BAD_TOKEN = "Invalid credentials in Authorization header"  # as the Hub says it


def bits(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.name != "pulled.json"}


@pytest.fixture
def large(files):
    """A model whose card takes several blocks."""
    return {**files, "README.md": b"---\nlicense: mit\n---\n" + b"x" * 400_000}


def asked(server, since=0):
    return [line for line in server.requests[since:] if "/resolve/" in line]


def test_a_model_arrives_with_equal_bits_and_is_named_after_its_repository(hub, server, files):
    commit = server.add(NAME.repo, files)
    heard = []
    pulled = hub.pull(NAME, heard.append)
    assert bits(pulled.path) == files
    assert (pulled.commit, pulled.asked, str(pulled.name)) == (commit, "main", f"owner/tiny@{commit[:7]}")
    total = sum(map(len, files.values()))
    assert [transfer.done for transfer in heard] == sorted(transfer.done for transfer in heard)
    assert (heard[-1].done, heard[-1].total) == (total, total)
    assert describe(pulled.path).name == load(pulled.path, "cpu").name == str(pulled.name)
    assert hub.store.all() == [pulled]


def test_only_the_files_that_are_needed_are_asked_for(hub, server, files):
    server.add(
        NAME.repo, {**files, "normals/part/000.jpg": b"photo", "code.py": b"print()", "other.bin": b"0"}
    )
    assert set(bits(hub.pull(NAME).path)) == {"config.json", WEIGHTS, "README.md"}
    assert len(asked(server)) == 3


def test_a_whole_commit_that_is_here_is_not_asked_for(hub, server, files):
    commit = server.add(NAME.repo, files)
    pulled = hub.pull(HubName(NAME.repo, commit))
    before = len(server.requests)
    assert hub.pull(HubName(NAME.repo, commit)) == pulled
    assert hub.store.find(HubName(NAME.repo, commit[:7])) == pulled
    assert find(f"{NAME.repo}@{commit}", hub=hub) == pulled.path
    assert len(server.requests) == before


def test_a_pull_updates_and_a_name_means_what_it_meant_when_it_was_pulled(hub, server, files):
    first = server.add(NAME.repo, files)
    old = hub.pull(NAME)
    second = server.add(NAME.repo, {**files, "README.md": b"---\nlicense: mit\n---\n# Newer\n"})
    assert find(NAME.repo, hub=hub) == old.path
    new = hub.pull(NAME)
    assert (old.commit, new.commit) == (first, second)
    assert find(NAME.repo, hub=hub) == new.path
    assert find(f"{NAME.repo}@{first[:7]}", hub=hub) == old.path
    assert len(hub.store.all()) == 2
    server.repos[NAME.repo].tags["v1"] = first
    before = len(server.requests)
    assert hub.pull(HubName(NAME.repo, "v1")).path == old.path
    assert asked(server, before) == []


@pytest.mark.parametrize("file", ["config.json", "README.md", WEIGHTS])
def test_a_turned_bit_is_refused_and_nothing_of_it_stays(hub, server, files, file):
    server.add(NAME.repo, files)
    server.faults = [Fault(f"/{file}", corrupt=20)]
    with pytest.raises(HubError, match=rf"{file} of owner/tiny arrived damaged.*pull again"):
        hub.pull(NAME)
    assert hub.store.all() == []
    assert hub.store.find(NAME) is None
    assert not list(hub.store.root.rglob(file))
    server.faults = []
    assert bits(hub.pull(NAME).path) == files


def test_a_connection_that_breaks_off_is_gone_on_with(hub, server, files):
    server.add(NAME.repo, files)
    server.faults = [Fault(f"/{WEIGHTS}", cut=5000, times=1)]
    heard = []
    assert bits(hub.pull(NAME, heard.append).path) == files
    assert len([line for line in asked(server) if line.endswith(WEIGHTS)]) == 2
    assert [transfer.done for transfer in heard] == sorted(transfer.done for transfer in heard)


def test_what_arrived_before_a_failure_is_kept_for_the_next_pull(hub, server, files):
    server.add(NAME.repo, files)
    server.faults = [Fault(f"/{WEIGHTS}", cut=5000)]
    with pytest.raises(HubError, match="broke off"):
        hub.pull(NAME)
    [part] = hub.store.root.rglob(WEIGHTS)
    there = part.stat().st_size
    assert there >= 5000
    assert part.read_bytes() == files[WEIGHTS][:there]
    server.faults = []
    heard = []
    assert bits(hub.pull(NAME, heard.append).path) == files
    assert min(transfer.done for transfer in heard) > there
    assert not list(hub.store.root.rglob("*.part"))


def test_a_server_without_ranges_sends_the_whole_file(hub, server, files, monkeypatch):
    commit = server.add(NAME.repo, files)
    part = hub.store.part(NAME, commit)
    part.mkdir(parents=True)
    (part / WEIGHTS).write_bytes(b"x" * 100)
    monkeypatch.setattr("tests.hub_server.re.fullmatch", _without_ranges)
    assert bits(hub.pull(NAME).path) == files


def _without_ranges(pattern, text, *flags):
    return None if text.startswith("bytes=") else re.compile(pattern, *flags).fullmatch(text)


def test_stopping_keeps_what_has_arrived(hub, server, files):
    large = {**files, WEIGHTS: files[WEIGHTS] + bytes(400_000)}
    server.add(NAME.repo, large)
    server.faults = [Fault(f"/{WEIGHTS}", pause=0.3)]
    stop = threading.Event()

    def hear(transfer):
        if transfer.file == WEIGHTS:
            stop.set()

    with pytest.raises(StoppedError, match="kept"):
        hub.pull(NAME, hear, stop)
    [part] = hub.store.root.rglob(WEIGHTS)
    time.sleep(0.7)  # who is not waited for writes no more
    there = part.stat().st_size
    assert 0 < there < len(large[WEIGHTS])
    time.sleep(0.5)
    assert part.stat().st_size == there
    assert hub.store.all() == []


@pytest.mark.parametrize("where", ["/api/models/", f"/{WEIGHTS}"])
def test_a_server_that_hangs_is_given_up(hub, server, files, monkeypatch, where):
    monkeypatch.setattr(waiting, "PATIENCE", 0.5)
    server.add(NAME.repo, files)
    server.faults = [Fault(where, hang=3)]
    start = time.monotonic()
    with pytest.raises(HubError, match="does not answer"):
        hub.pull(NAME)
    assert time.monotonic() - start < 2.5


def test_a_slow_server_is_waited_for(hub, server, files, monkeypatch):
    monkeypatch.setattr(waiting, "PATIENCE", 0.5)
    server.add(NAME.repo, {**files, "README.md": b"---\nlicense: mit\n---\n" + b"x" * 300_000})
    server.faults = [Fault("/README.md", pause=0.25)]
    assert hub.pull(NAME).path.is_dir()


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
    with pytest.raises(HubError, match=r"no model owner/other on .*private.*hf auth login"):
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


def test_two_processes_that_pull_the_same_model_both_get_it(server, large, tmp_path):
    server.add(NAME.repo, large)
    server.faults = [Fault("/README.md", pause=0.1)]
    program = (
        "import sys; from pathlib import Path; from huggingface_hub import constants\n"
        "constants.HF_HUB_OFFLINE = False\n"
        "from crr.hub import Hub, HubName, Store\n"
        "print(Hub(sys.argv[1], store=Store(Path(sys.argv[2]))).pull(HubName('owner/tiny')).path)"
    )
    command = [sys.executable, "-c", program, server.endpoint, str(tmp_path / "store")]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    said = {process.communicate(timeout=60)[0].strip() for process in both}
    assert [process.returncode for process in both] == [0, 0]
    assert len(said) == 1
    [pulled] = Store(tmp_path / "store").all()
    assert bits(pulled.path) == large
    assert len([line for line in asked(server) if line.endswith("README.md")]) == 1


def test_ctrl_c_ends_a_pull_with_a_sentence_and_the_next_one_goes_on(server, large, tmp_path):
    """As a process, the way somebody at a terminal does it."""
    server.add(NAME.repo, large)
    environment = {**os.environ, "HF_ENDPOINT": server.endpoint, "HF_HUB_OFFLINE": "0"}
    environment |= {"HF_ASSETS_CACHE": str(tmp_path / "assets"), "CRR_CHECKPOINTS": str(tmp_path / "none")}
    command = [sys.executable, "-m", "crr", "pull", NAME.repo, "--progress", "json"]
    server.faults = [Fault("/README.md", pause=0.1)]
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as pull:
        while json.loads(pull.stdout.readline())["file"] != "README.md":
            pass
        pull.send_signal(signal.SIGINT)
        _, said = pull.communicate(timeout=30)
    assert (pull.returncode, said.strip()) == (130, waiting.STOPPED)
    server.faults = []
    again = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    lines = [json.loads(line) for line in again.stdout.splitlines()]
    assert lines[-1]["stage"] == "pulled"
    assert lines[0]["done"] > len(large["config.json"]) + 64 * 1024  # it began where it was
    assert bits(Path(lines[-1]["path"])) == large


def test_what_was_left_by_a_crash_is_no_model_and_in_nobodys_way(hub, server, files):
    commit = server.add(NAME.repo, files)
    pulled = hub.pull(NAME)
    for leftover in (f"{commit}.gone", f"{commit}.part"):
        (pulled.path.parent / leftover).mkdir()
        (pulled.path.parent / leftover / "pulled.json").write_bytes(
            (pulled.path / "pulled.json").read_bytes()
        )
    assert hub.store.all() == [pulled]
    assert hub.store.find(HubName(NAME.repo, commit[:7])) == pulled
    (pulled.path / "pulled.json").write_text("damaged")
    (pulled.path.parent / "refs.json").write_text("[]")
    assert hub.store.all() == []
    assert bits(hub.pull(NAME).path) == files


@pytest.mark.parametrize("file", ["config.json", WEIGHTS])
def test_a_model_that_lost_a_file_is_pulled_again(hub, server, files, file):
    server.add(NAME.repo, files)
    (hub.pull(NAME).path / file).unlink()
    assert hub.store.all() == []
    assert bits(find(NAME.repo, hub=hub)) == files


def test_a_file_here_or_a_pickle_is_no_name_on_the_hub(hub, server, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs" / "notes").write_text("words")
    for name, sentence in (("runs/notes", "is a file"), ("runs/model.pth", "is a pickle")):
        with pytest.raises(CheckpointError, match=sentence):
            find(name, hub=hub)
    assert server.requests == []


def test_a_wait_for_another_pull_can_be_stopped(hub, server, files):
    commit = server.add(NAME.repo, files)
    lock = hub.store.lock(NAME, commit)
    lock.parent.mkdir(parents=True)
    stop = threading.Event()
    stop.set()
    with WeakFileLock(lock), pytest.raises(StoppedError):
        hub.pull(NAME, stop=stop)


def test_a_model_is_removed_with_its_size(hub, server, files):
    server.add(NAME.repo, files)
    pulled = hub.pull(NAME)
    size = pulled.bytes
    assert size > sum(map(len, files.values()))  # and the note
    assert hub.store.delete(pulled) == size
    assert hub.store.all() == []
    assert hub.store.find(NAME) is None
