"""Stores of annotations in each kind of database, for tests of what uses them."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.workbench.databases import PostgreSQL, postgresql
from workbench.annotation.store import AnnotationStore, open_store


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgreSQL]:
    with postgresql(tmp_path_factory.mktemp("server")) as running:
        yield running


@pytest.fixture(params=["sqlite", "postgresql"])
def reopen(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[], AnnotationStore]]:
    """Opens the same store again and again, in each kind of database."""
    url = request.getfixturevalue("server").new_database() if request.param == "postgresql" else ""
    opened: list[AnnotationStore] = []

    def again() -> AnnotationStore:
        opened.append(open_store(tmp_path / "data", url))
        return opened[-1]

    yield again
    for store in opened:
        store.close()


@pytest.fixture
def store(reopen: Callable[[], AnnotationStore]) -> AnnotationStore:
    return reopen()


@pytest.fixture
def anna(store: AnnotationStore) -> int:
    return store.people.named("Anna")


@pytest.fixture
def ben(store: AnnotationStore) -> int:
    return store.people.named("Ben")
