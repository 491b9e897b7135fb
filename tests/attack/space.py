"""A workbench served as a Space is, with a Hub on this machine, its own home and a guard on its memory."""

import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from tests.attack.memory import MemoryWatch
from tests.hub_server import HubServer, hub_server

ROOT = Path(__file__).parents[2]
PAGES = ("", "inspect", "layers", "compare", "lesson", "models")
_START = 120.0  # seconds, for a busy machine


@dataclass
class Space:
    """A running workbench.

    Attributes:
        url: Its address.
        process: Id of its first process.
        hub: The Hub that it asks.
        memory: What it takes.
        log: File of what it prints.
    """

    url: str
    process: int
    hub: HubServer
    memory: MemoryWatch
    log: Path

    @property
    def alive(self) -> bool:
        """Whether it still runs."""
        with suppress(OSError):
            state = Path(f"/proc/{self.process}/stat").read_text().rpartition(")")[2].split()[0]
            return state not in "ZX"
        return False


@contextmanager
def serve(folder: Path, guard: int, **settings: str) -> Iterator[Space]:
    """A workbench that runs while the block does.

    Args:
        folder: Empty; for its home and its log.
        guard: Bytes at which it is killed.
        settings: Further environment variables.
    """
    log = folder / "log.txt"
    with hub_server() as hub, log.open("w") as output:
        port = free_port()
        server = subprocess.Popen(
            ["sh", ROOT / "deploy" / "start.sh"],
            cwd=folder,
            env=_environment(folder, port, hub) | settings,
            stdout=output,
            stderr=output,
            start_new_session=True,  # so that its children can be ended with it
            preexec_fn=_end_with_us,
        )
        memory = MemoryWatch(server.pid, guard)
        memory.start()
        try:
            url = f"http://127.0.0.1:{port}"
            _wait_until_it_answers(url, server, log)
            yield Space(url, server.pid, hub, memory, log)
        finally:
            _end(server)
            memory.stop()


def _end_with_us() -> None:
    """Have the kernel kill this process when the one that began it is gone, however it went."""
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


def _environment(folder: Path, port: int, hub: HubServer) -> dict[str, str]:
    home = folder / "home"
    home.mkdir()
    return {
        "PATH": "/usr/bin:/bin",
        "PYTHON": sys.executable,
        "PYTHONDONTWRITEBYTECODE": "1",
        "HOME": str(home),
        "TMPDIR": str(folder),
        "HF_HOME": str(folder / "huggingface"),
        "HF_ENDPOINT": hub.endpoint,
        "HF_HUB_DISABLE_XET": "1",  # the Hub of the tests has no such store
        "PORT": str(port),
        "ADDRESS": "127.0.0.1",
        "SPACE_ID": "somebody/space",
        "OMP_NUM_THREADS": "2",  # a free Space has two cores
    }


def _wait_until_it_answers(url: str, server: "subprocess.Popen[bytes]", log: Path) -> None:
    end = time.monotonic() + _START
    while time.monotonic() < end and server.poll() is None:
        if answers(url):
            return
        time.sleep(0.2)
    raise RuntimeError(f"The workbench did not start:\n{log.read_text()[-2000:]}")


def answers(url: str, patience: float = 2.0) -> bool:
    """Whether the health of a workbench can be asked."""
    try:
        with urllib.request.urlopen(f"{url}/_stcore/health", timeout=patience):
            return True
    except (urllib.error.URLError, OSError):
        return False


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _end(server: "subprocess.Popen[bytes]") -> None:
    """Ask it to end, then make it."""
    server.terminate()
    with suppress(subprocess.TimeoutExpired):
        server.wait(timeout=10)
    with suppress(ProcessLookupError):
        os.killpg(server.pid, signal.SIGKILL)
    server.wait()
