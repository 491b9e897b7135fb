"""A checkpoint that is to be published, and what came of a publication."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from crr.checkpoints.card_changes import check_licence, ready_to_publish
from crr.checkpoints.card_metadata import (
    LIBRARY,
    card_in,
    known_metadata,
    licence_of,
    metadata_of,
    results_of,
)
from crr.checkpoints.content import CARD, CONFIG, SCORES, WEIGHTS, read_config
from crr.checkpoints.files import NORMALS, PULLED, describe, name_of
from crr.errors import CheckpointError, ConfigError
from crr.hub.listing import LARGEST
from crr.hub.names import HubName
from crr.hub.transfer import size_of

Kind = Literal["model", "dataset"]
"""What the Hub keeps."""
_WORDS: dict[Kind, str] = {"model": "model", "dataset": "data set"}


def check_name(name: HubName | None) -> None:
    """See that something can be published under a name; raises `ConfigError` if it cannot."""
    if name is None or name.revision is not None:
        raise ConfigError("Say where to publish it: OWNER/NAME, with your name on the Hub as OWNER.")


@dataclass(frozen=True)
class Publication:
    """A checkpoint that is to be published.

    Attributes:
        folder: The checkpoint.
        name: OWNER/NAME on the Hub; None while nobody has said it.
        private: Whether a repository that is made for it is private.
        licence: A licence by the Hub's name for it, such as "apache-2.0"; None for that of its card.
        normals: Whether the normal photos beside it are published too.
        message: Message of the commit; None for the model's name and revision.
        kind: What it is to the Hub.
        place: What stands before its name in the Hub's addresses.
        mark: What the card of a checkpoint says.
    """

    folder: Path
    name: HubName | None = None
    private: bool = False
    licence: str | None = None
    normals: bool = False
    message: str | None = None

    kind: Kind = field(default="model", init=False)
    place: str = field(default="", init=False)
    mark: str = field(default=f"library_name: {LIBRARY}", init=False)

    def title(self) -> str:
        """Message of the commit; errors as of `card`."""
        info = describe(self.folder)
        return self.message or f"{info.name}, revision {info.revision}"

    def is_ours(self, card: Mapping[str, Any]) -> bool:
        """Whether metadata of a card are those of a checkpoint, which may be replaced."""
        return card.get("library_name") == LIBRARY

    def is_stale(self, file: str) -> bool:
        """Whether a file that is there and not published goes: a normal photo of before."""
        return file.startswith(f"{NORMALS}/")

    @property
    def photos(self) -> list[Path]:
        """The normal photos beside it, with what says where they come from."""
        found = (path for path in (self.folder / NORMALS).rglob("*") if path.is_file())
        return sorted(path for path in found if not path.name.startswith("."))  # such as what is half written

    @property
    def files(self) -> list[Path]:
        """What is published besides the card."""
        files = [self.folder / file for file in (CONFIG, WEIGHTS, SCORES)]
        return [*(file for file in files if file.is_file()), *(self.photos if self.normals else ())]

    def card(self) -> str:
        """The text of the model card as it will be published.

        Raises:
            CheckpointError: It is no checkpoint, or it is damaged.
            ConfigError: The card's metadata cannot be read.
        """
        config, card = read_config(self.folder), card_in(self.folder)
        if not (self.folder / WEIGHTS).is_file():
            raise CheckpointError(f"{self.folder / WEIGHTS} is missing. Copy the checkpoint again.")
        size = sum((self.folder / file).stat().st_size for file in (CONFIG, WEIGHTS))
        name = self.name.repo if self.name is not None else None
        title = f"# {name_of(self.folder)}\n"
        return ready_to_publish(title if card is None else card, config, size, name, self.licence)

    def lacks(self, card: str) -> list[str]:
        """What the model card lacks or has that is odd, as sentences; `card` is that of `card()`."""
        metadata = metadata_of(card)
        sentences = []
        licence, own = licence_of(metadata), licence_of(known_metadata(card_in(self.folder)))
        if not licence:
            sentences.append("Its card names no licence: give one, such as cc-by-nc-sa-4.0.")
        elif own and own != licence:
            sentences.append(
                f"Its own card says {own}, and not {licence}: only its owner may change the licence."
            )
        if not results_of(metadata) and not (self.folder / PULLED).exists():
            name = name_of(self.folder)
            sentences.append(f"It has no figures: crr evaluate --model {name} --data DATA --card")
        return sentences

    def check(self, card: str) -> None:
        """See that the checkpoint can be published, and pulled afterwards.

        Raises:
            ConfigError: Its name has a revision, its card names no licence, or a file is too large.
        """
        check_name(self.name)
        check_licence(card)
        sizes = {file.name: file.stat().st_size for file in self.files if file.name in LARGEST}
        for file, size in {**sizes, CARD: len(card.encode())}.items():
            if size > LARGEST[file]:
                raise ConfigError(
                    f"{self.folder / file} has {size_of(size)}, and nobody could pull it: "
                    f"more than {size_of(LARGEST[file])} is not accepted."
                )


@dataclass(frozen=True)
class Published:
    """What was published.

    Attributes:
        name: With its commit.
        url: Where it can be looked at.
        before: The commit of what was there under this name; None if nothing was.
        kind: What it is.
    """

    name: HubName
    url: str
    before: str | None
    kind: Kind = "model"

    @property
    def sentence(self) -> str:
        """What came of the publication, as a sentence."""
        if self.before is None:
            return f"Published as {self.name}: {self.url}"
        if self.name.means(self.before):
            return f"{self.name} is this {_WORDS[self.kind]} already, and stays as it is: {self.url}"
        return f"Published as {self.name}, a new revision; the older ones stay: {self.url}"
