"""Publishing a checkpoint: one commit in a model repository of the Hub."""

import io
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import httpx2
from huggingface_hub import CommitOperationAdd, HfApi
from huggingface_hub.utils import (  # type: ignore[attr-defined]  # documented for libraries
    build_hf_headers,
    get_session,
    hf_raise_for_status,
)

from crr.card_metadata import LIBRARY, card_in, check_licence, ready_to_publish
from crr.checkpoint_files import CARD, CONFIG, NORMALS, WEIGHTS, describe, read_config
from crr.errors import ConfigError, HubError
from crr.hub.failures import explained, silent
from crr.hub.listing import LARGEST, model_of
from crr.hub.names import HubName
from crr.hub.patience import Listener, patiently
from crr.hub.transfer import Tell, Transfer

_OF_ANY = (".gitattributes", CARD)  # what a new repository may hold
_STOPPED = "Stopped; nothing was published."
_LONGEST = 2000  # signs of what the Hub says of a card: it lists all licences that there are
_PATIENCE = 60.0  # seconds without a sign: when all is sent, the Hub checks large files before it answers


@dataclass(frozen=True)
class Published:
    """What was published.

    Attributes:
        name: With its commit.
        url: Where it can be looked at.
        new: Whether there was no model of that name; else this is a new revision of it, and older ones stay.
    """

    name: HubName
    url: str
    new: bool


def card_to_publish(folder: Path, name: HubName | None = None, licence: str | None = None) -> str:
    """The text of the model card as it will be published.

    Args:
        folder: A checkpoint.
        name: See `crr.card_metadata.ready_to_publish`.
        licence: Likewise.

    Raises:
        CheckpointError: It is none, or it is damaged.
        ConfigError: The card's metadata cannot be read.
    """
    config = read_config(folder)
    card = card_in(folder)
    if card is None:
        card = f"# {folder.name}\n"
    size = sum((folder / file).stat().st_size for file in (CONFIG, WEIGHTS))
    return ready_to_publish(card, config, size, name.repo if name is not None else None, licence)


def photos_of(folder: Path) -> list[Path]:
    """The normal photos beside a checkpoint, with what says where they come from."""
    return sorted(path for path in (folder / NORMALS).rglob("*") if path.is_file())


def publish(
    api: HfApi,
    folder: Path,
    name: HubName,
    *,
    private: bool,
    licence: str | None,
    normals: bool,
    message: str | None,
    tell: Tell | None,
    stop: threading.Event | None,
) -> Published:
    """Commit a checkpoint to the Hub.

    Args:
        api: With endpoint and token.
        folder: The checkpoint.
        name: OWNER/NAME; a repository is made if there is none.
        private: Whether a new repository is private.
        licence: See `card_to_publish`.
        normals: Whether the normal photos beside the checkpoint are published with it.
        message: Of the commit.
        tell: Hears how far it is.
        stop: Set to stop; until the commit itself is asked for, nothing is published then.

    Raises:
        ConfigError: The name has a revision, or the card has no licence or metadata that cannot be read.
        CheckpointError: It is no checkpoint, or it is damaged.
        HubError: The Hub refuses, or does not answer, or holds something else under this name.
        StoppedError: It was stopped.
    """
    if name.revision is not None:
        raise ConfigError(f"A model is published as OWNER/NAME, without a revision: {name.repo}.")
    info = describe(folder)
    if (folder / WEIGHTS).stat().st_size > LARGEST[WEIGHTS]:
        raise ConfigError(f"{folder / WEIGHTS} is larger than what `crr pull` accepts.")
    card = card_to_publish(folder, name, licence)
    check_licence(card)
    paths = [folder / CONFIG, folder / WEIGHTS, *(photos_of(folder) if normals else ())]
    summary = message or f"{info.name}, revision {info.revision}"

    def prepare(_: object) -> bool:
        with explained(name, api.endpoint):
            _check_metadata(api, card)
            return _make_repository(api, name, private)

    def send(listener: Listener) -> None:
        with explained(name, api.endpoint):
            _send(api, name, operations, _Said(tell, listener, files))

    def commit(_: object) -> str:
        with explained(name, api.endpoint):
            return _commit(api, name, operations, summary)

    new = patiently(prepare, silent(api.endpoint), stop, _STOPPED)
    with ExitStack() as open_files:
        files = {
            path.relative_to(folder).as_posix(): open_files.enter_context(_ReadAloud(path)) for path in paths
        }
        operations = [CommitOperationAdd(place, file) for place, file in files.items()]
        operations.append(CommitOperationAdd(CARD, card.encode()))
        patiently(send, silent(api.endpoint), stop, _STOPPED, _PATIENCE)
        unsure = f"{api.endpoint} did not say whether {name.repo} was published. Look at it there."
        published = patiently(commit, unsure, patience=_PATIENCE)  # too late to stop
    return Published(name.at(published), f"{api.endpoint}/{name.repo}", new)


