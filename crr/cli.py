"""The `crr` command. Arguments in, one call into the library, results out."""

import json
import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from crr.errors import CRRError
from crr.types import Progress as Report

# An idle OpenMP thread that spins takes the core that the next step needs.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

app = typer.Typer(
    help="Find defects after training on good images only (CRR, arXiv 2512.11401).",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
_screen = Console()
_errors = Console(stderr=True)

BAD_INPUT, SOME_FAILED, INTERRUPTED = 2, 1, 130


class ProgressStyle(StrEnum):
    """How long work reports itself."""

    bar = "bar"
    json = "json"
    none = "none"


class Distance(StrEnum):
    """How far the decoder's answer is from what the encoder saw."""

    mahalanobis = "mahalanobis"
    cosine = "cosine"


class Segmentation(StrEnum):
    """Design of the segmentation network."""

    compact = "compact"
    paper = "paper"
    none = "none"


Data = Annotated[Path, typer.Option("--data", help="Data set: MVTec-AD layout, VisA, or a folder of good images.")]
Model = Annotated[str, typer.Option("--model", help="Checkpoint folder, or the name of an embedded checkpoint.")]
Category = Annotated[list[str] | None, typer.Option("--category", help="Only this category; may be repeated.")]
Device = Annotated[str, typer.Option("--device", help="auto, cpu, cuda, cuda:1 or mps.")]
Style = Annotated[ProgressStyle, typer.Option("--progress", help="bar, json (a line a report) or none.")]
JsonFile = Annotated[Path | None, typer.Option("--json", help="Write the result to this file.")]


@app.command()
def train(
    data: Data,
    out: Annotated[Path, typer.Option("--out", help="Folder for the checkpoint.")],
    category: Category = None,
    preset: Annotated[str, typer.Option("--preset", help="embedded (CPU) or dinov2-base (GPU).")] = "embedded",
    encoder: Annotated[str | None, typer.Option("--encoder", help="Another timm backbone.")] = None,
    layers: Annotated[str | None, typer.Option("--layers", help="Its layers, for example 1,2,3.")] = None,
    weights: Annotated[str, typer.Option("--weights", help="For --encoder: timm or random.")] = "timm",
    size: Annotated[int | None, typer.Option("--size", help="Side in pixels that images are resized to.")] = None,
    iterations: Annotated[int | None, typer.Option("--iterations", min=1, help="Of stage 1; stage 2 follows.")] = None,
    batch_size: Annotated[int | None, typer.Option("--batch-size", min=1, help="Images a step.")] = None,
    distance: Annotated[Distance | None, typer.Option("--distance", help="Measure of the residual.")] = None,
    segmentation: Annotated[Segmentation | None, typer.Option("--segmentation", help="Its design.")] = None,
    textures: Annotated[Path | None, typer.Option("--textures", help="Folder of textures, such as DTD.")] = None,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Fixes every random draw.")] = 0,
    workers: Annotated[int | None, typer.Option("--workers", min=0, help="Processes that make images.")] = None,
    device: Device = "auto",
    resume: Annotated[bool, typer.Option("--resume", help="Go on with a stopped run.")] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Start anew in a used folder.")] = False,
    progress: Style = ProgressStyle.bar,
) -> None:
    """Train CRR on the good images of a data set; Ctrl-C leaves a usable checkpoint."""
    from crr.datasets import open_dataset
    from crr.presets import configure
    from crr.training import RunOptions
    from crr.training import train as run

    with _sentences():
        config = configure(
            preset,
            encoder=encoder,
            layers=layers,
            weights=weights,
            size=size,
            iterations=iterations,
            batch_size=batch_size,
            distance=distance and distance.value,
            segmentation=segmentation and segmentation.value,
            seed=seed,
        )
        options = RunOptions(device, workers, resume, overwrite, textures=textures)
        stop = threading.Event()
        with _stop_on_interrupt(stop), _reporting(progress) as report:
            run(open_dataset(data, category), out, config, options, report, stop)
    if progress is not ProgressStyle.json:
        state = "Stopped early; continue with --resume. Usable as it is" if stop.is_set() else "Done"
        _screen.print(f"{state}: {out}\nTry it: crr predict --model {out} IMAGE --out results", highlight=False)
    if stop.is_set():
        raise typer.Exit(INTERRUPTED)


@app.command()
def evaluate(
    model: Model,
    data: Data,
    json_file: JsonFile = None,
    category: Category = None,
    device: Device = "auto",
    card: Annotated[bool, typer.Option("--card", help="Write the table into the model's card.")] = False,
    progress: Style = ProgressStyle.bar,
) -> None:
    """Measure a checkpoint on the test images of a data set: detection and localisation."""
    from crr.checkpoint import CARD, find, load
    from crr.datasets import open_dataset
    from crr.evaluation import evaluate as run
    from crr.files import write_atomically
    from crr.model_card import with_figures

    with _sentences():
        detector = load(model, device)
        with _reporting(progress) as report:
            result = run(detector, open_dataset(data, category), progress=report).as_json()
        _write_json(json_file, result)
        if card:
            path = find(model) / CARD
            text = with_figures(path.read_text(encoding="utf-8"), result, f"crr evaluate --model {model} --data DATA")
            write_atomically(path, lambda temporary: temporary.write_text(text, encoding="utf-8"))
    if progress is not ProgressStyle.json:
        _screen.print(_figures_table(result))


@app.command()
def predict(
    images: Annotated[list[Path], typer.Argument(help="Images, or folders of images.")],
    model: Model = "crr-embedded",
    out: Annotated[Path | None, typer.Option("--out", help="Folder for heat-map and mask of each image.")] = None,
    json_file: JsonFile = None,
    device: Device = "auto",
    batch_size: Annotated[int, typer.Option("--batch-size", min=1, help="Images at a time.")] = 8,
    progress: Style = ProgressStyle.bar,
) -> None:
    """Inspect images; a bad file is reported and the rest go on (exit code 1)."""
    from crr.checkpoint import load
    from crr.prediction import predict_files

    with _sentences():
        detector = load(model, device)
        rows = []
        with _reporting(progress) as report:
            for row in predict_files(detector, images, out, batch_size, report):
                rows.append(row)
                if progress is not ProgressStyle.json:
                    _screen.print(_prediction_line(row), highlight=False, soft_wrap=True)
        _write_json(json_file, {"model": detector.name, "images": rows})
    if any("error" in row for row in rows):
        raise typer.Exit(SOME_FAILED)


@app.command()
def models(json_file: JsonFile = None) -> None:
    """List the checkpoints that can be named."""
    from crr.checkpoint import checkpoint_folder, list_checkpoints

    with _sentences():
        found = list_checkpoints()
        rows = [{**vars(info), "path": str(info.path), "categories": list(info.categories)} for info in found]
        _write_json(json_file, {"models": rows})
    table = Table("name", "method", "encoder", "categories", "MB", "revision")
    for info in found:
        size = f"{info.bytes / 1e6:.1f}"
        table.add_row(info.name, info.method, info.encoder, ", ".join(info.categories), size, info.revision)
    _screen.print(table if found else f"No checkpoints in {checkpoint_folder()}. Train one with `crr train`.")


@app.command()
def anomalies(
    data: Data,
    out: Annotated[Path, typer.Option("--out", help="PNG file to write.")],
    category: Category = None,
    count: Annotated[int, typer.Option("--count", min=1, help="Damaged images a category.")] = 8,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Another seed, other damage.")] = 0,
    size: Annotated[int, typer.Option("--size", min=32, help="Side of a picture in pixels.")] = 256,
    textures: Annotated[Path | None, typer.Option("--textures", help="Folder of textures, such as DTD.")] = None,
) -> None:
    """Show the synthetic damage that training uses, as a contact sheet."""
    from crr.datasets import open_dataset
    from crr.prediction import anomaly_sheet

    with _sentences():
        anomaly_sheet(open_dataset(data, category), out, count=count, seed=seed, size=size, textures=textures)
    _screen.print(f"Wrote {out}", highlight=False)


@contextmanager
def _sentences() -> Iterator[None]:
    """Errors of ours, and of the disk, become one sentence and exit code 2; anything else is a defect."""
    try:
        yield
    except CRRError as error:
        _errors.print(f"Error: {error}", style="red", highlight=False, markup=False, soft_wrap=True)
        raise typer.Exit(BAD_INPUT) from None
    except OSError as error:
        _errors.print(f"Error: {error.filename or 'file'}: {error.strerror or error}", style="red", markup=False)
        raise typer.Exit(BAD_INPUT) from None


@contextmanager
def _stop_on_interrupt(stop: threading.Event) -> Iterator[None]:
    """The first Ctrl-C asks the run to finish early, the second ends it at once."""

    def ask(*_: object) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()
        _errors.print("Stopping: calibrating what was learnt so far. Ctrl-C again leaves at once.")

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    previous = signal.signal(signal.SIGINT, ask)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, previous)


