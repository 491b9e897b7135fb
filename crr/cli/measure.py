"""The commands that measure: `crr evaluate`, `crr identity`, `crr compare`, `crr layers`."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from crr.cli import options as option
from crr.cli.support import (
    SOME_FAILED,
    STDOUT,
    check_card,
    check_json_file,
    command_line,
    model_folder,
    user_errors,
    write_result,
)
from crr.cli.terminal import comparison_table, echo, figures_table, identity_table, layers_table, reporting

if TYPE_CHECKING:
    from crr.data.datasets import Dataset


@user_errors()
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
    from crr.checkpoints.model_card import write_figures
    from crr.checkpoints.serialization import load
    from crr.data.datasets import open_dataset
    from crr.evaluation.detection import evaluate as run

    check_json_file(json_file, progress)
    dataset = open_dataset(data, category)
    folder = model_folder(model, progress)
    if card:
        check_card(folder)
    detector = load(folder, device)
    with reporting(progress) as report:
        result = run(detector, dataset, progress=report).as_json()
    write_result(result, json_file, progress, figures_table)
    if card:
        write_figures(folder, result, _command("evaluate", folder, dataset, category))


@user_errors()
def identity(
    model: option.Model,
    data: option.Data,
    pairs: option.Pairs = None,
    json_file: option.JsonFile = None,
    category: option.Category = None,
    device: option.Device = "auto",
    card: option.Card = False,
    progress: option.ProgressFormat = "bar",
) -> None:
    """Measure identity mapping: the share of a damage that the decoder copies (1) and does not repair (0)."""
    from crr.checkpoints.model_card import write_identity
    from crr.checkpoints.serialization import load
    from crr.data.datasets import open_dataset
    from crr.identity.evaluation import measure_identity

    check_json_file(json_file, progress)
    dataset = open_dataset(data, category)
    folder = model_folder(model, progress)
    if card:
        check_card(folder)
    detector = load(folder, device)
    with reporting(progress) as report:
        result = measure_identity(detector, dataset, pairs, progress=report).as_json()
    write_result(result, json_file, progress, identity_table)
    if card:
        real = [] if pairs is None else ["--pairs", pairs.name]
        write_identity(folder, result, _command("identity", folder, dataset, category, real))


@user_errors()
def compare(
    models: option.Models,
    data: option.Data,
    pairs: option.Pairs = None,
    json_file: option.JsonFile = None,
    category: option.Category = None,
    device: option.Device = "auto",
    progress: option.ProgressFormat = "bar",
) -> None:
    """Put checkpoints side by side: detection, identity mapping, time and size (exit code 1 if one fails)."""
    from crr.data.datasets import open_dataset
    from crr.evaluation.comparison import compare as run

    check_json_file(json_file, progress)
    names = option.names_of(models)
    dataset = open_dataset(data, category)
    with reporting(progress) as report:
        result = run(
            [option.expanded(name) for name in names], dataset, pairs, device=device, progress=report
        ).as_json()
    write_result(result, json_file, progress, comparison_table)
    failed = [row for row in result["models"] if "error" in row]
    if progress != "json" and json_file != STDOUT:
        for row in failed:
            echo(f"{row['model']}: {row['error']}", colour="red", error=True)
    if failed:
        raise typer.Exit(SOME_FAILED)


@user_errors()
def layers(
    model: option.Model,
    data: option.Data,
    json_file: option.JsonFile = None,
    category: option.Category = None,
    device: option.Device = "auto",
    progress: option.ProgressFormat = "bar",
) -> None:
    """Measure each layer of a checkpoint alone: which one tells the defects of a category best."""
    from crr.checkpoints.serialization import load
    from crr.data.datasets import open_dataset
    from crr.evaluation.layers import measure_layers

    check_json_file(json_file, progress)
    dataset = open_dataset(data, category)
    detector = load(model_folder(model, progress), device)
    with reporting(progress) as report:
        result = measure_layers(detector, dataset, progress=report).as_json()
    write_result(result, json_file, progress, layers_table)


def _command(
    name: str, folder: Path, dataset: "Dataset", categories: Sequence[str] | None, more: Sequence[str] = ()
) -> str:
    return command_line(name, ["--model", folder.name], dataset, categories, more)
