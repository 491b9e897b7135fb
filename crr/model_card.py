"""Model cards: the `README.md` of a checkpoint, with the metadata that a Hub repository carries."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from crr.anomalies import HELD_OUT
from crr.checkpoint import CARD
from crr.config import DetectorConfig
from crr.datasets import Dataset
from crr.files import write_text_atomically
from crr.report import HEADINGS

_BEGIN, _END = "<!-- figures: begin -->", "<!-- figures: end -->"
_LEGEND = (
    "I: image level, P: pixel level at 256x256. AP: average precision. F1: at its best threshold. "
    "AUPRO: up to a false-positive rate of 0.3."
)


def training_card(config: DetectorConfig, dataset: Dataset) -> str:
    """The card of a checkpoint that was just trained: what it is and how it came about."""
    counts = {category.name: len(category.train) for category in dataset.categories}
    lines = [f"| {name} | {count} |" for name, count in counts.items()]
    encoder, prediction = config.encoder, config.prediction
    crop = f" cropped to {encoder.crop} px" if encoder.crop < encoder.resize else ""
    repair, segment = config.training.repair, config.training.segmentation
    held_out = " and ".join(f'"{kind}"' for kind in HELD_OUT)
    return f"""---
library_name: crr
pipeline_tag: image-segmentation
tags:
- anomaly-detection
- industrial-inspection
- crr
license: other
---

# {config.method.upper()} on {", ".join(counts)}

Finds defects in photographs of parts after training on defect-free ones only
(Collaborative Reconstruction and Repair, arXiv 2512.11401).

- Encoder: `{encoder.name}`, frozen, {encoder.resize} px{crop}.
- Stage 1 (repair): {config.trained.get("repair", 0)} iterations of batch {repair.batch_size}.
- Stage 2 (segmentation): {config.trained.get("segmentation", 0)} iterations of batch {segment.batch_size}.
- Held back for calibration: {config.training.validation_share:.0%} of the good images of each category.
  No test image was read.
- Distance: {prediction.distance}; fusion weight {prediction.distance_weight:g} distance,
  {1 - prediction.distance_weight:g} segmentation, chosen on synthesised damage.
- Damage of the kinds {held_out} is never used in training, only in the calibration.

| category | good images |
|---|---|
{chr(10).join(lines)}

The licence of the weights follows from the licences of these images: set `license` above before publishing.

## Figures

{_BEGIN}
Not measured yet: `crr evaluate --model DIR --data DIR --json FILE --card`.
{_END}
"""


def write_figures(folder: Path, report: Mapping[str, Any], command: str) -> None:
    """Write the table of a report (`Report.as_json()`) into the card of the checkpoint in `folder`.

    Args:
        folder: The checkpoint; a card is made if it has none.
        report: What was measured.
        command: What measured it, to be run again.
    """
    path = folder / CARD
    card = path.read_text(encoding="utf-8") if path.is_file() else ""
    write_text_atomically(path, with_figures(card, report, command))


def with_figures(card: str, report: Mapping[str, Any], command: str) -> str:
    """The card with the table of a report (`Report.as_json()`) between its figure marks, or at its end."""
    rows = [
        "| category | images | " + " | ".join(HEADINGS.values()) + " |",
        "|---" * (len(HEADINGS) + 2) + "|",
    ]
    for name, figures in [*report["categories"].items(), ("**mean**", report["mean"])]:
        cells = [_percent(figures[column]) for column in HEADINGS]
        rows.append(f"| {name} | {figures['images']} | {' | '.join(cells)} |")
    block = "\n".join([_BEGIN, f"Measured by `{command}`, in %:", "", *rows, "", _LEGEND, _END])
    if _BEGIN not in card or _END not in card:
        return f"{card.rstrip()}\n\n## Figures\n\n{block}\n"
    before, rest = card.split(_BEGIN, 1)
    return before + block + rest.split(_END, 1)[1]


def _percent(value: float | None) -> str:
    return "–" if value is None else f"{100 * value:.1f}"
