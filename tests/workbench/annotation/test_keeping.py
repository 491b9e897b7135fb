"""A backup goes into either kind of database, and a check names all that does not fit."""

import json
import threading
import zipfile
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.workbench.annotation.parts import write_image
from workbench.annotation.errors import NewerStoreError, SourceError, StoreError
from workbench.annotation.importing.bringing import bring_in
from workbench.annotation.importing.datasets import read_folder
from workbench.annotation.importing.files import Keeping
from workbench.annotation.keeping.backup import back_up
from workbench.annotation.keeping.checking import check
from workbench.annotation.keeping.restoring import restore
from workbench.annotation.records import Draft, Project, Review
from workbench.annotation.store import AnnotationStore, open_store


@pytest.fixture(params=["into sqlite", "into postgresql"])
def other(request: pytest.FixtureRequest, tmp_path: Path):
    url = request.getfixturevalue("server").new_database() if "postgresql" in request.param else ""
    store = open_store(tmp_path / "other", url)
    yield store
    store.close()


def all_of(store: AnnotationStore, project: Project) -> list[object]:
    items = list(store.images.all(project.id))
    return [store.projects.get(project.id), items, [store.reviews.history(item.id) for item in items]]


def test_a_backup_goes_into_either_database(store, project, other, anna, tmp_path):
    first = next(store.images.all(project.id)).id
    store.drafts.keep(first, anna, Draft(None, 7, "[1, 2]"))
    rows = back_up(store, tmp_path / "kept.zip")
    assert (rows["project"], rows["item"], rows["revision"], rows["images"]) == (1, 6, 10, 6)
    assert restore(other, tmp_path / "kept.zip") == rows
    assert all_of(other, project) == all_of(store, project)
    assert other.drafts.get(first, anna) == Draft(None, 7, "[1, 2]")
    assert check(other) == []
    assert other.projects.create("Next").id > project.id
    assert other.people.named("Next") > anna
    with pytest.raises(StoreError, match="There are annotations already"):
        restore(other, tmp_path / "kept.zip")


def test_a_backup_is_one_state_while_people_write(store, project, anna, tmp_path):
    stop = threading.Event()
    items = [item.id for item in store.images.all(project.id)]

    def write() -> None:
        number = 0
        while not stop.is_set():
            item = store.images.get(items[number % len(items)])
            store.reviews.save(item.id, item.head, Review("good", note=str(number)), anna, f"more {number}")
            number += 1

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for number in range(3):
            back_up(store, tmp_path / f"{number}.zip")
    finally:
        stop.set()
        writer.join()
    for number in range(3):
        read = open_store(tmp_path / f"again{number}")
        restore(read, tmp_path / f"{number}.zip")
        assert check(read) == []
        read.close()


def changed(file: Path, name: str, content: bytes | None) -> Path:
    """The backup with another content of an entry, or without it."""
    out = file.with_name("changed.zip")
    with zipfile.ZipFile(file) as before, zipfile.ZipFile(out, "w") as after:
        for entry in before.infolist():
            if entry.filename != name:
                after.writestr(entry, before.read(entry))
        if content is not None:
            after.writestr(name, content)
    return out


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("manifest.json", None, "is no backup of annotations"),
        ("manifest.json", b"{}", "is no backup of annotations"),
        ("tables/item.jsonl", None, "tables/item.jsonl cannot be taken"),
        ("tables/item.jsonl", b"[]\n", "a row has other columns"),
        ("tables/item.jsonl", b"{", "tables/item.jsonl cannot be taken"),
        ("tables/project.jsonl", b"", "cannot be taken"),
        ("images/" + 64 * "0", b"other", "is damaged"),
    ],
)
def test_a_damaged_backup_is_refused_whole(store, other, tmp_path, name, content, sentence):
    back_up(store, tmp_path / "kept.zip")
    with pytest.raises(SourceError, match=sentence):
        restore(other, changed(tmp_path / "kept.zip", name, content))
    assert other.projects.all() == []
    (tmp_path / "half.zip").write_bytes((tmp_path / "kept.zip").read_bytes()[:2000])
    with pytest.raises(SourceError, match="no backup that can be read"):
        restore(other, tmp_path / "half.zip")
    with pytest.raises(SourceError, match="cannot be read"):
        restore(other, tmp_path / "none.zip")
    assert restore(other, tmp_path / "kept.zip")["project"] == 1


@pytest.mark.usefixtures("project")
def test_a_backup_of_another_version_is_refused(store, tmp_path):
    back_up(store, tmp_path / "kept.zip")
    with zipfile.ZipFile(tmp_path / "kept.zip") as archive:
        manifest = json.loads(archive.read("manifest.json"))
    newer = json.dumps(manifest | {"tables": "9999"}).encode()
    with pytest.raises(NewerStoreError, match="another version"):
        restore(open_store(tmp_path / "new"), changed(tmp_path / "kept.zip", "manifest.json", newer))


@pytest.mark.usefixtures("project")
def test_a_backup_that_fails_leaves_the_one_before(store, tmp_path):
    back_up(store, tmp_path / "kept.zip")
    before = (tmp_path / "kept.zip").read_bytes()

    def stop(_: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        back_up(store, tmp_path / "kept.zip", stop)
    assert (tmp_path / "kept.zip").read_bytes() == before
    assert [path.name for path in tmp_path.glob("*kept*")] == ["kept.zip"]


def test_all_that_does_not_fit_is_named(store, project, photos):
    made = store.projects.create("Referred")
    write_image(photos / "moved.png", 50)
    bring_in(store.database, made.id, read_folder(photos, Keeping()))
    assert check(store) == []
    (photos / "moved.png").unlink()
    items = {item.image.name: item for item in store.images.all(project.id)}
    ring, dot = items["line/ring.png"], items["line/dot.png"]
    with store.database.writing() as connection:
        for change in (
            f"UPDATE item SET head = {dot.head} WHERE id = {ring.id}",
            f"UPDATE item SET reviewed = true WHERE id = {items['never.png'].id}",
            f"UPDATE revision SET base = 99999 WHERE id = {dot.head}",
            f"UPDATE region SET area = 1 WHERE revision = {dot.head}",
            f"UPDATE region SET counts = 'zzz' WHERE revision = {ring.head} AND number = 1",
        ):
            connection.execute(sa.text(change))
    fine = items["line/fine.png"].image.digest
    store.blobs.path(fine).write_bytes(b"other")
    store.blobs.path(items["odd.png"].image.digest).unlink()
    store.blobs.put(b"nobody's")
    (store.blobs.path(fine).parent / "notes.txt").write_text("mine")
    found = "\n".join(check(store))
    for sentence in (
        f"line/ring.png (item {ring.id}): its newest revision",
        "never.png (item",
        "it builds on 99999, which is not there",
        "has 12 pixels, and says 1",
        "The run lengths of a mask are damaged",
        "moved.png cannot be read from",
        "odd.png cannot be read from the data folder",
        "is no longer the image that was added as line/fine.png",
        "no project has this image any more",
        "notes.txt in the data folder's images is no content of ours",
    ):
        assert sentence in found
    assert len(found.splitlines()) == 10
