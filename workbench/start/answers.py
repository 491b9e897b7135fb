"""What an autoencoder and CRR make of a damaged part: found or missed, how much was copied, two pictures."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from threading import Lock

import cv2
import numpy as np

from crr.types import Image
from workbench.basics.pace import out_of_turn
from workbench.basics.pictures import jpeg_uri, shrink
from workbench.components.strokes import Stroke
from workbench.explanation.study_image import StudyImage
from workbench.inspection.verdict import draw_outlines
from workbench.lesson.demonstration import PAIR, Demonstration, ShownAnswer, shown_answer
from workbench.start.example import StartExample

_SIDE, _QUALITY = 480, 90  # pixels and JPEG quality of the pictures
_DARK, _BRIGHT = (30, 30, 30), (255, 255, 255)


@dataclass(frozen=True, eq=False)
class PairedAnswer:
    """What one of the two models makes of a damaged part.

    Attributes:
        name: What people call the model.
        shown: What it says.
        drawing: What its decoder drew, as a data URI; None without an inversion network.
        heatmap: Its anomaly map, likewise.
    """

    name: str
    shown: ShownAnswer
    drawing: str | None
    heatmap: str


def ask_both(demonstration: Demonstration, study: StudyImage) -> tuple[PairedAnswer, ...]:
    """What both models make of a damaged part; raises `CRRError` if one cannot be asked."""
    return tuple(
        _paired(name, shown_answer(demonstration.ask(study, rung)), study) for rung, name in PAIR.items()
    )


def _paired(name: str, shown: ShownAnswer, study: StudyImage) -> PairedAnswer:
    # The damage is thinner than its outline: in a drawing that would hide whether it was copied.
    drawing = None if shown.drawing is None else _uri(shown.drawing, study, outlined=False)
    return PairedAnswer(name, shown, drawing, _uri(shown.heatmap, study, outlined=True))


def _uri(picture: Image, study: StudyImage, *, outlined: bool) -> str:
    """A picture in the proportions of the photo, perhaps with the damage outlined."""
    height, width = shrink(study.image, _SIDE).shape[:2]
    drawn = cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA).astype(np.uint8)
    if outlined and study.mask is not None:
        draw_outlines(drawn, study.mask, _DARK, _BRIGHT)
    return jpeg_uri(drawn, _QUALITY)


def scratched(
    whole: StudyImage, example: StartExample, percent: int, strokes: tuple[Stroke, ...] | None = None
) -> StudyImage:
    """The part of the example with strokes at a strength, those of the example if there are no others."""
    key = ("start", example.sample, example.colour, percent)
    strokes = example.strokes if strokes is None else strokes
    return Demonstration.painted(whole, strokes, example.filling(percent), key)


class StartAnswers:
    """What both models make of the example at each strength, asked once for all visitors; thread-safe.

    They are asked in the background, the strength that is wanted first, so that the first picture is there
    soon and the slider moves without waiting.
    """

    def __init__(self, example: StartExample, ask: Callable[[int], tuple[PairedAnswer, ...]]) -> None:
        """Args: example; ask, what both models make of it at a strength in percent."""
        self._example, self._ask = example, ask
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="start")
        self._asked: dict[int, Future[tuple[PairedAnswer, ...]]] = {}
        self._lock = Lock()

    def at(self, percent: int) -> tuple[PairedAnswer, ...]:
        """The answers at a strength of the example; raises `CRRError` if a model cannot be asked."""
        with self._lock:
            for strength in (percent, *self._example.strengths):
                known = self._asked.get(strength)
                if known is None or (known.done() and known.exception() is not None):
                    self._asked[strength] = self._worker.submit(self._ask, strength)
            wanted = self._asked[percent]
        with out_of_turn():  # others may have their pages drawn meanwhile
            return wanted.result()
