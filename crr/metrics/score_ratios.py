"""Scores over their limits, of images known to be good or defective: what a limit finds and stops."""

import math
from collections.abc import Iterable
from typing import Annotated, Any

from pydantic import Field
from pydantic.dataclasses import dataclass

from crr.runtime.validation import STRICT, Count, Many
from crr.types import Label

_LEAST_LIMIT = 1e-9  # a score may be divided by
_DECIMALS = 4
_ALMOST = 1e-6  # 1.2 times 10,000 is a little less than 12,000

Ratios = Annotated[tuple[Annotated[float, Field(ge=0)], ...], Many]


@dataclass(frozen=True, config=STRICT)
class ScoreRatios:
    """Scores of images, each divided by the limit that was calibrated for it: defective from 1 on.

    Attributes:
        good: Of good images.
        defective: Of defective ones.
        unjudged: How many images have no verdict, since they show no part or an unknown one.
    """

    good: Ratios
    defective: Ratios
    unjudged: Count = 0

    @classmethod
    def of(cls, judged: Iterable[tuple[Label, float | None]]) -> "ScoreRatios":
        """The ratios of images with a label each; None: the image has no verdict, and is counted apart."""
        found: dict[Label, list[float]] = {"good": [], "defective": []}
        unjudged = 0
        for label, ratio in judged:
            if ratio is None:
                unjudged += 1
            else:
                found[label].append(ratio)
        return cls(tuple(sorted(found["good"])), tuple(sorted(found["defective"])), unjudged)

    def as_json(self) -> dict[str, Any]:
        """The attributes as plain values."""
        return {"good": list(self.good), "defective": list(self.defective), "unjudged": self.unjudged}

    def found(self, limit: float = 1.0) -> int:
        """How many defective images reach a limit."""
        return sum(ratio >= limit for ratio in self.defective)

    def stopped(self, limit: float = 1.0) -> int:
        """How many good images reach a limit: false alarms."""
        return sum(ratio >= limit for ratio in self.good)

    def limit_for(self, share: float) -> float:
        """A low limit that at most a share of the good images reaches, `share` in [0, 1].

        It lies halfway between the highest of the others and the image that follows it, so that a score and
        its limit are told apart.

        Raises:
            ValueError: There are no good images.
        """
        highest_first = sorted(self.good, reverse=True)
        if not highest_first:
            raise ValueError("no good images")
        allowed = self.allowed(share)
        if allowed >= len(highest_first):
            return 0.0
        passing = highest_first[allowed]
        above = min((ratio for ratio in (*self.good, *self.defective) if ratio > passing), default=passing)
        steps = math.floor((passing + above) / 2 * 10**_DECIMALS + _ALMOST)
        return max(steps / 10**_DECIMALS, (math.floor(passing * 10**_DECIMALS + _ALMOST) + 1) / 10**_DECIMALS)

    def allowed(self, share: float) -> int:
        """How many good images may reach a limit for at most a share of them, `share` in [0, 1]."""
        return math.floor(share * len(self.good) + 1e-9)


def score_ratio(score: float, limit: float) -> float:
    """A score over its limit: defective from 1 on."""
    return score / max(limit, _LEAST_LIMIT)


def rounded(ratio: float) -> float:
    """A ratio with as many decimals as are kept; one below 1 stays below."""
    return math.floor(ratio * 10**_DECIMALS) / 10**_DECIMALS
