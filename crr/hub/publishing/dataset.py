"""A data set that is to be published: a folder with a card, as it lies."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from crr.checkpoints.card_changes import check_licence
from crr.checkpoints.card_metadata import card_to_change, metadata_of
from crr.checkpoints.content import CARD
from crr.errors import ConfigError
from crr.hub.names import HubName
from crr.hub.publishing.publication import Kind, check_name


def _is_hidden(path: Path) -> bool:
    return any(part.startswith(".") for part in path.parts)


@dataclass(frozen=True)
class DatasetPublication:
    """A data set that is to be published.

    Attributes:
        folder: Where it lies, with its card `README.md`, whose tags have `tag`.
        name: OWNER/NAME on the Hub; None while nobody has said it.
        tag: By which a data set is known that may be replaced.
        private: Whether a repository that is made for it is private.
        message: Message of the commit.
        kind: What it is to the Hub.
        place: What stands before its name in the Hub's addresses.
    """

    folder: Path
    name: HubName | None
    tag: str
    private: bool = False
    message: str = "Data set"
    kind: Kind = field(default="dataset", init=False)
    place: str = field(default="datasets/", init=False)

    @property
    def mark(self) -> str:
        """What the card of a data set says that may be replaced."""
        return f"tags: {self.tag}"

    @property
    def files(self) -> list[Path]:
        """All files of the folder but its card, and but what is hidden."""
        found = (path for path in self.folder.rglob("*") if path.is_file() and path != self.folder / CARD)
        return sorted(path for path in found if not _is_hidden(path.relative_to(self.folder)))

    def card(self) -> str:
        """The text of the card; raises `ConfigError` if there is none, or its metadata cannot be read."""
        if not (self.folder / CARD).is_file():
            raise ConfigError(
                f"{self.folder} has no {CARD}: give the folder of a data set that was exported."
            )
        return card_to_change(self.folder)

    def check(self, card: str) -> None:
        """See that it can be published; raises `ConfigError` if its name or its card does not do."""
        check_name(self.name)
        check_licence(card)
        if not self.is_ours(metadata_of(card)):
            raise ConfigError(f"The card of {self.folder} does not say {self.mark}: write it anew.")

    def title(self) -> str:
        """Message of the commit."""
        return self.message

    def is_ours(self, card: Mapping[str, Any]) -> bool:
        """Whether metadata of a card are those of a data set that may be replaced."""
        tags = card.get("tags")
        return isinstance(tags, list) and self.tag in tags

    def is_stale(self, file: str) -> bool:
        """Whether a file that is there and not published goes: all of them, it is another data set then."""
        del file
        return True