class _ReadAloud(io.BufferedReader):
    """A file that says how far it was read: the client tells nobody how far it is."""

    def __init__(self, path: Path) -> None:
        super().__init__(io.FileIO(path))
        self.size = path.stat().st_size
        self.heard: Callable[[int], None] = lambda _: None

    def read(self, size: int | None = -1, /) -> bytes:
        data = super().read(size)
        self.heard(self.tell())
        return data


class _Said:
    """How far all files are together, for who listens; ends the work when nobody does."""

    def __init__(self, tell: Tell | None, listener: Listener, files: Mapping[str, _ReadAloud]) -> None:
        self.files = files
        self._tell, self._listener = tell, listener
        self._total = sum(file.size for file in files.values())
        self._done: dict[str, int] = {}
        self._lock = threading.Lock()  # the client sends several files at a time

    def hear(self, file: str, done: int) -> None:
        with self._listener.waited_for(), self._lock:
            self._done[file] = done
            self._say(file, sum(self._done.values()))

    def hear_all(self) -> None:
        """All are there: those too that did not have to be sent."""
        with self._listener.waited_for():
            self._say("", self._total)

    def _say(self, file: str, done: int) -> None:
        if self._tell is not None:
            self._tell(Transfer(file, done, self._total))


def _check_metadata(api: HfApi, card: str) -> None:
    """Let the Hub look at the card before anything is sent, as it will when it takes the commit."""
    response = get_session().post(
        f"{api.endpoint}/api/validate-yaml",
        json={"content": card, "repoType": "model"},
        headers=build_hf_headers(token=api.token),
    )
    if response.status_code == httpx2.codes.BAD_REQUEST:
        wrong = " ".join(str(error["message"]) for error in response.json()["errors"])
        raise HubError(f"{api.endpoint} does not accept the model card: {wrong:.{_LONGEST}}")
    hf_raise_for_status(response)


def _make_repository(api: HfApi, name: HubName, private: bool) -> bool:
    """See that there is a repository for it.

    Returns:
        Whether it holds no model yet.

    Raises:
        HubError: It holds something else.
    """
    api.create_repo(name.repo, private=private, exist_ok=True)
    there = model_of(api.model_info(name.repo, files_metadata=True), name)
    if private and not there.private:
        raise HubError(
            f"{name.repo} is there already, and everybody sees it: make it private on "
            f"{api.endpoint}/{name.repo}/settings, or choose another name."
        )
    others = [file for file in there.files if file not in _OF_ANY]
    if others and there.card.get("library_name") != LIBRARY:
        raise HubError(
            f"{name.repo} is there already and holds something else ({others[0]}), whose card does not say "
            f'"library_name: {LIBRARY}". Choose another name.'
        )
    return not others


def _send(api: HfApi, name: HubName, operations: Sequence[CommitOperationAdd], said: _Said) -> None:
    """Bring the large files to the Hub; the small ones go with the commit."""
    for operation in operations:
        _ = operation.upload_info.sha256  # this reads the file, which is no progress yet
    for place, file in said.files.items():
        file.heard = partial(said.hear, place)
    try:
        api.preupload_lfs_files(name.repo, operations)
    except ValueError as error:  # too large, or more than may be stored there
        raise HubError(f"{api.endpoint} does not take the files: {error}") from None
    except RuntimeError as error:  # so the client wraps what went wrong with one of them
        raise error.__cause__ or HubError(f"{api.endpoint}: {error}") from None
    for file in said.files.values():
        file.heard = lambda _: None
    said.hear_all()


def _commit(api: HfApi, name: HubName, operations: Sequence[CommitOperationAdd], message: str) -> str:
    """The id of the commit."""
    try:
        return api.create_commit(name.repo, operations, commit_message=message).oid
    except ValueError as error:  # the Hub does not like the card's metadata
        raise HubError(f"{api.endpoint} does not accept the model card: {error}") from None
