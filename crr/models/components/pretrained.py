"""Pretrained weights of backbones: where they lie, whether they may be fetched, and with which token.

A checkpoint names its encoder, and whoever made the checkpoint chose the name. On one's own command line any
encoder that timm knows is fetched. Where strangers bring the checkpoints, the loading is put into `fetching`:
what is here is used, other weights only come from repositories that are allowed, and the token of the machine
stays where it is.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import timm
import torch
from huggingface_hub import (
    CacheNotFound,
    HfApi,
    HFCacheInfo,
    ModelInfo,
    constants,
    hf_hub_download,
    scan_cache_dir,
    try_to_load_from_cache,
)
from huggingface_hub.errors import EntryNotFoundError

from crr.errors import EncoderError, HubError
from crr.runtime.endpoint import guard_hub_client

_COUNTED = "timm/"
"""How the repositories begin that are counted and removed: other programs share the Hub's cache."""
_FILES = ("model.safetensors", "pytorch_model.bin")
_HUB_TIMEOUT = 10.0  # seconds; huggingface_hub itself goes on asking for a minute


@dataclass(frozen=True)
class Fetching:
    """What may be fetched while a model is loaded.

    Attributes:
        allowed: Says of a repository of the Hub, or of an address elsewhere, whether weights may come from
            there.
        token: For the Hub, as its client takes it: None is the token of this machine, False is none.
        most: Bytes that encoders may have together in the Hub's cache; None for as many as the disk holds.
    """

    allowed: Callable[[str], bool] = lambda _: True
    token: str | bool | None = None
    most: int | None = None


_OPEN = Fetching()
_FETCHING: ContextVar[Fetching] = ContextVar("fetching", default=_OPEN)


@contextmanager
def fetching(
    allowed: Callable[[str], bool], token: str | bool | None, most: int | None = None
) -> Iterator[None]:
    """Let encoders that are loaded inside the block, in this thread, be fetched so; see `Fetching`."""
    before = _FETCHING.set(Fetching(allowed, token, most))
    try:
        yield
    finally:
        _FETCHING.reset(before)


def weights_file(name: str) -> Path | None:
    """The file of a backbone's weights on this machine, fetched from the Hub if it is not here.

    Args:
        name: What timm calls the backbone now.

    Returns:
        None if the weights lie elsewhere than on the Hub: timm fetches those, and without a token.

    Raises:
        EncoderError: There are none, they may not be fetched, or they cannot be had.
    """
    source = timm.get_pretrained_cfg(name)
    if source is None or not source.has_weights:
        raise EncoderError(f"timm has no weights for {name}. Choose another backbone, or random weights.")
    if source.hf_hub_id is None:
        address = source.url[0] if isinstance(source.url, tuple) else source.url
        if address and not _in_cache_of_torch(address):
            _check_allowed(name, address)
        return None
    here = _cached(source.hf_hub_id)
    if here is not None:
        return here
    _check_allowed(name, source.hf_hub_id)
    return _fetch(name, source.hf_hub_id, _FETCHING.get())


def unreachable(name: str, error: Exception) -> EncoderError:
    """The error where weights cannot be had; the sentence says from where they were wanted."""
    source = timm.get_pretrained_cfg(name)
    url = source.url if source is not None and source.hf_hub_id is None else None
    place, cache = (url, "PyTorch's cache") if url else ("the Hugging Face Hub", "the Hub cache")
    return EncoderError(
        f"The weights of {name} could not be had from {place} ({type(error).__name__}). "
        f"Connect once, or place them in {cache}; the preset `embedded` needs no network."
    )


def _check_allowed(name: str, place: str) -> None:
    if not _FETCHING.get().allowed(place):
        raise EncoderError(
            f"The weights of the encoder {name} are not on this machine, and may not be fetched here from "
            f"{place}. Choose a model with another encoder, or ask whoever serves this to allow it "
            "(CRR_ALLOWED_MODELS)."
        )


def _cached(repository: str) -> Path | None:
    found = (try_to_load_from_cache(repository, file) for file in _FILES)
    return next((Path(path) for path in found if isinstance(path, str)), None)


def _in_cache_of_torch(url: str) -> bool:
    return (Path(torch.hub.get_dir()) / "checkpoints" / Path(urlsplit(url).path).name).is_file()


def _fetch(name: str, repository: str, how: Fetching) -> Path:
    """Bring the weights of a backbone into the Hub's cache: the safe file, where there is one."""
    guard_hub_client()
    try:
        # It also says at once if nobody answers.
        there = HfApi(token=how.token).model_info(repository, timeout=_HUB_TIMEOUT, files_metadata=True)
        if how.most is not None:
            _make_room(there, how.most)
        for file in _FILES:
            try:
                return Path(hf_hub_download(repository, file, token=how.token))
            except EntryNotFoundError:
                continue
    except EncoderError:
        raise
    except HubError as error:
        raise EncoderError(f"The weights of {name} could not be had. {error}") from None
    except Exception as error:  # of the client, and of the HTTP library that it happens to use
        raise unreachable(name, error) from error
    raise EncoderError(f"{repository} on the Hugging Face Hub holds no weights of {name}.")


def _make_room(wanted: ModelInfo, most: int) -> None:
    """Remove weights of encoders, unused longest first, until those that are wanted have room beside them.

    Args:
        wanted: The repository whose weights will be fetched, with the sizes of its files.
        most: Bytes that all may have together.

    Raises:
        EncoderError: They alone have more.
    """
    sizes = {file.rfilename: file.size or 0 for file in wanted.siblings or ()}
    needed = next((sizes[file] for file in _FILES if file in sizes), 0)
    if needed > most:
        raise EncoderError(
            f"The weights in {wanted.id} have {needed:,} bytes, and here all encoders together may have "
            f"{most:,}."
        )
    cache = _cache_of_the_hub()
    ours = [repo for repo in cache.repos if repo.repo_id.startswith(_COUNTED)] if cache is not None else []
    held = sum(repo.size_on_disk for repo in ours)
    for repo in sorted(ours, key=lambda one: one.last_accessed):
        if cache is not None and held + needed > most:
            cache.delete_revisions(*(revision.commit_hash for revision in repo.revisions)).execute()
            held -= repo.size_on_disk


def _cache_of_the_hub() -> HFCacheInfo | None:
    try:
        return scan_cache_dir(constants.HF_HUB_CACHE)
    except CacheNotFound:
        return None
