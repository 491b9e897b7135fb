"""Reviews: only ever added, never over another's, saved once however often they are sent."""

import hashlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest

from workbench.annotation.errors import ProjectError, ReviewError
from workbench.annotation.masks import decode, encode
from workbench.annotation.records import ConflictError, Draft, NewImage, Region, Review
from workbench.annotation.store import AnnotationStore

GOOD = Review("good")


def digest(number: int) -> str:
    return hashlib.sha256(str(number).encode()).hexdigest()


def image(number: int, height: int = 8, width: int = 12) -> NewImage:
    return NewImage(f"photo{number}.png", digest(number), height, width)


def marked(category: str = "defect", rows: slice = slice(2, 5)) -> Region:
    mask = np.zeros((8, 12), bool)
    mask[rows, 3:7] = True
    return Region(category, encode(mask))


@pytest.fixture
def project(store: AnnotationStore) -> int:
    return store.projects.create("Bottles").id


@pytest.fixture
def first(store: AnnotationStore, project: int) -> int:
    return store.images.add(project, [image(number) for number in range(3)]).items[0]


def test_all_that_is_said_comes_back(store, reopen, first, anna):
    said = Review(
        "defective",
        (marked(), marked(rows=slice(6, 8))),
        ("too small", "edge"),
        "critical",
        "Sprung über die Naht <b>",
        "CRR 1a2b",
        0.46,
        12.5,
    )
    saved = store.reviews.save(first, None, said, anna, "one")
    for opened in (store, reopen()):
        assert opened.reviews.history(first) == [saved]
    assert saved.review == said
    assert (saved.author, saved.base, saved.item) == ("Anna", None, first)
    assert decode(saved.review.regions[0].mask)[2:5, 3:7].all()
    assert store.images.get(first).head == saved.id


def test_who_comes_second_overwrites_nothing_and_gets_what_was_saved(store, first, anna, ben):
    saved = store.reviews.save(first, None, GOOD, anna, "one")
    with pytest.raises(ConflictError, match="Anna saved this image") as conflict:
        store.reviews.save(first, None, Review("unsure"), ben, "two")
    assert conflict.value.newer == saved
    assert store.reviews.history(first) == [saved]
    settled = store.reviews.save(first, saved.id, Review("unsure"), ben, "three")
    assert [one.id for one in store.reviews.history(first)] == [saved.id, settled.id]
    with pytest.raises(ConflictError, match="Ben saved"):
        store.reviews.save(first, saved.id, GOOD, anna, "four")


def test_of_many_who_save_at_once_one_comes_first(store, first, anna):
    def save(number: int) -> bool:
        try:
            store.reviews.save(first, None, replace(GOOD, note=str(number)), anna, str(number))
        except ConflictError:
            return False
        return True

    with ThreadPoolExecutor(8) as people:
        assert sum(people.map(save, range(24))) == 1
    assert len(store.reviews.history(first)) == 1


def test_what_is_sent_twice_is_saved_once(store, first, anna):
    once = store.reviews.save(first, None, GOOD, anna, "the same")
    assert store.reviews.save(first, None, GOOD, anna, "the same") == once
    store.reviews.save(first, once.id, Review("unsure"), anna, "another")
    assert store.reviews.save(first, None, GOOD, anna, "the same") == once
    assert len(store.reviews.history(first)) == 2


def test_a_revision_that_never_was_is_no_base(store, first, anna):
    with pytest.raises(ReviewError, match="not there"):
        store.reviews.save(first, 12345, GOOD, anna, "one")
    assert store.reviews.history(first) == []
    assert store.images.get(first).state == "left"


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        (Review("defective", (Region("defect", encode(np.ones((12, 8), bool))),)), "8 x 12 pixels"),
        (Review("defective", (Region("defect", encode(np.zeros((8, 12), bool))),)), "marks no pixel"),
        (Review("defective", (marked("dent"),)), "'dent' is no class of this project. It has: defect"),
        (Review("defective", tags=("=1+1",)), "'=1\\+1' is no tag"),
        (Review("defective", tags=("edge", "edge")), "given twice"),
        (Review("good", (marked(),)), "no marked defect"),
        (Review("good", severity="minor"), "no marked defect"),
    ],
)
def test_what_cannot_be_true_is_a_sentence(store, first, anna, said, sentence):
    with pytest.raises(ReviewError, match=sentence):
        store.reviews.save(first, None, said, anna, "one")
    assert store.reviews.history(first) == []


def test_an_image_that_is_gone_or_put_away_cannot_be_reviewed(store, project, first, anna):
    store.projects.archive(project)
    with pytest.raises(ProjectError, match="put away"):
        store.reviews.save(first, None, GOOD, anna, "one")
    store.projects.archive(project, archived=False)
    store.images.remove([first])
    with pytest.raises(ProjectError, match="somebody removed it"):
        store.reviews.save(first, None, GOOD, anna, "one")


def test_a_note_may_hold_any_letter(store, first, anna):
    said = Review("unsure", note="\0=HYPERLINK(1)\n\ud83d".encode("utf-8", "ignore").decode() + " 🔩")
    saved = store.reviews.save(first, None, said, anna, "one")
    assert saved.review.note == "=HYPERLINK(1)\n 🔩"


def test_of_two_drafts_the_later_one_is_kept_in_whatever_order_they_come(store, first, anna, ben):
    drafts = store.drafts
    drafts.keep(first, anna, Draft(None, 5, "later"))
    drafts.keep(first, anna, Draft(None, 4, "earlier"))
    drafts.keep(first, ben, Draft(None, 1, "another's"))
    assert drafts.get(first, anna) == Draft(None, 5, "later")
    drafts.keep(first, anna, Draft(None, 6, "last"))
    assert drafts.get(first, anna) == Draft(None, 6, "last")
    store.reviews.save(first, None, GOOD, anna, "one")
    assert drafts.get(first, anna) is None
    assert drafts.get(first, ben) == Draft(None, 1, "another's")
    drafts.discard(first, ben)
    assert drafts.get(first, ben) is None


def test_a_late_draft_of_what_was_saved_says_on_what_it_builds(store, first, anna):
    store.reviews.save(first, None, GOOD, anna, "one")
    store.drafts.keep(first, anna, Draft(None, 3, "sent before the save, came after it"))
    found = store.drafts.get(first, anna)
    assert found is not None
    assert found.base != store.images.get(first).head
