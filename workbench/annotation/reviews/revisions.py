"""A revision as rows of the database: inserted, and read again."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from workbench.annotation.database.tables import item, moment, now, person, region, revision, tag
from workbench.annotation.images import in_parts
from workbench.annotation.masks import RunLengths, area
from workbench.annotation.records import Region, Review, Revision


@dataclass(frozen=True)
class NewRevision:
    """A revision that is to be added.

    Attributes:
        item: What was reviewed.
        base: The revision on which it builds, None if there was none.
        review: What is said.
        author: Number of the person.
        attempt: Identifies the wish to save.
        saved: When, in milliseconds since 1970; None: now.
    """

    item: int
    base: int | None
    review: Review
    author: int
    attempt: str
    saved: int | None = None


def insert_revisions(connection: sa.Connection, new: Sequence[NewRevision]) -> list[int]:
    """Add the rows of revisions; their numbers."""
    numbers: list[int] = []
    made = sa.insert(revision).returning(revision.c.id, sort_by_parameter_order=True)
    for some in in_parts(new):
        added = list(connection.execute(made, [_row(one) for one in some]).scalars())
        numbers += added
        regions = [
            row for number, one in zip(added, some, strict=True) for row in _regions(number, one.review)
        ]
        tags = [
            {"revision": number, "number": place, "tag": name}
            for number, one in zip(added, some, strict=True)
            for place, name in enumerate(one.review.tags)
        ]
        for table, rows in ((region, regions), (tag, tags)):
            if rows:
                connection.execute(sa.insert(table), rows)
    return numbers


def put_first(connection: sa.Connection, heads: Mapping[int, int]) -> None:
    """Make revisions the newest of their items: item to revision."""
    if heads:
        newest = sa.update(item).where(item.c.id == sa.bindparam("of")).values(head=sa.bindparam("newest"))
        connection.execute(newest, [{"of": of, "newest": number} for of, number in heads.items()])


def _row(new: NewRevision) -> dict[str, Any]:
    review = new.review
    return {
        "item": new.item,
        "base": new.base,
        "author": new.author,
        "saved": now() if new.saved is None else new.saved,
        "judgement": review.judgement,
        "severity": review.severity,
        "note": review.note.replace("\0", ""),  # PostgreSQL keeps no such letter
        "model": review.model,
        "threshold": review.threshold,
        "seconds": review.seconds,
        "attempt": new.attempt,
    }


def _regions(number: int, review: Review) -> list[dict[str, Any]]:
    return [
        {
            "revision": number,
            "number": place,
            "category": marked.category,
            "counts": marked.mask.counts,
            "area": area(marked.mask),
        }
        for place, marked in enumerate(review.regions)
    ]


def read_revisions(connection: sa.Connection, numbers: Sequence[int]) -> list[Revision]:
    """Revisions in the order of their numbers."""
    if not numbers:
        return []
    wanted = (
        sa.select(revision, person.c.name, item.c.height, item.c.width)
        .join(person, person.c.id == revision.c.author)
        .join(item, item.c.id == revision.c.item)
        .where(revision.c.id.in_(numbers))
        .order_by(revision.c.id)
    )
    regions = _by_revision(
        connection.execute(
            sa.select(region)
            .where(region.c.revision.in_(numbers))
            .order_by(region.c.revision, region.c.number)
        )
    )
    tags = _by_revision(
        connection.execute(
            sa.select(tag).where(tag.c.revision.in_(numbers)).order_by(tag.c.revision, tag.c.number)
        )
    )
    return [_revision(row, regions[row.id], tags[row.id]) for row in connection.execute(wanted)]


def _by_revision(rows: Iterable[sa.Row[Any]]) -> defaultdict[int, list[sa.Row[Any]]]:
    found: defaultdict[int, list[sa.Row[Any]]] = defaultdict(list)
    for row in rows:
        found[row.revision].append(row)
    return found


def _revision(row: sa.Row[Any], regions: Sequence[sa.Row[Any]], tags: Sequence[sa.Row[Any]]) -> Revision:
    review = Review(
        row.judgement,
        tuple(Region(one.category, RunLengths(row.height, row.width, one.counts)) for one in regions),
        tuple(one.tag for one in tags),
        row.severity,
        row.note,
        row.model,
        row.threshold,
        row.seconds,
    )
    return Revision(row.id, row.item, row.base, row.name, moment(row.saved), review)
