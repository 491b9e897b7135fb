"""The command `crr limits`: limits of a checkpoint chosen by images whose truth is known."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from crr.cli import options as option
from crr.cli.support import (
    SOME_FAILED,
    check_card,
    check_json_file,
    command_line,
    is_for_a_person,
    looked_at_for,
    model_folder,
    user_errors,
    write_json,
)
from crr.cli.terminal import echo, reporting
from crr.runtime.files import check_new_folder

if TYPE_CHECKING:
    from crr.config import DetectorConfig
    from crr.evaluation.limits import LimitReport


@user_errors
def limits(
    model: option.Model,
    data: option.Data,
    out: option.NewCheckpoint,
    false_alarms: option.FalseAlarms = None,
    json_file: option.JsonFile = None,
    category: option.Category = None,
    device: option.Device = "auto",
    on_error: option.OnError = "stop",
    value_range: option.Range = None,
    progress: option.ProgressFormat = "bar",
) -> None:
    """Choose a checkpoint's limits by images whose truth is known, and write a new checkpoint."""
    from crr.checkpoints.changed_limits import with_limits
    from crr.checkpoints.serialization import load
    from crr.evaluation.limits import choose_limits, judge

    check_json_file(json_file, progress)
    folder = model_folder(model, progress)
    check_new_folder(out)
    check_card(folder)
    detector = load(folder, device)
    with reporting(progress) as report:
        dataset, looked = looked_at_for(
            detector, data, category, "test", on_error, value_range, progress, report
        )
        judged = judge(detector, dataset, looked, report)
    share = None if false_alarms is None else false_alarms / 100
    result = choose_limits(judged.scores, judged.unjudged, share)
    options = [] if false_alarms is None else ["--false-alarms", f"{false_alarms:g}"]
    command = command_line(
        "limits", ["--model", folder.name], dataset, category, ["--out", out.name, *options]
    )
    if result.changes:
        factors = {change.category: change.factor for change in result.changes}
        said = "\n".join([f"Chosen by `{command}`:", "", *_rows(result)])
        chosen_by = {name: judged.digests[name] for name in factors}
        with_limits(folder, out, factors, said, chosen_by, looked.value_range)
    write_json(json_file, {"out": str(out) if result.changes else None, **result.as_json()}, progress)
    if is_for_a_person(json_file, progress):
        _tell(result, out)
    if result.kept or not result.changes:
        raise typer.Exit(SOME_FAILED)


def thin_limits(config: "DetectorConfig") -> Iterator[str]:
    """A sentence for each limit of a trained model that rests on few photos."""
    from crr.evaluation.limits import LEAST

    for entry in config.calibration:
        count = len(entry.normal_scores)
        if count < LEAST:
            photos = "1 good photo that was" if count == 1 else f"{count} good photos that were"
            yield (
                f"The limit of {entry.name} rests on {photos} held back. With more photos, or by crr limits "
                "on labelled ones, it gets surer."
            )


def _rows(result: "LimitReport") -> Iterator[str]:
    """The table of the card."""
    yield "| category | limit, over before | missed before | after | false alarms before | after |"
    yield "|---|---|---|---|---|---|"
    for change in result.changes:
        errors = (
            change.before.missed,
            change.after.missed,
            change.before.false_alarms,
            change.after.false_alarms,
        )
        yield f"| {change.category} | {change.factor:.3f} | {' | '.join(map(str, errors))} |"
    yield ""
    yield (
        "After: by cross-validation, each fifth of the images at the limit that the others choose. "
        "In brackets the 95 % interval."
    )


def _tell(result: "LimitReport", out: Path) -> None:
    for change in result.changes:
        before, after = change.before, change.after
        echo(f"{change.category}: limit times {change.factor:.3f}")
        echo(f"  missed        {before.missed}, then {after.missed}")
        echo(f"  false alarms  {before.false_alarms}, then {after.false_alarms}")
    for name, reason in result.kept.items():
        echo(f"{name} keeps its limit: {reason}", colour="yellow", error=True)
    if result.unjudged:
        echo(f"{result.unjudged} images show no part, or an unknown one: no limit changes that.", error=True)
    if result.changes:
        echo("Then: by cross-validation, each fifth at the limit that the others choose; 95 % intervals.")
        echo(f"Wrote {out}")
    else:
        echo("No limit changes, so that nothing is written.", colour="red", error=True)
