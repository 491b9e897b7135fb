"""What the page Compare opens with: a real defect that one model finds and another misses.

Nothing here needs torch, so that the gallery marks the sample before torch is loaded.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from crr.types import Verdict
from workbench.basics.model_names import shown_model

if TYPE_CHECKING:
    from workbench.comparison.comparison import Comparison

OPENING_MODELS = ("crr-embedded", "autoencoder-embedded")
"""The models that are compared at first: CRR, and a baseline that copies what it is shown."""

OPENING_SAMPLE = "screw_bent_tip"
"""A defective sample that the first of these models finds and the second misses.

A test asks both about all samples and fails if that is not so any more.
"""


def missed_defect(comparison: "Comparison") -> str | None:
    """One sentence about a real defect: who finds it and who does not; None if none is known."""
    if comparison.painted or comparison.photo.label != "defective":
        return None
    said: dict[Verdict, list[str]] = {}
    for name, answer in comparison.inspected.items():
        said.setdefault(answer.inspection.verdict, []).append(shown_model(name))
    found, doubted, missed = (said.get(verdict, []) for verdict in ("defective", "check by hand", "normal"))
    parts = [f"{_listed(found)} {_verb('find', found)} it"] if found else []
    if doubted:
        parts.append(f"{_listed(doubted)} would have it checked by hand")
    if missed:
        parts.append(f"{_listed(missed)} {_verb('miss', missed)} it")
    if not parts:
        return None
    return f"This part has a real defect: {', '.join(parts)}."


def _listed(names: Sequence[str]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def _verb(verb: str, names: Sequence[str]) -> str:
    if len(names) > 1:
        return verb
    return verb + ("es" if verb.endswith("s") else "s")
