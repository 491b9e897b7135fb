"""Changes of the metadata at the head of a model card: figures that were measured, and what the Hub needs."""

from collections.abc import Iterable, Mapping
from typing import Any

from huggingface_hub import EvalResult, ModelCard

from crr.checkpoints.card_metadata import ALL, LIBRARY, licence_of, metadata_of, parsed
from crr.config import DetectorConfig
from crr.errors import ConfigError
from crr.metrics.report import HEADINGS

TASK = "image-segmentation"
TAGS = ("anomaly-detection", "anomaly-segmentation", "industrial-inspection")
COPYING = {"identity_index": "Copied of held-out damage", "normal_error": "Normal error"}
"""Figure of identity mapping to its name; over all categories, in [0, 1]."""

_OF_CATEGORIES = ("image_auroc", "pixel_ap", "aupro")  # of each category; of all together every metric
_DIGITS = 6  # of a figure: shown in %, with one decimal, it is rounded as the tables are

_Figure = tuple[str, str, str, float | None]
"""Data set, metric, its name, and its value."""


def with_results(card: str, name: str, report: Mapping[str, Any]) -> str:
    """The card with the figures of an evaluation (`Report.as_json()`) in its `model-index`.

    Args:
        card: Text of the card.
        name: Name of the model.
        report: What was measured, in [0, 1].
    """
    rows = [(ALL, report["mean"], tuple(HEADINGS))]
    rows += [(category, figures, _OF_CATEGORIES) for category, figures in report["categories"].items()]
    figures = [
        (data, metric, HEADINGS[metric], values[metric])
        for data, values, metrics in rows
        for metric in metrics
    ]
    return _with_figures(card, name, figures, HEADINGS)


def with_copying(card: str, name: str, report: Mapping[str, Any]) -> str:
    """The card with what an identity report (`IdentityReport.as_json()`) says of all categories; likewise."""
    values = {"identity_index": report["index"].get("held_out"), "normal_error": report["normal_error"]}
    figures = [(ALL, metric, COPYING[metric], value) for metric, value in values.items()]
    return _with_figures(card, name, figures, COPYING)


def _with_figures(card: str, name: str, figures: Iterable[_Figure], metrics: Mapping[str, str]) -> str:
    """The card with figures in place of all that it has of these metrics."""
    changed: ModelCard = parsed(card)
    kept = [result for result in changed.data.get("eval_results") or () if result.metric_type not in metrics]
    measured = [
        EvalResult(
            task_type=TASK,
            task_name="anomaly detection and segmentation",
            dataset_type=data.replace(" ", "-"),
            dataset_name=data,
            metric_type=metric,
            metric_name=heading,
            metric_value=round(float(value), _DIGITS),
        )
        for data, metric, heading, value in figures
        if value is not None
    ]
    # Those of one data set beside each other, all categories first.
    results = [*kept, *measured] if metrics is COPYING else [*measured, *kept]
    changed.data["model_name"] = name
    changed.data["eval_results"] = sorted(results, key=lambda result: result.dataset_name != ALL)
    return str(changed)


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
    changed = parsed(card)
    data = changed.data
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
    text = str(changed)
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
            "The card does not say under which licence it is published. That of a model follows from the "
            "licences of the images that it was trained on: give one, such as cc-by-nc-sa-4.0 (on the "
            "command line: --license), or write it into the head of its README.md (license: cc-by-nc-sa-4.0)."
        )
