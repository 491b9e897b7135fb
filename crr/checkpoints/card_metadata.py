"""The metadata at the head of a model card, by which the Hub finds a model, and shows how good it is.

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
from huggingface_hub import EvalResult, ModelCard
from huggingface_hub.repocard import REGEX_YAML_BLOCK

from crr.checkpoints.content import CARD
from crr.config import DetectorConfig
from crr.errors import ConfigError
from crr.metrics.report import HEADINGS
from crr.runtime.paths import StrPath, as_path

LIBRARY, TASK = "crr", "image-segmentation"
_HEAD = re.compile(r"\s*---[ \t]*\r?\n(.*?)(?:(?<=\n)|\r?\n)---[ \t]*(?:\r?\n|$)", re.DOTALL)
TAGS = ("anomaly-detection", "anomaly-segmentation", "industrial-inspection")
_OF_CATEGORIES = ("image_auroc", "pixel_ap", "aupro")  # of each category; of all together every metric
_ALL = "all categories"
_OTHER = "other"
_LARGEST = 2**63  # number that is shown; Python refuses to write out one of thousands of digits
_LONGEST, _MOST_WORDS = 80, 100  # signs of a word, and words of a list, that are shown of a card
_MOST_SIGNS = 1000  # of a word that are looked at
_LONGEST_HEAD = 2**16  # characters of the metadata; ours have 6,000
_MOST_EVENTS = 10_000  # of the metadata: values, with what begins and ends lists
_DEEPEST = 20  # lists in lists of the metadata
_LONGEST_CARD = 2**20  # bytes of a card
_DIGITS = 6  # of a figure: shown in %, with one decimal, it is rounded as the tables are


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


def with_results(card: str, name: str, report: Mapping[str, Any]) -> str:
    """The card with the figures of an evaluation (`Report.as_json()`) in its `model-index`.

    Args:
        card: Text of the card.
        name: Name of the model.
        report: What was measured, in [0, 1].
    """
    rows = [(_ALL, report["mean"], tuple(HEADINGS))]
    rows += [(category, figures, _OF_CATEGORIES) for category, figures in report["categories"].items()]
    parsed = _parsed(card)
    parsed.data["model_name"] = name
    parsed.data["eval_results"] = [
        EvalResult(
            task_type=TASK,
            task_name="anomaly detection and segmentation",
            dataset_type=data.replace(" ", "-"),
            dataset_name=data,
            metric_type=metric,
            metric_name=HEADINGS[metric],
            metric_value=round(float(figures[metric]), _DIGITS),
        )
        for data, figures, metrics in rows
        for metric in metrics
        if figures[metric] is not None
    ]
    return str(parsed)


def results_of(card: Mapping[str, Any]) -> dict[str, float]:
    """Metric to its value in [0, 1] over all categories, from a card's metadata; empty if it has none."""
    with suppress(AttributeError, TypeError):  # somebody else's card may hold anything there
        return {
            str(metric.get("type")): float(metric["value"])
            for model in card.get("model-index") or ()
            for result in model.get("results") or ()
            if result.get("dataset", {}).get("name") == _ALL
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


def ready_to_publish(
    card: str, config: DetectorConfig, size: int, name: str | None = None, licence: str | None = None
) -> str:
    """The card with all metadata that the Hub needs to find the model.

    Args:
        card: Text of the card.
        config: Config of the checkpoint.
        size: Bytes of its files.
        name: OWNER/NAME, under which it will be published; if None, figures keep the name they have.
        licence: A licence by the Hub's name for it, such as "apache-2.0"; None for that of the card.

    Raises:
        ConfigError: The card's metadata cannot be read.
    """
    parsed = _parsed(card)
    data = parsed.data
    if licence is not None:
        data["license"] = licence.strip().lower()  # as the Hub has them all
        for stale in ("license_name", "license_link"):
            data.pop(stale)
    if name is not None and data.get("eval_results"):
        data["model_name"] = name
    data["library_name"], data["pipeline_tag"] = LIBRARY, TASK
    tags = [*data.get("tags", []), *TAGS, config.method, config.encoder.name]
    data["tags"] = list(dict.fromkeys(tags))
    data[LIBRARY] = {
        "method": config.method,
        "encoder": config.encoder.name,
        "layers": list(config.encoder.layers),
        "categories": list(config.categories),
        "bytes": size,
    }
    text = str(parsed)
    return text if name is None else f"{text.rstrip()}{_usage(text, name)}\n"


def _usage(card: str, name: str) -> str:
    """How the model is used, for a reader on the Hub; empty if its card says that already."""
    if f"--model {name}" in card:
        return ""
    return f"""

## Use it

With the CRR Workbench: pull `{name}` on its page *Models*, or

    crr predict photo.jpg --model {name} --out results"""


def check_licence(card: str) -> None:
    """See that a card names a licence; raises `ConfigError` if it does not."""
    if not licence_of(metadata_of(card)):
        raise ConfigError(
            "The card does not say under which licence the model is published. It follows from the licences "
            "of the images that it was trained on: give one, such as cc-by-nc-sa-4.0 (on the command line: "
            "--license), or write it into the head of its README.md (license: cc-by-nc-sa-4.0)."
        )


def _parsed(card: str) -> ModelCard:
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
