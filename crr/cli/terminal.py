"""What the command line shows while it works: sentences, lines about images, and progress bars."""

import json
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Literal
from unicodedata import category

import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TaskID, TextColumn, TransferSpeedColumn

if TYPE_CHECKING:
    from crr.hub import Transfer, TransferCallback
    from crr.types import Progress as StageProgress

ProgressStyle = Literal["bar", "json", "none"]


def echo(text: str, *, colour: str | None = None, error: bool = False) -> None:
    """Print a line as it is: a file name may hold brackets, control characters, or bytes that are no text."""
    # The stream is named, because for one that is ASCII the library would write UTF-8 past it.
    typer.secho(printable(text), fg=colour, file=sys.stderr if error else sys.stdout)


def write(text: str) -> None:
    """Write a text of many lines to stdout, such as JSON or a card."""
    typer.echo(text, nl=False, file=sys.stdout)


def printable(text: str) -> str:
    """The text with control characters escaped: they could change the title of a terminal, or its content."""
    shown = (repr(sign)[1:-1] if category(sign) == "Cc" else sign for sign in text)
    return "".join(shown).encode(errors="backslashreplace").decode()


@contextmanager
def reporting(style: ProgressStyle) -> "Iterator[Callable[[StageProgress], None] | None]":
    """A callback that shows progress: bars on stderr, or a JSON object a line on stdout."""
    if style == "none":
        yield None
    elif style == "json":
        yield lambda report: print(json.dumps(report.as_json()), flush=True)
    else:
        with bars(Console(stderr=True)) as show:
            yield show


@contextmanager
def bars(console: Console) -> "Iterator[Callable[[StageProgress], None]]":
    """A progress bar a stage."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(bar_width=None),
        TextColumn("{task.completed:.0f}/{task.total:.0f}", justify="right"),
        TextColumn("{task.fields[note]}", markup=False),
    )
    # Lines that are printed meanwhile must go above the bar on a terminal, but into a file if redirected.
    progress = Progress(*columns, console=console, expand=True, redirect_stdout=sys.stdout.isatty())
    tasks: dict[str, TaskID] = {}

    def show(report: "StageProgress") -> None:
        if not tasks:
            progress.start()
        if report.stage not in tasks:
            tasks[report.stage] = progress.add_task(report.stage, total=report.total, note="")
        progress.update(tasks[report.stage], completed=report.step, total=report.total, note=_note(report))

    try:
        yield show
    finally:
        if tasks:  # a bar that never began would still print an empty line
            progress.stop()


@contextmanager
def transferring(stage: str, style: ProgressStyle) -> "Iterator[TransferCallback | None]":
    """A callback that shows how many bytes are there: a bar on stderr, or a JSON object a line on stdout."""
    if style == "none":
        yield None
    elif style == "json":
        yield lambda transfer: print(json.dumps({"stage": stage, **asdict(transfer)}), flush=True)
    else:
        columns = (
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=None),
            DownloadColumn(),
        )
        progress = Progress(*columns, TransferSpeedColumn(), console=Console(stderr=True), expand=True)
        task: list[TaskID] = []

        def show(transfer: "Transfer") -> None:
            if not task:
                progress.start()
                # What is there from before was not transferred now: it does not count for the speed.
                task.append(progress.add_task(stage, total=transfer.total, completed=transfer.done))
            progress.update(task[0], completed=transfer.done, description=transfer.file or stage)

        try:
            yield show
        finally:
            if task:  # a bar that never began would still print an empty line
                progress.stop()


def prediction_line(row: Mapping[str, Any]) -> tuple[str, str]:
    """A line about one image of `crr predict`, and its colour."""
    if "error" in row:
        name, error = named_page(row), row["error"]
        return f"{'error':<14}{error if error.startswith(name) else f'{name}: {error}'}", "red"
    score, category = f"{row['score']:.3f}", row["category"] or "-"
    verdict = row["verdict"]
    why = {
        "unknown part": "  (looks like nothing the model was trained on)",
        "no part seen": "  (black, white, saturated, empty, or noise alone)",
    }.get(verdict, "")
    line = f"{verdict:<14}{score}  {category}  {named_page(row)}{why}"
    return line, {"normal": "green", "defective": "red"}.get(verdict, "yellow")


def named_page(row: Mapping[str, Any]) -> str:
    """The file of a row, and which page of it if that is not the first."""
    return row["path"] + (f" page {row['page']}" if row["page"] > 1 else "")


def _note(report: "StageProgress") -> str:
    parts = [f"loss {value:.3f}" for value in report.losses.values()]
    if report.images_per_second is not None:
        parts.append(f"{report.images_per_second:.0f} images/s")
    if report.seconds_left is not None and report.step < report.total:
        parts.append(f"{_duration(report.seconds_left)} left")
    return "  ".join(parts)


def _duration(seconds: float) -> str:
    minutes = round(seconds / 60)
    if minutes >= 60:
        return f"{minutes // 60} h {minutes % 60:02} min"
    return f"{minutes} min" if seconds >= 60 else f"{seconds:.0f} s"
