"""Projects, people, images, and the database that is opened, made newer, or refused."""

import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from tests.workbench.annotation.test_reviews import GOOD, digest, image
from workbench.annotation.blobs import has_changed
from workbench.annotation.database.backup import copy_sqlite
from workbench.annotation.database.tables import metadata
from workbench.annotation.errors import (
    AnnotationError,
    NewerStoreError,
    ProjectError,
    SourceError,
    StoreError,
)
from workbench.annotation.records import LabelScheme, NewImage
from workbench.annotation.store import FILE, open_store


def test_a_project_is_made_renamed_put_away_and_removed(store):
    made = store.projects.create("  Bottles\n", ["CRR"], scheme=LabelScheme(("dent", "scratch"), ("edge",)))
    assert store.projects.get("Bottles") == store.projects.get(made.id) == made
    with pytest.raises(ProjectError, match="a project Bottles already"):
        store.projects.create("Bottles")
    store.projects.create("Screws")
    with pytest.raises(ProjectError, match="a project Screws already"):
        store.projects.rename(made.id, "Screws")
    store.projects.rename(made.id, "Flaschen")
    store.projects.archive(made.id)
    assert [found.name for found in store.projects.all()] == ["Flaschen", "Screws"]
    assert [found.name for found in store.projects.all(archived=False)] == ["Screws"]
    store.projects.delete(made.id)
    with pytest.raises(ProjectError, match="There are: Screws"):
        store.projects.get(made.id)
    assert store.projects.create("New").id > made.id


def test_who_comes_back_finds_the_project_of_the_last_save(store, anna, ben):
    first, second = (store.projects.create(name).id for name in ("Bottles", "Screws"))
    assert store.projects.last_of(anna) is None
    for number, project in enumerate((second, first)):
        store.images.add(project, [image(0)])
        [item] = store.images.all(project)
        store.reviews.save(item.id, None, GOOD, anna, f"save {number}")
    assert store.projects.last_of(anna) == first
    assert store.projects.last_of(ben) is None


def test_a_guessed_number_opens_no_project_of_others(store):
    anna, ben = store.people.named("Anna", "mail|1"), store.people.named("Ben", "mail|2")
    made = store.projects.create("Secret", owner=anna)
    assert store.projects.get(made.id, anna) == made
    with pytest.raises(ProjectError, match="There are: none yet") as refused:
        store.projects.get(made.id, ben)
    assert "Secret" not in str(refused.value)
    assert store.projects.all(ben) == []
    store.projects.invite(made.id, ben)
    store.projects.invite(made.id, ben)
    assert store.projects.all(ben) == [made]
    assert store.projects.members(made.id) == ["Anna", "Ben"]


def test_people_are_told_apart_by_who_signed_in(store):
    first = store.people.named("Anna", "provider|1")
    second = store.people.named("Anna", "provider|2")
    assert store.people.named("Anna B.", "provider|1") == first
    assert [store.people.name_of(who) for who in (first, second)] == ["Anna", "Anna (2)"]
    with pytest.raises(AnnotationError, match="somebody who signs in"):
        store.people.named("Anna")
    assert store.people.named("Ben") == store.people.named(" Ben ") == store.people.named("BEN")
    assert store.people.named("Änne") == store.people.named("A\u0308NNE")
    for nobody in ("", " \u200b\n", "x" * 201):
        with pytest.raises(AnnotationError, match="1 to 200 letters"):
            store.people.named(nobody)


def test_the_same_image_is_recognised(store):
    project = store.projects.create("Bottles").id
    assert len(store.images.add(project, [image(0), image(1)]).items) == 2
    again = store.images.add(
        project,
        [NewImage("copy.png", digest(0), 8, 12), image(2), NewImage("twin.png", digest(2), 8, 12)],
    )
    assert again.known == {"copy.png": "photo0.png", "twin.png": "photo2.png"}
    assert [item.image.name for item in store.images.all(project)] == [
        "photo0.png",
        "photo1.png",
        "photo2.png",
    ]
    assert store.projects.count(project) == 3
    assert len(store.images.add(store.projects.create("Others").id, [image(0)]).items) == 1


