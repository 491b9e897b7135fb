"""The report of an evaluation: which figures there are, what they are called, their mean, and what failed."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, TypeVar

from crr.errors import CRRError
from crr.metrics.score_ratios import ScoreRatios

Result = TypeVar("Result")

HEADINGS = {
    "image_auroc": "I-AUROC",
    "image_ap": "I-AP",
    "image_f1max": "I-F1",
    "pixel_auroc": "P-AUROC",
    "pixel_ap": "P-AP",
    "pixel_f1max": "P-F1",
    "aupro": "AUPRO",
}
"""Metric to its column heading, in the order of every table; "I-" is for images, "P-" for pixels."""


def as_fraction(value: float | None) -> str:
    """A figure as tables show it: with three decimals, a dash where there is none."""
    return "–" if value is None else f"{value:.3f}"


@dataclass(frozen=True)
class Figures:
    """Metrics of one category, or their mean: fractions in [0, 1], None where they cannot be had.

    Image-level figures need good and defective test images, pixel-level figures need masks.

    Attributes:
        images: Test images inspected.
        image_auroc: Area under the ROC curve of the image scores.
        image_ap: Average precision of the image scores.
        image_f1max: Largest F1 that any threshold on the image score reaches.
        pixel_auroc: Area under the ROC curve over all pixels of the category.
        pixel_ap: Average precision over all pixels of the category.
        pixel_f1max: Largest F1 that any threshold reaches over all pixels of the category.
        aupro: Area under the per-region overlap up to a false-positive rate of 0.3.
    """

    images: int
    image_auroc: float | None
    image_ap: float | None
    image_f1max: float | None
    pixel_auroc: float | None
    pixel_ap: float | None
    pixel_f1max: float | None
    aupro: float | None


@dataclass(frozen=True)
class Report:
    """What `crr.evaluation.detection.evaluate` found.

    Attributes:
        model: Name of the checkpoint.
        categories: Category to its figures, in the data set's order.
        score_ratios: Category to the scores of its images over their limits; empty if nobody kept them.
        failed: Category that could not be finished to the sentence that says why; `mean` is without it.
    """

    model: str
    categories: dict[str, Figures]
    score_ratios: dict[str, ScoreRatios] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)

    @property
    def mean(self) -> Figures:
        """Mean over the categories that have the figure; `images` is the total."""
        rows = [asdict(figures) for figures in self.categories.values()]
        total = sum(row.pop("images") for row in rows)
        return Figures(total, **{metric: _mean([row[metric] for row in rows]) for metric in HEADINGS})

    def as_json(self) -> dict[str, Any]:
        """{"model", "categories", "mean"} of plain values; "score_ratios" and "failed" if there are any."""
        values = {
            "model": self.model,
            "categories": {name: asdict(figures) for name, figures in self.categories.items()},
            "mean": asdict(self.mean),
        }
        ratios = {name: found.as_json() for name, found in self.score_ratios.items()}
        others = {"score_ratios": ratios, "failed": self.failed}
        return values | {name: found for name, found in others.items() if found}


def finished(parts: Mapping[str, Callable[[], Result]]) -> tuple[dict[str, Result], dict[str, str]]:
    """Measure one part after the other, so that what is finished is not lost with a part that fails.

    Returns:
        Part to its result, and part that failed to the sentence that says why.

    Raises:
        CRRError: All have failed; it is the error of the last.
    """
    results: dict[str, Result] = {}
    failed: dict[str, str] = {}
    for name, measure in parts.items():
        try:
            results[name] = measure()
        except CRRError as error:
            failed[name] = str(error)  # and not the error, which keeps the memory of what it broke off
            if len(failed) == len(parts):
                raise
    return results, failed


def _mean(values: list[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None
