"""A backup is read into an empty store: all of it, or nothing."""

import json
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any

import sqlalchemy as sa
from pydantic import Field, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass
from sqlalchemy.exc import IntegrityError, StatementError

from crr.data.image_header import MAX_BYTES
from crr.runtime.validation import STRICT, Count
from workbench.annotation.database.schema import newest_version
from workbench.annotation.database.tables import metadata
from workbench.annotation.errors import NewerStoreError, SourceError, StoreError
from workbench.annotation.keeping.backup import FORMAT, MANIFEST, VERSION
from workbench.annotation.records import Advance
from workbench.annotation.store import AnnotationStore

_MOST_LINE = 2**25
_MOST_MANIFEST = 2**20
_AT_A_TIME = 500


@dataclass(frozen=True, config=STRICT)
class Manifest:
    """What a backup says of itself.

    Attributes:
        format: Always `FORMAT`.
        version: Of the zip.
        tables: Version of the tables.
        rows: Of each table, and `images`.
    """

    format: Annotated[str, Field(pattern=f"^{FORMAT}$")]
    version: Count
    tables: Annotated[str, Field(max_length=40)]
    rows: dict[str, Count]


def restore(store: AnnotationStore, file: Path, advance: Advance = lambda _: None) -> dict[str, int]:
    """Read a backup.

    Args:
        store: Without any project or person.
        file: The zip.
        advance: Told of each image; may raise to stop.

    Returns:
        Rows of each table, and under `images` the contents.

    Raises:
        StoreError: There is something in the store.
        NewerStoreError: A newer version of the workbench wrote the backup.
        SourceError: It is no backup, or a damaged one.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            manifest = _manifest(file, archive)
            _check_empty(store)
            for digest in _images(file, archive):
                _take_image(store, file, archive, digest)
                advance(1)
            with store.database.writing() as connection:
                for table in metadata.sorted_tables:
                    _take_rows(connection, file, archive, table)
                _count_on(connection)
    except OSError as error:
        raise SourceError(f"{file} cannot be read ({error.strerror}). Check its name.") from error
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError) as error:
        raise SourceError(f"{file} is no backup that can be read ({error}). Nothing was taken.") from None
    return manifest.rows


def _manifest(file: Path, archive: zipfile.ZipFile) -> Manifest:
    try:
        with archive.open(MANIFEST) as entry:
            content = entry.read(_MOST_MANIFEST)
        manifest = TypeAdapter(Manifest).validate_json(content)
    except (KeyError, ValidationError):
        raise SourceError(f"{file} is no backup of annotations. Nothing was taken.") from None
    if manifest.version > VERSION or manifest.tables != newest_version():
        raise NewerStoreError(
            f"{file} was written by another version of the workbench (tables {manifest.tables}). Restore it "
            "with that version."
        )
    return manifest


def _check_empty(store: AnnotationStore) -> None:
    with store.database.reading() as connection:
        for table in (metadata.tables["project"], metadata.tables["person"]):
            if connection.execute(sa.select(table.c.id).limit(1)).first() is not None:
                raise StoreError(
                    "There are annotations already. A backup is restored into an empty place: name a new "
                    "folder with CRR_DATA, or a new database with CRR_DATABASE_URL."
                )


def _images(file: Path, archive: zipfile.ZipFile) -> Iterator[str]:
    for entry in archive.infolist():
        folder, _, digest = entry.filename.partition("/")
        if folder == "images":
            if entry.file_size > MAX_BYTES:
                raise SourceError(f"{file}: {entry.filename} is larger than an image may be.")
            yield digest


def _take_image(store: AnnotationStore, file: Path, archive: zipfile.ZipFile, digest: str) -> None:
    with archive.open(f"images/{digest}") as entry:
        content = entry.read(MAX_BYTES + 1)
    if store.blobs.put(content) != digest:
        raise SourceError(f"{file}: images/{digest} is damaged. Nothing was taken but images.")


def _take_rows(connection: sa.Connection, file: Path, archive: zipfile.ZipFile, table: sa.Table) -> None:
    name = f"tables/{table.name}.jsonl"
    rows: list[dict[str, Any]] = []
    try:
        with archive.open(name) as lines:
            while line := lines.readline(_MOST_LINE):
                rows.append(_row(line, table))
                if len(rows) == _AT_A_TIME:
                    connection.execute(sa.insert(table), rows)
                    rows.clear()
        if rows:
            connection.execute(sa.insert(table), rows)
    except (KeyError, ValueError, IntegrityError, StatementError) as error:
        reason = str(error).splitlines()[0]
        raise SourceError(f"{file}: {name} cannot be taken ({reason:.200}). Nothing was taken.") from None


def _row(line: bytes, table: sa.Table) -> dict[str, Any]:
    row = json.loads(line)
    if not isinstance(row, dict) or row.keys() != {column.name for column in table.columns}:
        raise ValueError("a row has other columns")
    return row


def _count_on(connection: sa.Connection) -> None:
    """Have PostgreSQL number new rows after those that came with their numbers; SQLite does by itself."""
    if connection.dialect.name != "postgresql":
        return
    numbered: Sequence[sa.Table] = [table for table in metadata.sorted_tables if "id" in table.columns]
    for table in numbered:
        last = sa.select(sa.func.coalesce(sa.func.max(table.c.id), 1)).scalar_subquery()
        connection.execute(sa.select(sa.func.setval(sa.func.pg_get_serial_sequence(table.name, "id"), last)))
