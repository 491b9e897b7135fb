"""The `crr` command. Arguments in, one call into the library, results out."""

import os
import shlex
from collections import Counter
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import replace
from functools import partial
from typing import Annotated, Any

import typer

from crr.cli import hub, measure, options as option, pictures
from crr.cli.limits import limits, thin_limits
from crr.cli.streams import Command
from crr.cli.support import (
    INTERRUPTED,
    NO_VERDICT,
    SOME_FAILED,
    STDOUT,
    check_json_file,
    model_folder,
    say_what_is_there,
    show_table,
    stoppable,
    tell_what_is_there,
    user_errors,
    write_json,
)
from crr.cli.tables import data_table
from crr.cli.terminal import ProgressStyle, echo, prediction_line, reporting
from crr.errors import ConfigError, CRRError
from crr.runtime.allocator import keep_freed_memory
from crr.runtime.paths import real_path
from crr.runtime.version import version

# The library is imported inside the commands: it brings torch, and `crr --help` must not wait for that.

# An idle OpenMP thread that spins takes the core that the next step needs.
os.environ.setdefault("GOMP_SPINCOUNT", "20000")

app = Command(
    help="Find defects after training on good images only (CRR, arXiv 2512.11401).",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)


def _version(wanted: bool) -> None:
    if wanted:
        echo(f"crr {version()}")
        raise typer.Exit


