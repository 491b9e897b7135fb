"""The `crr` command. Arguments in, one call into the library, results out."""

import json
import os
import shlex
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from importlib import metadata
from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from rich.console import Console

from crr.errors import ConfigError, CRRError
from crr.interrupt import stop_on_interrupt
from crr.terminal import (
    ProgressStyle,
    checkpoints_table,
    figures_table,
    prediction_line,
    reporting,
    say,
)

# The library is imported inside the commands: it brings torch, and `crr --help` must not wait for that.

# An idle OpenMP thread that spins takes the core that the next step needs.
os.environ.setdefault("GOMP_SPINCOUNT", "20000")

app = typer.Typer(
    help="Find defects after training on good images only (CRR, arXiv 2512.11401).",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)

SOME_FAILED, BAD_INPUT, INTERRUPTED = 1, 2, 130
_STDOUT = Path("-")


def _path(text: str) -> Path:
    """`--out=~/results` reaches us with its tilde: shells expand it at the start of a word only."""
    path = Path(text)
    with suppress(RuntimeError):  # no such user: the path is taken as it is
        path = path.expanduser()
    return path


def _option(name: str, description: str) -> Any:
    return typer.Option(name, help=description, parser=_path, metavar="PATH")


Data = Annotated[Path, _option("--data", "Data set: MVTec-AD layout, VisA, or a folder of good images.")]
Model = Annotated[str, typer.Option("--model", help="Checkpoint folder, or the name of an embedded one.")]
Category = Annotated[
    list[str] | None, typer.Option("--category", help="Only this category; may be repeated.")
]
Device = Annotated[str, typer.Option("--device", help="auto, cpu, cuda, cuda:1 or mps.")]
Style = Annotated[ProgressStyle, typer.Option("--progress", help="A bar, or a JSON object a line on stdout.")]
JsonFile = Annotated[Path | None, _option("--json", "Write the result to this file; - for stdout.")]
Textures = Annotated[Path | None, _option("--textures", "Folder of textures for the damage, such as DTD.")]
ForegroundOnly = Annotated[
    bool, typer.Option("--foreground-only", help="Damage the part, never a plain background around it.")
]
Seed = Annotated[int, typer.Option("--seed", min=0, max=2**31 - 1, help="Fixes every random draw.")]


def _version(wanted: bool) -> None:
    if not wanted:
        return
    try:
        say(f"crr {metadata.version('crr')}")
    except metadata.PackageNotFoundError:
        say("crr, run from its source folder and not installed")
    raise typer.Exit


