"""The picture docs/annotations.svg: the tables of the annotations, drawn from their definition.

    python tools/scheme.py

A test says whether the picture is that of the tables as they are.
"""

import sys
from html import escape
from pathlib import Path

import sqlalchemy as sa

from workbench.annotation.database.tables import metadata

TARGET = Path(__file__).resolve().parent.parent / "docs" / "annotations.svg"
PLACES = {
    "project": (0, 0),
    "member": (0, 1),
    "person": (0, 2),
    "item": (1, 0),
    "score": (1, 1),
    "revision": (2, 0),
    "draft": (2, 1),
    "lease": (2, 2),
    "region": (3, 0),
    "tag": (3, 1),
}
"""Column and row of each table."""

_WIDTH, _GAP, _LINE, _HEAD, _MARGIN = 190, 70, 18, 26, 20
_BELOW = 28  # between two tables of a column
_STYLE = """
text { font: 13px sans-serif; fill: #212529; } .name { font-weight: 600; } .kind { fill: #868e96; }
.box { fill: white; stroke: #495057; } .head { fill: #e9ecef; stroke: #495057; }
path { fill: none; stroke: #1971c2; stroke-width: 1.5; }
"""


def main() -> int:
    """Write the picture."""
    TARGET.write_text(picture(), encoding="utf-8")
    return 0


def picture() -> str:
    """The tables with their columns, and a line from each column that names a row to that row's table."""
    tops = _tops()
    boxes = [_box(table, *_corner(name, tops)) for name, table in metadata.tables.items()]
    lines = [_line(column, tops) for table in metadata.tables.values() for column in table.columns]
    width = 2 * _MARGIN + 4 * _WIDTH + 3 * _GAP
    height = max(tops[name] + _height(name) for name in PLACES) + _MARGIN
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" '
        f'aria-label="Tables of the annotations">\n<style>{_STYLE}</style>\n'
        f'<rect width="{width}" height="{height}" fill="#f8f9fa"/>\n'
        + "\n".join([*filter(None, lines), *boxes])
        + "\n</svg>\n"
    )


def _height(name: str) -> int:
    return _HEAD + _LINE * len(metadata.tables[name].columns) + 8


def _tops() -> dict[str, int]:
    """Where each table begins, in pixels from above."""
    tops = {}
    for across in range(4):
        top = _MARGIN
        column = [name for name, place in PLACES.items() if place[0] == across]
        for name in sorted(column, key=PLACES.__getitem__):
            tops[name] = top
            top += _height(name) + _BELOW
    return tops


def _corner(name: str, tops: dict[str, int]) -> tuple[int, int]:
    return _MARGIN + PLACES[name][0] * (_WIDTH + _GAP), tops[name]


def _box(table: sa.Table, left: int, top: int) -> str:
    rows = [
        f'<rect class="box" x="{left}" y="{top}" width="{_WIDTH}" height="{_height(table.name)}" rx="4"/>',
        f'<rect class="head" x="{left}" y="{top}" width="{_WIDTH}" height="{_HEAD}" rx="4"/>',
        f'<text class="name" x="{left + 8}" y="{top + 18}">{table.name}</text>',
    ]
    for place, column in enumerate(table.columns):
        y = _row(top, place)
        name = f"{column.name} *" if column.primary_key else column.name
        kind = escape(type(column.type).__name__.lower() + ("?" if column.nullable else ""))
        rows.append(f'<text x="{left + 8}" y="{y}">{name}</text>')
        rows.append(f'<text class="kind" x="{left + _WIDTH - 8}" y="{y}" text-anchor="end">{kind}</text>')
    return "\n".join(rows)


def _row(top: int, place: int) -> int:
    return top + _HEAD + _LINE * place + 16


def _line(column: "sa.Column[object]", tops: dict[str, int]) -> str:
    """From a column to the table whose row it names; empty for all other columns."""
    for key in column.foreign_keys:
        left, top = _corner(column.table.name, tops)
        y = _row(top, list(column.table.columns).index(column)) - 5
        other, to = _corner(key.column.table.name, tops)
        end = to + _HEAD // 2
        if other == left:  # the same column of the picture: round its left side
            return f'<path d="M{left} {y} H{left - 12} V{end} H{other}"/>'
        start, stop = (left, other + _WIDTH) if other < left else (left + _WIDTH, other)
        middle = start - _GAP // 2 if other < left else start + _GAP // 2
        return f'<path d="M{start} {y} H{middle} V{end} H{stop}"/>'
    return ""


if __name__ == "__main__":
    sys.exit(main())