@app.callback()
def main(
    show_version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Options that stand before the command."""
    del show_version  # its callback has shown it
    keep_freed_memory()


@user_errors
def train(
    data: option.Data,
    out: option.CheckpointFolder,
    category: option.Category = None,
    method: option.Method = "crr",
    preset: option.Preset = "embedded",
    encoder: option.Backbone = None,
    layers: option.Layers = None,
    weights: option.Weights = None,
    size: option.Size = None,
    iterations: option.Iterations = None,
    batch_size: option.TrainingBatchSize = None,
    distance: option.Distance = None,
    segmentation: option.Segmentation = None,
    masking: option.Masking = None,
    dropout: option.Dropout = None,
    textures: option.Textures = None,
    foreground_only: option.ForegroundOnly = False,
    seed: option.Seed = 0,
    workers: option.Workers = None,
    normals: option.KeptNormals = None,
    on_error: option.OnError = "stop",
    value_range: option.Range = None,
    device: option.Device = "auto",
    snapshot_seconds: option.SnapshotSeconds = 60.0,
    resume: option.Resume = False,
    overwrite: option.Overwrite = False,
    progress: option.ProgressFormat = "bar",
) -> None:
    """Train CRR or a baseline on the good images of a data set; Ctrl-C leaves a usable checkpoint."""
    from crr.checkpoints.files import checkpoint_folder
    from crr.checkpoints.normals import MOST
    from crr.data.datasets import open_dataset
    from crr.training.presets import TrainingChoices, configure
    from crr.training.run_options import RunOptions
    from crr.training.snapshots import is_unfinished
    from crr.training.trainer import train as run

    if resume and overwrite:
        raise ConfigError("--resume goes on with a run and --overwrite starts anew: give one of them.")
    choices = TrainingChoices(
        preset=preset,
        method=method,
        masking=masking,
        dropout=dropout,
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
    kept = MOST if normals is None else normals
    options = RunOptions(device, workers, resume, overwrite, snapshot_seconds, textures, kept, on_error)
    with stoppable("Stopping: calibrating what was learnt so far.") as stop, reporting(progress) as report:
        dataset = open_dataset(data, category, allow_bare=True)
        if dataset.layout == "folder" and real_path(out).is_relative_to(real_path(data)):
            raise ConfigError(
                f"{out} lies among the images, and would be taken for some: give another --out."
            )
        config = replace(configure(choices), value_range=value_range)
        tell = partial(tell_what_is_there, style=progress)
        detector = run(dataset, out, config, options, report, stop, tell)
    unfinished = is_unfinished(out)
    if progress != "json":
        state = "Stopped early, usable as it is; go on with --resume" if unfinished else "Done"
        echo(f"{state}: {out}")
        for sentence in thin_limits(detector.config):
            echo(sentence, colour="yellow", error=True)
        if options.normals:
            echo("Some of the good photos were put into its folder normals/, to compare patches with.")
        echo(f"Try it: crr predict --model {shlex.quote(str(out))} IMAGE --out results")
        parent = out.resolve().parent
        usual = parent == checkpoint_folder().resolve()
        listed = "" if usual else f"CRR_CHECKPOINTS={shlex.quote(str(parent))} "
        echo(f"Or in the workbench, from the repository's folder: {listed}make run")
    if unfinished:
        raise typer.Exit(INTERRUPTED)


@user_errors
def predict(
    images: option.Images,
    model: option.Model = "crr-embedded",
    out: option.PictureFolder = None,
    overwrite: option.ReplacePictures = False,
    json_file: option.JsonFile = None,
    device: option.Device = "auto",
    batch_size: option.PredictionBatchSize = 8,
    value_range: option.Range = None,
    sandboxed: option.Sandboxed = False,
    progress: option.ProgressFormat = "bar",
) -> None:
    """Inspect images; a bad file is reported and the rest go on (exit code 1).

    Exit code 3: some show no part at all, or an unknown one.
    """
    check_json_file(json_file, progress, out)
    folder = model_folder(model, progress)  # before torch is loaded, so that what is wrong is said at once

    from crr.checkpoints.serialization import load
    from crr.data.inventory.looking import look_at_files
    from crr.data.sandbox.sandbox import Sandbox
    from crr.inference.predict import predict_files

    detector = load(folder, device)
    rows, failure, stopped = [], None, False
    with Sandbox() if sandboxed else nullcontext() as sandbox, reporting(progress) as report:
        known, look = value_range or detector.value_range, sandbox and sandbox.facts_of
        looked = look_at_files(images, value_range=known, progress=report, look=look)
        say_what_is_there(looked, progress)
        try:
            asked = (detector, images, out, batch_size, report, looked)
            for row in predict_files(*asked, overwrite=overwrite, sandbox=sandbox):
                rows.append(row)
                if json_file is None:
                    _show(row, progress)
        except CRRError as error:  # what is inspected already is not lost
            if not rows:
                raise
            failure = str(error)
        except KeyboardInterrupt:
            stopped, failure = True, f"Stopped after {len(rows)} of {len(looked.facts)} images."
    counts = Counter(row.get("verdict", "error") for row in rows)
    result = {"model": detector.name, "images": rows, "counts": counts, "data": looked.as_json()}
    try:
        write_json(json_file, result if failure is None else {**result, "failed": failure}, progress)
    finally:
        if json_file not in (None, STDOUT):  # written before its lines, whose reader may go away
            for row in rows:
                _show(row, progress)
    if progress != "json":
        said = ", ".join(f"{count} {what}" for what, count in counts.items())
        of = f" of {len(rows)}" if counts["error"] else ""
        echo(f"{len(rows) - counts['error']}{of} inspected: {said}", error=True)
    if failure is not None:
        echo(f"The others could not be inspected: {failure}", colour="red", error=True)
    if stopped:
        raise typer.Exit(INTERRUPTED)
    if failure is not None or "error" in counts:
        raise typer.Exit(SOME_FAILED)
    if counts.keys() & {"unknown part", "no part seen"}:
        raise typer.Exit(NO_VERDICT)


def _show(row: Mapping[str, Any], progress: ProgressStyle) -> None:
    if progress != "json":
        line, colour = prediction_line(row)
        echo(line, colour=colour)


@user_errors
def data(
    root: option.LookedAt,
    category: option.Category = None,
    value_range: option.Range = None,
    json_file: option.JsonFile = None,
    progress: option.ProgressFormat = "bar",
) -> None:
    """Say what is in a data set, what is passed over and why (exit code 1: something cannot be used)."""
    from crr.data.datasets import open_dataset
    from crr.data.inventory.inventory import EXAMPLES
    from crr.data.inventory.looking import look_at_dataset

    check_json_file(json_file, progress)
    with reporting(progress) as report:
        dataset = open_dataset(root, category, allow_bare=True)
        looked = look_at_dataset(dataset, value_range=value_range, progress=report)
    found = looked.as_json()
    write_json(json_file, found, progress)
    say_what_is_there(looked, progress)
    show_table(found, json_file, progress, data_table)
    if looked.unusable:
        for sentence in [*looked.unusable.values()][:EXAMPLES]:
            echo(sentence, colour="red", error=True)
        raise typer.Exit(SOME_FAILED)


for panel, commands in {
    "Inspect": (predict, data, hub.models),
    "Train": (train, limits, pictures.anomalies, pictures.normals, pictures.train_inversion),
    "Measure": (
        measure.evaluate,
        measure.identity,
        measure.compare,
        measure.layers,
        pictures.evaluate_inversion,
    ),
    "Hugging Face Hub": (hub.pull, hub.remove, hub.push),
}.items():
    for command in commands:
        app.command(rich_help_panel=panel)(command)
