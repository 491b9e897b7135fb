"""What the Hub says of a model without sending it: its files, its card's metadata, its measured figures."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from huggingface_hub import CardData, DatasetInfo, ModelInfo
from huggingface_hub.hf_api import RepoSibling

from crr.checkpoints.card_metadata import Facts, facts_of, licence_of, results_of
from crr.checkpoints.content import CARD, CONFIG, PICKLES, SCORES, WEIGHTS
from crr.errors import HubError
from crr.hub.names import HubName

_CARD = "cardData"  # what the Hub calls it
NEEDED, WANTED = (CONFIG, WEIGHTS), (CARD, CONFIG, SCORES, WEIGHTS)
LARGEST = {CONFIG: 2**20, CARD: 2**20, SCORES: 2**20, WEIGHTS: 4 * 2**30}
"""Bytes that a file may have; weights of the paper's ViT-B are below a gigabyte."""


@dataclass(frozen=True)
class HubFile:
    """One file of a model on the Hub.

    Attributes:
        name: Name of the file in the repository.
        bytes: Size of the file.
        sha256: SHA-256 of its content, where the Hub keeps it as a large file; else None.
        git: The id that git gives its content, a SHA-1 over its length and content.
    """

    name: str
    bytes: int
    sha256: str | None
    git: str | None


@dataclass(frozen=True)
class HubModel:
    """A model as the Hub lists it.

    Attributes:
        name: Name of the model, as it was asked for.
        commit: 40 hex digits.
        files: Name to file; empty in the answer to a search.
        card: The metadata of its model card.
        changed: When it was last changed.
        downloads: How often it was downloaded in the last month.
        private: Whether only some may see it.
        gated: Whether access has to be asked for.
    """

    name: HubName
    commit: str
    files: Mapping[str, HubFile]
    card: Mapping[str, Any]
    changed: datetime | None
    downloads: int
    private: bool
    gated: bool

    @property
    def bytes(self) -> int:
        """Size of the files that are wanted."""
        return sum(self.files[file].bytes for file in WANTED if file in self.files)

    @property
    def licence(self) -> str:
        """The licence that the model's card names; empty if it names none."""
        return licence_of(self.card)

    @property
    def facts(self) -> Facts:
        """The facts that `crr push` writes into the model's card."""
        return facts_of(self.card)

    @property
    def results(self) -> dict[str, float]:
        """Metric to its value in [0, 1], from the model's card; empty if it was not measured."""
        return results_of(self.card)

    def checked(self) -> "HubModel":
        """This model; raises `HubError` if it is none that can be pulled."""
        missing = [file for file in NEEDED if file not in self.files]
        if missing:
            pickles = [file for file in self.files if file.endswith(PICKLES)]
            other = f" It holds {pickles[0]}, a pickle, which is refused." if pickles else ""
            raise HubError(
                f"{self.name} is not a CRR checkpoint: it has no {' and no '.join(missing)}.{other}"
            )
        for file in WANTED:
            if file in self.files and self.files[file].bytes > LARGEST[file]:
                raise HubError(
                    f"{file} of {self.name} has {self.files[file].bytes:,} bytes; more than "
                    f"{LARGEST[file]:,} is not accepted."
                )
        return self


@dataclass(frozen=True)
class Revision:
    """A revision of a model, as it can be named.

    Attributes:
        name: A branch, a tag, or the first digits of a commit.
        title: What was changed; empty for a branch or a tag.
        when: Time of the commit; None for a branch or a tag.
    """

    name: str
    title: str = ""
    when: datetime | None = None

    def __str__(self) -> str:
        """The revision as a line in a list to choose from."""
        return self.name if self.when is None else f"{self.name} · {self.when:%Y-%m-%d} · {self.title:.60}"


def listed_model(item: Mapping[str, Any]) -> tuple[HubModel, str | None]:
    """The model that an item of the Hub's list describes, and the library that it names."""
    plain = {name: value for name, value in item.items() if name != _CARD}
    info = ModelInfo(**{"siblings": None, **plain})  # type: ignore[no-untyped-call]
    return model_of(info, HubName(info.id), item.get(_CARD)), info.library_name


def card_of(info: ModelInfo | DatasetInfo) -> dict[str, Any]:
    """The metadata of the card of one model or data set; empty where the client cannot tell them."""
    with suppress(Exception):  # a stranger's values stand where the client expects its own
        if info.card_data is not None:
            return CardData.to_dict(info.card_data)  # type: ignore[no-untyped-call]
    return {}


def model_of(info: ModelInfo, name: HubName, card: object) -> HubModel:
    """The model that the client's answer describes.

    Args:
        info: The answer, but for the card, which may be a stranger's.
        name: As it was asked for.
        card: The metadata of its card as the Hub sent them.
    """
    return HubModel(
        name=name,
        commit=info.sha or "",
        files={file.rfilename: _file_of(file) for file in info.siblings or () if file.size is not None},
        card=card if isinstance(card, dict) else {},
        changed=info.last_modified,
        downloads=info.downloads or 0,
        private=bool(info.private),
        gated=bool(info.gated),
    )


def _file_of(file: RepoSibling) -> HubFile:
    return HubFile(
        file.rfilename, file.size or 0, file.lfs.sha256 if file.lfs is not None else None, file.blob_id
    )
