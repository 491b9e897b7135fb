"""The metadata at the head of a model card: by them the Hub finds a model, and shows how good it is.

What they mean: <https://huggingface.co/docs/hub/model-cards#model-card-metadata>. Besides what every card
has, an entry `crr` says method, encoder, layers and categories: a search can tell without pulling the model.
"""

import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from unicodedata import category

import yaml
from huggingface_hub import ModelCard
from huggingface_hub.repocard import REGEX_YAML_BLOCK

from crr.checkpoints.content import CARD
from crr.errors import ConfigError
from crr.runtime.paths import StrPath, as_path

LIBRARY = "crr"
"""The library by the Hub's name for it, and the entry of our own."""

_HEAD = re.compile(r"\s*---[ \t]*\r?\n(.*?)(?:(?<=\n)|\r?\n)---[ \t]*(?:\r?\n|$)", re.DOTALL)
ALL = "all categories"
"""Name of the data set of the figures over all categories."""

_OTHER = "other"
_LARGEST = 2**63  # number that is shown; Python refuses to write out one of thousands of digits
_LONGEST, _MOST_WORDS = 80, 100  # signs of a word, and words of a list, that are shown of a card
_MOST_SIGNS = 1000  # of a word that are looked at
_LONGEST_HEAD = 2**16  # characters of the metadata; ours have 6,000
_MOST_EVENTS = 10_000  # of the metadata: values, with what begins and ends lists
_DEEPEST = 20  # lists in lists of the metadata
_LONGEST_CARD = 2**20  # bytes of a card


def metadata_of(card: str) -> dict[str, Any]:
    """The metadata of a card as they stand there, empty if it has none.

    Raises:
        ConfigError: They are no YAML mapping, or more than anybody needs.
    """
    head = _HEAD.match(card)
    if head is None:
        return {}
    _check_head(card)
    try:
        found = yaml.safe_load(head[1])
    except Exception as error:  # such as a KeyError, of a value that is no truth though it says so
        raise _unreadable(error) from None
    if found is None:
        return {}
    if not isinstance(found, dict):
        raise _unreadable(ValueError("no names with values"))
    return found


def card_in(folder: StrPath) -> str | None:
    """The text of the card of a checkpoint; None if it has none."""
    path = as_path(folder, "The checkpoint") / CARD
    if not path.is_file():
        return None
    with path.open(encoding="utf-8", errors="replace") as file:
        return file.read(_LONGEST_CARD)


def _short(value: object) -> str:
    """What somebody else's card says, as a word or a few in one line; empty if it is neither text nor number.

    A list can hold itself a million times in a few bytes, and written out take all memory.
    """
    if (isinstance(value, int) and abs(value) > _LARGEST) or not isinstance(value, str | int | float):
        return ""
    # What is no character, or steers those beside it, would break the page or turn its words round.
    signs = (sign if category(sign)[0] != "C" else " " for sign in str(value)[:_MOST_SIGNS])
    words = " ".join("".join(signs).split())
    return words if len(words) <= _LONGEST else f"{words[:_LONGEST]}…"


def card_to_change(folder: StrPath) -> str:
    """The text of the card of a checkpoint, as it will be changed; empty if it has none.

    Raises:
        ConfigError: It is no UTF-8, or its metadata cannot be read: a change would lose something.
    """
    path = as_path(folder, "The checkpoint") / CARD
    try:
        card = path.read_text(encoding="utf-8") if path.is_file() else ""
    except UnicodeDecodeError:
        raise ConfigError(f"{path} is no text in UTF-8. Save it as such, or remove it.") from None
    metadata_of(card)
    return card


def known_metadata(card: str | None) -> dict[str, Any]:
    """The metadata of a card; empty also without a card, and where they cannot be read."""
    with suppress(ConfigError):
        return metadata_of(card or "")
    return {}


