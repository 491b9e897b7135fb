"""How a limit does on parts that are known to be good or defective: found, missed, false alarms."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from crr.metrics.score_ratios import ScoreRatios, score_ratio
from crr.types import Label
from workbench.inspection.uploads import BatchRow
from workbench.inspection.verdict import NO_VERDICT

ENOUGH = 10
"""Labelled parts from which on it is said how the limit does, and a limit may be chosen by them."""


@dataclass(frozen=True)
class Tally:
    """Parts with a label and a verdict, counted at a limit.

    Attributes:
        found: Defective parts that reach the limit.
        defective: Defective parts in all.
        stopped: Good parts that reach the limit.
        good: Good parts in all.
        unjudged: Parts with a label and no verdict, counted nowhere else.
    """

    found: int
    defective: int
    stopped: int
    good: int
    unjudged: int = 0

    @property
    def known(self) -> int:
        """Parts that were counted."""
        return self.defective + self.good

    def __str__(self) -> str:
        """For example "finds 7 of 10 defects and stops 1 of 20 good parts"; empty if none was counted."""
        parts = []
        if self.defective:
            parts.append(f"finds {self.found} of {_count(self.defective, 'defect')}")
        if self.good:
            parts.append(f"stops {self.stopped} of {_count(self.good, 'good part')}")
        return " and ".join(parts)

    def sentence(self) -> str:
        """What the limit does among one's own parts; empty while too few of them are known."""
        if self.known < ENOUGH:
            return ""
        return f"Of the {self.known} parts whose truth is known, this limit {self}.{self.aside()}"

    def aside(self) -> str:
        """A sentence on the parts that were not counted, after a space; empty if there are none."""
        return f" {self.unjudged} more have no verdict." if self.unjudged else ""


def tally_of(ratios: ScoreRatios, factor: float) -> Tally:
    """The count at the calibrated limits times `factor`."""
    return Tally(
        ratios.found(factor),
        len(ratios.defective),
        ratios.stopped(factor),
        len(ratios.good),
        ratios.unjudged,
    )


def ratios_of(rows: Iterable[BatchRow], labels: Mapping[str, Label]) -> ScoreRatios:
    """The scores over their limits of pictures that have a label (by digest)."""
    return ScoreRatios.of(
        (
            labels[row.digest],
            None if row.verdict() in NO_VERDICT else score_ratio(row.score, row.limit),
        )
        for row in rows
        if row.digest in labels
    )


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
