"""What was said of an image: revisions, of which none is ever changed or overwritten."""

from collections.abc import Sequence

import sqlalchemy as sa

from crr.runtime.validation import checked
from workbench.annotation.database.connection import Database
from workbench.annotation.database.tables import draft, item, lease, project, region, revision
from workbench.annotation.errors import ProjectError, ReviewError
from workbench.annotation.images import in_parts
from workbench.annotation.records import ConflictError, LabelScheme, Review, Revision
from workbench.annotation.reviews.checking import check_review
from workbench.annotation.reviews.revisions import NewRevision, insert_revisions, read_revisions


class Reviews:
    """The reviews of a database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def save(self, item: int, base: int | None, review: Review, author: int, attempt: str) -> Revision:
        """Add a revision.

        Args:
            item: What was reviewed.
            base: The revision on which it builds, None if there was none.
            review: What is said.
            author: Number of the person.
            attempt: Identifies the wish to save: who asks again because no answer came gets the first one.

        Returns:
            The new revision, which is on the disk.

        Raises:
            ConflictError: Another revision came first; it is in the error.
            ReviewError: What is said does not fit the image or the scheme.
            ProjectError: The image or its project is not there any more, or put away.
        """
        with self._database.writing() as connection:
            known = connection.execute(sa.select(revision.c.id).where(revision.c.attempt == attempt)).scalar()
            if known is None:
                _check(connection, item, review)
                [known] = insert_revisions(connection, [NewRevision(item, base, review, author, attempt)])
                if not _put_first(connection, item, base, known):
                    raise ConflictError(_newest(connection, item))
                _forget(connection, item, author)
            [saved] = read_revisions(connection, [known])
        return saved

    def get(self, number: int) -> Revision:
        """A revision by number; raises `ReviewError` if there is none."""
        with self._database.reading() as connection:
            found = read_revisions(connection, [number])
        if not found:
            raise ReviewError("There is no such revision.")
        return found[0]

    def many(self, numbers: Sequence[int]) -> dict[int, Revision]:
        """Revisions by number; those that are not there are left out."""
        with self._database.reading() as connection:
            return {
                found.id: found for part in in_parts(numbers) for found in read_revisions(connection, part)
            }

    def classes(self, project: int) -> list[str]:
        """What regions of a project's images were ever called."""
        used = sa.select(region.c.category).distinct().join(revision, revision.c.id == region.c.revision)
        used = used.join(item, item.c.id == revision.c.item).where(item.c.project == project)
        with self._database.reading() as connection:
            return sorted(connection.execute(used).scalars())

    def history(self, item: int) -> list[Revision]:
        """All revisions of an item, the first one first."""
        with self._database.reading() as connection:
            numbers = sa.select(revision.c.id).where(revision.c.item == item).order_by(revision.c.id)
            return read_revisions(connection, list(connection.execute(numbers).scalars()))


def _check(connection: sa.Connection, number: int, review: Review) -> None:
    known = sa.select(item.c.height, item.c.width, project.c.scheme, project.c.archived)
    row = connection.execute(known.join(project).where(item.c.id == number)).first()
    if row is None:
        raise ProjectError("The image is not in the project any more: somebody removed it.")
    if row.archived:
        raise ProjectError("The project is put away. Bring it back before you go on.")
    check_review(review, (row.height, row.width), checked(LabelScheme, row.scheme))


def _put_first(connection: sa.Connection, number: int, base: int | None, new: int) -> bool:
    """Make a revision the newest of its item; False if the newest is not the one that it builds on."""
    expected = item.c.head.is_(None) if base is None else item.c.head == base
    changed = (
        sa.update(item).where(item.c.id == number, expected).values(head=new, reviewed=True, skipped=False)
    )
    return connection.execute(changed).rowcount == 1


def _newest(connection: sa.Connection, number: int) -> Revision:
    head = connection.execute(sa.select(item.c.head).where(item.c.id == number)).scalar()
    found = read_revisions(connection, [head] if head is not None else [])
    if not found:
        raise ReviewError("The revision on which this one builds is not there. Load the image again.")
    return found[0]


def _forget(connection: sa.Connection, number: int, who: int) -> None:
    """Remove a person's draft and loan of an item."""
    connection.execute(sa.delete(draft).where(draft.c.item == number, draft.c.person == who))
    connection.execute(sa.delete(lease).where(lease.c.item == number, lease.c.person == who))
