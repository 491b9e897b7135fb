"""The `crr` command. Arguments in, one call into the library, results out."""

import errno
import json
import os
import shlex
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from importlib import metadata
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from crr import cli_options as option
from crr.allocator import keep_freed_memory
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
        # A file that we write is named by a WriteError, so what is full and has no name is one of these.
        full = error.errno == errno.ENOSPC and not place
        advice = " Make room where the output goes, in /dev/shm or for temporary files." if full else ""
        say(f"Error: {place}{error.strerror or error}.{advice}", colour="red", error=True)
    else:
        return
    raise typer.Exit(BAD_INPUT)


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
    del version  # its callback has shown it
    keep_freed_memory()


@app.command()
@_sentences()
def train(
    data: option.Data,
    out: option.CheckpointFolder,
    category: option.Category = None,
    preset: option.Preset = "embedded",
    encoder: option.Backbone = None,
    layers: option.Layers = None,
    weights: option.Weights = None,
    size: option.Size = None,
    iterations: option.Iterations = None,
    batch_size: option.TrainingBatchSize = None,
    distance: option.Distance = None,
    segmentation: option.Segmentation = None,
    textures: option.Textures = None,
    foreground_only: option.ForegroundOnly = False,
    seed: option.Seed = 0,
    workers: option.Workers = None,
    device: option.Device = "auto",
    snapshot_seconds: option.SnapshotSeconds = 60.0,
    resume: option.Resume = False,
    overwrite: option.Overwrite = False,
    progress: option.ProgressFormat = "bar",
) -> None:
    """Train CRR on the good images of a data set; Ctrl-C leaves a usable checkpoint."""
    from crr.datasets import open_dataset
    from crr.presets import configure
    from crr.snapshots import is_unfinished
    from crr.training import RunOptions
    from crr.training import train as run

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
        listed = shlex.quote(str(out.resolve().parent))
        say(f"Or in the workbench, from the repository's folder: CRR_CHECKPOINTS={listed} make run")
    if unfinished:
        raise typer.Exit(INTERRUPTED)


@app.command()
@_sentences()
def evaluate(
    model: option.Model,
    data: option.Data,
    json_file: option.JsonFile = None,
    category: option.Category = None,
    device: option.Device = "auto",
    card: option.Card = False,
    progress: option.ProgressFormat = "bar",
) -> None:
    """Measure a checkpoint on the test images of a data set: detection and localisation."""
    from crr.checkpoint import find, load
    from crr.datasets import open_dataset
    from crr.evaluation import evaluate as run
    from crr.files import check_writable
    from crr.model_card import write_figures

    _check_json_file(json_file, progress)
    dataset = open_dataset(data, category)
    folder = find(option.expanded(model))
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
@_sentences()
def predict(
    images: option.Images,
    model: option.Model = "crr-embedded",
    out: option.PictureFolder = None,
    json_file: option.JsonFile = None,
    device: option.Device = "auto",
    batch_size: option.PredictionBatchSize = 8,
    progress: option.ProgressFormat = "bar",
) -> None:
    """Inspect images; a bad file is reported and the rest go on (exit code 1)."""
    from crr.checkpoint import load
    from crr.prediction import predict_files

    _check_json_file(json_file, progress)
    detector = load(option.expanded(model), device)
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
@_sentences()
def models(json_file: option.JsonFile = None) -> None:
    """List the checkpoints that can be named."""
    from crr.checkpoint import checkpoint_folder, list_checkpoints

    found = list_checkpoints()
    _write_json(json_file, {"models": [{**asdict(info), "path": str(info.path)} for info in found]})
    if json_file == _STDOUT:
        return
    if found:
        Console().print(checkpoints_table(found))
    else:
        say(f"There are no checkpoints in {checkpoint_folder()}. Train one with: crr train")


@app.command()
@_sentences()
def anomalies(
    data: option.Data,
    out: option.Sheet,
    category: option.Category = None,
    count: option.Count = 8,
    seed: option.Seed = 0,
    size: option.PictureSize = 224,
    textures: option.Textures = None,
    foreground_only: option.ForegroundOnly = False,
) -> None:
    """Show the synthetic damage that training uses, as a contact sheet."""
    from crr.anomaly_sheet import write_sheet
    from crr.datasets import open_dataset

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
