"""Whether all of a store fits together: rows, contents in the data folder, files that stay where they are."""

import re
from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa

from workbench.annotation.database.tables import item, region, revision
from workbench.annotation.errors import ReviewError, SourceError
from workbench.annotation.images import item_of
from workbench.annotation.keeping.backup import copied
from workbench.annotation.masks import RunLengths, area
from workbench.annotation.records import Advance
from workbench.annotation.store import AnnotationStore

_DIGEST = re.compile(r"[0-9a-f]{64}")
_AT_A_TIME = 500


def check(store: AnnotationStore, advance: Advance = lambda _: None) -> list[str]:
    """All that does not fit, a sentence each; nothing is changed.

    Args:
        store: What is looked at.
        advance: Told of each image.
    """
    return [
        *_database(store),
        *_newest(store),
        *_bases(store),
        *_regions(store),
        *_images(store, advance),
        *_contents(store),
    ]


def _database(store: AnnotationStore) -> Iterator[str]:
    if store.database.file is None:
        return
    with store.database.reading() as connection:
        for (said,) in connection.exec_driver_sql("PRAGMA integrity_check"):
            if said != "ok":
                yield f"The file of the database is damaged: {said}."
        for table, row, other, _ in connection.exec_driver_sql("PRAGMA foreign_key_check"):
            yield f"Row {row} of {table} names a row of {other} that is not there."


def _newest(store: AnnotationStore) -> Iterator[str]:
    """Items whose newest revision is not there, or another's, or is missing though they were reviewed."""
    head = revision.alias("head")
    wanted = sa.select(item.c.id, item.c.name, item.c.head, head.c.item.label("of"))
    wanted = wanted.outerjoin(head, head.c.id == item.c.head)
    lost = item.c.head.is_not(None) & sa.or_(head.c.id.is_(None), head.c.item != item.c.id)
    with store.database.reading() as connection:
        for row in connection.execute(wanted.where(lost)):
            yield f"{row.name} (item {row.id}): its newest revision {row.head} is not there, or another's."
        unsaid = sa.select(item.c.id, item.c.name).where(item.c.head.is_(None), item.c.reviewed)
        for bare in connection.execute(unsaid):
            yield f"{bare.name} (item {bare.id}): it counts as reviewed, and nothing was said of it."


def _bases(store: AnnotationStore) -> Iterator[str]:
    base = revision.alias("base")
    wanted = sa.select(revision.c.id, revision.c.item, revision.c.base)
    wanted = wanted.outerjoin(base, base.c.id == revision.c.base)
    wrong = revision.c.base.is_not(None) & sa.or_(base.c.id.is_(None), base.c.item != revision.c.item)
    with store.database.reading() as connection:
        for row in connection.execute(wanted.where(wrong)):
            yield f"Revision {row.id} of item {row.item}: it builds on {row.base}, which is not there."


def _regions(store: AnnotationStore) -> Iterator[str]:
    """Masks that cannot be one of their image, or have another area than they say."""
    wanted = sa.select(region, item.c.height, item.c.width, item.c.name)
    wanted = wanted.join(revision, revision.c.id == region.c.revision).join(
        item, item.c.id == revision.c.item
    )
    with store.database.reading() as connection:
        rows = connection.execute(wanted.execution_options(yield_per=_AT_A_TIME))
        for row in rows:
            try:
                found = area(RunLengths(row.height, row.width, row.counts))
            except (ReviewError, ValueError) as error:
                yield f"{_region(row)}: {str(error).splitlines()[0]}"
                continue
            if found != row.area:
                yield f"{_region(row)} has {found} pixels, and says {row.area}."


def _region(row: sa.Row[Any]) -> str:
    return f"{row.name}: region {row.number} of revision {row.revision}"


def _images(store: AnnotationStore, advance: Advance) -> Iterator[str]:
    """Images that are not where they were, or are others by now."""
    last = 0
    while True:
        some = sa.select(item).where(item.c.id > last, item.c.opinion == 1).order_by(item.c.id)
        with store.database.reading() as connection:
            rows = connection.execute(some.limit(_AT_A_TIME)).all()
        if not rows:
            return
        for row in rows:
            try:
                store.blobs.content(item_of(row).image)
            except SourceError as error:
                yield str(error)
            advance(1)
        last = rows[-1].id


def _contents(store: AnnotationStore) -> Iterator[str]:
    """Contents in the data folder that no project names, and files that are none."""
    with store.database.reading() as connection:
        named = set(copied(connection))
    for name in store.blobs.digests():
        if not _DIGEST.fullmatch(name):
            yield f"{name} in the data folder's images is no content of ours."
        elif name not in named:
            yield f"{name}: no project has this image any more. It may be removed."
