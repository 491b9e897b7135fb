"""Two people said of the same images what they saw: how far they agree, and what holds where they do not."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from workbench.annotation.database.connection import Database
from workbench.annotation.database.tables import item
from workbench.annotation.errors import ReviewError
from workbench.annotation.images import add_settled, in_parts, item_of
from workbench.annotation.masks import overlap, union
from workbench.annotation.records import JUDGEMENTS, SETTLED, Item, Revision
from workbench.annotation.reviews.revisions import NewRevision, insert_revisions, put_first, read_revisions

ENOUGH = 0.5
"""Intersection over union of two people's masks from which on they mean the same."""
Overlaps = dict[tuple[int, int], float | None]
"""Two revisions, which never change, to the overlap of what they mark."""
_SETTLED_MEANWHILE = "Somebody settled this image meanwhile. Load the page again."


@dataclass(frozen=True)
class OpinionPair:
    """What two people said of an image.

    Attributes:
        item: The image, as the first person had it.
        first: What the first said last.
        second: What the second said last.
        overlap: Intersection over union of what they marked, in [0, 1]; None if neither marked anything.
        settled: What holds, if somebody settled it.
    """

    item: Item
    first: Revision
    second: Revision
    overlap: float | None
    settled: Revision | None

    @property
    def alike(self) -> bool:
        """Whether they say the same, and mark nearly the same."""
        same = self.first.review.judgement == self.second.review.judgement
        return same and (self.overlap is None or self.overlap >= ENOUGH)


@dataclass(frozen=True)
class Agreement:
    """How far two people agree.

    Attributes:
        images: Images that both reviewed.
        same: Of how many of them they say the same: good, defective, or unsure.
        kappa: Cohen's kappa of that, at most 1, 0 where it is as by chance; None if both say one thing only.
        marked: Images in which at least one of them marked something.
        overlap: Mean intersection over union in these, in [0, 1]; None if there are none.
    """

    images: int
    same: int
    kappa: float | None
    marked: int
    overlap: float | None

    @property
    def sentence(self) -> str:
        """What a person is told."""
        if not self.images:
            return "No image was reviewed by two people yet."
        said = [f"Two people reviewed {self.images:,} images, and say the same of {self.same:,}."]
        if self.kappa is None:
            said.append("All of them are said to be alike, so there is no kappa.")
        else:
            said.append(f"Cohen's kappa is {self.kappa:.2f}: 1 is full agreement, 0 what chance gives.")
        if self.overlap is not None:
            said.append(
                f"In {self.marked:,} images at least one of them marked something: the masks share "
                f"{100 * self.overlap:.0f} % of their common area on average."
            )
        return " ".join(said)


