"""Scores of all images of a project, asked for in the background while somebody reviews it."""

import logging
import time
from collections.abc import Callable
from threading import Lock, Thread

from crr.errors import CRRError
from workbench.annotation.store import AnnotationStore
from workbench.review_service.answers import ModelAnswers

_WANTED_FOR = 120  # seconds since somebody last looked at the project
_AT_A_TIME = 20  # items whose scores are missing, asked of the database at once

_log = logging.getLogger(__name__)


class BackgroundScoring:
    """Asks models about one project after the other; work that nobody waits for stops.

    Args:
        store: Where projects and scores are.
        answers: Asks the models.
        clock: Of the seconds.
    """

    def __init__(
        self, store: AnnotationStore, answers: ModelAnswers, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._store, self._answers, self._clock = store, answers, clock
        self._seen: dict[int, float] = {}
        self._failed: set[tuple[int, str]] = set()
        self._lock = Lock()
        self._thread: Thread | None = None

    def want(self, project: int) -> None:
        """Say that somebody looks at a project; its scores are made as long as this is said."""
        with self._lock:
            self._seen[project] = self._clock()
            if self._thread is None or not self._thread.is_alive():
                self._thread = Thread(target=self._work, name="scores", daemon=True)
                self._thread.start()

    def wait(self) -> None:
        """Until nothing is left to do."""
        thread = self._thread
        if thread is not None:
            thread.join()

    def _work(self) -> None:
        try:
            while (project := self._wanted()) is not None:
                if not self._score_some(project):
                    with self._lock:
                        self._seen.pop(project, None)
        except CRRError as error:  # the database is away: the next look begins anew
            _log.warning("scores are not made: %s", error)

    def _wanted(self) -> int | None:
        """The project that was looked at last, if that is not long ago."""
        with self._lock:
            now = self._clock()
            self._seen = {project: at for project, at in self._seen.items() if now - at < _WANTED_FOR}
            return max(self._seen, key=self._seen.__getitem__, default=None)

    def _score_some(self, project: int) -> bool:
        """Ask about some images; whether there may be more."""
        for model in self._store.projects.get(project).models:
            try:
                revision = self._answers.revision(model)
            except CRRError:  # said to whoever looks at an image
                continue
            missing = self._store.scores.missing(project, model, revision, _AT_A_TIME + len(self._failed))
            open_ones = [item for item in missing if (item, model) not in self._failed][:_AT_A_TIME]
            for number in open_ones:
                if self._wanted() != project:
                    return True
                try:
                    self._answers.measure(self._store.images.get(number).image, model)
                except CRRError:  # said to whoever looks at this image
                    self._failed.add((number, model))
            if open_ones:
                return True
        return False
