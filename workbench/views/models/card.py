"""The words of a model's card on the page."""

from streamlit.delta_generator import DeltaGenerator

from workbench.basics.markdown import as_part


def show_card(place: DeltaGenerator, words: str) -> None:
    """Show somebody's card in Markdown; whatever stands in it, nothing is loaded from elsewhere."""
    part = as_part(words)
    if part:
        place.html(part)
    else:
        place.caption("It has no card.")
