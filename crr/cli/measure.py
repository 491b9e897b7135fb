"""The commands that measure: `crr evaluate`, `crr identity`, `crr compare`, `crr layers`."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import typer
from rich.table import Table

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
from crr.cli.terminal import (
    ProgressStyle,
    comparison_table,
    echo,
    figures_table,
    identity_table,
    layers_table,
    reporting,
)


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
    from crr.evaluation.detection import evaluate as run

    asked = _Asked("evaluate", model, data, json_file, category, device, progress)
    _measure(asked, run, figures_table, write_figures if card else None)


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
    from crr.identity.evaluation import measure_identity

    more = () if pairs is None else ("--pairs", pairs.name)
    asked = _Asked("identity", model, data, json_file, category, device, progress, more)
    run = partial(measure_identity, pairs=pairs)
    _measure(asked, run, identity_table, write_identity if card else None)


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
    from crr.evaluation.layers import measure_layers

    asked = _Asked("layers", model, data, json_file, category, device, progress)
    _measure(asked, measure_layers, layers_table, None)


class _Asked(NamedTuple):
    """What the commands that measure one checkpoint are asked for."""

    command: str
    model: str
    data: Path
    json_file: Path | None
    category: Sequence[str] | None
    device: str
    progress: ProgressStyle
    more: Sequence[str] = ()
    """Further options, as they stand in the card."""


def _measure(
    asked: _Asked,
    run: Callable[..., Any],
    table: Callable[[Any], Table],
    write_card: Callable[[Path, dict[str, Any], str], None] | None,
) -> None:
    """Load a checkpoint, run a measurement, and write its result where it was asked for.

    Args:
        asked: The options.
        run: From a detector, a data set and `progress` to a report with `as_json`.
        table: From the result to what is printed.
        write_card: Writes the result, and the command that measured it, into the checkpoint's card.
    """
    from crr.checkpoints.serialization import load
    from crr.data.datasets import open_dataset

    check_json_file(asked.json_file, asked.progress)
    dataset = open_dataset(asked.data, asked.category)
    folder = model_folder(asked.model, asked.progress)
    if write_card is not None:
        check_card(folder)
    detector = load(folder, asked.device)
    with reporting(asked.progress) as report:
        result = run(detector, dataset, progress=report).as_json()
    write_result(result, asked.json_file, asked.progress, table)
    if write_card is not None:
        options = ["--model", folder.name]
        write_card(folder, result, command_line(asked.command, options, dataset, asked.category, asked.more))