def test_many_images_are_added_and_read_in_order(store):
    project = store.projects.create("Many").id
    added = store.images.add(project, [image(number) for number in range(1201)])
    assert [item.id for item in store.images.all(project)] == added.items


def test_contents_are_kept_once_and_what_changed_is_said(store, tmp_path):
    digest = store.blobs.put(b"photo")
    assert store.blobs.put(b"photo") == digest
    assert list(store.blobs.digests()) == [digest]
    copied = NewImage("a.png", digest, 1, 1)
    assert store.blobs.content(copied) == b"photo"
    store.blobs.path(digest).write_bytes(b"other")
    with pytest.raises(SourceError, match="no longer the image"):
        store.blobs.content(copied)

    file = tmp_path / "b.png"
    file.write_bytes(b"photo")
    status = file.stat()
    referenced = NewImage("b.png", digest, 1, 1, None, "", str(file), status.st_size, status.st_mtime_ns)
    assert store.blobs.content(referenced) == b"photo"
    assert not has_changed(referenced)
    file.write_bytes(b"photo 2")
    assert has_changed(referenced)
    with pytest.raises(SourceError, match="its content changed"):
        store.blobs.content(referenced)
    file.unlink()
    with pytest.raises(SourceError, match="cannot be read from"):
        store.blobs.content(referenced)


def test_the_steps_lead_to_the_tables(store):
    with store.database.engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []


def test_many_who_open_a_new_store_at_once_make_its_tables_once(reopen):
    barrier = threading.Barrier(6)

    def opened(number: int) -> int:
        barrier.wait(20)
        return reopen().people.named(f"Person {number}")

    with ThreadPoolExecutor(6) as people:
        assert len({*people.map(opened, range(6))}) == 6


def test_a_store_of_a_newer_version_is_refused_and_not_touched(reopen):
    store = reopen()
    with store.database.writing() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(NewerStoreError, match="newer version of the workbench"):
        reopen()
    with store.database.reading() as connection:
        assert connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar() == "9999"


def test_an_address_that_is_none_is_a_sentence(tmp_path):
    for url in ("mysql://host/name", "nonsense", "postgresql://host:port/name"):
        with pytest.raises(StoreError, match="CRR_DATABASE_URL"):
            open_store(tmp_path, url)
    with pytest.raises(StoreError, match="does not answer"):
        open_store(tmp_path, "postgresql://nobody@127.0.0.1:9/nothing")


def test_files_that_are_no_store_are_a_sentence(tmp_path):
    (tmp_path / FILE).write_bytes(b"these are not the bytes of a database" * 100)
    with pytest.raises(StoreError, match="damaged"):
        open_store(tmp_path)
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="CRR_DATA names the folder"):
        open_store(tmp_path / "file")


def test_a_copy_is_one_state_while_others_write(tmp_path):
    store = open_store(tmp_path)
    project, anna = store.projects.create("Bottles").id, store.people.named("Anna")
    items = store.images.add(project, [image(number) for number in range(300)]).items
    stop = threading.Event()

    def write() -> None:
        for item in items:
            if stop.is_set():
                return
            store.reviews.save(item, None, GOOD, anna, str(item))

    writer = threading.Thread(target=write)
    writer.start()
    for number in range(3):
        copy_sqlite(tmp_path / FILE, tmp_path / f"copy{number}.sqlite")
        with sqlite3.connect(tmp_path / f"copy{number}.sqlite") as copy:
            heads, revisions = (
                {row[0] for row in copy.execute(query)}
                for query in ("SELECT head FROM item WHERE head IS NOT NULL", "SELECT id FROM revision")
            )
            assert heads == revisions
        copy.close()
    stop.set()
    writer.join()
    store.close()
