"""The queue: what comes first, and that one person has an image at a time."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.workbench.annotation.test_reviews import GOOD, digest, image
from workbench.annotation.queue import queue as queues
from workbench.annotation.queue.ordering import ORDERS, Wanted
from workbench.annotation.queue.scores import Score
from workbench.annotation.records import NewImage, Review
from workbench.annotation.store import AnnotationStore


@pytest.fixture
def project(store: AnnotationStore) -> int:
    return store.projects.create("Bottles", models=["CRR"]).id


def add(store: AnnotationStore, project: int, count: int) -> list[int]:
    return store.images.add(project, [image(number) for number in range(count)]).items


def score(number: int, ratio: float, model: str = "CRR", seen: float = 0, copied: float = 0) -> Score:
    return Score(digest(number), model, "r1", ratio, "normal", seen, copied, measured=True)


def names(store: AnnotationStore, wanted: Wanted) -> list[str]:
    return [
        item.image.name.removesuffix(".png").removeprefix("photo") for item in store.queue.page(wanted, 0, 99)
    ]


def test_an_image_is_one_persons_until_they_leave(store, project, anna, ben, monkeypatch):
    first, second = add(store, project, 2)
    wanted = Wanted(project, "by name", ("left",))
    assert store.queue.next(wanted, anna).id == first
    assert store.queue.next(wanted, anna).id == first
    assert store.queue.next(wanted, ben).id == second
    assert store.queue.hold(first, ben) == "Anna"
    store.queue.release(first, anna)
    assert store.queue.hold(first, ben) is None
    assert store.queue.hold(first, anna) == "Ben"
    later = queues.now() + 1000 * queues.LOAN + 1
    monkeypatch.setattr(queues, "now", lambda: later)
    assert store.queue.hold(first, anna) is None


def test_twenty_who_ask_at_once_get_twenty_images(store, project):
    items = add(store, project, 20)
    people = [store.people.named(f"Person {number}") for number in range(20)]
    with ThreadPoolExecutor(10) as pool:
        found = list(pool.map(lambda who: store.queue.next(Wanted(project), who), people))
    assert sorted(item.id for item in found if item) == items


def test_what_is_done_or_skipped_comes_no_more(store, project, anna):
    first, second, third = add(store, project, 3)
    wanted = Wanted(project, "by name", ("left",))
    store.reviews.save(first, None, GOOD, anna, "one")
    store.queue.skip(second, anna)
    assert store.queue.next(wanted, anna).id == third
    assert store.queue.next(wanted, anna, passed=[third]) is None
    assert [item.state for item in store.images.all(project)] == ["done", "skipped", "left"]
    found = store.queue.progress(project)
    assert (found.done, found.skipped, found.left) == (1, 1, 1)
    store.queue.skip(second, anna, skipped=False)
    assert store.queue.count(wanted) == 2


def test_orders_put_first_what_they_say_and_leave_nothing_out(store, project):
    images = [
        NewImage(f"photo{number}.png", digest(number), 8, 12, label)
        for number, label in enumerate(["good", "good", "defective", "defective", None])
    ]
    store.images.add(project, images)
    ratios = {0: 0.2, 1: 1.6, 2: 0.95, 3: 2.4}
    store.scores.put(score(number, ratio, seen=number, copied=0.5) for number, ratio in ratios.items())
    store.scores.put(score(number, 1.7, "Other") for number in (0, 1))
    alone = {"models": ("CRR",)}
    assert names(store, Wanted(project, "near the limit", **alone)) == ["2", "1", "0", "3", "4"]
    assert names(store, Wanted(project, "worst first", **alone)) == ["3", "1", "2", "0", "4"]
    assert names(store, Wanted(project, "against the label", **alone)) == ["1", "2", "0", "3", "4"]
    assert names(store, Wanted(project, "seen and copied", **alone)) == ["3", "2", "1", "0", "4"]
    assert names(store, Wanted(project, "models disagree"))[:2] == ["0", "1"]
    assert names(store, Wanted(project, "by name")) == ["0", "1", "2", "3", "4"]
    shuffled = {tuple(names(store, Wanted(project, "random", seed=seed))) for seed in range(9)}
    assert len(shuffled) > 3
    for order in ORDERS:
        assert sorted(names(store, Wanted(project, order))) == ["0", "1", "2", "3", "4"]


def test_filters_look_at_the_newest_revision(store, project, anna, ben):
    first, second, _ = add(store, project, 3)
    once = store.reviews.save(first, None, Review("unsure", tags=("edge",)), anna, "one")
    store.reviews.save(first, once.id, Review("defective", tags=("texture",)), ben, "two")
    store.reviews.save(second, None, Review("unsure", tags=("edge",)), anna, "three")
    assert names(store, Wanted(project, judgement="unsure")) == ["1"]
    assert names(store, Wanted(project, tag="edge")) == ["1"]
    assert names(store, Wanted(project, tag="texture")) == ["0"]
    assert names(store, Wanted(project, author="Anna")) == ["1"]
    assert names(store, Wanted(project, author="Ben", judgement="defective", tag="texture")) == ["0"]
    assert names(store, Wanted(project, states=("left", "skipped"))) == ["2"]
    assert names(store, Wanted(project, category="none")) == []
    assert names(store, Wanted(project, name="PHOTO1")) == ["1"]
    assert names(store, Wanted(project, name="%")) == []


def test_a_second_opinion_is_another_persons(store, anna, ben):
    project = store.projects.create("Blind", opinions=2).id
    store.images.add(project, [image(0)], opinions=2)
    wanted = Wanted(project, "by name", ("left",))
    found = store.queue.next(wanted, anna)
    store.reviews.save(found.id, None, GOOD, anna, "one")
    assert store.queue.next(wanted, anna) is None
    other = store.queue.next(wanted, ben)
    assert (other.opinion, other.image.digest) == (2, found.image.digest)
    assert store.reviews.history(other.id) == []


def test_the_first_opinion_is_shown_to_nobody_who_may_give_the_second(store, anna, ben):
    project = store.projects.create("Blind", opinions=2).id
    store.images.add(project, [image(0)], opinions=2)
    first = store.queue.next(Wanted(project, "by name"), anna)
    store.reviews.save(first.id, None, GOOD, anna, "one")
    store.queue.release(first.id, anna)
    for states in ((), ("done",), ("done", "left")):
        found = store.queue.next(Wanted(project, "by name", states), ben)
        assert found is None or found.opinion == 2
    assert store.queue.next(Wanted(project, "by name", ("done",)), anna).id == first.id


def test_the_pace_is_that_of_people_at_work(store, project, anna, monkeypatch):
    items, clock = add(store, project, 5), [1_000_000]
    monkeypatch.setattr("workbench.annotation.reviews.revisions.now", lambda: clock[0])
    for number, item in enumerate(items[:4]):
        clock[0] += 3_600_000 if number == 2 else 4_000  # a break before the third
        store.reviews.save(item, None, GOOD, anna, str(number))
    assert store.queue.progress(project).seconds == pytest.approx(4)


def test_each_image_is_asked_about_once_a_model(store, project):
    items = add(store, project, 3)
    assert store.scores.missing(project, "CRR", "r1", 9) == items
    store.scores.put([score(0, 0.5), score(1, 0.5)])
    store.scores.put([score(0, 0.7)])
    assert store.scores.missing(project, "CRR", "r1", 9) == items[2:]
    assert [found.ratio for found in store.scores.of([digest(0)])] == [0.7]


def test_what_was_measured_is_not_lost_to_a_later_answer_that_says_less(store, project):
    add(store, project, 1)
    store.scores.put([Score(digest(0), "CRR", "r1", 0.5, "normal")])
    assert store.scores.missing(project, "CRR", "r1", 9)
    assert store.scores.progress(project, ["CRR"]) == (1, 1)
    store.scores.put([score(0, 0.5, seen=2, copied=0.4)])
    store.scores.put([Score(digest(0), "CRR", "r1", 0.5, "normal")])
    [known] = store.scores.of([digest(0)])
    assert (known.seen, known.copied, known.measured) == (2, 0.4, True)
    assert store.scores.missing(project, "CRR", "r1", 9) == []
    assert store.scores.missing(project, "CRR", "r2", 9)  # it was trained anew under its name
    store.scores.put([Score(digest(0), "CRR", "r2", 1.5, "defective")])
    [known] = store.scores.of([digest(0)])
    assert (known.ratio, known.measured) == (1.5, False)