@contextmanager
def _reporting(style: ProgressStyle) -> Iterator[Callable[[Report], None] | None]:
    """A callback that shows progress in the chosen style."""
    if style is ProgressStyle.none:
        yield None
    elif style is ProgressStyle.json:
        yield lambda report: print(json.dumps(report.as_json()), flush=True)
    else:
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[note]}"))
        with Progress(*columns, TimeElapsedColumn(), console=_errors) as bars:
            tasks: dict[str, Any] = {}
            yield lambda report: _show(bars, tasks, report)


def _show(bars: Progress, tasks: dict[str, Any], report: Report) -> None:
    if report.stage not in tasks:
        tasks[report.stage] = bars.add_task(report.stage, total=report.total, note="")
    parts = [f"{name} {value:.4f}" for name, value in report.losses.items()]
    if report.images_per_second is not None:
        parts.append(f"{report.images_per_second:.0f} images/s")
    if report.seconds_left is not None:
        parts.append(f"{report.seconds_left / 60:.0f} min left")
    bars.update(tasks[report.stage], completed=report.step, total=report.total, note="  ".join(parts))


def _write_json(path: Path | None, values: dict[str, Any]) -> None:
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(values, indent=2) + "\n", encoding="utf-8")


def _figures_table(result: dict[str, Any]) -> Table:
    table = Table("category", *next(iter(result["categories"].values())), title=result["model"])
    for name, figures in [*result["categories"].items(), ("mean", result["mean"])]:
        cells = ["–" if value is None else f"{value:.3f}" if isinstance(value, float) else str(value) for value in figures.values()]
        table.add_row(name, *cells, end_section=name == list(result["categories"])[-1])
    return table


def _prediction_line(row: dict[str, Any]) -> str:
    if "error" in row:
        return f"[red]error[/red]      {row['path']}: {row['error']}"
    colour = "red" if row["verdict"] == "defective" else "green"
    unknown = "" if row["known"] else "  (looks like nothing the model was trained on)"
    return f"[{colour}]{row['verdict']:<10}[/{colour}] {row['score']:.3f}  {row['category']}  {row['path']}{unknown}"
