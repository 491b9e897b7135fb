"""How far scores lie above their limits as a defect fades, in words."""

from collections.abc import Sequence


def where_lost(name: str, percents: Sequence[float], margins: Sequence[float]) -> str:
    """At which strength a model loses a defect, as a sentence.

    Args:
        name: What the model is called.
        percents: Strengths of the defect, rising.
        margins: Score - limit at each; found from 0 on.
    """
    finds = [margin >= 0 for margin in margins]
    if all(finds):
        return f"{name} finds it at every strength."
    if not any(finds):
        return f"{name} finds it at none."
    first = finds.index(True)
    if not all(finds[first:]):
        found = ", ".join(f"{percent:g}" for percent, hit in zip(percents, finds, strict=True) if hit)
        return f"{name} finds it at {found} %, and at no other strength drawn here."
    weaker, stronger = margins[first - 1], margins[first]
    share = -weaker / (stronger - weaker)
    crossing = percents[first - 1] + share * (percents[first] - percents[first - 1])
    return f"{name} loses it below about {crossing:.0f} %."
