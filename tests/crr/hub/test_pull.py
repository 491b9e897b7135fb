"""Models come here whole or not at all, over real HTTP with the real client."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from huggingface_hub.utils import WeakFileLock, close_session

from crr.checkpoints.files import describe
from crr.checkpoints.serialization import load
from crr.errors import HubError, StoppedError
from crr.hub import Store, timeouts
from tests.crr.hub.arrival import NAME, WEIGHTS, asked, bits
from tests.hub_repos import Fault


@pytest.fixture
def large(files):
    """A model whose card takes several blocks."""
    return {**files, "README.md": b"---\nlicense: mit\n---\n" + b"x" * 400_000}


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


@pytest.mark.parametrize("where", ["/api/models", f"/{WEIGHTS}"])
def test_somebody_else_whose_hub_cannot_be_reached_ends_no_request_of_mine(hub, server, files, where):
    server.add(NAME.repo, files)
    slow = Fault(where, hang=0.5, times=1)
    server.faults = [slow]
    other = threading.Timer(0.2, close_session)  # as the client does then, for all threads
    other.start()
    assert bits(hub.pull(NAME).path) == files
    other.join()
    assert slow.times == 0


def test_a_question_whose_answer_breaks_off_is_asked_again_and_not_for_ever(hub, server, files):
    server.add(NAME.repo, files)
    server.faults = [Fault("/api/models", cut=20, times=2)]
    assert hub.look_up(NAME).name == NAME
    server.faults = [Fault("/api/models", cut=20)]
    with pytest.raises(HubError, match="broke off"):
        hub.look_up(NAME)


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


@pytest.mark.parametrize("ranges", [False, True])
def test_a_server_without_ranges_sends_the_whole_file(hub, server, files, ranges):
    commit = server.add(NAME.repo, files)
    part = hub.store.part(NAME.repo, commit)
    part.mkdir(parents=True)
    (part / WEIGHTS).write_bytes(b"x" * 100)
    server.faults = [Fault(WEIGHTS, ranges=ranges)]
    if ranges:  # what was there is gone on with, and is seen not to belong to it
        with pytest.raises(HubError, match="arrived damaged"):
            hub.pull(NAME)
    assert bits(hub.pull(NAME).path) == files


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
    monkeypatch.setattr(timeouts, "SILENCE_TIMEOUT", 0.5)
    server.add(NAME.repo, files)
    server.faults = [Fault(where, hang=9)]
    start = time.monotonic()
    with pytest.raises(HubError, match="does not answer"):
        hub.pull(NAME)
    assert time.monotonic() - start < 8


def test_a_slow_server_is_waited_for(hub, server, files, monkeypatch):
    monkeypatch.setattr(timeouts, "SILENCE_TIMEOUT", 0.5)
    server.add(NAME.repo, {**files, "README.md": b"---\nlicense: mit\n---\n" + b"x" * 300_000})
    server.faults = [Fault("/README.md", pause=0.25)]
    assert hub.pull(NAME).path.is_dir()


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
    assert (pull.returncode, said.splitlines()[0]) == (130, "Stopping. Ctrl-C again leaves at once.")
    assert said.strip().endswith(timeouts.STOPPED)
    server.faults = []
    again = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    lines = [json.loads(line) for line in again.stdout.splitlines()]
    assert lines[-1]["stage"] == "pulled"
    assert lines[0]["done"] > len(large["config.json"]) + 64 * 1024  # it began where it was
    assert bits(Path(lines[-1]["path"])) == large


def test_a_wait_for_another_pull_can_be_stopped(hub, server, files):
    commit = server.add(NAME.repo, files)
    lock = hub.store.lock(NAME.repo, commit)
    lock.parent.mkdir(parents=True)
    stop = threading.Event()
    heard = []

    def hear(transfer):
        heard.append(transfer)
        stop.set()

    with WeakFileLock(lock), pytest.raises(StoppedError):
        hub.pull(NAME, hear, stop)
    assert [(transfer.file, transfer.done) for transfer in heard] == [("somebody else is pulling it", 0)]
