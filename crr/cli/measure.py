"""The commands that measure: `crr evaluate`, `crr identity`, `crr compare`, `crr layers`."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import typer
from rich.table import Table

from crr.cli import options as option
from crr.cli.support import (
    INTERRUPTED,
    SOME_FAILED,
    check_card,
    check_json_file,
    command_line,
    look_at_pairs,
    looked_at,
    looked_at_for,
    model_folder,
    show_table,
    stoppable,
    user_errors,
    write_json,
)
from crr.cli.tables import comparison_table, figures_table, identity_table, layers_table
from crr.cli.terminal import ProgressStyle, echo, reporting
from crr.errors import StoppedError
from crr.runtime.paths import expanded

if TYPE_CHECKING:
    from threading import Event

    from crr.config import ValueRange
    from crr.data.datasets import Dataset
    from crr.data.inventory.inventory import Inventory
    from crr.data.inventory.looking import OnError, Part
    from crr.models.detector import Detector
    from crr.types import Progress


@user_errors
def evaluate(
    model: option.Model,
    data: option.Data,
    json_file: option.JsonFile = None,
    category: option.Category = None,
    device: option.Device = "auto",
    card: option.Card = False,
    on_error: option.OnError = "stop",
    value_range: option.Range = None,
    progress: option.ProgressFormat = "bar",
) -> None:
    """Measure a checkpoint on the test images of a data set: detection and localisation."""
    from crr.checkpoints.measured_scores import write_scores
    from crr.checkpoints.model_card import write_figures
    from crr.evaluation.detection import evaluate as run

    asked = _Asked("evaluate", model, data, json_file, category, device, on_error, value_range, progress)

    def measure(detector: "Detector", dataset: "Dataset", looked: "Inventory", report: Any) -> Any:
        return run(detector, dataset, masks=looked.masks, progress=report)

    def keep(folder: Path, result: dict[str, Any], command: str) -> None:
        write_figures(folder, result, command)
        # Without all categories those of the others would be lost; and a limit does best where it was chosen.
        if category is None and "chose_limits" not in result:
            write_scores(folder, result, command)

    _measure(asked, measure, figures_table, keep if card else None)


@user_errors
def identity(
    model: option.Model,
    data: option.Data,
    pairs: option.Pairs = None,
    json_file: option.JsonFile = None,
    category: option.Category = None,
    device: option.Device = "auto",
    card: option.Card = False,
    on_error: option.OnError = "stop",
    value_range: option.Range = None,
    progress: option.ProgressFormat = "bar",
) -> None:
    """Measure identity mapping: the share of a damage that the decoder copies (1) and does not repair (0)."""
    from crr.checkpoints.model_card import write_identity
    from crr.identity.evaluation import measure_identity

    more = () if pairs is None else ("--pairs", pairs.name)
    asked = _Asked(
        "identity", model, data, json_file, category, device, on_error, value_range, progress, more
    )

    def measure(detector: "Detector", dataset: "Dataset", looked: "Inventory", report: Any) -> Any:
        del looked  # no mask of the data set is used
        look_at_pairs(pairs, detector.value_range, progress)
        return measure_identity(detector, dataset, pairs, progress=report)

    _measure(asked, measure, identity_table, write_identity if card else None, "good test")


@user_errors
def compare(
    models: option.Models,
    data: option.Data,
    pairs: option.Pairs = None,
    json_file: option.JsonFile = None,
    category: option.Category = None,
    device: option.Device = "auto",
    on_error: option.OnError = "stop",
    value_range: option.Range = None,
    progress: option.ProgressFormat = "bar",
) -> None:
    """Put checkpoints side by side: detection, identity mapping, time and size (exit code 1 if one fails)."""
    from crr.evaluation.comparison import compare as run, kept_ranges

    check_json_file(json_file, progress)
    paths = [expanded(name) for name in option.names_of(models)]
    kept = {} if value_range else kept_ranges(paths)
    # Guessed, unless every model keeps its own.
    known = value_range or (next(iter(kept.values()), None) if all(kept.values()) else None)
    with _until_stopped(progress) as (report, stop):
        dataset, looked = looked_at(data, category, ("test",), on_error, known, progress, report)
        own = _say_own_ranges(looked, kept, progress)
        look_at_pairs(pairs, looked.value_range or known, progress)
        result = run(
            paths,
            dataset,
            pairs,
            device=device,
            inventory=looked,
            value_range=value_range,
            progress=report,
        ).as_json()
    result["data"] = looked.as_json() | {"value_ranges_of_models": own}
    write_json(json_file, result, progress)
    show_table(result, json_file, progress, comparison_table)
    unfinished = [sentence for row in result["models"] for sentence in _unfinished_of_model(row)]
    _end([*unfinished, *_missing_figures(dataset)], stop)


@user_errors
def layers(
    model: option.Model,
    data: option.Data,
    json_file: option.JsonFile = None,
    category: option.Category = None,
    device: option.Device = "auto",
    on_error: option.OnError = "stop",
    value_range: option.Range = None,
    progress: option.ProgressFormat = "bar",
) -> None:
    """Measure each layer of a checkpoint alone: which one tells the defects of a category best."""
    from crr.evaluation.layers import measure_layers

    asked = _Asked("layers", model, data, json_file, category, device, on_error, value_range, progress)

    def measure(detector: "Detector", dataset: "Dataset", looked: "Inventory", report: Any) -> Any:
        return measure_layers(detector, dataset, masks=looked.masks, progress=report)

    _measure(asked, measure, layers_table, None)


class _Asked(NamedTuple):
    """What the commands that measure one checkpoint are asked for."""

    command: str
    model: str
    data: Path
    json_file: Path | None
    category: Sequence[str] | None
    device: str
    on_error: "OnError"
    value_range: "ValueRange | None"
    progress: ProgressStyle
    more: Sequence[str] = ()
    """Further options, as they stand in the card."""


def _measure(
    asked: _Asked,
    run: Callable[..., Any],
    table: Callable[[Any], Table],
    write_card: Callable[[Path, dict[str, Any], str], None] | None,
    part: "Part" = "test",
) -> None:
    """Load a checkpoint, run a measurement, and write its result where it was asked for.

    Args:
        asked: The options.
        run: From a detector, a data set, what a look at it found, and `progress` to a report with `as_json`.
        table: From the result to what is printed.
        write_card: Writes the result, and the command that measured it, into the checkpoint's card; not if a
            category could not be finished.
        part: The images that are measured on.
    """
    from crr.checkpoints.changed_limits import chose_limits
    from crr.checkpoints.serialization import load

    check_json_file(asked.json_file, asked.progress)
    folder = model_folder(asked.model, asked.progress)
    if write_card is not None:
        check_card(folder)
    detector = load(folder, asked.device)
    with _until_stopped(asked.progress) as (report, stop):
        dataset, looked = looked_at_for(
            detector,
            asked.data,
            asked.category,
            part,
            asked.on_error,
            asked.value_range,
            asked.progress,
            report,
        )
        result = run(detector, dataset, looked, report).as_json()
    result["data"] = looked.as_json()
    chose = chose_limits(detector.config, [fact.digest for fact in looked.facts.values()])
    if chose and "score_ratios" in result:
        result["chose_limits"] = chose
    problems = [*_unfinished(result), *(_missing_figures(dataset) if part == "test" else ())]
    write_json(asked.json_file, result, asked.progress)
    if write_card is not None and not problems:
        options = ["--model", folder.name]
        write_card(folder, result, command_line(asked.command, options, dataset, asked.category, asked.more))
    show_table(result, asked.json_file, asked.progress, table)
    kept_back = () if write_card is None else _not_kept(result, folder)
    for sentence in (*_unjudged(result), *kept_back):
        echo(sentence, colour="yellow", error=True)
    if write_card is not None and problems:
        problems.append(f"The card of {folder.name} is left as it was.")
    _end(problems, stop)


def _say_own_ranges(
    looked: "Inventory", kept: "Mapping[str, ValueRange | None]", style: ProgressStyle
) -> dict[str, dict[str, float]]:
    """Say which models read deep images by another range than what was looked by; these, as plain values."""
    from crr.data.inventory.sentences import named

    found = {}
    for name, own in kept.items():
        if own is None or looked.value_range in (None, own):
            continue
        found[name] = vars(own)
        cut = [looked.name_of(path) for path in replace(looked, value_range=own).beyond_range]
        beyond = f", which cuts {named(cut)}" if cut else ""
        if style != "json":
            echo(f"{name} reads them from {own}, as it was trained with{beyond}.", error=True)
    return found


@contextmanager
def _until_stopped(style: ProgressStyle) -> "Iterator[tuple[Callable[[Progress], None], Event]]":
    """What hears of the progress, and whether somebody stopped it: then the part in work fails.

    So do those after it, and what was finished before is kept, as where a part fails by itself.
    """
    with stoppable("Stopping; what is finished is kept.") as stop, reporting(style) as report:

        def tell(progress: "Progress") -> None:
            if stop.is_set():
                raise StoppedError("it was stopped.")
            if report is not None:
                report(progress)

        yield tell, stop


def _unfinished(result: Mapping[str, Any]) -> Iterator[str]:
    """A sentence for each part of a result that could not be finished."""
    for part, sentence in result.get("failed", {}).items():
        yield f"{part} could not be finished: {sentence}"


def _unjudged(result: Mapping[str, Any]) -> Iterator[str]:
    """A sentence for each category with images that the model would give no verdict on."""
    for name, ratios in result.get("score_ratios", {}).items():
        if ratios.get("unjudged"):
            images = result["categories"][name]["images"]
            yield (
                f"{name}: {ratios['unjudged']:,} of {images:,} images show no part, or one that the model "
                "does not know; they count in the figures, and would get no verdict."
            )


def _not_kept(result: Mapping[str, Any], folder: Path) -> Iterator[str]:
    """Why what the limits find and stop is not written, where they were chosen by the images themselves."""
    if "chose_limits" in result:
        yield (
            f"The limits of {folder.name} were chosen by {result['chose_limits']:,} of these images, on "
            "which they do better than on others. So the scores over the limits are not kept in scores.json; "
            "the figures above depend on no limit."
        )


def _unfinished_of_model(row: Mapping[str, Any]) -> Iterator[str]:
    """The same for a row of a comparison, whose reports have parts of their own."""
    if "error" in row:
        yield f"{row['model']}: {row['error']}"
        return
    for report in (row, row["detection"], row["identity"]):
        for sentence in _unfinished(report or {}):
            yield f"{row['model']}: {sentence}"


def _missing_figures(dataset: "Dataset") -> Iterator[str]:
    """Why nothing can be told apart in a whole data set, where that is so."""
    kinds = [{sample.defective for sample in category.test} for category in dataset.categories]
    if not any(len(kind) == 2 for kind in kinds):
        marked = any(category.has_masks for category in dataset.categories)
        yield (
            f"There are no {'image-level figures' if marked else 'figures'}: no category has both good and "
            "defective test images. Add what is missing to test/good or test/DEFECT."
        )


def _end(problems: Sequence[str], stop: "Event") -> None:
    """Say what is missing from a result, if anything, and end with the exit code for it."""
    for sentence in problems:
        echo(sentence, colour="red", error=True)
    if problems:
        raise typer.Exit(INTERRUPTED if stop.is_set() else SOME_FAILED)
