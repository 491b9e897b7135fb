"""A small Hugging Face Hub on this machine: what the real client asks for, answered over real HTTP.

It keeps model repositories with their commits in memory, takes uploads as the Hub does (preupload, large
files by LFS batch and PUT, one commit), and can be told to fail in the ways that networks and servers do.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import ThreadingHTTPServer
from pathlib import Path

import pytest
from huggingface_hub import constants

from tests.hub_handler import Handler
from tests.hub_repos import TOKEN, Fault, Repo


class HubServer(ThreadingHTTPServer):
    """The server.

    Attributes:
        repos: By name.
        faults: What is to go wrong.
        requests: "METHOD path" of all that came.
        tokens: What came as authorization.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.repos: dict[str, Repo] = {}
        self.large: dict[str, bytes] = {}
        self.faults: list[Fault] = []
        self.requests: list[str] = []
        self.tokens: list[str] = []

    @property
    def endpoint(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.server_port}"

    def add(self, name: str, files: dict[str, bytes], **options: bool) -> str:
        """A repository with one commit, or one more commit of it; returns its id."""
        repo = self.repos.setdefault(name, Repo(name, **options))
        return repo.commit(files)

    def fault(self, line: str) -> Fault | None:
        """The fault that hits a request."""
        for fault in self.faults:
            if fault.where in line and fault.times > 0:
                fault.times -= 1
                return fault
        return None


@contextmanager
def hub_server() -> Iterator[HubServer]:
    """A server that runs while the block does."""
    server = HubServer()
    # It looks so often whether it is to end, and every test that has a server waits for that.
    thread = threading.Thread(target=server.serve_forever, args=[0.01], daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()


@contextmanager
def the_only_hub(monkeypatch: pytest.MonkeyPatch, assets: Path) -> Iterator[HubServer]:
    """A server that the client in this process takes for the Hub; what it keeps goes into `assets`."""
    with hub_server() as server:
        urls = server.endpoint + "/{repo_id}/resolve/{revision}/{filename}"
        monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
        monkeypatch.setattr(constants, "ENDPOINT", server.endpoint)
        monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", urls)  # made of it at import
        monkeypatch.setattr(constants, "HF_ASSETS_CACHE", str(assets))
        monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)  # large files go as the server takes them
        monkeypatch.setenv("HF_TOKEN", TOKEN)
        yield server
