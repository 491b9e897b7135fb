"""Bringing a model's files here: resumed where it broke off, and compared with what the Hub says of them."""

import hashlib
import threading
from collections.abc import Callable, Iterator
from functools import partial
from io import FileIO
from pathlib import Path

import httpx2
from huggingface_hub import hf_hub_url
from huggingface_hub.utils import (  # type: ignore[attr-defined]  # documented for libraries
    build_hf_headers,
    get_session,
    hf_raise_for_status,
)

from crr.errors import HubError
from crr.hub.error_messages import KEPT, no_answer, translated_disk, translated_errors
from crr.hub.listing import HubFile, HubModel
from crr.hub.names import HubName
from crr.hub.timeouts import BROKEN_OFF, Heartbeat, again_if_broken, run_with_timeout

_BLOCK = 2**20
_TIMEOUT = 8.0  # seconds without a byte, after which an attempt is given up


def download(
    model: HubModel,
    file: HubFile,
    folder: Path,
    endpoint: str,
    token: str | bool | None,
    tell: Callable[[int], None],
    stop: threading.Event | None,
) -> None:
    """Bring one file into a folder; what is there of it from before is gone on with.

    Not by the client's own download, which begins anew after a stop, says how far it is every 10 MiB, and
    takes a damaged body of the right size.

    Args:
        model: The model, looked up before.
        file: The file of the model that is brought.
        folder: Where it goes.
        endpoint: Address of the Hub.
        token: Token for the Hub, as its client takes it.
        tell: Hears how many bytes of the file are there.
        stop: Set to stop.

    Raises:
        HubError: The Hub fails, or what arrived is not what it says; that is removed then.
        StoppedError: It was stopped.
    """
    path = folder / file.name
    url = hf_hub_url(model.name.repo, file.name, revision=model.commit, endpoint=endpoint)
    headers = build_hf_headers(token=token) | {"Accept-Encoding": "identity"}

    def work(heartbeat: Heartbeat) -> None:
        with translated_disk(model.name):
            target = path.open("ab", buffering=0)
        with target, translated_errors(model.name, endpoint, KEPT):

            def go_on() -> None:
                for there in _go_on(url, headers, target, file.bytes, heartbeat, model.name):
                    tell(there)

            again_if_broken(go_on, (*BROKEN_OFF, httpx2.TimeoutException))

    run_with_timeout(work, no_answer(endpoint) + KEPT, stop)
    if not is_whole(path, file):
        path.unlink()
        raise HubError(
            f"{file.name} of {model.name} arrived damaged: it is not what the Hub says it is. "
            "It was removed; pull again."
        )


def _go_on(
    url: str,
    headers: dict[str, str],
    target: FileIO,
    size: int,
    heartbeat: Heartbeat,
    name: HubName,
) -> Iterator[int]:
    """Append to a file what it lacks of its `size` bytes; yields how many are there."""
    there = target.tell()
    if there >= size > 0:
        return
    wanted = headers | ({"Range": f"bytes={there}-"} if there else {})
    with get_session().stream("GET", url, headers=wanted, timeout=_TIMEOUT) as response:
        hf_raise_for_status(response)
        if there and response.status_code != httpx2.codes.PARTIAL_CONTENT:
            with heartbeat.waited_for(), translated_disk(name):
                there = target.truncate(0)  # the whole file comes
        for block in response.iter_bytes():
            with heartbeat.waited_for(), translated_disk(name):
                target.write(block)
            there += len(block)
            yield there
            if there > size:  # it will be seen to be damaged
                return


def is_whole(path: Path, file: HubFile) -> bool:
    """Whether a file's content is what the Hub says: by SHA-256, or of small files by git's id."""
    if path.stat().st_size != file.bytes:
        return False
    digest = hashlib.sha256() if file.sha256 else hashlib.sha1(f"blob {file.bytes}\0".encode())
    with path.open("rb") as content:
        for block in iter(partial(content.read, _BLOCK), b""):
            digest.update(block)
    return digest.hexdigest() == (file.sha256 or file.git)
