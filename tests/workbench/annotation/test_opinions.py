"""Two opinions of an image: how far they agree, and what holds where they do not."""

import json

import numpy as np
import pytest

from tests.workbench.annotation.parts import DOT, HEIGHT, RING, WIDTH, write_image
from workbench.annotation.errors import ReviewError
from workbench.annotation.exporting.export import export
from workbench.annotation.importing.bringing import bring_in
from workbench.annotation.importing.datasets import read_folder
from workbench.annotation.importing.files import Keeping
from workbench.annotation.importing.jsonl import read_jsonl
from workbench.annotation.masks import encode
from workbench.annotation.opinions import agreement
from workbench.annotation.queue.ordering import Wanted
from workbench.annotation.records import SETTLED, Region, Review

GOOD = Review("good")
TWO_PIXELS = np.zeros((HEIGHT, WIDTH), bool)
TWO_PIXELS[30, 50:52] = True


def marked(mask):
    return Review("defective", (Region("defect", encode(mask)),))


SAID = [  # what the first and the second say
    (GOOD, GOOD),
    (GOOD, marked(DOT)),
    (marked(RING), marked(RING)),
    (marked(DOT), marked(TWO_PIXELS)),
]


@pytest.fixture
def project(store, tmp_path, anna, ben):
    for number in range(6):
        write_image(tmp_path / f"photos/{number}.png", number)
    made = store.projects.create("Parts", opinions=2)
    bring_in(store.database, made.id, read_folder(tmp_path / "photos", Keeping(store.blobs)))
    for item in store.images.all(made.id):
        number = int(item.image.name[0])
        if number < len(SAID):
            who = (anna, ben)[item.opinion - 1]
            store.reviews.save(item.id, None, SAID[number][item.opinion - 1], who, f"attempt {item.id}")
    return made


def pairs(store, project):
    return list(store.opinions.pairs(project.id))


def test_agreement_is_measured_on_what_both_reviewed(store, project):
    found = agreement(pairs(store, project))
    assert (found.images, found.same, found.marked) == (4, 3, 3)
    assert found.kappa == pytest.approx(0.5)  # 3 of 4 alike, 2 of 4 expected by chance
    assert found.overlap == pytest.approx((0 + 1 + 2 / 12) / 3)
    assert [pair.item.image.name for pair in pairs(store, project) if not pair.alike] == ["1.png", "3.png"]
    assert "kappa is 0.50" in found.sentence
    assert "share 39 %" in found.sentence


def test_without_a_second_opinion_or_with_one_answer_only_there_is_no_kappa(store, project):
    assert agreement([]).kappa is None
    assert "No image" in agreement([]).sentence
    alike = agreement(pairs(store, project)[:1])
    assert (alike.kappa, alike.overlap, alike.same) == (None, None, 1)
    assert "no kappa" in alike.sentence


def test_what_is_settled_holds_in_exports_and_changes_no_opinion(store, project, anna, tmp_path):
    before = agreement(pairs(store, project))
    pair = next(pair for pair in pairs(store, project) if not pair.alike)
    store.opinions.settle(pair.item.id, pair.second.id, anna)
    after = pairs(store, project)
    assert agreement(after) == before
    [settled] = [one for one in after if one.settled]
    assert settled.item == pair.item
    assert settled.settled.review == pair.second.review
    assert settled.settled.author == "Anna"
    assert store.queue.progress(project.id).done == 8  # a settled image is no more work done
    wanted = Wanted(project.id, "by name")
    export(store, project, wanted, "coco", tmp_path / "coco")
    found = json.loads((tmp_path / "coco/annotations.json").read_text())
    assert sorted(image["file_name"] for image in found["images"]) == ["0.png", "1.png", "2.png", "3.png"]
    names = {image["id"]: image["file_name"] for image in found["images"]}
    assert {names[one["image_id"]] for one in found["annotations"]} == {"1.png", "2.png", "3.png"}


def test_all_three_come_back_from_json_lines(store, project, anna, tmp_path):
    pair = pairs(store, project)[1]
    store.opinions.settle(pair.item.id, pair.first.id, anna)
    export(store, project, Wanted(project.id, "by name"), "jsonl", tmp_path / "lines")
    other = store.projects.create("Again", opinions=2)
    read = read_jsonl(tmp_path / "lines/annotations.jsonl", Keeping(store.blobs))
    bring_in(store.database, other.id, read)
    there = pairs(store, other)
    assert [one.first.review for one in there] == [one.first.review for one in pairs(store, project)]
    assert [one.settled is not None for one in there] == [False, True, False, False]
    [third] = [item for item in store.images.all(other.id) if item.opinion == SETTLED]
    assert third.reviewed


def test_it_is_settled_once_and_by_one_of_its_opinions(store, project, anna):
    first, second, *_ = pairs(store, project)
    with pytest.raises(ReviewError, match="no opinion of this image"):
        store.opinions.settle(first.item.id, second.first.id, anna)
    store.opinions.settle(second.item.id, second.first.id, anna)
    with pytest.raises(ReviewError, match="settled this image meanwhile"):
        store.opinions.settle(second.item.id, second.second.id, anna)


def test_what_was_settled_may_be_settled_anew_by_who_saw_it(store, project, anna):
    pair = next(pair for pair in pairs(store, project) if not pair.alike)
    store.opinions.settle(pair.item.id, pair.first.id, anna)
    [once] = [one.settled for one in pairs(store, project) if one.settled]
    store.opinions.settle(pair.item.id, pair.second.id, anna, once.id)
    [again] = [one.settled for one in pairs(store, project) if one.settled]
    assert again.review == pair.second.review
    assert [one.id for one in store.reviews.history(once.item)] == [once.id, again.id]
    for stale in (None, once.id):
        with pytest.raises(ReviewError, match="settled this image meanwhile"):
            store.opinions.settle(pair.item.id, pair.first.id, anna, stale)
