"""An export: a folder in one of the formats, put in its place when it is whole."""

import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Literal, get_args

from crr.errors import ConfigError, WriteError
from crr.runtime.files import check_writable
from workbench.annotation.exporting.coco import write_coco
from workbench.annotation.exporting.jsonl import write_jsonl
from workbench.annotation.exporting.mvtec import write_mvtec
from workbench.annotation.exporting.selection import Report, Selection
from workbench.annotation.exporting.tables import write_csv, write_parquet
from workbench.annotation.queue.ordering import Wanted
from workbench.annotation.records import Advance, Project
from workbench.annotation.store import AnnotationStore

Format = Literal["coco", "coco-legacy", "mvtec", "csv", "parquet", "jsonl"]
FORMATS: tuple[Format, ...] = get_args(Format)

Write = Callable[[Selection, Path, Advance], None]

_WRITERS: dict[Format, Write] = {
    "coco": write_coco,
    "coco-legacy": partial(write_coco, legacy=True),
    "mvtec": write_mvtec,
    "csv": write_csv,
    "parquet": write_parquet,
    "jsonl": write_jsonl,
}
_BOTH_OPINIONS: tuple[Format, ...] = ("jsonl",)


def export(
    store: AnnotationStore,
    project: Project,
    wanted: Wanted,
    kind: Format,
    out: Path,
    advance: Advance = lambda _: None,
    train: float = 0.5,
) -> Report:
    """Write what was said of images into a new folder.

    Args:
        store: Where it is.
        project: Whose images.
        wanted: Which of them.
        kind: The format.
        out: A folder that is not there yet, or is empty.
        advance: Told of each image; may raise to stop.
        train: Share of the good parts to learn from, for `mvtec`.

    Raises:
        ConfigError: There is something in `out`, or nothing to export.
        WriteError: The disk refuses. Nothing is left of what was written then.
    """
    first = replace(wanted, opinion=None if kind in _BOTH_OPINIONS else 1)
    selection = Selection(store, project, first)
    if not len(selection):
        raise ConfigError(
            f"Nothing was said of these images of {project.name} yet: there is nothing to export."
        )
    write = partial(write_mvtec, train=train) if kind == "mvtec" else _WRITERS[kind]
    with new_folder(out) as folder:
        write(selection, folder, advance)
    return selection.report


@contextmanager
def new_folder(out: Path) -> Iterator[Path]:
    """Inside the `with` block: a folder that takes the place of `out` at its end, and is gone after an error.

    Raises:
        ConfigError: There is something in `out`.
        CRRError: Nothing can be written there.
    """
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise ConfigError(f"{out} is there and not empty. Give the name of a new folder.")
    check_writable(out.absolute().parent)
    folder = Path(tempfile.mkdtemp(dir=out.absolute().parent, prefix=f".{out.name}."))
    try:
        yield folder
        folder.chmod(0o755)
        if out.exists():
            out.rmdir()
        folder.rename(out)
    except OSError as error:
        raise WriteError(
            f"{out} cannot be written ({error.strerror or error}). Nothing was left of it."
        ) from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)
