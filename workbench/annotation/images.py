"""The images of projects: added, recognised when they come again, and looked up."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from typing import Any, Literal

import sqlalchemy as sa

from crr.config import ValueRange
from crr.runtime.validation import checked
from workbench.annotation.blobs import has_changed
from workbench.annotation.database.connection import Database
from workbench.annotation.database.tables import item
from workbench.annotation.errors import ProjectError
from workbench.annotation.records import SETTLED, Added, Item, NewImage

_AT_A_TIME = 500  # rows a statement: both databases bound the number of its values


class Images:
    """The images of a database's projects."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, project: int, images: Sequence[NewImage], opinions: int = 1) -> Added:
        """Add images, all or none of them; whoever calls put their contents where they say.

        Args:
            project: Number of the project.
            images: What is added. An image that is there already, under whatever name, stays as it is; if
                its file is gone or was written anew, the added one takes that one's place.
            opinions: How many people review each.
        """
        with self._database.writing() as connection:
            return add_images(connection, project, images, opinions)

    def get(self, number: int) -> Item:
        """An item; raises `ProjectError` if it is not there any more."""
        with self._database.reading() as connection:
            row = connection.execute(sa.select(item).where(item.c.id == number)).first()
        if row is None:
            raise ProjectError("The image is not in the project any more: somebody removed it.")
        return item_of(row)

    def many(self, numbers: Sequence[int]) -> dict[int, Item]:
        """Items by number; those that are not there are left out."""
        with self._database.reading() as connection:
            return {
                row.id: item_of(row)
                for some in in_parts(numbers)
                for row in connection.execute(sa.select(item).where(item.c.id.in_(some)))
            }

    def categories(self, project: int) -> list[str]:
        """Kinds of parts that a project has, sorted; one without a name is none."""
        found = sa.select(item.c.category).distinct().where(item.c.project == project, item.c.category != "")
        with self._database.reading() as connection:
            return sorted(connection.execute(found).scalars())

    def places(self) -> tuple[int, int]:
        """How many contents stay where they are, and how many were copied, of all projects together."""
        count = sa.func.count(sa.distinct(item.c.digest))
        with self._database.reading() as connection:
            elsewhere, copied = (
                connection.execute(sa.select(count).where(there)).scalar_one()
                for there in (item.c.path.is_not(None), item.c.path.is_(None))
            )
        return elsewhere, copied

    def all(self, project: int) -> Iterator[Item]:
        """The items of a project by number, a few hundred in memory at a time."""
        last = 0
        while True:
            some = (
                sa.select(item)
                .where(item.c.project == project, item.c.id > last)
                .order_by(item.c.id)
                .limit(_AT_A_TIME)
            )
            with self._database.reading() as connection:
                rows = connection.execute(some).all()
            if not rows:
                return
            yield from map(item_of, rows)
            last = rows[-1].id

    def remove(self, numbers: Iterable[int]) -> None:
        """Take items out of their project, with what was said of them."""
        with self._database.writing() as connection:
            for some in in_parts(list(numbers)):
                connection.execute(sa.delete(item).where(item.c.id.in_(some)))


def add_images(
    connection: sa.Connection, project: int, images: Sequence[NewImage], opinions: int = 1
) -> Added:
    """Add images to a project, as `Images.add` does."""
    added = Added()
    for rows in in_parts(images):
        there = items_of(connection, project, [image.digest for image in rows])
        for image in rows:
            before = there.get(image.digest)
            if before is not None and has_changed(before.image) and not has_changed(image):
                _move(connection, project, image)
                if image.path != before.image.path:
                    added.moved.append(before.image.name)
        known = {digest: found.image.name for digest, found in there.items()}
        new: list[dict[str, Any]] = []
        for image in rows:
            if image.digest in known:
                added.known[image.name] = known[image.digest]
                continue
            known[image.digest] = image.name
            facts = {**asdict(image), "project": project, "skipped": False, "reviewed": False}
            new += [{**facts, "opinion": opinion} for opinion in range(1, opinions + 1)]
        if new:
            made = sa.insert(item).returning(item.c.id, sort_by_parameter_order=True)
            added.items += connection.execute(made, new).scalars()
    return added


def _move(connection: sa.Connection, project: int, image: NewImage) -> None:
    """Let a project find an image that it has where it lies now."""
    place = {"path": image.path, "size": image.size, "modified": image.modified}
    same = (item.c.project == project, item.c.digest == image.digest)
    connection.execute(sa.update(item).where(*same).values(place))


def add_settled(connection: sa.Connection, project: int, digests: Sequence[str]) -> dict[str, Item]:
    """Digest to the item for what holds of an image, made of its first opinion where there is none yet."""
    there = items_of(connection, project, digests, SETTLED)
    first = items_of(connection, project, [digest for digest in digests if digest not in there])
    rows = [
        {
            **asdict(one.image),
            "project": project,
            "opinion": SETTLED,
            "skipped": False,
            "reviewed": False,
        }
        for one in first.values()
    ]
    if rows:
        connection.execute(sa.insert(item), rows)
        there |= items_of(connection, project, list(first), SETTLED)
    return there


def items_of(
    connection: sa.Connection, project: int, digests: Sequence[str], opinion: int = 1
) -> dict[str, Item]:
    """Digest to the item of a project that has it; those that are not there are left out."""
    found: dict[str, Item] = {}
    for some in in_parts(digests):
        rows = sa.select(item).where(
            item.c.project == project, item.c.digest.in_(some), item.c.opinion == opinion
        )
        found |= {row.digest: item_of(row) for row in connection.execute(rows)}
    return found


def mark(connection: sa.Connection, state: Literal["reviewed", "skipped"], numbers: Sequence[int]) -> None:
    """Say of items that somebody reviewed them, or put them off."""
    for some in in_parts(numbers):
        connection.execute(sa.update(item).where(item.c.id.in_(some)).values({state: True}))


def item_of(row: sa.Row[Any]) -> Item:
    """An item from a row of its table."""
    image = NewImage(
        row.name,
        row.digest,
        row.height,
        row.width,
        row.label,
        row.category,
        row.path,
        row.size,
        row.modified,
        None if row.value_range is None else checked(ValueRange, row.value_range),
    )
    return Item(row.id, row.project, image, row.opinion, row.head, row.reviewed, row.skipped)


def in_parts(rows: Sequence[Any]) -> Iterator[Sequence[Any]]:
    """Rows in lists that are short enough for one statement."""
    return (rows[first : first + _AT_A_TIME] for first in range(0, len(rows), _AT_A_TIME))
