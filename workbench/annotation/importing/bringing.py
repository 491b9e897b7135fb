"""What a source holds is written into a project in one step."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import uuid4

import sqlalchemy as sa

from crr.data.inventory.sentences import named, number
from workbench.annotation.database.connection import Database
from workbench.annotation.errors import ProjectError, ReviewError
from workbench.annotation.images import add_images, add_settled, items_of, mark
from workbench.annotation.people import numbers_of
from workbench.annotation.projects import extend_scheme, insert_project, read_project
from workbench.annotation.records import SETTLED, Item, LabelScheme, NewImage, NewProject, Project, Review
from workbench.annotation.reviews.checking import check_review
from workbench.annotation.reviews.revisions import NewRevision, insert_revisions, put_first

AUTHOR = "imported"
"""Who said what a file of another tool says."""


@dataclass(frozen=True)
class Said:
    """A review of a source.

    Attributes:
        review: What is said.
        author: Who said it.
        saved: When, in milliseconds since 1970; None: now.
    """

    review: Review
    author: str = AUTHOR
    saved: int | None = None


@dataclass(frozen=True)
class FoundImage:
    """An image of a source.

    Attributes:
        image: What it is and where it lies.
        history: What was said of it, the newest last.
        reviewed: Whether a person said it here; else it is where a person begins.
        skipped: Whether somebody put it off.
        opinion: 1, 2 for a second, blind one, or `SETTLED`.
    """

    image: NewImage
    history: tuple[Said, ...] = ()
    reviewed: bool = False
    skipped: bool = False
    opinion: int = 1


@dataclass(frozen=True)
class Found:
    """What a source holds.

    Attributes:
        images: In its order.
        notes: What was left out or guessed, a sentence each.
    """

    images: Sequence[FoundImage]
    notes: Sequence[str] = ()


@dataclass
class Imported:
    """What became of a source.

    Attributes:
        added: Images that are new.
        known: Images that the project had.
        moved: How many of these lie elsewhere than they did, and are found there from now on.
        reviews: Images of which the source said something that was taken.
        kept: Images of which something was said before, here or in the source: that stays.
        classes: Classes and tags that the project did not know.
        notes: Of the source.
    """

    added: int = 0
    known: int = 0
    moved: int = 0
    reviews: int = 0
    kept: list[str] = field(default_factory=list)
    classes: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def sentences(self) -> list[str]:
        """What a person is told, without the notes."""
        known = f", {self.known:,} {'was' if self.known == 1 else 'were'} there already" if self.known else ""
        said = [f"{number(self.added, 'image')} added{known}."]
        if self.moved:
            said.append(f"{self.moved:,} of them moved, and are found again.")
        if self.reviews:
            said.append(f"Of {self.reviews:,} something was said: it is taken over.")
        if self.kept:
            said.append(
                f"Of {len(self.kept):,} something was said here before, which stays: {named(self.kept)}."
            )
        if self.classes:
            said.append(f"New classes and tags: {', '.join(self.classes)}.")
        return said


def bring_in(database: Database, project: int, found: Found) -> Imported:
    """Write all that a source holds, or nothing after an error.

    Args:
        database: Of the project.
        project: Its number.
        found: What the source holds; contents of copied images are in the data folder already.

    Raises:
        ReviewError: A review cannot be true of its image.
        ProjectError: The project is not there any more, would have too many classes, or has one opinion an
            image where the source has two.
    """
    with database.writing() as connection:
        return _fill(connection, project, found)


def make_of(database: Database, new: NewProject, found: Found) -> tuple[Project, Imported]:
    """Make a project of what a source holds; nothing is made after an error, which are those of `bring_in`.

    Raises:
        ProjectError: There is a project of that name, too.
    """
    with database.writing() as connection:
        made = insert_project(connection, new)
        return made, _fill(connection, made.id, found)


def _fill(connection: sa.Connection, project: int, found: Found) -> Imported:
    done = Imported(notes=list(found.notes))
    done.classes = _extend(connection, project, found.images)
    owner = read_project(connection, project)
    images = list({one.image.digest: one.image for one in found.images}.values())
    added = add_images(connection, project, images, owner.opinions)
    done.known, done.moved = len(added.known), len(added.moved)
    done.added = len(images) - done.known
    fresh = _without_reviews(connection, owner, found.images, done)
    done.reviews = len(fresh)
    heads = _add_histories(connection, {item: one.history for item, one in fresh.items()})
    put_first(connection, heads)
    mark(connection, "reviewed", [item for item, one in fresh.items() if one.reviewed])
    mark(connection, "skipped", [item for item, one in fresh.items() if one.skipped])
    return done


def _extend(connection: sa.Connection, project: int, images: Iterable[FoundImage]) -> list[str]:
    reviews = [said.review for one in images for said in one.history]
    return extend_scheme(
        connection,
        project,
        [region.category for review in reviews for region in review.regions],
        [tag for review in reviews for tag in review.tags],
    )


def _without_reviews(
    connection: sa.Connection, project: Project, images: Sequence[FoundImage], done: Imported
) -> dict[int, FoundImage]:
    """Number of an item to the image of the source that says the first word of it."""
    add_settled(connection, project.id, [one.image.digest for one in images if one.opinion == SETTLED])
    known = {
        opinion: items_of(connection, project.id, [one.image.digest for one in images], opinion)
        for opinion in {one.opinion for one in images}
    }
    fresh: dict[int, FoundImage] = {}
    for one in images:
        item = known[one.opinion].get(one.image.digest)
        if item is None:
            raise ProjectError(
                f"{one.image.name} has a second opinion, but {project.name} asks for one. Make a project "
                "that asks for two."
            )
        if not (one.history or one.skipped):
            continue
        if item.head is not None or item.id in fresh:
            done.kept.append(one.image.name)
            continue
        _check(item, one, project.scheme)
        fresh[item.id] = one
    return fresh


def _check(item: Item, one: FoundImage, scheme: LabelScheme) -> None:
    for said in one.history:
        try:
            check_review(said.review, (item.image.height, item.image.width), scheme)
        except ReviewError as error:
            raise ReviewError(f"{one.image.name}: {error}") from None


def _add_histories(connection: sa.Connection, histories: Mapping[int, Sequence[Said]]) -> dict[int, int]:
    """Add all that was said, each revision after the one that it builds on; item to its newest."""
    authors = numbers_of(connection, {said.author for history in histories.values() for said in history})
    heads: dict[int, int] = {}
    for place in range(max(map(len, histories.values()), default=0)):
        new = [
            NewRevision(
                item,
                heads.get(item),
                history[place].review,
                authors[history[place].author],
                uuid4().hex,
                history[place].saved,
            )
            for item, history in histories.items()
            if place < len(history)
        ]
        numbers = insert_revisions(connection, new)
        heads |= {one.item: number for one, number in zip(new, numbers, strict=True)}
    return heads