class Opinions:
    """The opinions of a database's projects with two of them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def pairs(self, project: int, known: Overlaps | None = None) -> Iterator[OpinionPair]:
        """The images that both people reviewed, by number, a few hundred in memory at a time.

        Args:
            project: Its number.
            known: Overlaps that were made before, which take a moment each; filled.
        """
        with self._database.reading() as connection:
            rows = connection.execute(_both(project)).all()
        for some in in_parts(rows):
            with self._database.reading() as connection:
                yield from _pairs(connection, some, {} if known is None else known)

    def settle(self, number: int, revision: int, author: int, before: int | None = None) -> None:
        """Say that one of two opinions holds; neither is changed, nor what was settled before.

        Args:
            number: Of the image, as the first person had it.
            revision: What holds.
            author: Number of the person who says so.
            before: The revision that was settled before, as far as they know.

        Raises:
            ReviewError: The revision is not one of the image, or somebody settled it meanwhile.
        """
        with _settled_once(), self._database.writing() as connection:
            row = connection.execute(sa.select(item).where(item.c.id == number)).first()
            if row is None:
                raise ReviewError("The image is not in the project any more: somebody removed it.")
            owner = item_of(row)
            known = read_revisions(connection, [revision])
            opinions = sa.select(item.c.id).where(
                item.c.project == owner.project, item.c.digest == owner.image.digest
            )
            if not known or known[0].item not in connection.execute(opinions).scalars().all():
                raise ReviewError("This is no opinion of this image. Load the page again.")
            settled = add_settled(connection, owner.project, [owner.image.digest])[owner.image.digest]
            if settled.head != before:
                raise ReviewError(_SETTLED_MEANWHILE)
            new = NewRevision(settled.id, before, known[0].review, author, uuid4().hex)
            [made] = insert_revisions(connection, [new])
            put_first(connection, {settled.id: made})
            connection.execute(sa.update(item).where(item.c.id == settled.id).values(reviewed=True))


@contextmanager
def _settled_once() -> Iterator[None]:
    """Inside the `with` block: two who settle an image in the same moment are told so."""
    try:
        yield
    except IntegrityError:
        raise ReviewError(_SETTLED_MEANWHILE) from None


def agreement(pairs: Sequence[OpinionPair]) -> Agreement:
    """How far two people agree, whatever was settled afterwards."""
    first = [pair.first.review.judgement for pair in pairs]
    second = [pair.second.review.judgement for pair in pairs]
    overlaps = [pair.overlap for pair in pairs if pair.overlap is not None]
    return Agreement(
        images=len(pairs),
        same=sum(one == other for one, other in zip(first, second, strict=True)),
        kappa=_kappa(first, second),
        marked=len(overlaps),
        overlap=sum(overlaps) / len(overlaps) if overlaps else None,
    )


def _kappa(first: Sequence[str], second: Sequence[str]) -> float | None:
    if len({*first, *second}) < 2:
        return None
    from sklearn.metrics import cohen_kappa_score  # takes a second to import

    return float(cohen_kappa_score(first, second, labels=JUDGEMENTS))


def _both(project: int) -> sa.Select[Any]:
    """Numbers of items and their newest revisions, one row an image that both people reviewed."""
    second, settled = item.alias("second"), item.alias("settled")
    same = (second.c.project == item.c.project) & (second.c.digest == item.c.digest)
    third = (settled.c.project == item.c.project) & (settled.c.digest == item.c.digest)
    return (
        sa.select(
            item.c.id,
            item.c.head.label("first"),
            second.c.head.label("second"),
            settled.c.head.label("settled"),
        )
        .join(second, same & (second.c.opinion == 2) & second.c.reviewed)
        .outerjoin(settled, third & (settled.c.opinion == SETTLED))
        .where(item.c.project == project, item.c.opinion == 1, item.c.reviewed)
        .order_by(item.c.id)
    )


def _pairs(connection: sa.Connection, rows: Sequence[sa.Row[Any]], known: Overlaps) -> Iterator[OpinionPair]:
    heads = [(row.first, row.second, row.settled) for row in rows]
    numbers = [number for three in heads for number in three if number is not None]
    said = {one.id: one for part in in_parts(numbers) for one in read_revisions(connection, part)}
    found = connection.execute(sa.select(item).where(item.c.id.in_([row.id for row in rows])))
    items = {row.id: item_of(row) for row in found}
    for row in rows:
        if row.id in items and row.first in said and row.second in said:  # else removed meanwhile
            first, second = said[row.first], said[row.second]
            key = (first.id, second.id)
            if key not in known:
                known[key] = overlap_of(first, second)
            yield OpinionPair(items[row.id], first, second, known[key], said.get(row.settled))


def overlap_of(first: Revision, second: Revision) -> float | None:
    """Intersection over union of what two revisions of an image mark; None if neither marks anything."""
    if not (first.review.regions or second.review.regions):
        return None
    masks = [[region.mask for region in one.review.regions] for one in (first, second)]
    [size] = {(mask.height, mask.width) for mask in (*masks[0], *masks[1])}
    return overlap(*(union(each, size) for each in masks))
