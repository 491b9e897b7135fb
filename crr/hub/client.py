"""A Hugging Face Hub, with the models that were pulled from it to this machine."""

import shutil
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from itertools import islice
from pathlib import Path
from typing import TypeVar

from huggingface_hub import HfApi, constants
from huggingface_hub.hf_api import ExpandModelProperty_T
from huggingface_hub.utils import (  # type: ignore[attr-defined]  # documented for libraries
    WeakFileLock,
    build_hf_headers,
    disable_progress_bars,
    logging,
    paginate,
)

from crr.checkpoints.card_metadata import LIBRARY, split_card
from crr.checkpoints.content import CARD, CONFIG, SCORES, WEIGHTS, read_config
from crr.checkpoints.files import describe
from crr.errors import CheckpointError, HubError, StoppedError
from crr.hub.download import download, is_whole
from crr.hub.error_messages import no_answer, no_network, translated_disk, translated_errors, translated_http
from crr.hub.listing import HubFile, HubModel, Revision, card_of, listed_model, model_of
from crr.hub.names import HubName, is_commit
from crr.hub.publishing.publication import Published
from crr.hub.publishing.upload import ToPublish, publish
from crr.hub.store import Pulled, Store
from crr.hub.timeouts import SILENCE_TIMEOUT, STOPPED, again_if_broken, run_with_timeout
from crr.hub.transfer import Transfer, TransferCallback
from crr.runtime.endpoint import checked_endpoint, guard_hub_client

Answer = TypeVar("Answer")

# The small ones first: a newer format is seen before the weights are sent.
_ORDER = (CONFIG, CARD, SCORES, WEIGHTS)
_TIMEOUT = SILENCE_TIMEOUT / 2
_MOST_RESULTS = 100
_PAUSE = 0.5  # seconds between two looks whether a wait was stopped
_LISTED: list[ExpandModelProperty_T] = [
    "cardData", "sha", "lastModified", "downloads", "gated", "private", "library_name"
]  # fmt: skip


def quiet() -> None:
    """Keep the client from talking by itself, in this process: what it would say is in our sentences."""
    logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    disable_progress_bars()


