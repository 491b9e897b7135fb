"""What the files are that a visitor brought: kinds, sizes, copies, and what was passed over and why."""

from collections.abc import Mapping
from pathlib import Path

from crr.data.inventory.facts import FileFacts
from crr.data.inventory.inventory import Inventory
from workbench.inspection.batch import Batch
from workbench.inspection.inspector import ModelChoice

_NO_ROOM = "left out for want of room"


def look_at_batch(batch: Batch, choice: ModelChoice) -> Inventory:
    """One look at a visitor's files, as the command line takes it; deep photos as this model reads them."""
    uploads, failures = [*batch.uploads.values()], [*batch.failures.values()]
    facts = {
        Path(name): upload.facts or FileFacts(upload.source, None)
        for upload in uploads
        if upload.page == 0
        for name in upload.names
    }
    unusable = {Path(name): failure.sentence for failure in failures for name in failure.names}
    facts |= {
        Path(name): (failure.upload and failure.upload.facts) or FileFacts("", None, error=failure.sentence)
        for failure in failures
        for name in failure.names
    }
    silent = any(upload.silent for upload in uploads)
    return Inventory(
        root=Path(),
        layout="files",
        facts=facts,
        passed_over=_by_reason(
            batch.passed_over | {name: _NO_ROOM for failure in batch.left_out for name in failure.names}
        ),
        unusable=unusable,
        value_range=batch.range_for(choice) if silent else None,
        guessed=silent and batch.chosen_range is None and choice.model.value_range is None,
    )


def _by_reason(reasons: Mapping[str, str]) -> dict[str, list[Path]]:
    """File to reason, turned round."""
    found: dict[str, list[Path]] = {}
    for name, reason in reasons.items():
        found.setdefault(reason, []).append(Path(name))
    return found
