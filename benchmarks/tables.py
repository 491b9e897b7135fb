r"""Prints the tables of docs/identity-mapping.md and draws its pictures, from the files that commands wrote.

crr compare --models A,B,... --data DATA --pairs PAIRS --json compare.json
python benchmarks/tables.py compare.json --picture docs/identity-mapping.png
python benchmarks/tables.py compare.json --curves repair-curve.json autoencoder-curve.json \
        --curve-picture docs/training-curve.png
"""

import argparse
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from crr.metrics.report import HEADINGS
from workbench.basics.palettes import DEFECT, GREY
from workbench.comparison.plots import identity_figure

LADDER = {
    "autoencoder-embedded": "autoencoder",
    "masked-embedded": "+ masking and dropout",
    "repair-embedded": "+ repair",
    "crr-embedded": "+ segmentation = CRR",
}
SHORT = ("image_auroc", "pixel_ap", "aupro")
GROUPS = {"seen": "seen damage", "held_out": "held-out damage", "pairs": "real pairs"}
STYLES = {"held_out": "solid", "pairs": "dash"}


def main() -> None:
    """Print the tables, and draw the pictures that were asked for."""
    arguments = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    arguments.add_argument("comparison", type=Path, help="JSON file of `crr compare`")
    arguments.add_argument("--picture", type=Path, help="PNG of index against normal error")
    arguments.add_argument(
        "--curves",
        type=Path,
        nargs=3,
        metavar=("FIRST", "SECOND", "PNG"),
        help="two files of benchmarks/training_curve.py, and the picture to draw of them",
    )
    options = arguments.parse_args()
    models = read(options.comparison)["models"]
    print_detection(models)
    print_identity(models)
    print_ladder(models)
    if options.picture:
        points = {
            row["model"].removesuffix("-embedded"): (row["identity"]["normal_error"], index)
            for row in models
            if (index := row["identity"]["index"]["held_out"]) is not None
        }
        write_png(identity_figure(points).update_layout(height=420), options.picture, width=760)
    if options.curves:
        *curves, picture = options.curves
        write_png(curve_figure([read(path) for path in curves]), picture, width=900)


def read(path: Path) -> dict[str, Any]:
    """A JSON file."""
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return content


def print_detection(models: Sequence[dict[str, Any]]) -> None:
    """The seven detection figures in %, time, parameters and size; a row a model."""
    rows = [
        [
            row["model"],
            *(percent(row["detection"]["mean"][metric]) for metric in HEADINGS),
            f"{row['milliseconds']:.0f}",
            f"{row['parameters'] / 1e6:.2f}",
            f"{row['bytes'] / 1e6:.1f}",
        ]
        for row in models
    ]
    print_table(["checkpoint", *HEADINGS.values(), "ms", "million parameters", "MB"], rows)


def print_identity(models: Sequence[dict[str, Any]]) -> None:
    """The index of each kind of damage with its interval, and the normal error; a row a model."""
    rows = [
        [
            row["model"],
            *(indexed(row["identity"], group) for group in GROUPS),
            share(row["identity"]["normal_error"]),
        ]
        for row in models
    ]
    print_table(["checkpoint", *GROUPS.values(), "normal error"], rows)


def print_ladder(models: Sequence[dict[str, Any]]) -> None:
    """The rungs from a plain autoencoder to CRR."""
    known = {row["model"]: row for row in models}
    rows = [
        [
            rung,
            name,
            *(percent(known[name]["detection"]["mean"][metric]) for metric in SHORT),
            *(share(known[name]["identity"]["index"][group]) for group in GROUPS),
            share(known[name]["identity"]["normal_error"]),
        ]
        for name, rung in LADDER.items()
        if name in known
    ]
    headings = [HEADINGS[metric] for metric in SHORT]
    print_table(["rung", "checkpoint", *headings, *GROUPS.values(), "normal error"], rows)


def print_table(headings: Iterable[str], rows: Iterable[Iterable[str]]) -> None:
    """A table in Markdown with an empty line behind it."""
    headings = list(headings)
    for cells in (headings, ["---"] * len(headings), *rows):
        print(f"| {' | '.join(cells)} |")
    print()


def curve_figure(curves: Sequence[dict[str, Any]]) -> go.Figure:
    """Left the index over the iterations, right what is found; a colour a model."""
    figure = make_subplots(cols=2, subplot_titles=["identity index", "mean of I-AUROC, P-AP and AUPRO"])
    for curve, colour in zip(curves, (DEFECT, GREY), strict=True):
        name, rows = curve["model"].removesuffix("-embedded"), curve["curve"]
        line = {"x": [row["iterations"] for row in rows], "line_color": colour, "row": 1}
        for group, dash in STYLES.items():
            values = [row["index"][group] for row in rows]
            figure.add_scatter(y=values, name=f"{name}, {GROUPS[group]}", line_dash=dash, col=1, **line)
        found = [sum(row["detection"][metric] for metric in SHORT) / len(SHORT) for row in rows]
        figure.add_scatter(y=found, name=f"{name}, detection", col=2, **line)
    figure.update_xaxes(title="iterations", type="log", tickvals=line["x"])
    figure.update_yaxes(range=[0, 1], col=1)
    figure.update_layout(height=380, margin={"l": 8, "r": 8, "t": 40, "b": 8})
    return figure


def write_png(figure: go.Figure, path: Path, width: int) -> None:
    """Draw a figure in a Chromium: Plotly's own export needs one too, and a package more."""
    from playwright.sync_api import sync_playwright

    from tools.chromium import find

    figure.update_layout(template="plotly_white", paper_bgcolor="white", plot_bgcolor="white", font_size=13)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find(), args=["--no-sandbox"])
        page = browser.new_page(
            viewport={"width": width, "height": figure.layout.height}, device_scale_factor=2
        )
        page.set_content(f"<style>body {{ margin: 0 }}</style>{figure.to_html(include_plotlyjs=True)}")
        page.wait_for_selector(".main-svg")
        page.screenshot(path=path)
        browser.close()


def indexed(identity: dict[str, Any], group: str) -> str:
    """An index and its interval."""
    if identity["index"][group] is None:
        return "–"
    low, high = identity["interval"][group]
    return f"{share(identity['index'][group])} ({share(low)} to {share(high)})"


def share(value: float | None) -> str:
    """With two digits and no minus before a zero."""
    return "–" if value is None else f"{round(value, 2) + 0.0:.2f}"


def percent(value: float | None) -> str:
    """In %, with one digit."""
    return "–" if value is None else f"{100 * value:.1f}"


if __name__ == "__main__":
    main()
