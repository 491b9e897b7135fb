"""Model cards: the `README.md` of a checkpoint, with the metadata that a Hub repository carries."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from crr.anomalies import HELD_OUT
from crr.checkpoints.card_changes import TAGS, TASK, with_copying, with_results
from crr.checkpoints.card_metadata import LIBRARY, card_to_change
from crr.checkpoints.content import CARD
from crr.data.datasets import Dataset
from crr.metrics.report import HEADINGS, as_fraction
from crr.models.detector import Detector, TrainedDetector
from crr.runtime.files import write_text_atomically
from crr.runtime.paths import StrPath, as_path

_FIGURES, _IDENTITY = "figures", "identity"
_LEGEND = (
    "I: image level, P: pixel level at 256x256. AP: average precision. F1: at its best threshold. "
    "AUPRO: up to a false-positive rate of 0.3."
)


def training_card(detector: Detector, dataset: Dataset) -> str:
    """The card of a checkpoint that was just trained: what it is and how it came about."""
    counts = {category.name: len(category.train) for category in dataset.categories}
    lines = [f"| {name} | {count} |" for name, count in counts.items()]
    return f"""---
library_name: {LIBRARY}
pipeline_tag: {TASK}
tags:
{chr(10).join(f"- {tag}" for tag in (*TAGS, detector.config.method))}
license: other
---

# {detector.title} on {", ".join(counts)}

Finds defects in photographs of parts after training on defect-free ones only.

{chr(10).join(f"- {fact}" for fact in _facts(detector))}

| category | good images |
|---|---|
{chr(10).join(lines)}

The licence of the weights follows from the licences of these images. Photos in `normals/`, if there are any,
were held back from training, and patches are compared with them.

## Figures

{marked(_FIGURES, "Not measured yet: `crr evaluate --model DIR --data DIR --json FILE --card`.")}

## Identity mapping

{marked(_IDENTITY, "Not measured yet: `crr identity --model DIR --data DIR --json FILE --card`.")}
"""


def _facts(detector: Detector) -> Iterator[str]:
    config = detector.config
    encoder, prediction, training = config.encoder, config.prediction, config.training
    crop = f" cropped to {encoder.crop} px" if encoder.crop < encoder.resize else ""
    yield f"Encoder: `{encoder.name}`, frozen, {encoder.resize} px{crop}."
    if isinstance(detector, TrainedDetector):
        seen = "clean and damaged images" if training.repair_loss else "clean images"
        yield (
            f"Stage 1 (decoder, {seen}): {config.trained.get('repair', 0)} iterations of batch "
            f"{training.repair.batch_size}."
        )
    if detector.segmentation is not None:
        yield (
            f"Stage 2 (segmentation): {config.trained.get('segmentation', 0)} iterations of batch "
            f"{training.segmentation.batch_size}."
        )
    yield (
        f"Held back for calibration: {training.validation_share:.0%} of the good images of each category. "
        "No test image was read."
    )
    if detector.segmentation is not None:
        weight = prediction.distance_weight
        yield (
            f"Distance: {prediction.distance}; fusion weight {weight:g} distance, "
            f"{1 - weight:g} segmentation, chosen on synthesised damage."
        )
    else:
        yield f"Distance: {prediction.distance}."
    held_out = " and ".join(f'"{kind}"' for kind in HELD_OUT)
    yield f"Damage of the kinds {held_out} is never used in training, only in the calibration."


def write_figures(folder: StrPath, report: Mapping[str, Any], command: str) -> None:
    """Write the table of a report (`Report.as_json()`) into the card of the checkpoint in `folder`.

    And its figures into the card's metadata, from which the Hub shows them.

    Args:
        folder: The checkpoint; a card is made if it has none.
        report: What was measured.
        command: What measured it, to be run again.

    Raises:
        ConfigError: The card's metadata cannot be read.
    """
    rewrite_card(
        folder, lambda card: with_results(with_figures(card, report, command), report["model"], report)
    )


def with_figures(card: str, report: Mapping[str, Any], command: str) -> str:
    """The card with the table of a report (`Report.as_json()`) between its marks, or at its end."""
    rows = [
        "| category | images | " + " | ".join(HEADINGS.values()) + " |",
        "|---" * (len(HEADINGS) + 2) + "|",
    ]
    for name, figures in [*report["categories"].items(), ("**mean**", report["mean"])]:
        cells = [_percent(figures[column]) for column in HEADINGS]
        rows.append(f"| {name} | {figures['images']} | {' | '.join(cells)} |")
    text = "\n".join([f"Measured by `{command}`, in %:", "", *rows, "", _LEGEND])
    return with_block(card, _FIGURES, "Figures", text)


def write_identity(folder: StrPath, report: Mapping[str, Any], command: str) -> None:
    """Write the table of an identity report (`IdentityReport.as_json()`) into the card of a checkpoint.

    And how much is copied of held-out damage, and the normal error, into the card's metadata.

    Args:
        folder: The checkpoint; a card is made if it has none.
        report: What was measured.
        command: What measured it, to be run again.
    """
    rewrite_card(
        folder, lambda card: with_copying(with_identity(card, report, command), report["model"], report)
    )


def with_identity(card: str, report: Mapping[str, Any], command: str) -> str:
    """The card with the table of an identity report between its marks, or at its end."""
    rows = [
        "| | seen damage | held-out damage | real pairs | normal error |",
        "|---|---|---|---|---|",
        _identity_row("**all**", report["index"], report["normal_error"]),
    ]
    for part in ("layers", "categories"):
        for name, figures in report[part].items():
            rows.append(_identity_row(name, figures, figures["normal_error"]))
    intervals = [
        f"{group.replace('_', '-')} {low:.3f} to {high:.3f}"
        for group, (low, high) in ((name, ends) for name, ends in report["interval"].items() if ends)
    ]
    kinds = [f"{name} {as_fraction(index)}" for name, index in report["kinds"].items()]
    text = "\n".join(
        [
            f"Measured by `{command}`:",
            "",
            *rows,
            "",
            f"95 % intervals: {', '.join(intervals)}. By kind of damage: {', '.join(kinds)}.",
            "The index is the share of a damage that passes through the decoder: 1 = copied, 0 = repaired.",
            "The normal error is the mean of 1 - cosine on clean images. A good decoder is low in both.",
        ]
    )
    return with_block(card, _IDENTITY, "Identity mapping", text)


def rewrite_card(folder: StrPath, change: Callable[[str], str]) -> None:
    """Change the text of a card; one is made if there is none; raises `ConfigError` if it cannot be read."""
    write_text_atomically(as_path(folder, "The checkpoint") / CARD, change(card_to_change(folder)))


def _identity_row(name: str, index: Mapping[str, float | None], normal_error: float | None) -> str:
    cells = [as_fraction(index.get(group)) for group in ("seen", "held_out", "pairs")]
    return f"| {name} | {' | '.join([*cells, as_fraction(normal_error)])} |"


def marked(block: str, text: str) -> str:
    """A text that a later measurement replaces, by the name of its block."""
    return f"<!-- {block}: begin -->\n{text}\n<!-- {block}: end -->"


def with_block(card: str, block: str, heading: str, text: str) -> str:
    """The card with `text` in place of the block, or in a new section at its end."""
    begin, end = marked(block, "").split("\n\n")
    if begin not in card or end not in card:
        return f"{card.rstrip()}\n\n## {heading}\n\n{marked(block, text)}\n"
    before, rest = card.split(begin, 1)
    return before + marked(block, text) + rest.split(end, 1)[1]


def _percent(value: float | None) -> str:
    return "–" if value is None else f"{100 * value:.1f}"
