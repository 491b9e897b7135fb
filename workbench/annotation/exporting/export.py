"""An export: a folder in one of the formats, put in its place when it is whole."""

import re
import shlex
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Literal, get_args

from crr.errors import ConfigError
from crr.runtime.files import new_folder
from workbench.annotation.exporting.coco import write_coco
from workbench.annotation.exporting.hub import write_hub
from workbench.annotation.exporting.jsonl import write_jsonl
from workbench.annotation.exporting.mvtec import write_mvtec
from workbench.annotation.exporting.selection import Report, Selection
from workbench.annotation.exporting.tables import write_csv, write_parquet
from workbench.annotation.queue.ordering import Wanted
from workbench.annotation.records import Advance, Project
from workbench.annotation.store import AnnotationStore

Format = Literal["coco", "coco-legacy", "mvtec", "csv", "parquet", "jsonl", "hub"]
FORMATS: tuple[Format, ...] = get_args(Format)

Write = Callable[..., None]
"""Writes a selection into a folder, and tells of each image; perhaps with options of its own."""

_WRITERS: dict[Format, Write] = {
    "coco": write_coco,
    "coco-legacy": partial(write_coco, legacy=True),
    "mvtec": write_mvtec,
    "csv": write_csv,
    "parquet": write_parquet,
    "jsonl": write_jsonl,
    "hub": write_hub,
}
_ALL_OPINIONS: tuple[Format, ...] = ("jsonl",)


def commands_on(kind: Format, folder: Path, model: str = "crr-embedded") -> dict[str, str]:
    """What can be done with an export: words, and the command for it.

    Args:
        kind: The format.
        folder: Where it lies.
        model: The model that is evaluated.
    """
    place = shlex.quote(str(folder))
    if kind == "hub":
        return {"Publish it": f"python -m workbench annotations publish {place} OWNER/NAME"}
    if kind != "mvtec":
        return {}
    trained = f"checkpoints/{shlex.quote(folder.name)}"
    return {
        "Evaluate on it": f"crr evaluate --model {shlex.quote(model)} --data {place}",
        "Train on it": f"crr train --data {place} --out {trained}",
        "Choose limits": f"crr limits --model {shlex.quote(model)} --data {place} --out {trained}-limits",
    }


def _checked(licence: str | None) -> str:
    if licence is None or not re.fullmatch(r"[a-z0-9][a-z0-9.+-]{0,59}", licence):
        raise ConfigError(
            "Say under which licence the images may be passed on, as the Hub names it, such as cc-by-4.0 "
            "(on the command line: --license)."
        )
    return licence


def export(
    store: AnnotationStore,
    project: Project,
    wanted: Wanted,
    kind: Format,
    out: Path,
    advance: Advance = lambda _: None,
    train: float = 0.5,
    licence: str | None = None,
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
        licence: Under which the images may be passed on, as the Hub names it, for `hub`.

    Raises:
        ConfigError: There is something in `out`, or nothing to export, or no licence for the Hub.
        WriteError: The disk refuses. Nothing is left of what was written then.
    """
    selection = Selection(store, project, replace(wanted, holds=kind not in _ALL_OPINIONS))
    if not len(selection):
        raise ConfigError(
            f"Nothing was said of these images of {project.name} yet: there is nothing to export."
        )
    write = _WRITERS[kind]
    if kind == "mvtec":
        write = partial(write_mvtec, train=train)
    elif kind == "hub":
        write = partial(write_hub, licence=_checked(licence))
    with new_folder(out) as folder:
        write(selection, folder, advance)
    return selection.report
