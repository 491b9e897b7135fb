"""Projects: made, changed, put away and removed, and the people who may see them."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from crr.errors import ConfigError
from crr.runtime.validation import checked
from workbench.annotation.database.connection import Database
from workbench.annotation.database.tables import item, member, moment, now, person, project, revision
from workbench.annotation.errors import ProjectError
from workbench.annotation.people import checked_name
from workbench.annotation.records import LabelScheme, NewProject, Project

_GONE = "The project is not there any more: somebody removed it."


class Projects:
    """The projects of a database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def create(self, name: str, models: Sequence[str] = (), **more: Any) -> Project:
        """Make a project without images; arguments are those of `NewProject`, errors of `insert_project`."""
        with self._database.writing() as connection:
            return insert_project(connection, NewProject(name, models, **more))

    def all(self, person: int | None = None, *, archived: bool = True) -> list[Project]:
        """All projects, or those that a person may see, by name."""
        wanted = sa.select(project).order_by(project.c.name)
        if person is not None:
            wanted = wanted.join(member).where(member.c.person == person)
        if not archived:
            wanted = wanted.where(~project.c.archived)
        with self._database.reading() as connection:
            return [_project(row) for row in connection.execute(wanted)]

    def get(self, which: int | str, person: int | None = None) -> Project:
        """A project by number or name.

        Args:
            which: The number or the name.
            person: Who asks, where people sign in; None: anybody may see it.

        Raises:
            ProjectError: There is none, or it is none of theirs; both are said alike.
        """
        column = project.c.id if isinstance(which, int) else project.c.name
        with self._database.reading() as connection:
            row = connection.execute(sa.select(project).where(column == which)).first()
            if row is not None and person is not None and not _is_member(connection, row.id, person):
                row = None
        if row is None:
            there = ", ".join(found.name for found in self.all(person)) or "none yet"
            raise ProjectError(f"There is no project {which} that you may see. There are: {there}.")
        return _project(row)

    def last_of(self, author: int) -> int | None:
        """Number of the project that a person saved something in last; None if there is none."""
        found = (
            sa.select(item.c.project)
            .join(revision, revision.c.item == item.c.id)
            .where(revision.c.author == author)
            .order_by(revision.c.saved.desc(), revision.c.id.desc())
            .limit(1)
        )
        with self._database.reading() as connection:
            return connection.execute(found).scalar_one_or_none()

    def rename(self, number: int, name: str) -> None:
        """Call a project something else; raises `ProjectError` if another is called so."""
        with _one_of_a_name(name):
            self._change(number, name=checked_name(name))

    def archive(self, number: int, *, archived: bool = True) -> None:
        """Put a project away, or bring it back."""
        self._change(number, archived=archived)

    def set_models(self, number: int, models: Sequence[str]) -> None:
        """Say which models are asked."""
        self._change(number, models=list(models))

    def set_scheme(self, number: int, scheme: LabelScheme) -> None:
        """Say what may be said from now on; what was said before stays as it is."""
        self._change(number, scheme=asdict(scheme))

    def invite(self, number: int, person: int) -> None:
        """Let a person see a project, where people sign in."""
        with self._database.writing() as connection:
            if not _is_member(connection, number, person):
                connection.execute(sa.insert(member).values(project=number, person=person))

    def members(self, number: int) -> list[str]:
        """Names of the people who may see a project, where people sign in."""
        names = sa.select(person.c.name).join(member).where(member.c.project == number)
        with self._database.reading() as connection:
            return sorted(connection.execute(names).scalars())

    def count(self, number: int) -> int:
        """How many images a project has."""
        found = sa.select(sa.func.count()).where(item.c.project == number, item.c.opinion == 1)
        with self._database.reading() as connection:
            return connection.execute(found.select_from(item)).scalar_one()

    def delete(self, number: int) -> None:
        """Remove a project with all that was said of its images; whoever calls keeps a backup first."""
        with self._database.writing() as connection:
            connection.execute(sa.delete(project).where(project.c.id == number))

    def _change(self, number: int, **values: Any) -> None:
        with self._database.writing() as connection:
            changed = connection.execute(sa.update(project).where(project.c.id == number).values(values))
        if not changed.rowcount:
            raise ProjectError(_GONE)


def insert_project(connection: sa.Connection, new: NewProject) -> Project:
    """Make a project; raises `ProjectError` if there is one of that name, or it cannot be made."""
    if new.opinions not in (1, 2):
        raise ProjectError(f"A project has 1 or 2 opinions an image, not {new.opinions}.")
    values = {
        "name": checked_name(new.name),
        "created": now(),
        "archived": False,
        "scheme": asdict(new.scheme or LabelScheme()),
        "models": list(new.models),
        "opinions": new.opinions,
    }
    with _one_of_a_name(new.name):
        made = connection.execute(sa.insert(project).values(values).returning(project)).one()
    if new.owner is not None:
        connection.execute(sa.insert(member).values(project=made.id, person=new.owner))
    return _project(made)


def read_project(connection: sa.Connection, number: int) -> Project:
    """A project by number; raises `ProjectError` if it is not there any more."""
    row = connection.execute(sa.select(project).where(project.c.id == number)).first()
    if row is None:
        raise ProjectError(_GONE)
    return _project(row)


def extend_scheme(
    connection: sa.Connection, number: int, classes: Iterable[str], tags: Iterable[str]
) -> list[str]:
    """Let a project say what somebody said elsewhere.

    Args:
        connection: Writing.
        number: Of the project.
        classes: Classes that are used there.
        tags: Tags that are used there.

    Returns:
        Those that the project did not know, in the order met.

    Raises:
        ProjectError: It is not there any more, or there would be too many.
    """
    scheme = read_project(connection, number).scheme
    wider = {
        "classes": tuple(dict.fromkeys((*scheme.classes, *classes))),
        "tags": tuple(dict.fromkeys((*scheme.tags, *tags))),
    }
    if wider == asdict(scheme):
        return []
    try:
        checked(LabelScheme, wider)
    except ConfigError as error:
        raise ProjectError(f"The classes or tags cannot be taken over: {error}") from None
    connection.execute(sa.update(project).where(project.c.id == number).values(scheme=wider))
    return [name for kind, names in wider.items() for name in names if name not in getattr(scheme, kind)]


@contextmanager
def _one_of_a_name(name: str) -> Iterator[None]:
    """Inside the `with` block: a name that is taken becomes a `ProjectError`."""
    try:
        yield
    except IntegrityError:
        raise ProjectError(f"There is a project {name} already. Choose another name.") from None


def _is_member(connection: sa.Connection, project: int, person: int) -> bool:
    found = sa.select(member.c.person).where(member.c.project == project, member.c.person == person)
    return connection.execute(found).first() is not None


def _project(row: sa.Row[Any]) -> Project:
    return Project(
        row.id,
        row.name,
        moment(row.created),
        row.archived,
        checked(LabelScheme, row.scheme),
        tuple(row.models),
        row.opinions,
    )