class Hub:
    """Where models are pulled from and published; endpoint and token are the client's unless given.

    Attributes:
        endpoint: Address of the Hub, `HF_ENDPOINT` or huggingface.co.
        store: The models from it that are on this machine.
    """

    def __init__(
        self, endpoint: str | None = None, token: str | bool | None = None, store: Store | None = None
    ) -> None:
        """Args: endpoint, an address; token, as the client takes it; store, by default that of this user.

        Raises:
            ConfigError: The address is none.
        """
        self.endpoint = checked_endpoint(endpoint or constants.ENDPOINT or "https://huggingface.co")
        guard_hub_client()
        self.store = store or Store()
        self._token = token
        self._api = HfApi(endpoint=self.endpoint, token=token, library_name=LIBRARY)

    def look_up(self, name: HubName, stop: threading.Event | None = None) -> HubModel:
        """What the Hub says of a model.

        Args:
            name: Which.
            stop: Set to stop.

        Raises:
            HubError: It says that there is none, or does not answer.
            StoppedError: It was stopped.
        """

        def ask() -> HubModel:
            info = self._api.model_info(
                name.repo, revision=name.revision, files_metadata=True, timeout=_TIMEOUT
            )
            model = model_of(info, name, card_of(info))
            if not is_commit(model.commit):  # it becomes the name of a folder
                raise ValueError(model.commit)
            return model

        return self._ask(name, ask, f"ask about {name}", stop)

    def revisions(self, repo: str) -> list[Revision]:
        """Branches and tags of a model, main first, then its commits, the newest first.

        Raises:
            HubError: As `look_up` does.
        """
        name = HubName(repo)

        def ask() -> list[Revision]:
            refs = self._api.list_repo_refs(repo)
            names = sorted((ref.name for ref in (*refs.branches, *refs.tags)), key=lambda ref: ref != "main")
            commits = self._api.list_repo_commits(repo)[:_MOST_RESULTS]
            return [Revision(one) for one in names] + [
                Revision(str(name.at(commit.commit_id).revision), commit.title, commit.created_at)
                for commit in commits
            ]

        return self._ask(name, ask, f"ask about {name}")

    def read_card(self, model: HubModel) -> str:
        """The words of a model's card, without its metadata; empty if it has none.

        Args:
            model: Looked up.

        Raises:
            HubError: The Hub does not answer, or what it sent is not the card, or this is no CRR checkpoint.
        """
        file = model.checked().files.get(CARD)
        if file is None:
            return ""
        with tempfile.TemporaryDirectory() as folder:
            download(model, file, Path(folder), self.endpoint, self._token, lambda _: None, None)
            return split_card((Path(folder) / CARD).read_text(encoding="utf-8", errors="replace"))[1]

    def search(self, word: str = "", most: int = _MOST_RESULTS) -> list[HubModel]:
        """The CRR models on the Hub, most downloaded first.

        Args:
            word: In their names; all if empty.
            most: How many at most.

        Raises:
            HubError: The Hub does not answer.
        """

        def ask() -> list[HubModel]:
            asked = {"filter": LIBRARY, "sort": "downloads", "limit": most, "expand": _LISTED}
            headers = build_hf_headers(token=self._token, library_name=LIBRARY)
            items = paginate(
                f"{self.endpoint}/api/models", asked | ({"search": word} if word else {}), headers, _TIMEOUT
            )
            found = map(listed_model, islice(items, most))
            return [model for model, library in found if library in (LIBRARY, None)]

        return self._ask(None, ask, "search")

    def pull(
        self, name: HubName, tell: TransferCallback | None = None, stop: threading.Event | None = None
    ) -> Pulled:
        """Bring a model to this machine; if its commit is here already, nothing is sent.

        The Hub is not even asked about a commit that is here; nor while `HF_HUB_OFFLINE` is set.

        Args:
            name: The model; its revision is looked up anew, so that this also updates a model.
            tell: Hears how far it is.
            stop: Set to stop; what has arrived is kept, and the next pull goes on with it.

        Raises:
            HubError: There is no such model, it is no CRR checkpoint, or it does not arrive whole.
            StoppedError: It was stopped.
            CheckpointError: It is damaged as it lies on the Hub, or of a newer format.
        """
        here = self.store.find(name)
        settled = here is not None and (name.means(here.commit) or constants.HF_HUB_OFFLINE)
        if here is not None and settled and _is_usable(here):
            return here
        if constants.HF_HUB_OFFLINE:
            raise HubError(no_network(f"pull {name}, which is not on this machine"))
        model = self.look_up(name, stop).checked()
        pulled = self._whole(HubName(name.repo, model.commit)) or self._bring(model, tell, stop)
        with translated_disk(name):
            self.store.remember(name, model.commit)
        return pulled

    def push(
        self,
        publication: ToPublish,
        tell: TransferCallback | None = None,
        stop: threading.Event | None = None,
    ) -> Published:
        """Publish a checkpoint or a data set; see `crr.hub.publishing.upload.publish`."""
        if constants.HF_HUB_OFFLINE:
            raise HubError(no_network("publish"))
        return publish(self._api, publication, tell, stop)

    def _whole(self, name: HubName) -> Pulled | None:
        """The model of that name, if it is here and somebody could use it."""
        here = self.store.find(name)
        return here if here is not None and _is_usable(here) else None

    def _bring(self, model: HubModel, tell: TransferCallback | None, stop: threading.Event | None) -> Pulled:
        """The model, pulled by us, or by somebody else while we wait for them."""
        lock = self.store.lock(model.name.repo, model.commit)
        with translated_disk(model.name):
            lock.parent.mkdir(parents=True, exist_ok=True)
        with _locked(model, lock, tell, stop):
            return self._whole(HubName(model.name.repo, model.commit)) or self._fetch(model, tell, stop)

    def _ask(
        self,
        name: HubName | None,
        ask: Callable[[], Answer],
        purpose: str,
        stop: threading.Event | None = None,
    ) -> Answer:
        """What a request answers.

        Args:
            name: What is asked for; None for a search.
            ask: Sends it.
            purpose: What cannot be done while `HF_HUB_OFFLINE` is set.
            stop: Set to stop.
        """
        if constants.HF_HUB_OFFLINE:
            raise HubError(no_network(purpose))

        def work(_: object) -> Answer:
            with translated_http(self.endpoint), translated_errors(name, self.endpoint):
                return again_if_broken(ask)

        return run_with_timeout(work, no_answer(self.endpoint), stop)

    def _fetch(self, model: HubModel, tell: TransferCallback | None, stop: threading.Event | None) -> Pulled:
        with translated_disk(model.name):
            self.store.make_room(model.name, model.commit, model.bytes)
            part = self.store.part(model.name.repo, model.commit)
            part.mkdir(parents=True, exist_ok=True)
            missing = model.bytes - sum(file.stat().st_size for file in part.iterdir())
            free = shutil.disk_usage(part).free
        if missing > free:
            raise HubError(
                f"{model.name} needs {missing:,} bytes, and there are {free:,} where "
                f"{self.store.root} lies. Make room, or set HF_HOME to a folder on another disk."
            )
        before = 0
        for wanted in _ORDER:
            file = model.files.get(wanted)
            if file is None:
                continue
            self._reuse(model.name, file, part)
            heard = _telling(tell, wanted, before, model.bytes)
            download(model, file, part, self.endpoint, self._token, heard, stop)
            before += file.bytes
            if wanted == CONFIG:
                _check(model, part, read_config)
        _check(model, part, describe)
        with translated_disk(model.name):
            return self.store.finish(model.name, model.commit, self.endpoint)

    def _reuse(self, name: HubName, file: HubFile, part: Path) -> None:
        """Copy a large file from another revision that is here, if that has the same one."""
        if file.sha256 is None:
            return
        for other in self.store.all():
            there = other.path / file.name
            if other.name.repo == name.repo and there.is_file() and is_whole(there, file):
                with translated_disk(name):
                    shutil.copyfile(there, part / file.name)
                return


def _is_usable(pulled: Pulled) -> bool:
    """Whether a pulled model's files are whole; this reads them."""
    with suppress(CheckpointError):
        describe(pulled.path)
        return True
    return False


@contextmanager
def _locked(
    model: HubModel, path: Path, tell: TransferCallback | None, stop: threading.Event | None
) -> Iterator[None]:
    """Let nobody else pull the same model; raises `StoppedError` if the wait for others is stopped."""
    with ExitStack() as stack:
        while True:
            try:
                with translated_disk(model.name):
                    stack.enter_context(WeakFileLock(path, timeout=_PAUSE))
                break
            except TimeoutError:
                if stop is not None and stop.is_set():
                    raise StoppedError(STOPPED) from None
                if tell is not None:
                    tell(Transfer("somebody else is pulling it", 0, model.bytes))
        yield


def _check(model: HubModel, part: Path, read: Callable[[Path], object]) -> None:
    """See that what arrived can be used; if it never can, it is removed."""
    try:
        read(part)
    except CheckpointError as error:
        shutil.rmtree(part, ignore_errors=True)
        raise type(error)(str(error).replace(f"{part}/", f"{model.name}: ")) from None


def _telling(tell: TransferCallback | None, file: str, before: int, total: int) -> Callable[[int], None]:
    if tell is None:
        return lambda _: None
    return lambda done: tell(Transfer(file, before + done, total))
