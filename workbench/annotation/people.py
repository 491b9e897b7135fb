"""Who reviews: people by name, or by what a provider of sign-ins says of them."""

from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa

from crr.data.layouts.names import key
from workbench.annotation.database.connection import Database
from workbench.annotation.database.tables import person
from workbench.annotation.errors import AnnotationError

_LONGEST = 200


class People:
    """The people of a database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def named(self, name: str, subject: str | None = None) -> int:
        """The number of a person, who is remembered if new.

        Args:
            name: As they call themselves.
            subject: Who a provider says that they are, its address included; None without a sign-in. It
                counts before the name: two people of one name are told apart by a number behind it.

        Raises:
            AnnotationError: The name is empty or too long, or belongs to somebody who signed in.
        """
        name = checked_name(name)
        with self._database.writing() as connection:
            columns = sa.select(person.c.id, person.c.subject)
            if subject is not None:
                known = connection.execute(columns.where(person.c.subject == subject)).first()
                return known.id if known else _add(connection, _free(connection, name), subject)
            before = _called(connection, name)
            if before is None:
                return _add(connection, name, None)
            if before.subject is not None:
                raise AnnotationError(
                    f"{before.name} is the name of somebody who signs in. Choose another one."
                )
            return int(before.id)

    def name_of(self, number: int) -> str:
        """What a person is called."""
        with self._database.reading() as connection:
            return connection.execute(sa.select(person.c.name).where(person.c.id == number)).scalar_one()


def numbers_of(connection: sa.Connection, names: Iterable[str]) -> dict[str, int]:
    """Numbers of people that a file names; who signs in said nothing there, so that gets another name."""
    found = {}
    for name in sorted(names):
        shown = checked_name(name)
        known = connection.execute(sa.select(person).where(person.c.name == shown)).first()
        if known is not None and known.subject is not None:
            shown = _free(connection, shown)
            known = None
        found[name] = known.id if known is not None else _add(connection, shown, None)
    return found


def checked_name(name: str) -> str:
    """A name without what cannot be seen; raises `AnnotationError` for none at all, or a long one."""
    shown = " ".join("".join(letter if letter.isprintable() else " " for letter in name).split())
    if not 0 < len(shown) <= _LONGEST:
        raise AnnotationError(f"Give a name of 1 to {_LONGEST} letters.")
    return shown


def _called(connection: sa.Connection, name: str) -> sa.Row[Any] | None:
    """The person of a name, in whatever capitals it is typed today; of several the one of just these."""
    people = connection.execute(sa.select(person).order_by(person.c.id)).all()
    alike = [one for one in people if key(one.name) == key(name)]
    return next((one for one in alike if one.name == name), alike[0] if alike else None)


def _add(connection: sa.Connection, name: str, subject: str | None) -> int:
    values = {"name": name, "subject": subject}
    return connection.execute(sa.insert(person).values(values).returning(person.c.id)).scalar_one()


def _free(connection: sa.Connection, name: str) -> str:
    """The name, or with the first number behind it that nobody has."""
    beginning = name[: _LONGEST - 10]
    taken = set(
        connection.execute(
            sa.select(person.c.name).where(person.c.name.startswith(beginning, autoescape=True))
        ).scalars()
    )
    numbered = (f"{beginning} ({number})" for number in range(2, len(taken) + 3))
    return name if name not in taken else next(free for free in numbered if free not in taken)
