"""A table whose rows are opened by a click anywhere in them."""

from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Any

import pandas as pd
import streamlit as st

from workbench.components.errors import guarded

ROW = 56  # pixels, so that a thumbnail can be recognised
_HEAD = 44


def height_of(rows: int, most: int) -> int:
    """Pixels of a table of so many rows; from `most` on it scrolls."""
    return min(most, _HEAD + ROW * max(1, rows))


def show_clickable_table(
    name: str,
    rows: Sequence[Hashable],
    cells: pd.DataFrame,
    columns: Mapping[str, Any],
    most_height: int,
    opened: Callable[[int], None],
) -> None:
    """Show rows with thumbnails.

    Args:
        name: Name of the table, its own on the page.
        rows: What identifies each row: other rows, another selection.
        cells: What is shown of each.
        columns: Streamlit's configuration of each column.
        most_height: Height in pixels from which on the table scrolls.
        opened: Hears the number of the row that was clicked.
    """
    key = f"{name}-{hash(tuple(rows))}"

    st.session_state[f"{name}_key"] = key

    @guarded
    def selected() -> None:
        if key != st.session_state[f"{name}_key"]:
            return  # of a table whose rows changed, and the browser has not heard it yet
        selection = st.session_state[key].selection
        clicked = selection.rows or [row for row, _ in selection.cells]
        if clicked:
            opened(clicked[0])

    st.dataframe(
        cells,
        key=key,
        hide_index=True,
        row_height=ROW,
        height=height_of(len(rows), most_height),
        column_config=columns,
        selection_mode=["single-row", "single-cell"],
        on_select=selected,
        placeholder="-",
    )
