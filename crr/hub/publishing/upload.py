"""Publishing: one commit in a repository of the Hub, of a model or of a data set."""

import io
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import httpx2
from huggingface_hub import CommitOperationAdd, CommitOperationDelete, DatasetInfo, HfApi, ModelInfo
from huggingface_hub.errors import GatedRepoError, RepositoryNotFoundError
from huggingface_hub.utils import (  # type: ignore[attr-defined]  # documented for libraries
    build_hf_headers,
    get_session,
    hf_raise_for_status,
)

from crr.checkpoints.content import CARD
from crr.errors import HubError, StoppedError
from crr.hub.error_messages import no_answer, translated_errors, translated_http
from crr.hub.listing import card_of
from crr.hub.names import HubName
from crr.hub.publishing.dataset import DatasetPublication
from crr.hub.publishing.publication import Publication, Published
from crr.hub.timeouts import Heartbeat, run_with_timeout
from crr.hub.transfer import Transfer, TransferCallback

_OF_ANY = (".gitattributes", CARD)  # what a new repository may hold
_FEW = 100  # files, of which each is open while it is sent
_AT_A_TIME = 20  # files that are sent before somebody hears of it
_STOPPED = "Stopped; nothing was published."
_LONGEST = 2000  # signs of what the Hub says of a card: it lists all licences that there are
_CHECK_TIMEOUT = 60.0  # seconds: when all is sent, the Hub checks large files before it answers


ToPublish = Publication | DatasetPublication


def publish(
    api: HfApi, publication: ToPublish, tell: TransferCallback | None, stop: threading.Event | None
) -> Published:
    """Commit something to the Hub; a repository is made if there is none.

    Args:
        api: With endpoint and token.
        publication: What, and under which name.
        tell: Hears how far it is.
        stop: Set to stop; until the commit itself is asked for, nothing is published then.

    Raises:
        ConfigError: It cannot be published so, or its card cannot be read.
        CheckpointError: It is no checkpoint, or it is damaged.
        HubError: The Hub refuses, or does not answer, or holds something else under this name.
        StoppedError: It was stopped.
    """
    title, card = publication.title(), publication.card()
    publication.check(card)
    assert publication.name is not None
    upload = _Upload(api, publication, publication.name)
    files = {path.relative_to(publication.folder).as_posix(): path for path in publication.files}
    sizes = {place: path.stat().st_size for place, path in files.items()}
    with ExitStack() as open_files:
        # A few files tell how far they are read; of many only so many may be open at a time.
        is_few = len(files) <= _FEW
        read = {place: open_files.enter_context(_opened(path)) for place, path in files.items() if is_few}
        additions = [_addition(place, read.get(place, path)) for place, path in files.items()]
        additions.append(CommitOperationAdd(CARD, card.encode()))
        before, made, there = run_with_timeout(
            lambda heartbeat: upload.prepare(card, heartbeat),
            no_answer(api.endpoint),
            stop,
            _STOPPED,
        )
        stale = [
            CommitOperationDelete(place)
            for place in there
            if place not in (*files, *_OF_ANY) and publication.is_stale(place)
        ]
        stopped = _STOPPED + (f" An empty repository is at {upload.url}." if made else "")
        run_with_timeout(
            lambda heartbeat: upload.send(additions, _Said(tell, heartbeat, sizes, read)),
            no_answer(api.endpoint),
            stop,
            stopped,
            _CHECK_TIMEOUT,
        )
        try:
            published = run_with_timeout(  # too late to stop
                lambda _: upload.commit([*additions, *stale], title), upload.unsure, timeout=_CHECK_TIMEOUT
            )
        except KeyboardInterrupt:
            raise StoppedError(upload.unsure) from None
    return Published(publication.name.at(published), upload.url, before, publication.kind)


def _addition(place: str, file: "_ReadAloud | Path") -> CommitOperationAdd:
    """A file that is to be there; it is read at once, for its digest."""
    try:
        return CommitOperationAdd(place, str(file) if isinstance(file, Path) else file)
    except OSError as error:
        raise HubError(f"{file} cannot be read ({error.strerror}).") from None


def _opened(path: Path) -> "_ReadAloud":
    try:
        return _ReadAloud(path)
    except OSError as error:
        raise HubError(f"{path} cannot be read ({error.strerror}).") from None


class _ReadAloud(io.BufferedReader):
    """A file that says how far it was read: the client tells nobody how far it is."""

    def __init__(self, path: Path) -> None:
        super().__init__(io.FileIO(path))
        self.heard: Callable[[int], None] = lambda _: None

    def read(self, size: int | None = -1, /) -> bytes:
        data = super().read(size)
        self.heard(self.tell())
        return data


