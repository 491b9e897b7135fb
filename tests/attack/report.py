"""The table of what attacks did, and the same as JSON."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from statistics import median

from tests.attack.stage import Limits, Outcome

HEADINGS = ("attack", "idle MB", "peak MB", "after MB", "before s", "during s", "after s", "verdict")
_WIDTHS = (10, 8, 8, 9, 9, 9, 8)


def line(cells: Sequence[str]) -> str:
    """One row of the table; the last cell is as long as it is."""
    padded = [cell.rjust(width) for cell, width in zip(cells[1:-1], _WIDTHS[1:], strict=True)]
    return "  ".join([cells[0].ljust(_WIDTHS[0]), *padded, cells[-1]])


def row(outcome: Outcome, limits: Limits) -> str:
    """An outcome as a row."""
    memory = [f"{bytes / 1e6:.0f}" for bytes in (outcome.idle, outcome.peak, outcome.after)]
    waits = [_wait(seconds) for seconds in (outcome.before, outcome.during, outcome.later)]
    failures = outcome.failures(limits)
    verdict = f"FAILS: {'; '.join(failures)}" if failures else "holds"
    return line([outcome.name, *memory, *waits, f"{verdict} ({outcome.note})" if outcome.note else verdict])


def _wait(seconds: Sequence[float]) -> str:
    return f"{median(seconds):.2f}" if seconds else "-"


def write_json(outcomes: Sequence[Outcome], limits: Limits, path: Path) -> None:
    """Write all figures, and what failed."""
    rows = [asdict(outcome) | {"failures": outcome.failures(limits)} for outcome in outcomes]
    path.write_text(
        json.dumps({"limits": asdict(limits), "attacks": rows}, indent=2) + "\n", encoding="utf-8"
    )
