"""`python -m workbench annotations`: projects, files in and out, backups, and whether all fits together."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from functools import partial
from pathlib import Path

import typer
from rich.table import Table

from crr.cli.options import JsonFile, ProgressFormat, Range
from crr.cli.streams import Command
from crr.cli.support import (
    SOME_FAILED,
    check_file,
    check_json_file,
    is_for_a_person,
    show_table,
    user_errors,
    write_json,
)
from crr.cli.terminal import ProgressStyle, echo, reporting
from crr.config import ValueRange
from crr.runtime.progress import Reporter
from workbench.annotation.errors import ProjectError
from workbench.annotation.exporting.export import commands_on, export as write_export
from workbench.annotation.importing.bringing import Found, Imported, bring_in, make_of
from workbench.annotation.importing.coco import read_coco
from workbench.annotation.importing.datasets import read_dataset, read_folder
from workbench.annotation.importing.files import Keeping, kept_range
from workbench.annotation.importing.jsonl import read_header, read_jsonl
from workbench.annotation.keeping.backup import back_up
from workbench.annotation.keeping.checking import check as check_store
from workbench.annotation.keeping.restoring import restore as read_backup
from workbench.annotation.opinions import agreement
from workbench.annotation.queue.ordering import Wanted
from workbench.annotation.records import NewProject
from workbench.annotation.store import AnnotationStore, open_store
from workbench.basics.model_names import linked_model
from workbench.command import options as option
from workbench.command.publishing import publish
from workbench.command.words import counted, row_of, tell_agreement, tell_exported, tell_imported
from workbench.model_store.available import find_models
from workbench.settings import settings

app = Command(
    help="Projects of reviewed images: in, out, and kept. CRR_DATA and CRR_DATABASE_URL say where they are.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)


@contextmanager
def _store() -> Iterator[AnnotationStore]:
    store = open_store(settings().data, settings().database_url)
    try:
        yield store
    finally:
        store.close()


def _known(models: Sequence[str]) -> list[str]:
    """Names of models as the workbench has them; raises `ProjectError` for one that is not there."""
    found = find_models() if models else {}
    names = [linked_model(told, found) for told in models]
    for name in names:
        if name not in found:
            raise ProjectError(f"There is no model {name} on this machine: choose from {', '.join(found)}.")
    return list(dict.fromkeys(names))


@contextmanager
def _advancing(stage: str, total: int, style: ProgressStyle) -> Iterator[Callable[[int], None]]:
    """A callback that counts images on the way to `total`."""
    with reporting(style) as report:
        reporter = Reporter(report)
        reporter.begin(stage, total)
        yield lambda count: reporter.advance(count, images=count)


@app.command()
@user_errors
def create(
    name: option.NewProject,
    images: option.Images,
    model: option.Models = None,
    masks: option.Masks = False,
    copy: option.Copy = False,
    value_range: Range = None,
    opinions: option.Opinions = 1,
    json_file: JsonFile = None,
    progress: ProgressFormat = "bar",
) -> None:
    """Make a project of the images of a folder; what a data set says of them comes as labels."""
    check_json_file(json_file, progress)
    models = _known(model or ())
    with _store() as store:
        if any(project.name == name for project in store.projects.all()):
            raise ProjectError(f"There is a project {name} already. Add to it with import, or choose a name.")
        read = read_dataset if masks else read_folder
        found = _found(store, partial(read, images), copy, value_range, progress)
        project, done = make_of(store.database, NewProject(name, models, opinions=opinions), found)
        _tell(done, project.name, json_file, progress)


@app.command(name="list")
@user_errors
def list_projects(json_file: JsonFile = None) -> None:
    """List the projects, and how far each is."""
    check_json_file(json_file, "none")
    with _store() as store:
        rows = [
            row_of(
                project,
                store.projects.count(project.id),
                store.queue.progress(project.id),
                store.projects.members(project.id),
            )
            for project in store.projects.all()
        ]
        result = {"data": str(store.folder), "projects": rows}
    write_json(json_file, result, "none")
    if not rows and is_for_a_person(json_file, "none"):
        echo("No projects yet. Make one:  python -m workbench annotations create NAME --images DIR")
        return
    show_table(result, json_file, "none", lambda _: _table(rows))


@app.command(name="import")
@user_errors
def import_source(
    name: option.Project,
    source: option.Source,
    kind: option.ImportFormat,
    copy: option.Copy = False,
    value_range: Range = None,
    json_file: JsonFile = None,
    progress: ProgressFormat = "bar",
) -> None:
    """Add images with what was said of them; a project that is not there is made. All or nothing."""
    check_json_file(json_file, progress)
    with _store() as store:
        there = next((project for project in store.projects.all() if project.name == name), None)
        known = [] if there is None else [item.image for item in store.images.all(there.id)]
        readers: dict[str, Callable[[Keeping], Found]] = {
            "coco": lambda keeping: read_coco(source, keeping, known),
            "mvtec": lambda keeping: read_dataset(source, keeping),
            "jsonl": lambda keeping: read_jsonl(source, keeping, known),
        }
        found = _found(store, readers[kind], copy, value_range or kept_range(known), progress)
        if there is None:
            project, done = make_of(store.database, _new(name, source, kind), found)
        else:
            project, done = there, bring_in(store.database, there.id, found)
        _tell(done, project.name, json_file, progress)


@app.command()
@user_errors
def export(
    name: option.Project,
    kind: option.ExportFormat,
    out: option.Out,
    state: option.OnlyState = None,
    judgement: option.OnlyJudgement = None,
    tag: option.OnlyTag = None,
    category: option.OnlyCategory = None,
    author: option.OnlyAuthor = None,
    in_name: option.OnlyName = None,
    train: option.Train = 0.5,
    licence: option.Licence = None,
    json_file: JsonFile = None,
    progress: ProgressFormat = "bar",
) -> None:
    """Write what was said, for training, a paper or another tool. Exit code 1: some images were left out."""
    check_json_file(json_file, progress, out)
    with _store() as store:
        project = store.projects.get(name)
        wanted = Wanted(
            project.id, "by name", (state,) if state else (), judgement, tag, category, author, in_name
        )
        with _advancing("export", store.queue.count(wanted), progress) as advance:
            report = write_export(store, project, wanted, kind, out, advance, train, licence)
    write_json(json_file, {"out": str(out), "format": kind, **asdict(report)}, progress)
    if is_for_a_person(json_file, progress):
        tell_exported(report)
        for what, command in commands_on(kind, out, *project.models[:1]).items():
            echo(f"{what}: {command}")
    if report.left_out:
        raise typer.Exit(SOME_FAILED)


app.command()(publish)


@app.command(name="agreement")
@user_errors
def show_agreement(name: option.Project, json_file: JsonFile = None) -> None:
    """Say how far the two opinions of a project's images agree: Cohen's kappa, and overlap of the masks."""
    check_json_file(json_file, "none")
    with _store() as store:
        project = store.projects.get(name)
        pairs = list(store.opinions.pairs(project.id))
    found = agreement(pairs)
    differing = [pair.item.image.name for pair in pairs if not pair.alike and pair.settled is None]
    write_json(json_file, {"project": project.name, **asdict(found), "open": differing}, "none")
    if is_for_a_person(json_file, "none"):
        tell_agreement(found, differing)


@app.command()
@user_errors
def backup(file: option.BackupFile, json_file: JsonFile = None, progress: ProgressFormat = "bar") -> None:
    """Write everything into one file, consistent while people write."""
    check_json_file(json_file, progress)
    check_file(file)
    with _store() as store:
        elsewhere, copied = store.images.places()
        with _advancing("backup", copied, progress) as advance:
            rows = back_up(store, file, advance)
    write_json(json_file, {"file": str(file), "rows": rows, "images_elsewhere": elsewhere}, progress)
    if is_for_a_person(json_file, progress):
        echo(f"{file}: {counted(rows)}.")
        if elsewhere:
            echo(
                f"{elsewhere:,} images stay where they are and are not in it: keep their files too.",
                error=True,
            )


@app.command()
@user_errors
def restore(file: option.BackupFile, json_file: JsonFile = None, progress: ProgressFormat = "bar") -> None:
    """Read a backup into an empty place, of SQLite or PostgreSQL, whichever it came from."""
    check_json_file(json_file, progress)
    with _store() as store:
        with _advancing("restore", 0, progress) as advance:
            rows = read_backup(store, file, advance)
        wrong = check_store(store)
    write_json(json_file, {"file": str(file), "rows": rows, "wrong": wrong}, progress)
    if is_for_a_person(json_file, progress):
        echo(f"Restored: {counted(rows)}.")
    _tell_wrong(wrong)


@app.command()
@user_errors
def check(json_file: JsonFile = None, progress: ProgressFormat = "bar") -> None:
    """Name every row, copied image and file that does not fit. Exit code 1: there are some."""
    check_json_file(json_file, progress)
    with _store() as store:
        total = sum(store.projects.count(project.id) for project in store.projects.all())
        with _advancing("check", total, progress) as advance:
            wrong = check_store(store, advance)
    write_json(json_file, {"images": total, "wrong": wrong}, progress)
    if not wrong and is_for_a_person(json_file, progress):
        echo(f"All fits together: {total:,} images.")
    _tell_wrong(wrong)


def _found(
    store: AnnotationStore,
    read: Callable[[Keeping], Found],
    copy: bool,
    value_range: ValueRange | None,
    style: ProgressStyle,
) -> Found:
    blobs = store.blobs if copy else None
    with reporting(style) as report:
        return read(Keeping(blobs, reporter=Reporter(report), value_range=value_range))


def _new(name: str, source: Path, kind: str) -> NewProject:
    if kind != "jsonl":
        return NewProject(name)
    head = read_header(source)
    return NewProject(name, head.models, head.scheme, head.opinions)


def _tell(done: Imported, project: str, json_file: Path | None, progress: ProgressStyle) -> None:
    write_json(json_file, {"project": project, **asdict(done)}, progress)
    if is_for_a_person(json_file, progress):
        tell_imported(done, project)


def _tell_wrong(wrong: list[str]) -> None:
    for sentence in wrong:
        echo(sentence, colour="yellow", error=True)
    if wrong:
        raise typer.Exit(SOME_FAILED)


def _table(rows: list[dict[str, object]]) -> Table:
    table = Table()
    for column in ("name", "images", "done", "skipped", "left", "models"):
        table.add_column(column, justify="left" if column in ("name", "models") else "right")
    for row in rows:
        name = f"{row['name']} (put away)" if row["archived"] else str(row["name"])
        models = ", ".join(map(str, row["models"])) if isinstance(row["models"], list) else ""
        table.add_row(name, *(f"{row[column]:,}" for column in ("images", "done", "skipped", "left")), models)
    return table