def results_of(card: Mapping[str, Any]) -> dict[str, float]:
    """Metric to its value in [0, 1] over all categories, from a card's metadata; empty if it has none."""
    with suppress(AttributeError, TypeError):  # somebody else's card may hold anything there
        return {
            str(metric.get("type")): float(metric["value"])
            for model in card.get("model-index") or ()
            for result in model.get("results") or ()
            if result.get("dataset", {}).get("name") == ALL
            for metric in result.get("metrics") or ()
            if type(metric.get("value")) in (int, float) and 0 <= metric["value"] <= 1
        }
    return {}


@dataclass(frozen=True)
class Facts:
    """What a card says of a model so that a search can tell; "?" and empty where it does not.

    Attributes:
        method: For example "crr".
        encoder: timm name of its encoder.
        layers: The encoder's layers.
        categories: Categories that the model was trained on.
        bytes: Size of the model's files; None if the card does not say.
    """

    method: str = "?"
    encoder: str = "?"
    layers: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    bytes: int | None = None


def facts_of(card: Mapping[str, Any]) -> Facts:
    """The facts in a card's metadata, whatever else somebody wrote there."""
    given = card.get(LIBRARY)
    facts = given if isinstance(given, Mapping) else {}

    def several(name: str) -> tuple[str, ...]:
        values = facts.get(name)
        return tuple(map(_short, values[:_MOST_WORDS])) if isinstance(values, list) else ()

    method, encoder = (_short(facts.get(name) or "?") for name in ("method", "encoder"))
    size = facts.get("bytes")
    known = size if isinstance(size, int) and 0 < size < _LARGEST else None
    return Facts(method, encoder, several("layers"), several("categories"), known)


def split_card(card: str) -> tuple[str, str]:
    """The YAML of a card, empty if it has none, and its words in Markdown."""
    found = _HEAD.match(card)
    return ("", card.strip()) if found is None else (found[1].strip(), card[found.end() :].strip())


def licence_of(card: Mapping[str, Any]) -> str:
    """The licence in a card's metadata; empty if it names none ("other" without a name is none)."""
    licence = card.get("license")
    if licence in (None, _OTHER):
        licence = card.get("license_name")
    return _short(licence or "")


def parsed(card: str) -> ModelCard:
    """A card with its metadata, to be changed; raises `ConfigError` if they cannot be read."""
    _check_head(card)
    try:
        return ModelCard(card if _HEAD.match(card) else f"---\n{{}}\n---\n{card}")
    except Exception as error:  # of the YAML parser that the client has
        raise _unreadable(error) from None


def _unreadable(error: Exception) -> ConfigError:
    reason = str(error).partition("\n")[0]
    return ConfigError(
        f"The metadata at the head of the model card cannot be read ({reason:.200}). "
        "They are YAML between two lines of ---; correct them."
    )


def _check_head(card: str) -> None:
    """See that the metadata are few and plain; raises `ConfigError` if not.

    An alias names a value that stands elsewhere: lists of aliases of lists are, in 300 characters, more
    values than any memory holds. Nobody needs them in a card.
    """
    head = REGEX_YAML_BLOCK.search(card)  # what the client takes for the metadata
    if head is None:
        return
    if len(head[2]) > _LONGEST_HEAD:
        raise ConfigError(
            f"The metadata at the head of the model card have {len(head[2]):,} characters; "
            f"{_LONGEST_HEAD:,} are read. Shorten them."
        )
    depth = 0
    try:
        for number, event in enumerate(yaml.parse(head[2], Loader=yaml.SafeLoader)):
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            if isinstance(event, yaml.AliasEvent):
                raise ConfigError(
                    "The metadata at the head of the model card hold an alias (*name), which is not read. "
                    "Write the value out."
                )
            if number > _MOST_EVENTS or depth > _DEEPEST:  # the parser takes a second, or minutes
                raise ConfigError("The model card has too many metadata at its head. Shorten them.")
    except (yaml.YAMLError, RecursionError):  # what is wrong, the parser of the client says
        return
