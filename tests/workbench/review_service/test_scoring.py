"""Scores in the background: all are made, one project before the other, and only while somebody looks."""

from pathlib import Path
from threading import Event

import pytest

from crr.errors import CRRError
from tests.workbench.annotation.parts import write_image
from workbench.annotation.importing.bringing import bring_in
from workbench.annotation.importing.datasets import read_folder
from workbench.annotation.importing.files import Keeping
from workbench.annotation.queue.scores import Score
from workbench.annotation.records import NewImage
from workbench.annotation.store import AnnotationStore
from workbench.review_service.scoring import BackgroundScoring

MODEL = "crr-embedded"


class Answers:
    """Stands for the models: notes whom it was asked about, and keeps a score."""

    def __init__(self, store: AnnotationStore) -> None:
        self.store, self.asked, self.bad = store, list[str](), set[str]()
        self.changed, self.go_on = "1", Event()
        self.go_on.set()
        self.began = Event()

    def revision(self, model: str) -> str:
        if model == "gone":
            raise CRRError("There is no model gone.")
        return self.changed

    def measure(self, image: NewImage, model: str) -> None:
        self.began.set()
        self.go_on.wait(10)
        self.asked.append(image.name)
        if image.name in self.bad:
            raise CRRError(f"{image.name} is not where it was.")
        self.store.scores.put([Score(image.digest, model, self.changed, 1.5, "defective", measured=True)])


@pytest.fixture
def answers(store: AnnotationStore) -> Answers:
    return Answers(store)


def make(store: AnnotationStore, folder: Path, name: str, images: int, *models: str) -> int:
    for number in range(images):
        write_image(folder / name / f"{name}{number:02}.png", seed=number + 100 * len(name))
    project = store.projects.create(name, models or (MODEL,))
    bring_in(store.database, project.id, read_folder(folder / name, Keeping(store.blobs)))
    return project.id


def test_each_image_is_asked_about_once(store, answers, tmp_path):
    project = make(store, tmp_path, "many", 45)
    scoring = BackgroundScoring(store, answers)
    scoring.want(project)
    scoring.wait()
    assert sorted(answers.asked) == [f"many{number:02}.png" for number in range(45)]
    assert store.scores.missing(project, MODEL, "1", 50) == []
    scoring.want(project)
    scoring.wait()
    assert len(answers.asked) == 45


def test_a_model_that_was_trained_anew_is_asked_again(store, answers, tmp_path):
    project = make(store, tmp_path, "anew", 3)
    scoring = BackgroundScoring(store, answers)
    for answers.changed in ("1", "2"):
        scoring.want(project)
        scoring.wait()
    assert len(answers.asked) == 6


def test_an_image_that_fails_costs_no_other_and_is_not_asked_for_ever(store, answers, tmp_path):
    project = make(store, tmp_path, "bad", 5)
    answers.bad = {"bad00.png", "bad03.png"}
    scoring = BackgroundScoring(store, answers)
    for _ in range(2):
        scoring.want(project)
        scoring.wait()
    assert sorted(answers.asked) == [f"bad{number:02}.png" for number in range(5)]


def test_a_model_that_is_gone_is_left_out(store, answers, tmp_path):
    project = make(store, tmp_path, "gone", 2, "gone", MODEL)
    scoring = BackgroundScoring(store, answers)
    scoring.want(project)
    scoring.wait()
    assert len(answers.asked) == 2


def begin(scoring: BackgroundScoring, answers: Answers, project: int) -> None:
    """Have the first question asked, whose answer waits for `go_on`."""
    answers.go_on.clear()
    scoring.want(project)
    assert answers.began.wait(10)


def test_who_looks_last_comes_first_and_others_come_after(store, answers, tmp_path):
    first, second = make(store, tmp_path, "first", 3), make(store, tmp_path, "second", 2)
    now = [0.0]
    scoring = BackgroundScoring(store, answers, lambda: now[0])
    begin(scoring, answers, first)
    now[0] = 1.0
    scoring.want(second)
    answers.go_on.set()
    scoring.wait()
    assert store.scores.missing(first, MODEL, "1", 9) == store.scores.missing(second, MODEL, "1", 9) == []
    assert [name[:-6] for name in answers.asked] == ["first", "second", "second", "first", "first"]


def test_work_that_nobody_waits_for_any_more_stops(store, answers, tmp_path):
    project = make(store, tmp_path, "left", 30)
    now = [0.0]
    scoring = BackgroundScoring(store, answers, lambda: now[0])
    begin(scoring, answers, project)
    now[0] = 121.0
    answers.go_on.set()
    scoring.wait()
    assert len(answers.asked) == 1
