"""A report on a batch for people: one page that prints well and needs nothing but itself."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from crr.types import BELOW_LIMIT, USUAL_PERCENT, Image
from workbench.basics.pictures import jpeg_uri, shrink
from workbench.components.assets import read
from workbench.exports.archive import heatmap
from workbench.exports.lines import INSPECTED, BatchExport
from workbench.exports.spreadsheet import Cell, Line
from workbench.inspection.inspector import Inspected
from workbench.inspection.labels import TRUTHS
from workbench.inspection.uploads import Upload
from workbench.inspection.verdict import Regions, category_label, draw_outlines, regions_at

_SIDE, _QUALITY = 480, 80  # pixels and JPEG quality of the pictures
_RIM, _LINE = (255, 255, 255), (232, 89, 12)
_WITHOUT_PICTURE = "normal"
_TRUTHS: dict[Cell, str] = dict(TRUTHS.items())
_STYLES = {"defective": "defective", "check by hand": "hand"}
_PAGE = Environment(
    loader=FileSystemLoader(Path(__file__).parent),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
).get_template("report.html")


def report_page(export: BatchExport, over: float, sentences: Sequence[str]) -> bytes:
    """HTML in UTF-8: who was asked when, the counts, what needs somebody's eye with a picture, every file.

    Parts that are known to be defective and were missed come first.

    Args:
        export: What it is about.
        over: Opacity of the maps over the photos, in [0, 1].
        sentences: What is said of all of it, such as what the limit finds.
    """
    bare: set[str] = set()  # where no place of the map reaches its limit
    pictures: dict[str, str] = {}  # by where they would lie in the zip: the same file name may come twice

    def keep(upload: Upload, inspected: Inspected) -> None:
        limit = export.factor * inspected.inspection.threshold
        missed = export.labels.get(upload.digest) == "defective"
        if missed or inspected.inspection.verdict_at(limit) != _WITHOUT_PICTURE:
            regions = regions_at(inspected.inspection, export.factor)
            picture = _outlined(heatmap(export.open(upload).image, inspected, over), regions)
            name = export.names[upload.digest].heatmap
            pictures[name] = jpeg_uri(picture, _QUALITY)
            if regions.count == 0:
                bare.add(name)

    sheet = export.sheet(keep)
    shown: dict[str, Line] = {}
    for line in sheet.lines:
        if line.get("heatmap") in pictures:
            shown.setdefault(str(line["heatmap"]), line)  # a picture in several files is shown once
    page = _PAGE.render(
        style=read("report.css"),
        about=sheet.about,
        counts=_counts(sheet.lines),
        sentences=sentences,
        limits=_limits(sheet.about),
        saved=export.saved.strftime("%d %B %Y, %H:%M"),
        pictures=[
            (_words(line), pictures[name], name in bare)
            for name, line in sorted(shown.items(), key=lambda one: not _is_missed(one[1]))
        ],
        lines=[_words(line) for line in sheet.lines],
    )
    return page.encode(errors="backslashreplace")


def _outlined(image: Image, regions: Regions) -> Image:
    """A heat-map, made small, with what is outlined on the page."""
    picture = np.ascontiguousarray(shrink(image, _SIDE))
    draw_outlines(picture, regions.mask, _RIM, _LINE)
    return picture


def _counts(lines: Sequence[Line]) -> str:
    """How many files are what."""
    found = Counter(str(line.get("verdict") or line["status"]) for line in lines)
    files = "1 file" if len(lines) == 1 else f"{len(lines)} files"
    return f"{files}: " + ", ".join(f"{count} {what}" for what, count in found.items()) + "."


def _limits(about: Line) -> str:
    strictness = about["strictness"]
    moved = "as calibrated" if strictness == 1 else f"moved to {strictness} times the calibrated ones"
    return (
        f"Limits {moved}. Defective: the score reaches the limit. Check by hand: below it, and higher than "
        f"{USUAL_PERCENT} % of good parts. Models are for non-commercial use where their card says so."
    )


def _words(line: Line) -> dict[str, str]:
    """A line of the table as it is printed."""
    verdict, page = line.get("verdict"), line.get("page")
    why_not = "" if line["status"] == INSPECTED else f"{line['status']}: {line.get('error') or ''}"
    return {
        "name": f"{line['file']}, page {page}" if isinstance(page, int) and page > 1 else str(line["file"]),
        "verdict": str(verdict),
        "why_not": why_not,
        "style": "missed" if _is_missed(line) else _STYLES.get(str(verdict), ""),
        "missed": "Missed: in truth it is not OK." if _is_missed(line) else "",
        "score": _number(line.get("score")),
        "limit": _number(line.get("limit")),
        "category": _likeness(line),
        "truth": _TRUTHS.get(line.get("truth"), ""),
        "same": str(line.get("same_picture") or ""),
    }


def _likeness(line: Line) -> str:
    """Which kind of part it looks like; that which is nearest if it is an unknown one."""
    verdict, category = line.get("verdict"), line.get("category")
    if category is None or verdict == "no part seen":
        return ""
    return f"{'nearest: ' if verdict == 'unknown part' else ''}{category_label(str(category))}"


def _is_missed(line: Line) -> bool:
    """Whether a part is known to be defective and stays below the limit."""
    return line.get("truth") == "defective" and line.get("verdict") in BELOW_LIMIT


def _number(value: Cell) -> str:
    return f"{value:.4f}" if isinstance(value, int | float) else ""
