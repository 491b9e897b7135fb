"""A database is brought to the newest version by itself, by one process at a time, after a backup."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from filelock import FileLock

from workbench.annotation.database.backup import copy_sqlite
from workbench.annotation.database.connection import Database, translated
from workbench.annotation.errors import NewerStoreError

_LOCK = 0x435252  # "CRR": of PostgreSQL's advisory locks
_MIGRATIONS = Path(__file__).parent / "migrations"


def bring_up_to_date(database: Database, backups: Path) -> None:
    """Make the tables, or change those of an older version; others wait meanwhile.

    Args:
        database: New, of an older version, or of this one.
        backups: Folder for a copy of a SQLite file that is about to be changed.

    Raises:
        NewerStoreError: A newer version of the workbench wrote it; nothing is touched.
        StoreError: The database cannot be used.
    """
    with translated():
        if _version(database) == newest_version():
            return
        with _alone(database) as connection:
            found = MigrationContext.configure(connection).get_current_revision()
            _check_known(found)
            if found == newest_version():
                return
            if found is not None and database.file is not None:
                stamp = datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
                copy_sqlite(database.file, backups / f"before-{newest_version()}-{stamp}.sqlite")
            config = _config()
            config.attributes["connection"] = connection
            command.upgrade(config, "head")


def _version(database: Database) -> str | None:
    with database.engine.connect() as connection:
        found = MigrationContext.configure(connection).get_current_revision()
    _check_known(found)
    return found


def newest_version() -> str:
    """The version of the tables that this workbench knows."""
    [newest] = ScriptDirectory.from_config(_config()).get_heads()
    return newest


def _check_known(version: str | None) -> None:
    known = {script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()}
    if version is not None and version not in known:
        raise NewerStoreError(
            "The annotations were written by a newer version of the workbench. Start that version, or "
            "restore a backup that this one wrote; nothing was changed."
        )


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


@contextmanager
def _alone(database: Database) -> Iterator[sa.Connection]:
    """Inside the `with` block: a connection whose changes hold at its end, in one process at a time."""
    if database.file is not None:
        with FileLock(f"{database.file}.lock"), database.writing() as connection:
            yield connection
        return
    with database.writing() as connection:
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
        yield connection
