"""A backup: all rows and all copied images in one zip, which either kind of database can take back.

    manifest.json           format, version of the tables, rows of each
    tables/<name>.jsonl     a row a line
    images/<digest>         contents of images in the data folder

Images that stay where they are (`path`) are not in it: the backup says so.
"""

import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from crr.runtime.files import write_atomically
from workbench.annotation.database.schema import newest_version
from workbench.annotation.database.tables import metadata
from workbench.annotation.records import Advance
from workbench.annotation.store import AnnotationStore

FORMAT, VERSION = "crr-annotations-backup", 1
MANIFEST = "manifest.json"
_AT_A_TIME = 500  # rows in memory


def back_up(store: AnnotationStore, file: Path, advance: Advance = lambda _: None) -> dict[str, int]:
    """Write one state of a store, whatever others write meanwhile; half a backup is never there.

    Args:
        store: What is kept.
        file: The zip; it takes the place of an earlier one when it is whole.
        advance: Told of each image; may raise to stop.

    Returns:
        Rows of each table, and under `images` the contents.

    Raises:
        WriteError: The disk refuses.
        SourceError: A content is not there, or damaged; `check` names all.
    """
    counts: dict[str, int] = {}
    write_atomically(file, lambda temporary: counts.update(_write(store, temporary, advance)))
    return counts


def _write(store: AnnotationStore, file: Path, advance: Advance) -> dict[str, int]:
    counts = {}
    with (
        zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive,
        store.database.reading() as connection,  # one state: both databases keep it for this connection
    ):
        for table in metadata.sorted_tables:
            counts[table.name] = _write_rows(archive, connection, table)
        for digest in copied(connection):
            content = store.blobs.checked(digest)
            archive.writestr(f"images/{digest}", content, zipfile.ZIP_STORED)  # images are compressed already
            counts["images"] = counts.get("images", 0) + 1
            advance(1)
        manifest = {"format": FORMAT, "version": VERSION, "tables": newest_version(), "rows": counts}
        archive.writestr(MANIFEST, json.dumps(manifest, indent=1))
    return counts


def copied(connection: sa.Connection) -> list[str]:
    """Digests of the images whose contents are in the data folder, sorted."""
    item = metadata.tables["item"]
    found = sa.select(item.c.digest).where(item.c.path.is_(None)).distinct().order_by(item.c.digest)
    return list(connection.execute(found).scalars())


def _write_rows(archive: zipfile.ZipFile, connection: sa.Connection, table: sa.Table) -> int:
    count = 0
    with archive.open(f"tables/{table.name}.jsonl", "w", force_zip64=True) as lines:
        for row in _rows(connection, table):
            lines.write(json.dumps(row, ensure_ascii=False).encode() + b"\n")
            count += 1
    return count


def _rows(connection: sa.Connection, table: sa.Table) -> Iterator[dict[str, Any]]:
    wanted = sa.select(table).order_by(*table.primary_key.columns).execution_options(yield_per=_AT_A_TIME)
    return (dict(row) for row in connection.execute(wanted).mappings())