@app.callback()
def main(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Options that stand before the command."""


@app.command()
def train(
    data: Data,
    out: Annotated[Path, _option("--out", "Folder for the checkpoint.")],
    category: Category = None,
    preset: Annotated[
        str, typer.Option("--preset", help="embedded (CPU) or dinov2-base (GPU).")
    ] = "embedded",
    encoder: Annotated[str | None, typer.Option("--encoder", help="Another timm backbone.")] = None,
    layers: Annotated[
        str | None, typer.Option("--layers", help="The encoder's layers, for example 1,2,3.")
    ] = None,
    weights: Annotated[
        str | None, typer.Option("--weights", help="The encoder's weights: timm or random.")
    ] = None,
    size: Annotated[
        int | None, typer.Option("--size", help="Side in pixels that images are resized to.")
    ] = None,
    iterations: Annotated[
        int | None, typer.Option("--iterations", min=1, help="Of stage 1; stage 2 changes in proportion.")
    ] = None,
    batch_size: Annotated[int | None, typer.Option("--batch-size", min=1, help="Images a step.")] = None,
    distance: Annotated[
        Literal["combined", "mahalanobis", "cosine"] | None,
        typer.Option("--distance", help="Measure of the residual."),
    ] = None,
    segmentation: Annotated[
        Literal["compact", "paper", "none"] | None,
        typer.Option("--segmentation", help="Design of the segmentation network."),
    ] = None,
    textures: Textures = None,
    foreground_only: ForegroundOnly = False,
    seed: Seed = 0,
    workers: Annotated[
        int | None, typer.Option("--workers", min=0, help="Processes that make images.")
    ] = None,
    device: Device = "auto",
    snapshot_seconds: Annotated[
        float, typer.Option("--snapshot-seconds", min=0, help="Time between snapshots, for --resume.")
    ] = 60.0,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with a stopped run.")] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Start anew in a used folder.")] = False,
    progress: Style = "bar",
) -> None:
    """Train CRR on the good images of a data set; Ctrl-C leaves a usable checkpoint."""
    from crr.datasets import open_dataset
    from crr.presets import configure
    from crr.snapshots import is_unfinished
    from crr.training import RunOptions
    from crr.training import train as run

    with _sentences():
        if resume and overwrite:
            raise ConfigError("--resume goes on with a run and --overwrite starts anew: give one of them.")
        config = configure(
            preset,
            encoder=encoder,
            layers=layers,
            weights=weights,
            size=size,
            iterations=iterations,
            batch_size=batch_size,
            distance=distance,
            segmentation=segmentation,
            foreground_only=foreground_only,
            seed=seed,
        )
        options = RunOptions(device, workers, resume, overwrite, snapshot_seconds, textures)
        stop = threading.Event()
        with stop_on_interrupt(stop, _announce_stop), reporting(progress) as report:
            run(open_dataset(data, category), out, config, options, report, stop)
        unfinished = is_unfinished(out)
    if progress != "json":
        state = "Stopped early, usable as it is; go on with --resume" if unfinished else "Done"
        say(f"{state}: {out}")
        say(f"Try it: crr predict --model {shlex.quote(str(out))} IMAGE --out results")
    if unfinished:
        raise typer.Exit(INTERRUPTED)


@app.command()
def evaluate(
    model: Model,
    data: Data,
    json_file: JsonFile = None,
    category: Category = None,
    device: Device = "auto",
    card: Annotated[bool, typer.Option("--card", help="Write the table into the model's card.")] = False,
    progress: Style = "bar",
) -> None:
    """Measure a checkpoint on the test images of a data set: detection and localisation."""
    from crr.checkpoint import find, load
    from crr.datasets import open_dataset
    from crr.evaluation import evaluate as run
    from crr.files import check_writable
    from crr.model_card import write_figures

    with _sentences():
        _check_json_file(json_file, progress)
        dataset = open_dataset(data, category)
        folder = find(_path(model))
        if card:
            check_writable(folder)
        detector = load(folder, device)
        with reporting(progress) as report:
            result = run(detector, dataset, progress=report).as_json()
        _write_json(json_file, result)
        if card:
            chosen = [part for name in category or () for part in ("--category", name)]
            command = ["crr", "evaluate", "--model", folder.name, "--data", dataset.root.name, *chosen]
            write_figures(folder, result, shlex.join(command))
    if progress != "json" and json_file != _STDOUT:
        Console().print(figures_table(result))


@app.command()
def predict(
    images: Annotated[
        list[Path], typer.Argument(help="Images, or folders of images.", parser=_path, metavar="IMAGES...")
    ],
    model: Model = "crr-embedded",
    out: Annotated[Path | None, _option("--out", "Folder for heat-map and mask of each image.")] = None,
    json_file: JsonFile = None,
    device: Device = "auto",
    batch_size: Annotated[int, typer.Option("--batch-size", min=1, help="Images at a time.")] = 8,
    progress: Style = "bar",
) -> None:
    """Inspect images; a bad file is reported and the rest go on (exit code 1)."""
    from crr.checkpoint import load
    from crr.prediction import predict_files

    with _sentences():
        _check_json_file(json_file, progress)
        detector = load(_path(model), device)
        rows = []
        with reporting(progress) as report:
            for row in predict_files(detector, images, out, batch_size, report):
                rows.append(row)
                if progress != "json" and json_file != _STDOUT:
                    line, colour = prediction_line(row)
                    say(line, colour=colour)
        _write_json(json_file, {"model": detector.name, "images": rows})
    if any("error" in row for row in rows):
        raise typer.Exit(SOME_FAILED)


@app.command()
def models(json_file: JsonFile = None) -> None:
    """List the checkpoints that can be named."""
    from crr.checkpoint import checkpoint_folder, list_checkpoints

    with _sentences():
        found = list_checkpoints()
        _write_json(json_file, {"models": [{**asdict(info), "path": str(info.path)} for info in found]})
    if json_file == _STDOUT:
        return
    if found:
        Console().print(checkpoints_table(found))
    else:
        say(f"There are no checkpoints in {checkpoint_folder()}. Train one with: crr train")


@app.command()
def anomalies(
    data: Data,
    out: Annotated[Path, _option("--out", "PNG file to write.")],
    category: Category = None,
    count: Annotated[int, typer.Option("--count", min=1, max=100, help="Damaged images a category.")] = 8,
    seed: Seed = 0,
    size: Annotated[int, typer.Option("--size", min=32, max=1024, help="Side of a picture in pixels.")] = 224,
    textures: Textures = None,
    foreground_only: ForegroundOnly = False,
) -> None:
    """Show the synthetic damage that training uses, as a contact sheet."""
    from crr.anomaly_sheet import write_sheet
    from crr.datasets import open_dataset

    with _sentences():
        _check_file(out)
        dataset = open_dataset(data, category)
        write_sheet(
            dataset,
            out,
            count=count,
            seed=seed,
            size=size,
            textures=textures,
            foreground_only=foreground_only,
        )
    say(f"Wrote {out}")


@contextmanager
def _sentences() -> Iterator[None]:
    """Errors of ours, and of the disk, become one sentence and exit code 2; anything else is a defect."""
    try:
        yield
    except CRRError as error:
        say(f"Error: {error}", colour="red", error=True)
    except BrokenPipeError:  # who reads our output has gone: typer ends the command quietly
        raise
    except OSError as error:
        place = f"{error.filename}: " if error.filename else ""
        say(f"Error: {place}{error.strerror or error}.", colour="red", error=True)
    else:
        return
    raise typer.Exit(BAD_INPUT)


def _announce_stop() -> None:
    say("Stopping: calibrating what was learnt so far. Ctrl-C again leaves at once.", error=True)


def _check_json_file(path: Path | None, progress: ProgressStyle) -> None:
    if path == _STDOUT and progress == "json":
        raise ConfigError("--json - and --progress json both write to stdout: give a file name to --json.")
    if path is not None and path != _STDOUT:
        _check_file(path)


def _check_file(path: Path) -> None:
    """See before the work that its result can be written after it."""
    from crr.files import check_writable

    if path.is_dir():
        raise ConfigError(f"{path} is a folder: give the name of a file.")
    if path.exists() and (not path.is_file() or path.parent == Path("/dev")):
        # Put in place of a device such as /dev/null, the result would break it for the whole machine.
        raise ConfigError(f"{path} is a device and no ordinary file: give the name of a file.")
    check_writable(path.parent)


def _write_json(path: Path | None, values: dict[str, Any]) -> None:
    from crr.files import write_text_atomically

    text = json.dumps(values, indent=2) + "\n"
    if path == _STDOUT:
        typer.echo(text, nl=False)
    elif path is not None:
        write_text_atomically(path, text)
