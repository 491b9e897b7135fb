"""The options of `python -m workbench annotations`: names, types and help."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from crr.cli.options import path_option
from crr.runtime.paths import expanded
from workbench.annotation.exporting.export import Format
from workbench.annotation.records import Judgement, State

Project = Annotated[str, typer.Argument(help="Name of the project.")]
NewProject = Annotated[str, typer.Argument(help="Name of the new project.")]
Images = Annotated[Path, path_option("--images", "Folder of images, or a data set; see docs/data.md.")]
Source = Annotated[
    Path,
    typer.Argument(
        help="File, or for mvtec the folder of a data set.", parser=expanded, metavar="FILE_OR_DIR"
    ),
]
BackupFile = Annotated[Path, typer.Argument(help="The backup, a zip.", parser=expanded, metavar="FILE")]
Models = Annotated[
    list[str] | None,
    typer.Option("--model", help="Model that is asked about the images, as for crr; may be repeated."),
]
Masks = Annotated[
    bool, typer.Option("--masks", help="Take the masks of the data set along, as where reviewing begins.")
]
Copy = Annotated[
    bool,
    typer.Option(
        "--copy", help="Copy the images into the data folder. Else they have to stay where they are."
    ),
]
Opinions = Annotated[
    int,
    typer.Option("--opinions", min=1, max=2, help="People who review each image; the second sees no first."),
]
ImportFormat = Annotated[
    Literal["coco", "mvtec", "jsonl"],
    typer.Option("--format", help="What it is; mvtec stands for any data set of docs/data.md."),
]
ExportFormat = Annotated[Format, typer.Option("--format", help="What to write.")]
Out = Annotated[Path, path_option("--out", "A new folder.")]
HubFolder = Annotated[
    Path, typer.Argument(help="What export --format hub wrote.", parser=expanded, metavar="DIR")
]
CommitMessage = Annotated[str, typer.Option("--message", help="Of the commit.")]
Licence = Annotated[
    str | None,
    typer.Option("--license", help="For hub: licence of the images, as the Hub names it, such as cc-by-4.0."),
]
OnlyState = Annotated[State | None, typer.Option("--state", help="Only images that are so.")]
OnlyJudgement = Annotated[Judgement | None, typer.Option("--judgement", help="Only images judged so.")]
OnlyTag = Annotated[str | None, typer.Option("--tag", help="Only images with this tag.")]
OnlyCategory = Annotated[str | None, typer.Option("--category", help="Only this kind of part.")]
OnlyName = Annotated[
    str | None, typer.Option("--in-name", help="Only images with these letters in their names.")
]
OnlyAuthor = Annotated[str | None, typer.Option("--author", help="Only what this person saved last.")]
Train = Annotated[
    float,
    typer.Option(
        "--train",
        min=0,
        max=1,
        help="For mvtec: share of the good parts to learn from, where none are named.",
    ),
]
