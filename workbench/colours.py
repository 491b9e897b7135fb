"""The colours of the screens: one accent, greys, and the scale of the anomaly map as CSS."""

from crr.colours import colour_table

DEFECT = "#d9480f"
GREY = "#868e96"


def gradient() -> str:
    """The colours of the anomaly map as a CSS gradient from 0 (left) to 1 (right)."""
    stops = ", ".join(
        f"rgb({red},{green},{blue})" for red, green, blue, _ in colour_table(transparent=False)[::15]
    )
    return f"linear-gradient(to right, {stops})"
