"""A copy of a SQLite file while others write into it."""

import sqlite3
from contextlib import closing
from pathlib import Path

from crr.runtime.files import write_atomically

_PAGES = 1000  # a step; between two of them others write


def copy_sqlite(file: Path, target: Path) -> None:
    """Copy one state of a database; half a copy is never there.

    Raises:
        WriteError: The target cannot be written.
    """
    write_atomically(target, lambda temporary: _copy(file, temporary))


def _copy(file: Path, target: Path) -> None:
    # An address, so that what is not there is not made.
    there = f"{file.resolve().as_uri()}?mode=ro"
    with closing(sqlite3.connect(there, uri=True)) as source, closing(sqlite3.connect(target)) as copy:
        source.backup(copy, pages=_PAGES)
        copy.execute("PRAGMA journal_mode=DELETE").close()  # one file, nothing beside it
