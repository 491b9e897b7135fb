"""Two people said different things of the same part: it is settled, and settled anew, on the page.

It makes a project by itself, and comes after the tests that begin where there is none.
"""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import settled
from tests.browser.correct.conftest import enter
from tests.workbench.annotation.parts import DOT, write_image
from workbench.annotation.importing.bringing import bring_in
from workbench.annotation.importing.datasets import read_folder
from workbench.annotation.importing.files import Keeping
from workbench.annotation.masks import encode
from workbench.annotation.records import Region, Review
from workbench.annotation.store import AnnotationStore, open_store

PROJECT = "Two opinions"


@pytest.fixture
def store(data_folder: Path, workbench_url: str) -> Iterator[AnnotationStore]:
    """The annotations that the workbench of these tests shows."""
    del workbench_url  # it makes the folder
    with closing(open_store(data_folder)) as opened:
        yield opened


def marked(mask: np.ndarray) -> Review:
    return Review("defective", (Region("defect", encode(mask)),))


def test_a_disagreement_is_settled_and_settled_anew(
    page: Page, store: AnnotationStore, tmp_path: Path
) -> None:
    for number in range(2):
        write_image(tmp_path / f"photos/{number}.png", number)
    project = store.projects.create(PROJECT, opinions=2)
    bring_in(store.database, project.id, read_folder(tmp_path / "photos", Keeping(store.blobs)))
    people = [store.people.named(name) for name in ("Cleo", "Dan")]
    for item in store.images.all(project.id):
        said = (Review("good"), marked(DOT))[item.opinion - 1]
        store.reviews.save(item.id, None, said, people[item.opinion - 1], f"agreement {item.id}")

    enter(page, "Eve", PROJECT)
    page.get_by_text("Agreement of the two opinions").click()
    expect(page.get_by_text("They differ on 2 images; 2 of these are not settled.")).to_be_visible()
    page.get_by_role("button", name="Dan is right").click()
    expect(page.get_by_text("They differ on 2 images; 1 of these are not settled.")).to_be_visible()
    settled(page)
    page.get_by_role("button", name="Cleo is right").click()
    expect(page.get_by_text("They differ on 2 images; 0 of these are not settled.")).to_be_visible()
    page.get_by_text("Settled ones too").click()
    expect(page.get_by_text("Settled by Eve: defective, 1 region")).to_be_visible()
    page.get_by_role("button", name="Cleo is right").click()
    expect(page.get_by_text("Settled by Eve: good, 0 regions")).to_be_visible()
    held = [pair.settled for pair in store.opinions.pairs(project.id)]
    assert [one.review.judgement for one in held if one] == ["good", "good"]
