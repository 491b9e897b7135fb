"""The options of the `crr` command: their names, types and help, shared by the commands that have them."""

from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from crr.cli.terminal import ProgressStyle
from crr.config import ValueRange
from crr.errors import ConfigError
from crr.runtime.paths import expanded


def names_of(text: str) -> list[str]:
    """The checkpoints of `--models`; raises `ConfigError` if there is none."""
    names = [name.strip() for name in text.split(",") if name.strip()]
    if not names:
        raise ConfigError("Name the checkpoints with commas between, such as --models crr-embedded,my_model.")
    return names


def _value_range(text: str | ValueRange) -> ValueRange:
    from crr.data.depth import parse_range

    try:
        return parse_range(text) if isinstance(text, str) else text
    except ConfigError as error:
        raise typer.BadParameter(str(error)) from None


def path_option(name: str, description: str) -> Any:
    """An option that names a file or a folder; a tilde is the home of its user."""
    return typer.Option(name, help=description, parser=expanded, metavar="PATH")


# Of several commands

Data = Annotated[
    Path, path_option("--data", "Data set: folder, or a table (.csv) of images; see docs/data.md.")
]
Model = Annotated[
    str,
    typer.Option("--model", help="Checkpoint folder, name of one, or OWNER/NAME[@REVISION] on the Hub."),
]
Category = Annotated[
    list[str] | None, typer.Option("--category", help="Only this category; may be repeated.")
]
OnError = Annotated[
    Literal["stop", "skip"],
    typer.Option("--on-error", help="At an image that cannot be used: stop before the work, or skip it."),
]
Range = Annotated[
    ValueRange | None,
    typer.Option(
        "--range",
        parser=_value_range,
        metavar="BITS or LOW:HIGH",
        help="Black and white of images of more than 8 bits that do not say it: 12, or 0:4095.",
    ),
]
Device = Annotated[str, typer.Option("--device", help="auto, cpu, cuda, cuda:1 or mps.")]
ProgressFormat = Annotated[
    ProgressStyle, typer.Option("--progress", help="A bar, or a JSON object a line on stdout.")
]
JsonFile = Annotated[Path | None, path_option("--json", "Write the result to this file; - for stdout.")]
Textures = Annotated[
    Path | None, path_option("--textures", "Folder of textures for the damage, such as DTD.")
]
ForegroundOnly = Annotated[
    bool, typer.Option("--foreground-only", help="Damage the part, never a plain background around it.")
]
Seed = Annotated[int, typer.Option("--seed", min=0, max=2**31 - 1, help="Fixes every random draw.")]

# Of `crr identity` and `crr compare`

Pairs = Annotated[
    Path | None, path_option("--pairs", "Real defects with a clean twin: a folder clean/ defective/ mask/.")
]
Models = Annotated[str, typer.Option("--models", help="Checkpoints with commas between: a,b,...")]

# Of `crr train`

CheckpointFolder = Annotated[Path, path_option("--out", "Folder for the checkpoint.")]
Method = Annotated[str, typer.Option("--method", help="crr, or a baseline such as autoencoder or patchcore.")]
Masking = Annotated[
    float | None, typer.Option("--masking", help="Rate of feature masking, 0 to below 1 (crr: 0.4).")
]
Dropout = Annotated[
    float | None, typer.Option("--dropout", help="Noise of the bottleneck, 0 to below 1 (crr: 0.4).")
]
Preset = Annotated[str, typer.Option("--preset", help="embedded (CPU) or dinov2-base (GPU).")]
Backbone = Annotated[str | None, typer.Option("--encoder", help="Another timm backbone.")]
Layers = Annotated[str | None, typer.Option("--layers", help="The encoder's layers, for example 1,2,3.")]
Weights = Annotated[str | None, typer.Option("--weights", help="The encoder's weights: timm or random.")]
Size = Annotated[int | None, typer.Option("--size", help="Side in pixels that images are resized to.")]
Iterations = Annotated[
    int | None, typer.Option("--iterations", min=1, help="Of stage 1; stage 2 changes in proportion.")
]
TrainingBatchSize = Annotated[int | None, typer.Option("--batch-size", min=1, help="Images a step.")]
Distance = Annotated[
    Literal["combined", "mahalanobis", "cosine", "euclidean"] | None,
    typer.Option("--distance", help="Measure of the residual."),
]
Segmentation = Annotated[
    Literal["compact", "paper", "none"] | None,
    typer.Option("--segmentation", help="Design of the segmentation network."),
]
KeptNormals = Annotated[
    int | None,
    typer.Option(
        "--normals",
        min=0,
        max=200,
        help="Good photos a category kept beside the checkpoint, to compare patches with (16); 0: none.",
    ),
]
Workers = Annotated[int | None, typer.Option("--workers", min=0, help="Processes that make images.")]
SnapshotSeconds = Annotated[
    float, typer.Option("--snapshot-seconds", min=0, help="Time between snapshots, for --resume.")
]
Resume = Annotated[bool, typer.Option("--resume", help="Go on with a stopped run.")]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Start anew in a used folder.")]

