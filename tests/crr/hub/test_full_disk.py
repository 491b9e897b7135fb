"""A disk that fills up while a model is pulled: a sentence, no half model, and the next pull goes on."""

import errno
import io
import os
import subprocess
import sys
from pathlib import Path

import pytest

from crr.errors import CRRError, HubError
from crr.runtime import files as writing
from tests.crr.hub.arrival import NAME, WEIGHTS, asked, bits

NO_ROOM = r"No space left on device\)\. Make room on the disk"
FULL_DISK = """
import sys
from pathlib import Path
from huggingface_hub import constants
constants.HF_HUB_OFFLINE = False
from crr.errors import CRRError
from crr.hub import Hub, HubName, Store
endpoint, disk = sys.argv[1], Path(sys.argv[2])
filler = disk / "filler"

def fill(transfer):
    if transfer.file == "README.md" and transfer.done > 100_000 and not filler.exists():
        with filler.open("wb", buffering=0) as file:
            try:
                while True:
                    file.write(bytes(4096))
            except OSError:
                pass

hub = Hub(endpoint, store=Store(disk / "store"))
try:
    hub.pull(HubName("owner/tiny"), fill)
except CRRError as error:
    print(error)
print(len(hub.store.all()))
filler.unlink()
for file in hub.pull(HubName("owner/tiny")).path.iterdir():
    print(file.name, file.stat().st_size)
"""


class Full(io.FileIO):
    """A file that takes the first bytes, and then there is no room."""

    room = 5000

    def write(self, data, /):
        if self.tell() + len(data) > Full.room:
            super().write(memoryview(data)[: Full.room - self.tell()])
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return super().write(data)


def test_a_disk_that_fills_up_on_the_way_keeps_what_it_took(hub, server, files, monkeypatch):
    server.add(NAME.repo, files)
    plain = Path.open

    def opened(path, mode="r", *rest, **options):
        weights = path.name == WEIGHTS and mode == "ab"
        return Full(path, mode) if weights else plain(path, mode, *rest, **options)

    monkeypatch.setattr(Path, "open", opened)
    with pytest.raises(HubError, match=rf"^owner/tiny cannot be written \({NO_ROOM}"):
        hub.pull(NAME)
    monkeypatch.setattr(Path, "open", plain)
    assert hub.store.all() == []
    [part] = hub.store.root.rglob(WEIGHTS)
    assert part.read_bytes() == files[WEIGHTS][: Full.room]
    before = len(server.requests)
    assert bits(hub.pull(NAME).path) == files
    assert [line.rpartition("/")[2] for line in asked(server, before)] == [WEIGHTS]


@pytest.mark.parametrize("name", ["pulled.json", "refs.json"])
def test_a_disk_that_is_full_at_the_end_loses_nothing(hub, server, files, monkeypatch, name):
    server.add(NAME.repo, files)
    write = Path.write_text

    def refusing(path, *rest, **options):
        if path.name.startswith(f".{name}."):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return write(path, *rest, **options)

    monkeypatch.setattr(writing.Path, "write_text", refusing)
    with pytest.raises(CRRError, match=NO_ROOM):
        hub.pull(NAME)
    monkeypatch.setattr(writing.Path, "write_text", write)
    assert [bits(pulled.path) for pulled in hub.store.all()] == ([] if name == "pulled.json" else [files])
    before = len(server.requests)
    pulled = hub.pull(NAME)
    assert bits(pulled.path) == files
    assert asked(server, before) == []
    assert hub.store.find(NAME) == pulled


def small_disk(folder: Path, command: list[str]) -> list[str]:
    """A command that sees a disk of 1 MB in a folder, as nobody else does."""
    script = 'mount -t tmpfs -o size=1m none "$0" && exec "$@"'
    return ["unshare", "--mount", "sh", "-c", script, str(folder), *command]


def may_mount(folder: Path) -> bool:
    try:
        return subprocess.run(small_disk(folder, ["true"]), capture_output=True).returncode == 0
    except FileNotFoundError:
        return False


def test_on_a_small_disk_that_somebody_else_fills(server, files, tmp_path):
    if not may_mount(tmp_path):
        pytest.skip("no disk can be made here")
    large = {**files, "README.md": b"---\nlicense: mit\n---\n" + b"x" * 500_000}
    server.add(NAME.repo, large)
    command = [sys.executable, "-c", FULL_DISK, server.endpoint, str(tmp_path)]
    ran = subprocess.run(small_disk(tmp_path, command), capture_output=True, text=True, timeout=60)
    assert ran.returncode == 0, ran.stderr
    sentence, models, *pulled = ran.stdout.splitlines()
    assert "No space left on device" in sentence
    assert models == "0"
    sizes = dict(line.split() for line in pulled)
    assert {name: int(sizes[name]) for name in large} == {name: len(one) for name, one in large.items()}
