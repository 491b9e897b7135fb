"""How a model's answer is looked at on the page Layers: what is measured, and which place is chosen."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from workbench.explanation.explorer import LayerExplanation
from workbench.explanation.location import Location
from workbench.explanation.patch_reading import LayerReading, look_at
from workbench.reference.discrepancy import MEASURES, DiscrepancyChoice

_POINT, _AREA = "Point", "Area"
_PICKS = {_POINT: "point", _AREA: "area"}


@dataclass(frozen=True, eq=False)
class ExplorerState:
    """How a model's answer is looked at.

    Attributes:
        found: The answer.
        discrepancy_choice: How the discrepancy is measured.
        pick: "point" or "area": what a drag chooses.
        location: What was chosen, in the photo.
        alone: Whether no other model stands beside it, so that there is room at the side.
        chosen: Hears which place was chosen next.
    """

    found: LayerExplanation
    discrepancy_choice: DiscrepancyChoice
    pick: str
    location: Location
    alone: bool
    chosen: Callable[[Sequence[float]], None]

    def key(self, name: str) -> str:
        """The key of a widget, for this model."""
        return f"{name}-{self.found.name}"

    @property
    def local(self) -> Location:
        """The place in what the network sees of the photo."""
        return self.location.within(self.found.explanation.view)

    @cached_property
    def at(self) -> list[LayerReading]:
        """What there is to say of each layer at the place."""
        explanation = self.found.explanation
        return [
            look_at(
                explanation,
                index,
                self.local,
                self.discrepancy_choice.of(layer.layer.channels),
                self.found.normal,
            )
            for index, layer in enumerate(explanation.layers)
        ]

    def sides(self) -> tuple[DeltaGenerator, DeltaGenerator]:
        """Where pictures go and what is said of them: beside each other if there is room."""
        if self.alone:
            left, right = st.columns([11, 9], gap="medium")
            return left, right
        below = st.container()
        return below, below


def choose_measure() -> DiscrepancyChoice:
    """Choose how the discrepancy is measured."""
    name = st.segmented_control(
        "Discrepancy",
        list(MEASURES),
        default=next(iter(MEASURES)),
        required=True,
        key="discrepancy",
        bind="query-params",
        help="Model's own: as the model counts it, on the scale of the anomaly map, where 0.5 is rare among "
        "normal patches; these are the maps that are summed. 1 - cosine: by direction alone, as in the "
        "paper. L2: root mean square of the difference over channels. One channel: the absolute difference "
        "in a single channel. The colours of the last three end at twice what is rare among normal patches.",
    )
    channel = 0
    if name == "One channel":
        channel = st.number_input(
            "Channel",
            0,
            9999,
            0,
            key="channel",
            bind="query-params",
            width=110,
            help="Its number in each layer; of a layer that has fewer channels its last one.",
        )
    return DiscrepancyChoice(name, int(channel))


def choose_pick() -> str:
    """Choose whether the mouse picks a point or an area."""
    name = st.segmented_control(
        "Choose",
        list(_PICKS),
        default=_POINT,
        required=True,
        key="pick",
        persist_state="session",
        help="Click a place in any picture to look at that patch in every layer; the arrow keys move it. "
        "Area: drag a rectangle, and everything is about the mean of its patches.",
    )
    return _PICKS[name]


def peak(found: LayerExplanation) -> Location:
    """Where the anomaly map is highest."""
    levels = found.explanation.inspection.anomaly_map
    row, column = divmod(int(levels.argmax()), levels.shape[1])
    x, y = (column + 0.5) / levels.shape[1], (row + 0.5) / levels.shape[0]
    return Location(x, y, x, y)
