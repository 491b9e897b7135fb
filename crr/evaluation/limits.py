"""Limits of a checkpoint chosen by images whose truth people know: what they find and stop, before and after.

A limit that is chosen by some images does better on these than on the next ones. So "after" is measured by
cross-validation: a fifth of the images is judged by a limit that the other four fifths chose.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from scipy.stats import binomtest

from crr.config import DetectorConfig
from crr.data.datasets import Dataset
from crr.data.inventory.inventory import Inventory
from crr.data.readers import read_ahead
from crr.errors import CheckpointError
from crr.evaluation.detection import count_test_images, finite_score, read_test_image
from crr.inference import engine
from crr.metrics.score_ratios import ScoreRatios, score_ratio
from crr.models.detector import Detector
from crr.runtime.progress import Reporter
from crr.types import Label, Progress

LEAST = 10
"""Images of a category by which its limit is chosen, good ones and defective ones among them."""
_EACH = 2  # of either kind: one is judged by a limit that another chose
_FOLDS = 5
_BATCH = 8

Judged = tuple[Label, float]
"""What an image is, and its score over its limit."""


class Judgements(NamedTuple):
    """What a model says of images whose truth is known.

    Attributes:
        scores: Category, as the model takes the images, to what they are and score.
        unjudged: How many images have no verdict, since they show no part or an unknown one.
        digests: Category to the SHA-256 of the files of its images.
    """

    scores: dict[str, list[Judged]]
    unjudged: int
    digests: dict[str, list[str]]


@dataclass(frozen=True)
class Rate:
    """How often something happened.

    Attributes:
        count: How often.
        total: Of how many.
        low: Lower end of the 95 % interval (Clopper and Pearson 1934), in [0, 1].
        high: Upper end.
    """

    count: int
    total: int
    low: float
    high: float

    @classmethod
    def of(cls, count: int, total: int) -> "Rate":
        """The rate with its interval; [0, 1] of nothing."""
        if total == 0:
            return cls(0, 0, 0.0, 1.0)
        interval = binomtest(count, total).proportion_ci(0.95, "exact")
        return cls(count, total, float(interval.low), float(interval.high))

    def __str__(self) -> str:
        """For example "3 of 20 (3 to 38 %)"."""
        return f"{self.count} of {self.total} ({100 * self.low:.0f} to {100 * self.high:.0f} %)"


@dataclass(frozen=True)
class Errors:
    """What a limit gets wrong.

    Attributes:
        missed: Defective images below it.
        false_alarms: Good images that reach it.
    """

    missed: Rate
    false_alarms: Rate


@dataclass(frozen=True)
class LimitChange:
    """A category's limit, chosen anew.

    Attributes:
        category: As the model names it.
        factor: The new limit over the old one.
        before: At the old limit.
        after: At limits that other images chose, by cross-validation.
    """

    category: str
    factor: float
    before: Errors
    after: Errors

    @property
    def images(self) -> int:
        """How many images chose it."""
        return self.before.missed.total + self.before.false_alarms.total


@dataclass(frozen=True)
class LimitReport:
    """What limits chosen by a data set are.

    Attributes:
        changes: A category each.
        kept: Category whose limit stays to the reason.
        unjudged: Images that show no part, or an unknown one: no limit changes that.
    """

    changes: tuple[LimitChange, ...]
    kept: Mapping[str, str]
    unjudged: int

    def as_json(self) -> dict[str, Any]:
        """The attributes as plain values."""
        return {
            "changes": [asdict(change) for change in self.changes],
            "kept": dict(self.kept),
            "unjudged": self.unjudged,
        }


def judge(
    detector: Detector,
    dataset: Dataset,
    looked: Inventory,
    progress: Callable[[Progress], None] | None = None,
) -> Judgements:
    """Ask a detector about all test images.

    Args:
        detector: It is not told the images' categories.
        dataset: Opened by `crr.data.datasets.open_dataset`; only its test samples are read.
        looked: What a look at its test images found.
        progress: Called about once a second with stage "evaluation".

    Raises:
        CheckpointError: The detector has no limits that could change.
        DatasetError: There is no test image.
        CRRError: An image cannot be read, or a score is not a number.
    """
    check_calibrated(detector.config)
    reporter = Reporter(progress)
    reporter.begin("evaluation", count_test_images(dataset))
    read = partial(read_test_image, with_mask=False, rule=looked.masks, value_range=detector.value_range)
    found: dict[str, list[Judged]] = {}
    digests: dict[str, list[str]] = {}
    unjudged = 0
    samples = [sample for category in dataset.categories for sample in category.test]
    done = 0
    with ThreadPoolExecutor() as pool:
        for batch in read_ahead(pool, read, samples, _BATCH):
            inspections = engine.inspect(detector, [one.image for one in batch], batch_size=_BATCH)
            for one, inspection in zip(batch, inspections, strict=True):
                label: Label = "defective" if samples[done].defective else "good"
                done += 1
                if inspection.known and inspection.seen:
                    ratio = score_ratio(finite_score(inspection, one.path), inspection.threshold)
                    found.setdefault(inspection.category, []).append((label, ratio))
                    digests.setdefault(inspection.category, []).append(looked.facts[one.path].digest)
                else:
                    unjudged += 1
            reporter.advance(len(batch), images=len(batch))
    return Judgements(found, unjudged, digests)


def check_calibrated(config: DetectorConfig) -> None:
    """See that a checkpoint has limits; raises `CheckpointError` if it has none, or one that is 0."""
    if not config.calibration:
        raise CheckpointError("The checkpoint is not calibrated: it has no limits that could change.")
    for one in config.calibration:
        if one.threshold <= 0:
            raise CheckpointError(f"The limit of {one.name} is 0: there is none that could change.")


def choose_limits(
    judged: Mapping[str, Sequence[Judged]], unjudged: int = 0, false_alarms: float | None = None
) -> LimitReport:
    """A limit for each category.

    Args:
        judged: From `judge`.
        unjudged: Likewise.
        false_alarms: The share of good images, in [0, 1), that may reach it; None: the limit at which the
            share of the defective that is missed and that of the good that is stopped add up to the least.
    """
    changes, kept = [], {}
    for category, images in sorted(judged.items()):
        good = sum(label == "good" for label, _ in images)
        if len(images) < LEAST or min(good, len(images) - good) < _EACH:
            kept[category] = (
                f"{good} good and {len(images) - good} defective images are too few: it takes {LEAST} in "
                f"all, and {_EACH} of each kind."
            )
            continue
        factor = _chosen(images, false_alarms)
        if factor <= 0:
            kept[category] = "no limit above 0 does what is asked for."
            continue
        before, after = _errors((one, 1.0) for one in images), _cross_validated(images, false_alarms)
        changes.append(LimitChange(category, factor, before, after))
    return LimitReport(tuple(changes), kept, unjudged)


def _chosen(images: Sequence[Judged], false_alarms: float | None) -> float:
    """The new limit over the old one."""
    ratios = ScoreRatios.of(images)
    if false_alarms is not None:
        return ratios.limit_for(false_alarms)
    good, defective = np.array(ratios.good), np.array(ratios.defective)
    # A limit is as good as the next one up to the next image: halfway between two of them.
    places = np.unique(np.concatenate([good, defective]))
    limits = np.concatenate([places[:1] / 2, (places[:-1] + places[1:]) / 2, places[-1:] * 1.01])
    missed = np.searchsorted(defective, limits) / len(defective)
    stopped = 1 - np.searchsorted(good, limits) / len(good)
    cost = missed + stopped
    best = np.flatnonzero(cost <= cost.min() + 1e-12)
    return float(limits[best[len(best) // 2]])  # of equally good ones the one in the middle


def _cross_validated(images: Sequence[Judged], false_alarms: float | None) -> Errors:
    """The errors of each fifth of the images at the limit that the others choose."""
    rng = np.random.default_rng(0)
    fold = np.zeros(len(images), dtype=int)
    for label in ("good", "defective"):  # both kinds in each fifth, as far as there are so many
        places = [place for place, (one, _) in enumerate(images) if one == label]
        fold[rng.permutation(places)] = np.arange(len(places)) % _FOLDS
    judged = []
    for number in range(_FOLDS):
        others = [one for one, place in zip(images, fold, strict=True) if place != number]
        limit = _chosen(others, false_alarms)
        judged += [(one, limit) for one, place in zip(images, fold, strict=True) if place == number]
    return _errors(judged)


def _errors(judged: Iterable[tuple[Judged, float]]) -> Errors:
    counts = {"good": [0, 0], "defective": [0, 0]}
    for (label, ratio), limit in judged:
        wrong = ratio >= limit if label == "good" else ratio < limit
        counts[label][0] += wrong
        counts[label][1] += 1
    return Errors(Rate.of(*counts["defective"]), Rate.of(*counts["good"]))
