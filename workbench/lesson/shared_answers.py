"""What models make of the lesson's own damage, asked once for a whole class and not by each student again."""

from collections import defaultdict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from threading import Lock
from typing import Any

from crr.types import Image, Verdict
from workbench.basics.cache import BoundedCache
from workbench.lesson.demonstration import ModelAnswer, heat


@dataclass(frozen=True, eq=False)
class ShownAnswer:
    """What is shown of a model's answer to a damaged part.

    Attributes:
        index: The share of the damage that was copied, None where it does not show.
        percent: The same as people say it.
        verdict: Of the part.
        score: Of the part.
        limit: From which on it is defective.
        drawing: The decoder's answer as a picture; None without an inversion network.
        heatmap: The anomaly map as colours.
    """

    index: float | None
    percent: str
    verdict: Verdict
    score: float
    limit: float
    drawing: Image | None
    heatmap: Image

    @property
    def nbytes(self) -> int:
        """Bytes of memory that its pictures take."""
        return self.heatmap.nbytes + (0 if self.drawing is None else self.drawing.nbytes)


def shown_answer(answer: ModelAnswer) -> ShownAnswer:
    """What is shown of an answer, without the features that it was made from."""
    explanation = answer.found.explanation
    return ShownAnswer(
        answer.index,
        answer.percent,
        explanation.inspection.verdict,
        explanation.inspection.score,
        explanation.inspection.threshold,
        None if answer.painted is None else answer.painted[1],
        heat(explanation.terms.fused().anomaly_map),
    )


class SharedAnswers:
    """Answers about the lesson's own damage, which are public; thread-safe. The least used go first."""

    def __init__(self, limit: int) -> None:
        """Args: limit, bytes of memory."""
        self._kept: BoundedCache[Any] = BoundedCache(limit)
        self._lock = Lock()
        self._turns: defaultdict[Hashable, Lock] = defaultdict(Lock)

    def answer(self, key: Hashable, ask: Callable[[], ShownAnswer]) -> ShownAnswer:
        """What is known under `key`, asked for if need be; who comes meanwhile waits for the same answer."""
        found: ShownAnswer = self._of(key, ask, lambda made: made.nbytes)
        return found

    def margins(self, key: Hashable, ask: Callable[[], dict[str, list[float]]]) -> dict[str, list[float]]:
        """The same for scores minus limits."""
        found: dict[str, list[float]] = self._of(key, ask, lambda _: 1024)
        return found

    def _of(self, key: Hashable, ask: Callable[[], Any], size: Callable[[Any], int]) -> Any:
        with self._lock:
            turn = self._turns[key]
        with turn:
            known = self._kept.get(key)
            if known is None:
                known = ask()
                self._kept.put(key, known, size(known))
        return known
