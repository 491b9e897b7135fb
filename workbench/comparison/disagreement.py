"""Many photos, several models: which photos part them most.

How far models are apart about a photo is the largest difference between them of score / limit: 1 is the
limit of each, whatever its scores look like. A defect that a decoder copies instead of repairing (identity
mapping) leaves its model's map cold, so known defects that one model sees and another misses come first.
"""

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from crr.metrics.score_ratios import ScoreRatios, score_ratio
from crr.types import BELOW_LIMIT, Verdict, usual_score, verdict_of
from crr.visualization.colormap import colour
from workbench.basics.pictures import thumbnail_of
from workbench.comparison.comparison import ask_all
from workbench.inspection.inspector import Inspected, Inspector, ModelChoice
from workbench.inspection.photo import Photo
from workbench.inspection.verdict import NO_VERDICT
from workbench.review.tally import Tally, tally_of


@dataclass(frozen=True)
class LimitRatio:
    """What one model says of a photo, small enough to keep for many photos."""

    score: float
    limit: float
    usual: float = float("inf")
    known: bool = True
    seen: bool = True

    @property
    def ratio(self) -> float:
        """Score / limit: the part is defective from 1 on."""
        return score_ratio(self.score, self.limit)

    @property
    def verdict(self) -> Verdict:
        """What the model says of the part."""
        return verdict_of(self.score, self.limit, self.usual, known=self.known, seen=self.seen)


@dataclass(frozen=True)
class DisagreementRow:
    """A photo and how far the models are apart about it.

    Attributes:
        photo: The photo.
        thumbnail: Data URI of a small JPEG.
        scores: Model name to score, in the order of the columns.
        heatmaps: Model name to its map, a data URI of a small JPEG.
    """

    photo: Photo
    thumbnail: str
    scores: dict[str, LimitRatio]
    heatmaps: dict[str, str] = field(default_factory=dict)

    @property
    def defective_for(self) -> tuple[str, ...]:
        """The models that call the part defective."""
        return tuple(name for name, score in self.scores.items() if score.verdict == "defective")

    @property
    def verdicts_differ(self) -> bool:
        """Whether the models differ about whether the part is defective."""
        return len({self._of_limit(score.verdict) for score in self.scores.values()}) > 1

    @property
    def missed_defect(self) -> bool:
        """Whether the part is known to be defective, and some model sees it while another calls it normal."""
        verdicts = {self._of_limit(score.verdict) for score in self.scores.values()}
        return verdicts >= {"defective", "normal"} and self.photo.label == "defective"

    def missed_by(self, name: str) -> bool:
        """Whether the part is known to be defective, and the model's score does not reach its limit."""
        return self.photo.label == "defective" and self.scores[name].verdict in BELOW_LIMIT

    def alarmed(self, name: str) -> bool:
        """Whether the part is known to be good, and the model calls it defective."""
        return self.photo.label == "good" and self.scores[name].verdict == "defective"

    @staticmethod
    def _of_limit(verdict: Verdict) -> Verdict:
        """The verdict without the middle one: what is to be checked by hand does not reach the limit."""
        return "normal" if verdict in BELOW_LIMIT else verdict

    @property
    def spread(self) -> float:
        """Largest difference between two models of score / limit."""
        ratios = [score.ratio for score in self.scores.values()]
        return max(ratios) - min(ratios)

    @property
    def rank(self) -> tuple[bool, bool, float]:
        """A key to sort by: known defects that some model misses are highest, then other differing verdicts.

        Among either, those about which the models are furthest apart.
        """
        return self.missed_defect, self.verdicts_differ, self.spread


class DisagreementSurvey:
    """What models say of many photos, gathered photo by photo; lives in the session of one visitor.

    Attributes:
        running: Which photos are being compared, the visitor's own (True) or the samples; None: neither.
        own: Which photos were compared last.
        model_errors: Why a question (`ModelChoice.key`) is not asked any more, a sentence.
    """

    def __init__(self) -> None:
        self.running: bool | None = None
        self.own = False
        self.model_errors: dict[tuple[str, str], str] = {}
        self._scores: dict[tuple[str, tuple[str, str]], LimitRatio] = {}
        self._heatmaps: dict[tuple[str, tuple[str, str]], str] = {}
        self._thumbnails: dict[str, str] = {}

    def start(self, own: bool) -> None:
        """Begin to compare the visitor's own photos, or the samples; what failed before is tried again."""
        self.running = self.own = own
        self.model_errors.clear()

    def pending(self, photos: Iterable[Photo], choices: Sequence[ModelChoice]) -> list[Photo]:
        """Photos that some model has still to be asked about."""
        asked = self._asked(choices)
        return [photo for photo in photos if any((photo.key, each.key) not in self._scores for each in asked)]

    def advance(
        self, photos: Iterable[Photo], choices: Sequence[ModelChoice], inspector: Inspector, seconds: float
    ) -> None:
        """Ask the models about pending photos for about `seconds`, at least about one.

        A model that fails, or a photo that cannot be inspected, is left out from then on.
        """
        end = time.perf_counter() + seconds
        for photo in self.pending(photos, choices):
            asked = self._asked(choices)
            answers = ask_all(photo, asked, inspector) or {}
            for choice in asked[: len(answers)]:
                answer = answers[choice.model.name]
                if isinstance(answer, Inspected):
                    found = answer.inspection
                    self._scores[photo.key, choice.key] = LimitRatio(
                        found.score,
                        found.threshold,
                        usual_score(found.normal_scores),
                        found.known,
                        found.seen,
                    )
                    self._heatmaps[photo.key, choice.key] = thumbnail_of(colour(found.anomaly_map))
                    self._thumbnails[photo.key] = answer.picture.thumbnail
                else:
                    self.model_errors[choice.key] = str(answer)
            if time.perf_counter() > end:
                return

    def rows(self, photos: Iterable[Photo], choices: Sequence[ModelChoice]) -> list[DisagreementRow]:
        """Photos that every model was asked about, by rank."""
        asked = self._asked(choices)
        rows = [
            DisagreementRow(
                photo,
                self._thumbnails[photo.key],
                {choice.model.name: self._scores[photo.key, choice.key] for choice in asked},
                {choice.model.name: self._heatmaps[photo.key, choice.key] for choice in asked},
            )
            for photo in photos
            if asked and all((photo.key, choice.key) in self._scores for choice in asked)
        ]
        return sorted(rows, key=lambda row: row.rank, reverse=True)

    def tallies(self, rows: Sequence[DisagreementRow]) -> dict[str, Tally]:
        """Model name to what its limit finds and stops among the photos whose truth is known."""
        names = rows[0].scores if rows else ()
        return {name: tally_of(_ratios(rows, name), 1.0) for name in names}

    def _asked(self, choices: Iterable[ModelChoice]) -> list[ModelChoice]:
        return [choice for choice in choices if choice.key not in self.model_errors]


def _ratios(rows: Sequence[DisagreementRow], name: str) -> ScoreRatios:
    """One model's scores over its limits, of the photos whose truth is known."""
    return ScoreRatios.of(
        (row.photo.label, None if row.scores[name].verdict in NO_VERDICT else row.scores[name].ratio)
        for row in rows
        if row.photo.label is not None
    )
