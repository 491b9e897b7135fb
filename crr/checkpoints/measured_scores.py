"""What a checkpoint scored on its own test images: a file that says what its limit finds and stops.

CHECKPOINT/scores.json    written by `crr evaluate --card`
"""

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Annotated, Any

from pydantic import Field
from pydantic.dataclasses import dataclass

from crr.checkpoints.content import SCORES
from crr.checkpoints.files import describe
from crr.errors import ConfigError
from crr.metrics.score_ratios import ScoreRatios
from crr.runtime.files import write_text_atomically
from crr.runtime.paths import StrPath, as_path
from crr.runtime.validation import STRICT, Name, checked, read_json


@dataclass(frozen=True, config=STRICT)
class MeasuredScores:
    """Scores of the test images of a checkpoint.

    Attributes:
        revision: That of the checkpoint that was measured.
        command: What measured it, to be run again.
        categories: Category to its scores over their limits.
    """

    revision: Name
    command: Annotated[str, Field(max_length=2000)]
    categories: Annotated[dict[Name, ScoreRatios], Field(max_length=1000)]


def write_scores(folder: StrPath, report: Mapping[str, Any], command: str) -> None:
    """Keep the scores of a report (`Report.as_json()`) beside its checkpoint.

    Args:
        folder: The checkpoint.
        report: What was measured.
        command: What measured it.

    Raises:
        CheckpointError: The folder is no checkpoint.
        WriteError: The file cannot be written.
    """
    folder = as_path(folder, "The checkpoint")
    measured = MeasuredScores(
        describe(folder).revision,
        command,
        {
            name: ScoreRatios(tuple(ratios["good"]), tuple(ratios["defective"]), ratios["unjudged"])
            for name, ratios in report.get("score_ratios", {}).items()
        },
    )
    write_text_atomically(folder / SCORES, json.dumps(asdict(measured)) + "\n")


def read_scores(folder: StrPath, revision: str) -> MeasuredScores | None:
    """The scores beside a checkpoint; None if there are none, or they are of another revision."""
    path = as_path(folder, "The checkpoint") / SCORES
    try:
        measured = checked(MeasuredScores, read_json(path))
    except (OSError, ValueError, ConfigError):
        return None
    return measured if measured.revision == revision else None
