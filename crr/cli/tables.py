"""The results of commands as tables, readable at 80 columns."""

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from crr.cli.terminal import printable
from crr.metrics.report import HEADINGS, as_fraction

if TYPE_CHECKING:
    from crr.checkpoints.files import CheckpointInfo
    from crr.hub import HubModel

_NAME_WIDTH = 40  # of 80 columns
_GROUPS = ("seen", "held_out", "pairs")


def figures_table(result: Mapping[str, Any]) -> Table:
    """The result of an evaluation (`crr.metrics.report.Report.as_json()`), in fractions."""
    table = _table(title=result["model"])
    table.add_column("category", overflow="fold")
    for header in ("images", *HEADINGS.values()):
        table.add_column(header, justify="right", no_wrap=True)
    rows = [*result["categories"].items(), ("mean", result["mean"])]
    for number, (name, figures) in enumerate(rows, start=2):
        cells = [as_fraction(figures[metric]) for metric in HEADINGS]
        table.add_row(_text(name), str(figures["images"]), *cells, end_section=number == len(rows))
    return table


def data_table(result: Mapping[str, Any]) -> Table:
    """What is in a data set (`crr.data.inventory.inventory.Inventory.as_json()`), a row a category."""
    table = _table()
    table.add_column("category", overflow="fold")
    for header in ("train", "good", "defective", "masks"):
        table.add_column(header, justify="right", no_wrap=True)
    table.add_column("kinds of defects", overflow="fold")
    for name, counts in result["categories"].items():
        kinds = ", ".join(f"{count} {kind}" for kind, count in counts["defective"].items())
        numbers = (counts["train"], counts["good"], sum(counts["defective"].values()), counts["masked"])
        table.add_row(_text(name), *map(str, numbers), _text(kinds))
    return table


def identity_table(result: Mapping[str, Any]) -> Table:
    """The result of `crr identity` (`crr.identity.evaluation.IdentityReport.as_json()`)."""
    from crr.anomalies import HELD_OUT

    table = _table(title=f"{result['model']}: share of the damage that is copied")
    table.add_column("", overflow="fold")
    for header in ("seen", "held out", "pairs", "normal error"):
        table.add_column(header, justify="right", no_wrap=True)
    table.add_row(
        "all",
        *(as_fraction(result["index"][group]) for group in _GROUPS),
        as_fraction(result["normal_error"]),
    )
    table.add_row("95 % interval", *(_interval(result["interval"][group]) for group in _GROUPS), "")
    table.add_section()
    for part in ("layers", "categories"):
        rows = list(result[part].items())
        for number, (name, figures) in enumerate(rows, start=1):
            cells = [as_fraction(figures.get(column)) for column in (*_GROUPS, "normal_error")]
            table.add_row(_text(name), *cells, end_section=number == len(rows))
    for name, index in result["kinds"].items():
        held_out = name in HELD_OUT
        table.add_row(
            _text(name),
            "" if held_out else as_fraction(index),
            as_fraction(index) if held_out else "",
            "",
            "",
        )
    return table


def comparison_table(result: Mapping[str, Any]) -> Table:
    """The result of `crr compare` (`ModelComparison.as_json()`): means over the categories."""
    table = _table(title=f"measured on {result['device']}")
    table.add_column("model", overflow="fold")
    shown = ("image_auroc", "pixel_ap", "aupro")  # of the seven, so that it fits; the file has them all
    headers = [*(HEADINGS[metric] for metric in shown), "seen", "held out", "pairs", "error", "ms", "MB"]
    for header in headers:
        table.add_column(header, justify="right", no_wrap=True)
    for row in result["models"]:
        if "error" in row:
            table.add_row(_text(row["model"]), *["–"] * len(headers))
            continue
        mean = (row["detection"] or {}).get("mean", {})
        index = (row["identity"] or {}).get("index", {})
        cells = [*map(mean.get, shown), *map(index.get, _GROUPS), (row["identity"] or {}).get("normal_error")]
        cost = ["–"] * 2
        if row["bytes"] is not None:
            cost = [f"{row['milliseconds']:.0f}", f"{row['bytes'] / 1e6:.1f}"]
        table.add_row(_text(row["model"]), *map(as_fraction, cells), *cost)
    return table


