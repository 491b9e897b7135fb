"""A pull or a push that is killed leaves nothing half visible and no lock, and the next one goes on."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest

from crr.errors import HubError
from crr.hub import Hub, Publication, Store
from tests.crr.deadly import Moment, kill_each
from tests.crr.hub.arrival import NAME, WEIGHTS, bits
from tests.hub_repos import TOKEN, Fault

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="the processes that are killed are forked")

MOMENTS = [
    Moment("replace", "pulled.json", after=False),
    Moment("replace", "pulled.json", after=True),
    Moment("rename", "", after=False),  # everything is there but the folder's name
    Moment("rename", "", after=True),
    Moment("replace", "refs.json", after=False),
    Moment("replace", "refs.json", after=True),
]
PULL = """
from huggingface_hub import constants
constants.HF_HUB_OFFLINE = False
from crr.hub import Hub, HubName, Store
each(lambda folder: Hub(os.environ["HF_ENDPOINT"], store=Store(folder)).pull(HubName("owner/tiny")))
"""


def test_a_pull_that_is_killed_at_its_end_is_finished_by_the_next(server, files, tmp_path):
    commit = server.add(NAME.repo, files)
    for moment, folder in kill_each(PULL, MOMENTS, tmp_path, HF_ENDPOINT=server.endpoint).items():
        store = Store(folder)
        assert [bits(pulled.path) for pulled in store.all()] in ([], [files]), moment
        before, heard = len(server.requests), []
        pulled = Hub(server.endpoint, store=store).pull(NAME, heard.append)
        assert bits(pulled.path) == files, moment
        assert "somebody else is pulling it" not in {transfer.file for transfer in heard}
        assert not [line for line in server.requests[before:] if "/resolve/" in line], "all had arrived"
        assert store.find(NAME) == pulled
        left = {path.name for path in folder.rglob("*") if path.is_file() and path.suffix != ".lock"}
        assert left == {*files, "pulled.json", "refs.json"}, moment
        assert {path.name for path in (folder / "owner--tiny").iterdir()} == {commit, "refs.json"}


@pytest.fixture
def command(server, tmp_path):
    """The command line as a process on a machine of its own."""
    environment = {**os.environ, "HF_ENDPOINT": server.endpoint, "HF_HUB_OFFLINE": "0", "HF_TOKEN": TOKEN}
    environment |= {"HF_ASSETS_CACHE": str(tmp_path / "assets"), "CRR_CHECKPOINTS": str(tmp_path / "none")}
    environment |= {"HF_HUB_DISABLE_XET": "1"}

    def started(*arguments):
        call = [sys.executable, "-m", "crr", *map(str, arguments)]
        pipe = subprocess.PIPE
        return subprocess.Popen(call, env=environment, stdout=pipe, stderr=pipe, text=True)

    return started


def killed_while(process, server, line):
    """Kill it once the server was asked for something and has begun to take or send it."""
    end = time.monotonic() + 60
    while not any(line in request for request in server.requests):
        assert process.poll() is None, process.stderr.read()
        assert time.monotonic() < end
        time.sleep(0.02)
    time.sleep(0.3)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert process.returncode == -signal.SIGKILL


def test_a_pull_that_is_killed_on_its_way_goes_on_where_it_was(command, server, files, tmp_path):
    large = {**files, "README.md": b"---\nlicense: mit\n---\n" + b"x" * 400_000}
    server.add(NAME.repo, large)
    server.faults = [Fault("/README.md", pause=0.2)]
    killed_while(command("pull", NAME.repo), server, "/README.md")
    store = Store(tmp_path / "assets" / "crr" / "hub")
    assert store.all() == []
    [part] = store.root.rglob("README.md")
    there = part.stat().st_size
    assert 0 < there < len(large["README.md"])
    server.faults = []
    with command("pull", NAME.repo, "--progress", "json") as again:
        told = [json.loads(line) for line in again.communicate(timeout=60)[0].splitlines()]
    assert told[0]["done"] > there
    assert "somebody else is pulling it" not in {one.get("file") for one in told}
    [pulled] = store.all()
    assert bits(pulled.path) == large


def test_a_push_that_is_killed_on_its_way_publishes_nothing_and_the_next_one_does(
    command, hub, server, model
):
    before = {path.name: path.read_bytes() for path in model.iterdir()}
    server.faults = [Fault("PUT /lfs/", pause=0.5)]
    killed_while(command("push", model, NAME.repo), server, "PUT /lfs/")
    server.faults = []
    assert len(server.repos[NAME.repo].commits) == 1  # the empty one that a repository begins with
    assert hub.search() == []
    with pytest.raises(HubError, match="is not a CRR checkpoint"):
        hub.pull(NAME)
    assert {path.name: path.read_bytes() for path in model.iterdir()} == before
    with command("push", model, NAME.repo) as again:
        said, errors = again.communicate(timeout=60)
    assert again.returncode == 0, errors
    assert f"Published as {NAME.repo}@" in said
    assert bits(hub.pull(NAME).path)[WEIGHTS] == before[WEIGHTS]


def test_a_push_that_is_killed_while_it_is_committed_is_there_whole(command, hub, server, model):
    server.faults = [Fault("/commit/", hang=1)]
    killed_while(command("push", model, NAME.repo), server, "/commit/")
    end = time.monotonic() + 30
    while len(server.repos[NAME.repo].commits) < 2:  # the Hub has all that it needs
        assert time.monotonic() < end
        time.sleep(0.02)
    server.faults = []
    assert bits(hub.pull(NAME).path)[WEIGHTS] == (model / WEIGHTS).read_bytes()
    assert "is this model already" in hub.push(Publication(model, NAME)).sentence