class _Said:
    """How far all files are together, for who listens; ends the work when nobody does."""

    def __init__(
        self,
        tell: TransferCallback | None,
        heartbeat: Heartbeat,
        sizes: Mapping[str, int],
        read: Mapping[str, _ReadAloud],
    ) -> None:
        self.sizes, self.read = sizes, read
        self._tell, self._heartbeat = tell, heartbeat
        self._total = sum(sizes.values())
        self._done: dict[str, int] = {}
        self._lock = threading.Lock()  # the client sends several files at a time

    def hear(self, file: str, done: int) -> None:
        with self._heartbeat.waited_for(), self._lock:
            self._done[file] = done
            self._say(file, sum(self._done.values()))

    def hear_all(self) -> None:
        """Say that all files are there, those too that did not have to be sent."""
        with self._heartbeat.waited_for():
            self._say("", self._total)

    def _say(self, file: str, done: int) -> None:
        if self._tell is not None:
            self._tell(Transfer(file, done, self._total))


class _Upload:
    """The requests that publish something under a name."""

    def __init__(self, api: HfApi, publication: ToPublish, name: HubName) -> None:
        self._api, self._publication, self._name, self._kind = api, publication, name, publication.kind
        self.url = f"{api.endpoint}/{publication.place}{name}"
        self.unsure = f"{api.endpoint} did not say whether {name} was published. Look at it there."

    def prepare(self, card: str, heartbeat: Heartbeat) -> tuple[str | None, bool, list[str]]:
        """Have the card checked, and see that there is a repository.

        Returns:
            The commit of what is there, None without one; whether the repository was made; and the files
            that are there.
        """
        with translated_http(self._api.endpoint), translated_errors(self._name, self._api.endpoint):
            self._check_metadata(card)
            heartbeat.sign()
            try:
                there = self._find()
            except GatedRepoError:
                raise
            except RepositoryNotFoundError:
                heartbeat.sign()
                self._api.create_repo(
                    self._name.repo, private=self._publication.private, repo_type=self._kind
                )
                return None, True, []
        files = [file.rfilename for file in there.siblings or ()]
        return there.sha if set(files) - set(_OF_ANY) else None, False, files

    def send(self, operations: Sequence[CommitOperationAdd], said: _Said) -> None:
        """Bring the large files to the Hub; the small ones go with the commit."""
        for place, file in said.read.items():
            file.heard = partial(said.hear, place)
        for first in range(0, len(operations), _AT_A_TIME):
            some = operations[first : first + _AT_A_TIME]
            self._send_some(some)
            for place in {
                operation.path_in_repo for operation in some
            } & said.sizes.keys() - said.read.keys():
                said.hear(place, said.sizes[place])
        for file in said.read.values():
            file.heard = lambda _: None
        said.hear_all()

    def _send_some(self, operations: Sequence[CommitOperationAdd]) -> None:
        try:
            with translated_errors(self._name, self._api.endpoint):
                self._api.preupload_lfs_files(self._name.repo, operations, repo_type=self._kind)
        except ValueError as error:  # too large, or more than may be stored there
            raise HubError(f"{self._api.endpoint} does not take the files: {error}") from None
        except RuntimeError as error:  # so the client wraps what went wrong with one of them
            with translated_errors(self._name, self._api.endpoint):
                raise error.__cause__ or HubError(f"{self._api.endpoint}: {error}") from None
        except (KeyError, TypeError, AttributeError) as error:
            with translated_http(self._api.endpoint):
                raise error

    def commit(self, operations: Sequence[CommitOperationAdd | CommitOperationDelete], message: str) -> str:
        """The id of the commit, or of the one before if nothing has changed."""
        with translated_http(self._api.endpoint), translated_errors(self._name, self._api.endpoint):
            try:
                return self._api.create_commit(
                    self._name.repo, operations, commit_message=message, repo_type=self._kind
                ).oid
            except httpx2.TransportError:
                raise HubError(self.unsure) from None

    def _check_metadata(self, card: str) -> None:
        """Let the Hub look at the card before anything is sent, as it will when it takes the commit."""
        response = get_session().post(
            f"{self._api.endpoint}/api/validate-yaml",
            json={"content": card, "repoType": self._kind},
            headers=build_hf_headers(token=self._api.token),
        )
        if response.status_code == httpx2.codes.BAD_REQUEST:
            wrong = " ".join(str(error["message"]) for error in response.json()["errors"])
            raise HubError(f"{self._api.endpoint} does not accept the card: {wrong:.{_LONGEST}}")
        hf_raise_for_status(response)

    def _find(self) -> ModelInfo | DatasetInfo:
        """What the repository holds now; raises `HubError` if it is nothing that may be replaced."""
        ask = self._api.model_info if self._kind == "model" else self._api.dataset_info
        info = ask(self._name.repo)
        if self._publication.private and not info.private:
            raise HubError(
                f"{self._name} is there already, and everybody sees it: make it private on "
                f"{self.url}/settings, or choose another name."
            )
        others = [file.rfilename for file in info.siblings or () if file.rfilename not in _OF_ANY]
        if others and not self._publication.is_ours(card_of(info)):
            raise HubError(
                f"{self._name} is there already and holds something else ({others[0]}), whose card does not "
                f'say "{self._publication.mark}". Choose another name.'
            )
        return info
