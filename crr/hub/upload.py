"""Publishing a checkpoint: one commit in a model repository of the Hub."""

from dataclasses import dataclass
from pathlib import Path

from huggingface_hub import CommitOperationAdd, HfApi

from crr.card_metadata import ready_to_publish
from crr.checkpoint import CARD, CONFIG, WEIGHTS, describe, read_config
from crr.errors import ConfigError, HubError
from crr.hub.failures import explained, silent
from crr.hub.listing import LARGEST
from crr.hub.names import HubName
from crr.hub.patience import patiently
from crr.normals import FOLDER


@dataclass(frozen=True)
class Published:
    """What was published.

    Attributes:
        name: With its commit.
        url: Where it can be looked at.
    """

    name: HubName
    url: str


def card_to_publish(folder: Path, licence: str | None = None) -> str:
    """The text of the model card as it will be published.

    Args:
        folder: A checkpoint.
        licence: See `crr.card_metadata.ready_to_publish`.

    Raises:
        CheckpointError: It is none, or it is damaged.
        ConfigError: The card lacks a licence, or its metadata cannot be read.
    """
    config = read_config(folder)
    path = folder / CARD
    card = path.read_text(encoding="utf-8", errors="replace") if path.is_file() else f"# {folder.name}\n"
    return ready_to_publish(card, config, licence)


def photos_of(folder: Path) -> list[Path]:
    """The normal photos beside a checkpoint, with what says where they come from."""
    return sorted(path for path in (folder / FOLDER).rglob("*") if path.is_file())


def publish(
    api: HfApi,
    folder: Path,
    name: HubName,
    *,
    private: bool,
    licence: str | None,
    normals: bool,
    message: str | None,
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

    Raises:
        ConfigError: The name has a revision, or see `card_to_publish`.
        CheckpointError: It is no checkpoint, or it is damaged.
        HubError: The Hub refuses, or does not answer.
    """
    if name.revision is not None:
        raise ConfigError(f"A model is published as OWNER/NAME, without a revision: {name.repo}.")
    info = describe(folder)
    if (folder / WEIGHTS).stat().st_size > LARGEST[WEIGHTS]:
        raise ConfigError(f"{folder / WEIGHTS} is larger than what `crr pull` accepts.")
    files: dict[str, str | bytes] = {
        CONFIG: str(folder / CONFIG),
        WEIGHTS: str(folder / WEIGHTS),
        CARD: card_to_publish(folder, licence).encode(),
    }
    if normals:
        files |= {path.relative_to(folder).as_posix(): str(path) for path in photos_of(folder)}
    summary = message or f"{info.name}, revision {info.revision}"

    def make_repository(_: object) -> None:
        with explained(name, api.endpoint):
            api.create_repo(name.repo, private=private, exist_ok=True)
            if private and not api.model_info(name.repo).private:
                raise HubError(
                    f"{name.repo} is there already, and everybody sees it: make it private on "
                    f"{api.endpoint}/{name.repo}/settings, or choose another name."
                )

    patiently(make_repository, silent(api.endpoint))
    with explained(name, api.endpoint):
        operations = [CommitOperationAdd(file, content) for file, content in files.items()]
        try:
            commit = api.create_commit(name.repo, operations, commit_message=summary)
        except ValueError as error:  # the Hub does not like the card's metadata
            raise HubError(f"{api.endpoint} does not accept the model card: {error}") from None
        except RuntimeError as error:  # so the client wraps what went wrong with a large file
            raise error.__cause__ or HubError(f"{api.endpoint}: {error}") from None
    return Published(name.at(commit.oid), f"{api.endpoint}/{name.repo}")
