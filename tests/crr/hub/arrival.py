"""What tests of pulls have in common."""

from pathlib import Path

from crr.hub import HubName
from tests.hub_server import HubServer

NAME = HubName("owner/tiny")
WEIGHTS = "model.safetensors"


def bits(folder: Path) -> dict[str, bytes]:
    """The content of a pulled model, without the note."""
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.name != "pulled.json"}


def asked(server: HubServer, since: int = 0) -> list[str]:
    """The files that were asked for, since that many requests."""
    return [line for line in server.requests[since:] if "/resolve/" in line]
