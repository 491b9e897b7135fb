from pathlib import Path

import pytest

from tests.workbench.annotation.parts import SAID, write_image
from workbench.annotation.importing.bringing import bring_in
from workbench.annotation.importing.datasets import read_folder
from workbench.annotation.importing.files import Keeping
from workbench.annotation.records import LabelScheme, Project, Review
from workbench.annotation.store import AnnotationStore


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    for seed, name in enumerate((*SAID, "never.png")):
        write_image(tmp_path / "photos" / name, seed)
    return tmp_path / "photos"


@pytest.fixture
def project(store: AnnotationStore, photos: Path, anna: int) -> Project:
    made = store.projects.create("Parts")
    done = bring_in(store.database, made.id, read_folder(photos, Keeping(store.blobs)))
    assert (done.added, done.reviews) == (6, 0)
    store.projects.set_scheme(made.id, LabelScheme(("dent", "scratch")))
    for item in store.images.all(made.id):
        if item.image.name in SAID:
            first = store.reviews.save(item.id, None, Review("unsure"), anna, f"{item.id} before")
            store.reviews.save(item.id, first.id, SAID[item.image.name], anna, f"{item.id} after")
    return store.projects.get(made.id)
