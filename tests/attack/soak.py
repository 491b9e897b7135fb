"""Many visitors who mean no harm, for a long time: they upload, compare, paint and leave, and others come."""

import itertools
import tempfile
import threading
import time
from pathlib import Path

from tests.attack.kinds.pictures import plain_photo
from tests.attack.memory import resident
from tests.attack.probe import broken_pages
from tests.attack.space import Space, serve
from tests.attack.stage import Outcome, Size, Stage, own_address, summed_up
from tests.attack.trial import watch
from tests.attack.visitor import PATIENCE, Absent, Refused, Visitor

_RUN_IN = 10 * 60.0  # seconds after which memory has to stay
_MOST_GROWTH = 1.15  # of memory from then to the end
_STROKE = {"tool": "brush", "size": 20.0, "points": [[100.0, 100.0], [220.0, 180.0]]}


def soak(minutes: float, visitors: int, guard: int, settle: float) -> Outcome:
    """What so many visitors at a time leave of a workbench.

    Args:
        minutes: How long they come.
        visitors: How many are there at a time.
        guard: Bytes at which the server is killed.
        settle: Seconds after the last has left, until memory is measured again.
    """
    with tempfile.TemporaryDirectory(prefix="soak-") as folder, serve(Path(folder), guard) as space:
        broken_pages(space.url)
        course = _Course(minutes * 60, visitors)
        longest = minutes * 60 + 4 * PATIENCE
        outcome = watch("soak", course.run, Stage(space, Size()), settle, longest)
    if course.growth > _MOST_GROWTH:
        outcome.broken.append(f"memory grew to {course.growth:.2f}-fold while visitors came and went")
    return outcome


class _Course:
    """How the visitors come and go, while memory is looked at.

    Attributes:
        growth: Memory at the end, as a multiple of that after ten minutes, or half the time if that is less.
    """

    def __init__(self, seconds: float, visitors: int) -> None:
        self.growth = 1.0
        self._seconds, self._visitors = seconds, visitors
        self._numbers = itertools.count()
        self._over = threading.Event()

    def run(self, stage: Stage) -> str:
        """Let them come until the time is over."""
        answers: list[str] = []
        crowd = [
            threading.Thread(target=self._come_and_go, args=(stage, answers), daemon=True)
            for _ in range(self._visitors)
        ]
        for visitor in crowd:
            visitor.start()
        self.growth = self._grown(stage.space)
        self._over.set()
        for visitor in crowd:
            visitor.join(3 * PATIENCE)
        return f"memory grew to {self.growth:.2f}-fold; {summed_up(answers)}"

    def _grown(self, space: Space) -> float:
        run_in = min(_RUN_IN, self._seconds / 2)
        time.sleep(run_in)
        early = resident(space.process)
        time.sleep(self._seconds - run_in)
        return resident(space.process) / max(1, early)

    def _come_and_go(self, stage: Stage, answers: list[str]) -> None:
        while not self._over.is_set():
            number = next(self._numbers)
            try:
                visitor = Visitor(stage.space.url, own_address(number))
                try:
                    self._work(visitor, number)
                    answers.append("done")
                finally:
                    visitor.leave()
            except (Refused, Absent) as refusal:
                answers.append(str(refusal))

    def _work(self, visitor: Visitor, number: int) -> None:
        visitor.open()
        visitor.upload(
            *((f"part {number}-{photo}.jpg", plain_photo(4 * number + photo)) for photo in range(3))
        )
        self._over.wait(1)
        visitor.open("compare", "photo=Paint+a+defect")
        identity = visitor.component("crr_canvas")["painting"]
        visitor.change("crr_canvas", painting={"painting": identity, "version": 1, "strokes": [_STROKE]})
        self._over.wait(1)
        visitor.open("layers")
