"""A database that is opened, and what goes wrong with it as sentences."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import ArgumentError, DatabaseError, DBAPIError, NoSuchModuleError, OperationalError

from workbench.annotation.errors import StoreError

_PATIENCE = 30  # seconds until a writer gives up its turn


class Database:
    """A database, SQLite or PostgreSQL.

    Attributes:
        engine: Of SQLAlchemy.
        file: The file of SQLite, None for PostgreSQL.
    """

    def __init__(self, engine: sa.Engine, file: Path | None) -> None:
        self.engine, self.file = engine, file

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """Inside the `with` block: one state of the database, whatever others write."""
        with translated(), self.engine.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """Inside the `with` block: changes, all of which hold at its end, or none after an error."""
        with (
            translated(),
            self.engine.connect().execution_options(writes=True) as connection,
            connection.begin(),
        ):
            yield connection

    def close(self) -> None:
        """Give its connections back."""
        self.engine.dispose()


def open_sqlite(file: Path) -> Database:
    """The database in a file, made if need be; its folder has to be there."""
    engine = sa.create_engine(f"sqlite+pysqlite:///{file}", connect_args={"timeout": _PATIENCE})
    sa.event.listen(engine, "connect", _prepare_sqlite)
    sa.event.listen(engine, "begin", _begin_sqlite)
    return Database(engine, file)


def open_postgresql(url: str) -> Database:
    """The database at a URL such as postgresql://user:secret@host/name; connects when it is first used.

    Raises:
        StoreError: It is no such URL.
    """
    try:
        parsed = sa.make_url(url)
        if parsed.get_backend_name() != "postgresql":
            raise ArgumentError
        engine = sa.create_engine(
            parsed.set(drivername="postgresql+psycopg"),
            pool_pre_ping=True,
            connect_args={"connect_timeout": 5},
        )
    except (ArgumentError, NoSuchModuleError, ValueError):
        raise StoreError(
            "CRR_DATABASE_URL is no address of a PostgreSQL database; write it as "
            "postgresql://USER:PASSWORD@HOST:5432/NAME, or leave it out to keep annotations in a file."
        ) from None
    sa.event.listen(engine, "begin", _begin_postgresql)
    return Database(engine, None)


@contextmanager
def translated() -> Iterator[None]:
    """Inside the `with` block: a database that fails becomes a `StoreError` that says what to do."""
    try:
        yield
    except DBAPIError as error:
        unusable = isinstance(error, OperationalError) or error.connection_invalidated
        if not unusable and type(error) is not DatabaseError:  # SQLite's, of a file that is no database
            raise
        raise StoreError(_sentence(error)) from error


def insert_into(connection: sa.Connection, table: sa.Table) -> "sqlite.Insert | postgresql.Insert":
    """An insertion that may say what happens to a row that is there; both databases know it by one name."""
    if connection.dialect.name == "sqlite":
        return sqlite.insert(table)
    return postgresql.insert(table)


_AWAY = (
    "The database of the annotations does not answer. Nothing that was saved is lost; what you do now is "
    "kept in this window and sent again."
)


def _sentence(error: DBAPIError) -> str:
    said = str(error.orig)
    if "full" in said or "No space left" in said:
        return "No room is left on the disk of the annotations. Make room; nothing that was saved is lost."
    if "locked" in said:
        return "Others are writing into the annotations just now. Nothing is lost; try again in a moment."
    if "readonly" in said:
        return "The file of the annotations can only be read. See that its folder can be written to."
    if "not a database" in said or "malformed" in said:
        return "The file of the annotations is damaged. Restore a backup; the folder `backups` has some."
    if "unable to open" in said:
        return "The file of the annotations cannot be opened. See that its folder can be written to."
    return _AWAY


def _prepare_sqlite(connection: Any, _: Any) -> None:
    connection.isolation_level = None  # the driver begins no transactions of its own
    for pragma in (
        "journal_mode=WAL",  # who reads does not wait for who writes
        "synchronous=FULL",  # what was acknowledged outlives a loss of power
        "foreign_keys=ON",
        f"busy_timeout={1000 * _PATIENCE}",
    ):
        connection.execute(f"PRAGMA {pragma}").close()


def _begin_sqlite(connection: sa.Connection) -> None:
    # A transaction that reads first and writes then fails if another one wrote meanwhile: so writers queue.
    writes = connection.get_execution_options().get("writes")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _begin_postgresql(connection: sa.Connection) -> None:
    if not connection.get_execution_options().get("writes"):
        connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