# Of `crr limits`

NewCheckpoint = Annotated[Path, path_option("--out", "A new folder for the checkpoint with other limits.")]
FalseAlarms = Annotated[
    float | None,
    typer.Option(
        "--false-alarms",
        min=0,
        max=99,
        help="How many of 100 good parts may reach the limit. Else: the least sum of both shares of errors.",
    ),
]

# Of `crr data`

LookedAt = Annotated[
    Path, typer.Argument(help="Data set: folder, or a table (.csv).", parser=expanded, metavar="DATA")
]

# Of `crr evaluate` and `crr identity`

Card = Annotated[bool, typer.Option("--card", help="Write the table into the model's card.")]

# Of `crr train-inversion`, `crr evaluate-inversion` and `crr normals`

InversionFolder = Annotated[Path, path_option("--out", "Folder for the inversion network.")]
InversionIterations = Annotated[int, typer.Option("--iterations", min=1, help="Steps of training.")]
InversionBatchSize = Annotated[
    int, typer.Option("--batch-size", min=1, help="Images a step, each clean and damaged.")
]
Inversion = Annotated[str, typer.Option("--inversion", help="Folder or name of an inversion network.")]
Normals = Annotated[
    int, typer.Option("--count", min=1, max=200, help="Images a category, of those held back from training.")
]

# Of `crr predict`

Images = Annotated[
    list[Path], typer.Argument(help="Images, or folders of images.", parser=expanded, metavar="IMAGES...")
]
PictureFolder = Annotated[Path | None, path_option("--out", "Folder for heat-map and mask of each image.")]
ReplacePictures = Annotated[
    bool, typer.Option("--overwrite", help="Replace the pictures of an earlier run in a used folder.")
]
Sandboxed = Annotated[
    bool,
    typer.Option(
        "--sandbox",
        help="Decode in processes that may take only so much memory and time: files of strangers.",
    ),
]
PredictionBatchSize = Annotated[int, typer.Option("--batch-size", min=1, help="Images at a time.")]

# Of `crr pull`, `crr push` and `crr models`

HubModel = Annotated[str, typer.Argument(help="OWNER/NAME or OWNER/NAME@REVISION.", metavar="NAME")]
PushedModel = Annotated[str, typer.Argument(help="Checkpoint folder, or the name of one.", metavar="MODEL")]
HubRepo = Annotated[str, typer.Argument(help="OWNER/NAME on the Hub.", metavar="NAME")]
Private = Annotated[bool, typer.Option("--private", help="If the repository is new, only you may see it.")]
Licence = Annotated[str | None, typer.Option("--license", help="As the Hub names it: apache-2.0, cc-by-4.0.")]
PublishNormals = Annotated[bool, typer.Option("--normals", help="Publish the photos in normals/ too.")]
Message = Annotated[str | None, typer.Option("--message", help="Of the commit.")]
Preview = Annotated[bool, typer.Option("--preview", help="Print the model card; publish nothing.")]
OnHub = Annotated[bool, typer.Option("--hub", help="Those on the Hub too.")]
SearchWord = Annotated[str, typer.Option("--search", help="Only those with this word in their name.")]

# Of `crr anomalies`

Sheet = Annotated[Path, path_option("--out", "PNG file to write.")]
Count = Annotated[int, typer.Option("--count", min=1, max=100, help="Damaged images a category.")]
PictureSize = Annotated[int, typer.Option("--size", min=32, max=1024, help="Side of a picture in pixels.")]
