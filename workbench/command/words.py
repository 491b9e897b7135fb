"""What the commands tell: counts, what was left out and why, and the line to go on with."""

from collections.abc import Mapping
from typing import Any

from crr.cli.terminal import echo
from crr.data.inventory.sentences import named, number
from workbench.annotation.exporting.selection import Report
from workbench.annotation.importing.bringing import Imported
from workbench.annotation.opinions import Agreement
from workbench.annotation.queue.queue import Progress
from workbench.annotation.records import Project


def tell_imported(done: Imported, project: str) -> None:
    """What became of a source."""
    first, *others = done.sentences
    for sentence in (f"{project}: {first}", *others):
        echo(sentence)
    for note in done.notes:
        echo(note, error=True)


def tell_exported(report: Report) -> None:
    """What became of an export."""
    echo(f"{number(report.images, 'image')} with {number(report.regions, 'marked part')}.")
    for note in report.notes:
        echo(note, error=True)
    for reason, names in report.left_out.items():
        echo(
            f"Left out, {reason}: {number(len(names), 'image')} ({named(names)}).",
            colour="yellow",
            error=True,
        )


def tell_agreement(found: Agreement, differing: list[str]) -> None:
    """How far two people agree, and on what they do not."""
    echo(found.sentence)
    if differing:
        echo(f"They differ, and nobody settled it: {number(len(differing), 'image')} ({named(differing)}).")


def row_of(project: Project, images: int, progress: Progress, members: list[str]) -> dict[str, Any]:
    """A project as a line of `list`."""
    return {
        "name": project.name,
        "images": images,
        "done": progress.done,
        "skipped": progress.skipped,
        "left": progress.left,
        "opinions": project.opinions,
        "models": list(project.models),
        "classes": list(project.scheme.classes),
        "archived": project.archived,
        "created": project.created.isoformat(timespec="seconds"),
        "members": members,
    }


def counted(rows: Mapping[str, int]) -> str:
    """How many rows of each kind there are, those of none left out."""
    return ", ".join(f"{name} {count:,}" for name, count in rows.items() if count) or "nothing"