def layers_table(result: Mapping[str, Any]) -> Table:
    """The result of `crr layers` (`crr.evaluation.layers.LayerReport.as_json()`)."""
    table = _table(title=result["model"])
    table.add_column("category", overflow="fold")
    table.add_column("layer", overflow="fold")
    for header in ("I-AUROC", "P-AP", "AUPRO"):
        table.add_column(header, justify="right", no_wrap=True)
    for part, layers in result["categories"].items():
        for number, (name, figures) in enumerate(layers.items(), start=1):
            best = Text(" best", style="bold") if name == result["best"][part] else Text()
            cells = [as_fraction(figures[metric]) for metric in ("image_auroc", "pixel_ap", "aupro")]
            label = _text(part) if number == 1 else Text()
            table.add_row(label, _text(name) + best, *cells, end_section=number == len(layers))
    return table


def inversion_table(result: Mapping[str, Any]) -> Table:
    """The result of `crr evaluate-inversion` (`crr.inversion.evaluation.InversionReport.as_json()`)."""
    table = _table(title="Pictures of features: the control in dB, and shares of damages")
    table.add_column("", overflow="fold")
    names = list(result["mean"]["repaired"])
    for header in ("images", "PSNR", "inside", "clean", "shows it", *names):
        table.add_column(header, justify="right", overflow="fold")
    rows = [*result["categories"].items(), ("mean", result["mean"]), *result["kinds"].items()]
    sections = (len(result["categories"]), len(result["categories"]) + 1)
    for number, (name, figures) in enumerate(rows, start=1):
        decibels = [f"{figures[key]:.1f}" for key in ("psnr", "psnr_inside", "psnr_clean")]
        shares = [
            as_fraction(figures["shows"]),
            *(as_fraction(figures["repaired"][model]) for model in names),
        ]
        cells = [str(figures["images"]), *decibels, *shares]
        table.add_row(_text(name), *cells, end_section=number in sections)
    return table


def checkpoints_table(found: "Sequence[CheckpointInfo]", notes: "Mapping[Path, str]") -> Table:
    """One row a checkpoint; `notes` says more of some, by their folders."""
    table = _models_table([info.name for info in found], "MB")
    for info in found:
        note = notes.get(info.path, "")
        described = _lines(f"{info.method}, {info.encoder}", ", ".join(info.categories), note)
        table.add_row(_text(info.name), described, _megabytes(info.bytes))
    return table


def hub_table(found: "Sequence[HubModel]", here: "Collection[str]") -> Table:
    """One row a model on the Hub; `here` are the commits that are on this machine."""
    table = _models_table([model.name.repo for model in found], "MB", "I-AUROC", title="On the Hub")
    for model in found:
        facts, measured = model.facts, as_fraction(model.results.get("image_auroc"))
        state = [
            f"licence: {model.licence or '?'}",
            "" if model.changed is None else f"changed {model.changed:%Y-%m-%d}",
            "gated" if model.gated else "",
            "on this machine" if model.commit in here else "",
        ]
        known = ", ".join(facts.categories)
        described = _lines(f"{facts.method}, {facts.encoder}", known, ", ".join(filter(None, state)))
        table.add_row(_text(model.name.repo), described, _megabytes(facts.bytes), measured)
    return table


def _models_table(names: Sequence[str], *numbers: str, title: str = "") -> Table:
    """An empty table; the column of names is as wide as they are, because somebody will type them."""
    table = _table(title=title)
    table.add_column("name", overflow="fold", width=min(_NAME_WIDTH, max(map(len, names))))
    table.add_column("method, encoder, categories", overflow="fold")
    for header in numbers:
        table.add_column(header, justify="right", no_wrap=True)
    return table


def _lines(*lines: str) -> Text:
    return Text("\n").join(_text(line) for line in lines if line)


def _megabytes(size: int | None) -> str:
    return "?" if size is None else f"{size / 1e6:.1f}"


def _table(title: str = "") -> Table:
    return Table(title=_text(title), box=SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False)


def _text(name: str) -> Text:
    return Text(printable(name))


def _interval(ends: Sequence[float] | None) -> str:
    return "" if ends is None else f"{ends[0]:.3f}–{ends[1]:.3f}"
