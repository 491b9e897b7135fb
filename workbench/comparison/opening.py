"""What the page Compare opens with: a real defect that one model finds and another misses.

Nothing here needs torch, so that the gallery marks the sample before torch is loaded.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from workbench.comparison.comparison import Comparison

OPENING_MODELS = ("crr-embedded", "autoencoder-embedded")
"""The models that are compared at first: CRR, and a baseline that copies what it is shown."""

OPENING_SAMPLE = "screw_bent_tip"
"""A defective sample that the first of these models finds and the second misses.

A test asks both about all samples and fails if that is not so any more.
"""


def missed_defect(comparison: "Comparison") -> str | None:
    """One sentence about a real defect on which the verdicts differ; None if there is nothing to say."""
    if comparison.painted or comparison.photo.label != "defective":
        return None
    verdicts = {name: answer.inspection.verdict for name, answer in comparison.inspected.items()}
    found = [name for name, verdict in verdicts.items() if verdict == "defective"]
    missed = [name for name, verdict in verdicts.items() if verdict == "normal"]
    if not found or not missed:
        return None
    return (
        f"This part has a real defect: {_listed(found)} {_verb('find', found)} it, "
        f"{_listed(missed)} {_verb('miss', missed)} it."
    )


def _listed(names: Sequence[str]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def _verb(verb: str, names: Sequence[str]) -> str:
    if len(names) > 1:
        return verb
    return verb + ("es" if verb.endswith("s") else "s")
