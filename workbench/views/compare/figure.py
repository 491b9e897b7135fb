"""Save figure: what stands on the page Compare, as a file for a paper or a lecture."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import streamlit as st

from crr.types import Image
from workbench.comparison.comparison import Comparison
from workbench.comparison.figure import KINDS, MIME, Kind, comparison_figure
from workbench.views.shared.services import services
from workbench.views.shared.session import current_visitor


def offer_figure(comparison: Comparison, image: Callable[[], Image], credit: str) -> None:
    """A button a kind of file, made at the click.

    Args:
        comparison: What is saved.
        image: What the models were asked about.
        credit: Where the photo comes from; empty for a visitor's own.
    """
    painted = "A defect was painted on it." if comparison.painted and comparison.outlines else ""
    caption = [sentence for sentence in (credit, painted) if sentence]
    stem = Path(comparison.photo.name).stem if comparison.photo.own else comparison.photo.key

    def made(kind: Kind) -> bytes:
        return comparison_figure(comparison, image(), current_opacity, caption, kind)

    current_opacity, making = current_visitor().opacity, services().making
    with st.container(horizontal=True, vertical_alignment="center", key="save_figure"):
        st.markdown("Save figure")
        for kind in KINDS:
            st.download_button(
                kind.upper(),
                making.at_the_click(partial(made, kind)),
                f"{stem}_comparison.{kind}",
                MIME[kind],
                icon=":material/download:",
                key=f"figure_{kind}",
                on_click="ignore",
                help="Photo, heat-maps, scores and limits, one scale of colours, and the models' "
                "fingerprints. PNG has 300 dots an inch; in SVG and PDF words stay words.",
            )
