"""What of the lesson stands in its address, so that a lecturer can send all of it: part, damage, controls."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import streamlit as st

from workbench.inspection.samples import read_samples
from workbench.settings import settings
from workbench.views.lesson.context import DAMAGE, HIDDEN, LAYER, LOOK, PART, STRENGTH, TRAINED, WEIGHT
from workbench.views.shared.address import went_back, write_address

FIRST_PART, FIRST_DAMAGE = "screw_good", 7  # which show the whole ladder well
FIRST_HIDDEN, FIRST_STRENGTH = 40, 40  # percent; at this strength one model finds the first scratch
MOST_DAMAGES = 12
"""Damages to choose from."""

_READ = "lesson_link_read"
_LONGEST = 40  # characters of a value


@dataclass(frozen=True)
class _Linked:
    """A parameter of the address, and the session's key of the same."""

    name: str
    key: str
    first: object
    read: Callable[[str], object]
    steps: Sequence[str] = ()
    """The steps that have its control; of all if empty."""


def good_parts() -> list[str]:
    """The names of the samples that the lesson damages."""
    return [name for name, sample in read_samples(settings().samples).items() if not sample.defective]


def _part(text: str) -> object:
    return text if text in good_parts() else None


def _whole(lowest: int, highest: int, step: int = 1) -> Callable[[str], object]:
    def read(text: str) -> object:
        number = int(text) if text.isdecimal() and len(text) < 4 else -1
        return number if number in range(lowest, highest + 1, step) else None

    return read


def _share(text: str) -> object:
    try:
        share = round(float(text), 2)
    except ValueError:
        return None
    return share if 0 <= share <= 1 else None


_LINKED = (
    _Linked("part", PART, FIRST_PART, _part),
    _Linked("damage", DAMAGE, FIRST_DAMAGE, _whole(1, MOST_DAMAGES)),
    _Linked("layer", LAYER, None, str, ("encoder",)),
    _Linked("look", LOOK, None, str, ("decoder",)),
    _Linked("hidden", HIDDEN, FIRST_HIDDEN, _whole(0, 80, 10), ("masking",)),
    _Linked("trained", TRAINED, None, str, ("repair",)),
    _Linked("weight", WEIGHT, None, _share, ("segmentation",)),
    _Linked("strength", STRENGTH, FIRST_STRENGTH, _whole(10, 100, 10), ("try",)),
)


def read_link() -> None:
    """Put what the address asks for into the session: at first, and when the browser goes back or forward."""
    state = st.session_state
    if not state.get(_READ) or went_back():
        state[_READ] = True
        for linked in _LINKED:
            text = st.query_params.get(linked.name)
            wanted = None if text is None else linked.read(text[:_LONGEST])
            if wanted is not None:
                state[linked.key] = wanted
            elif went_back() and linked.first is not None:  # which the address leaves out
                state[linked.key] = linked.first
            elif went_back():
                state.pop(linked.key, None)
    parts = good_parts()
    state.setdefault(PART, FIRST_PART if FIRST_PART in parts else parts[0])
    state.setdefault(DAMAGE, FIRST_DAMAGE)
    state[PART] = state[PART] or parts[0]
    for key in (PART, DAMAGE):
        state[key] = state[key]  # kept while its widget is on no step that is shown


def write_link(step: str) -> None:
    """Keep in the address what the step of that name shows, as far as it is not as at first."""
    wanted: dict[str, str | None] = {}
    for linked in _LINKED:
        value = st.session_state.get(linked.key)
        shown = not linked.steps or step in linked.steps
        wanted[linked.name] = str(value) if shown and value not in (None, linked.first) else None
    write_address(**wanted)


def known_choice(key: str, options: Sequence[object]) -> None:
    """Forget a choice that a link asked for and that is none of the options."""
    if st.session_state.get(key) not in (None, *options):
        del st.session_state[key]
