"""A zip of a batch: heat-map and mask of every picture, the table, and a note of what is missing."""

import io
import zipfile

import numpy as np

from crr.data.images import encode_png
from crr.types import Image
from crr.visualization.colormap import overlay
from workbench.basics.pictures import shrink
from workbench.exports.lines import BatchExport
from workbench.exports.spreadsheet import Sheet, as_csv, as_xlsx
from workbench.inspection.inspector import Inspected
from workbench.inspection.uploads import Upload
from workbench.inspection.verdict import fine_map


def pictures_zip(export: BatchExport, over: float) -> bytes:
    """Zip: `NAME_heatmap.png` (long side at most 1024), `NAME_mask.png` (original size), and the table.

    A file `missing.txt` names every file that has no pictures, and why; there is none if nothing is missing.

    Args:
        export: What goes into it.
        over: Opacity of the map over the image, in [0, 1].
    """
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_STORED) as archive:  # PNG is compressed already

        def write(name: str, data: bytes) -> None:
            archive.writestr(zipfile.ZipInfo(name, export.saved.timetuple()[:6]), data)

        def keep(upload: Upload, inspected: Inspected) -> None:
            names = export.names[upload.digest]
            image = export.open(upload).image
            mask = inspected.inspection.mask(export.factor * inspected.inspection.pixel_threshold)
            pictures = encode_png(heatmap(image, inspected, over)), encode_png(mask.astype(np.uint8) * 255)
            for name, picture in zip(names, pictures, strict=True):
                write(name, picture)

        sheet = export.sheet(keep)
        write("results.csv", as_csv(sheet))
        write("results.xlsx", as_xlsx(sheet))
        note = _missing(sheet)
        if note:
            write("missing.txt", note.encode("utf-8-sig", errors="backslashreplace"))
    return content.getvalue()


def heatmap(image: Image, inspected: Inspected, over: float) -> Image:
    """uint8 (h, w, 3): the image with the map over it at opacity `over`, as the screen shows it."""
    levels = fine_map(inspected.inspection)
    return overlay(shrink(image, max(levels.shape)), levels, over)


def _missing(sheet: Sheet) -> str:
    """What has no pictures and why, a line a file; empty if nothing is missing."""
    lines = [line for line in sheet.lines if line.get("heatmap") is None]
    if not lines:
        return ""
    head = f"{len(lines)} of {len(sheet.lines)} lines of the table have no pictures here:"
    rows = [f"{line['file']}: {line['status']}. {line['error']}" for line in lines]
    return "\r\n".join([head, "", *rows, ""])
