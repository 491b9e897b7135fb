"""The queue of a project: it hands an image to one person at a time."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import sqlalchemy as sa

from workbench.annotation.database.connection import Database, insert_into
from workbench.annotation.database.tables import item, lease, now, person, revision
from workbench.annotation.images import item_of
from workbench.annotation.queue.ordering import Wanted, in_order, selected
from workbench.annotation.records import SETTLED, Item

LOAN = 120
"""Seconds for which an image belongs to somebody who does not say that they are still there."""
_PACE_OF = 20  # last images of a person
_PAUSE = 600  # seconds between two saves from which on somebody was away


@dataclass(frozen=True)
class Progress:
    """How far a project is.

    Attributes:
        done: Items that were reviewed.
        skipped: Items that were put off.
        left: All others.
        seconds: What one person took for an image lately; None if too few were reviewed in a row.
    """

    done: int
    skipped: int
    left: int
    seconds: float | None


class ReviewQueue:
    """The queue of each project of a database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def next(self, wanted: Wanted, who: int, passed: Sequence[int] = ()) -> Item | None:
        """Hand out the first item that nobody else has; it belongs to the person until they leave.

        Args:
            wanted: Which items, and in which order.
            who: Number of the person. Of an image with two opinions they get one only, and never what
                somebody else said of it.
            passed: Items that the person passed over and does not want again.
        """
        while True:
            with self._database.writing() as connection:
                row = connection.execute(
                    in_order(_free(connection, wanted, who, passed), wanted).limit(1)
                ).first()
                if row is None or _lend(connection, row.id, who):
                    return None if row is None else item_of(row)
            # In PostgreSQL somebody else may take it between the two; then it is not free the next time.

    def hold(self, number: int, who: int) -> str | None:
        """Say that somebody is at an item: for the first time, or still.

        Returns:
            None if it is theirs for `LOAN` seconds from now, else the name of whom it belongs to.
        """
        with self._database.writing() as connection:
            if _lend(connection, number, who):
                return None
            holder = sa.select(person.c.name).join(lease).where(lease.c.item == number)
            return connection.execute(holder).scalar_one_or_none()

    def release(self, number: int, who: int) -> None:
        """Give an item back."""
        with self._database.writing() as connection:
            connection.execute(sa.delete(lease).where(lease.c.item == number, lease.c.person == who))

    def skip(self, number: int, who: int, *, skipped: bool = True) -> None:
        """Put an item off that nobody reviewed, or take that back."""
        with self._database.writing() as connection:
            left = sa.update(item).where(item.c.id == number, ~item.c.reviewed)
            connection.execute(left.values(skipped=skipped))
            connection.execute(sa.delete(lease).where(lease.c.item == number, lease.c.person == who))

    def page(self, wanted: Wanted, first: int, count: int) -> list[Item]:
        """Some items in order, whoever has them."""
        some = in_order(selected(wanted), wanted).offset(first).limit(count)
        with self._database.reading() as connection:
            return [item_of(row) for row in connection.execute(some)]

    def count(self, wanted: Wanted) -> int:
        """How many items are wanted."""
        with self._database.reading() as connection:
            found = sa.select(sa.func.count()).select_from(selected(wanted).subquery())
            return connection.execute(found).scalar_one()

    def heads(self, wanted: Wanted) -> list[tuple[int, int | None]]:
        """Numbers of all wanted items with their newest revisions, by number."""
        chosen = selected(wanted).with_only_columns(item.c.id, item.c.head).order_by(item.c.id)
        with self._database.reading() as connection:
            return [(row.id, row.head) for row in connection.execute(chosen)]

    def progress(self, project: int) -> Progress:
        """How far a project is, and at what pace."""
        states = sa.select(item.c.reviewed, item.c.skipped, sa.func.count())
        counted = states.where(item.c.project == project, item.c.opinion != SETTLED).group_by(
            item.c.reviewed, item.c.skipped
        )
        last = (
            sa.select(revision.c.author, revision.c.saved)
            .join(item, item.c.head == revision.c.id)
            .where(item.c.project == project, item.c.reviewed, item.c.opinion != SETTLED)
            .order_by(revision.c.id.desc())
            .limit(_PACE_OF)
        )
        with self._database.reading() as connection:
            found = {
                (bool(done), bool(put_off)): count for done, put_off, count in connection.execute(counted)
            }
            pauses = _pauses((row.author, row.saved) for row in connection.execute(last))
        done = found.get((True, False), 0) + found.get((True, True), 0)
        pace = sum(pauses) / len(pauses) / 1000 if pauses else None
        return Progress(done, found.get((False, True), 0), found.get((False, False), 0), pace)


def _free(connection: sa.Connection, wanted: Wanted, who: int, passed: Sequence[int]) -> sa.Select[Any]:
    """The wanted items that a person may have now."""
    lent = sa.exists().where(lease.c.item == item.c.id, lease.c.person != who, lease.c.until > now())
    free = selected(wanted).where(~lent, item.c.id.not_in(passed))
    second = sa.select(item.c.id).where(item.c.project == wanted.project, item.c.opinion == 2).limit(1)
    if connection.execute(second).first() is None:
        return free
    other = item.alias("other")
    reviewed = sa.exists().where(  # the other opinion of the same image is this person's
        other.c.project == item.c.project,
        other.c.digest == item.c.digest,
        other.c.id != item.c.id,
        revision.c.item == other.c.id,
        revision.c.author == who,
    )
    anothers = sa.exists().where(  # whoever saw it would not be the second who looks for themselves
        revision.c.item == item.c.id, revision.c.author != who, item.c.opinion != SETTLED
    )
    return free.where(~reviewed, ~anothers)


def _lend(connection: sa.Connection, number: int, who: int) -> bool:
    """Lend an item that is free, or is the person's already; one statement, so that two never get it."""
    until = now() + 1000 * LOAN
    made = insert_into(connection, lease).values(item=number, person=who, until=until)
    free = sa.or_(lease.c.person == who, lease.c.until <= now())
    lent = made.on_conflict_do_update(
        index_elements=["item"], set_={"person": who, "until": until}, where=free
    )
    return connection.execute(lent.returning(lease.c.item)).first() is not None


def _pauses(saves: Iterable[tuple[int, int]]) -> list[int]:
    """Milliseconds between saves of one person, breaks left out; the last save comes first."""
    by_author: dict[int, list[int]] = {}
    for author, saved in saves:
        by_author.setdefault(author, []).append(saved)
    pauses = [later - earlier for times in by_author.values() for later, earlier in pairwise(times)]
    return [pause for pause in pauses if 0 <= pause <= 1000 * _PAUSE]
