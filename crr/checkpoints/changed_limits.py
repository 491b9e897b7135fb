"""A checkpoint with other limits: a new one, beside that from which it was made."""

import json
import shutil
from collections.abc import Collection, Mapping
from dataclasses import replace
from itertools import chain

from crr.checkpoints.card_metadata import card_to_change
from crr.checkpoints.content import CARD, CONFIG, SCORES, read_config
from crr.checkpoints.files import PULLED
from crr.checkpoints.model_card import with_block
from crr.config import DetectorConfig, ValueRange
from crr.errors import ConfigError
from crr.runtime.files import new_folder
from crr.runtime.paths import StrPath, as_path

_BLOCK, _HEADING = "limits", "Limits"
_DIGITS = 12
"""Of a digest that tell one image from all others of a data set."""


def chose_limits(config: DetectorConfig, digests: Collection[str]) -> int:
    """How many images of those with these SHA-256 digests chose the limits of a checkpoint."""
    chose = set(config.limits_chosen_by)
    return sum(digest[:_DIGITS] in chose for digest in digests)


def with_limits(
    checkpoint: StrPath,
    out: StrPath,
    factors: Mapping[str, float],
    said: str,
    chosen_by: Mapping[str, Collection[str]],
    value_range: ValueRange | None = None,
) -> None:
    """Write a copy of a checkpoint whose limits are other ones.

    The value from which the map is outlined moves along. What the old limits found on test images
    (`scores.json`) is left out, since it is not true of the new ones.

    Args:
        checkpoint: Folder of the checkpoint, which stays as it is.
        out: Folder of the new one, which is not there yet or is empty.
        factors: Category to its new limit over the old one; others keep theirs.
        said: What the card says of it.
        chosen_by: Category to the SHA-256 of the files of the images that chose its limit: they measure it
            no more.
        value_range: By which those of them were read that are deeper than 8 bits and do not say it, as the
            limits hold for no other; kept in the new checkpoint. None if they needed none.

    Raises:
        ConfigError: There is something in `out`, or a category is none of the checkpoint's.
        CheckpointError: The folder is no checkpoint.
        WriteError: The new one cannot be written; nothing is left of it then.
    """
    folder, out = as_path(checkpoint, "The checkpoint"), as_path(out, "The folder of the new checkpoint")
    config = read_config(folder)
    unknown = sorted(factors.keys() - {one.name for one in config.calibration})
    if unknown:
        raise ConfigError(f"{folder.name} has no limit for {unknown[0]}.")
    changed = replace(
        config,
        calibration=tuple(
            replace(
                one,
                threshold=factors.get(one.name, 1.0) * one.threshold,
                pixel_threshold=factors.get(one.name, 1.0) * one.pixel_threshold,
            )
            for one in config.calibration
        ),
        limits_chosen_by=tuple(
            sorted({*config.limits_chosen_by, *(digest[:_DIGITS] for digest in chain(*chosen_by.values()))})
        ),
        value_range=value_range or config.value_range,
    )
    with new_folder(out) as new:
        shutil.copytree(folder, new, dirs_exist_ok=True, ignore=shutil.ignore_patterns(SCORES, PULLED, ".*"))
        (new / CONFIG).write_text(json.dumps(changed.as_json(), indent=2) + "\n", encoding="utf-8")
        card = with_block(card_to_change(folder), _BLOCK, _HEADING, said)
        (new / CARD).write_text(card, encoding="utf-8")
