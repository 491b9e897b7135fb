"""The lines of a table to keep: a line a file, with what was found in it, or why nothing was.

CSV, Excel, JSON and the zip are made of these lines and of no others.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from functools import partial

from crr.errors import CRRError, ImageError
from crr.runtime.version import version
from crr.types import Label
from workbench.basics.places import for_visitors
from workbench.exports.names import PictureNames, picture_names
from workbench.exports.spreadsheet import Line, Sheet
from workbench.inspection.batch import Batch
from workbench.inspection.inspector import Inspected, Inspector, ModelChoice
from workbench.inspection.uploads import BatchRow, Failure, Upload
from workbench.inspection.verdict import regions_at

COLUMNS = (
    "file", "verdict", "score", "limit", "percentile", "category", "known", "regions", "area_percent",
    "threshold", "model", "revision", "error",
    "status", "heatmap", "mask", "same_picture", "strictness", "saved", "version", "page", "value_range",
    "truth",
)  # fmt: skip

INSPECTED, WAITING, FAILED, LEFT_OUT, PASSED_OVER = (
    "inspected", "not inspected yet", "could not be inspected", "left out", "passed over",
)  # fmt: skip
"""What `status` may be; everything but the first has its reason under `error`."""

Keep = Callable[[Upload, Inspected], None]
"""Hears of every picture that was inspected; raises `ImageError` if its pictures cannot be drawn."""


class BatchExport:
    """A batch as it is at this moment, asked of one model at one strictness.

    Args:
        batch: The visitor's images.
        choice: Model and device.
        inspector: Inspects again what had to be forgotten, and nothing that was not inspected yet.
        factor: Strictness, see `workbench.inspection.verdict`.
        saved: When; now if None. The same moment makes the same file.
        labels: Digest to what is true of a picture.

    Attributes:
        held: What the batch holds; what is inspected from now on changes no file.
        names: Digest to where the pictures lie in the zip.
        open: The file of a picture as the model reads it.
        factor: Strictness.
        labels: Digest to what is true of a picture.
        saved: When.
    """

    def __init__(
        self,
        batch: Batch,
        choice: ModelChoice,
        inspector: Inspector,
        factor: float = 1.0,
        saved: datetime | None = None,
        labels: Mapping[str, Label] | None = None,
    ) -> None:
        self.held = batch.snapshot(choice)
        self.names = picture_names(self.held.uploads)
        self._inspect = partial(batch.inspect, choice=choice, inspector=inspector)
        self.open = partial(batch.open, choice=choice)
        self._uploads = {upload.digest: upload for upload in self.held.uploads}
        self._choice, self.factor, self.labels = choice, factor, labels or {}
        self.saved = saved or datetime.now().astimezone()
        self._traces: Line = {
            "model": choice.model.name,
            "revision": choice.model.revision,
            "strictness": round(factor, 4),
            "saved": self.saved.isoformat(timespec="seconds"),
            "version": version(),
        }

    def sheet(self, keep: Keep | None = None) -> Sheet:
        """The table: highest score over its limit first, then what waits, what failed and what was left out.

        Args:
            keep: Hears of every picture in turn, so that nothing is inspected twice.
        """
        found = [*self._found(keep)]
        waiting = [Failure(upload.names, self.held.waits_because) for upload in self.held.waiting]
        missing = [
            line
            for status, failures in (
                (WAITING, waiting),
                (FAILED, self.held.failures),
                (LEFT_OUT, self.held.left_out),
                (PASSED_OVER, self.held.passed_over),
            )
            for failure in failures
            for line in self._lines(failure.names, {"status": status, "error": failure.sentence})
        ]
        return Sheet(COLUMNS, [*found, *missing], self._about([*found, *missing]))

    def _found(self, keep: Keep | None) -> Iterator[Line]:
        for row in self.held.rows:
            pictures = self.names[row.digest]
            try:
                inspected = self._inspect(row.digest)
                if inspected is None:
                    raise ImageError(f"{row.name} cannot be read again, so its regions are not known.")
                if keep is not None:
                    keep(self._uploads[row.digest], inspected)
                found = self._facts(row, pictures) | self._regions(inspected)
            except CRRError as error:
                found = self._facts(row, None) | {"error": for_visitors(error)}
            yield from self._lines(row.names, found)

    def _facts(self, row: BatchRow, pictures: PictureNames | None) -> Line:
        return {
            "status": INSPECTED,
            "verdict": row.verdict(self.factor),
            "score": round(row.score, 4),
            "limit": round(self.factor * row.limit, 4),
            "percentile": None if row.percentile is None else round(row.percentile, 1),
            "category": row.category,
            "known": "yes" if row.known else "no",
            "page": row.page,
            "value_range": row.value_range or None,
            "truth": self.labels.get(row.digest),
            "heatmap": None if pictures is None else pictures.heatmap,
            "mask": None if pictures is None else pictures.mask,
        }

    def _regions(self, inspected: Inspected) -> Line:
        regions = regions_at(inspected.inspection, self.factor)
        return {
            "regions": regions.count,
            "area_percent": round(100 * regions.area, 3),
            "threshold": round(self.factor * inspected.inspection.pixel_threshold, 4),
        }

    def _lines(self, names: tuple[str, ...], facts: Line) -> Iterator[Line]:
        """A line a file of the same picture; each names the others."""
        for name in names:
            others = [other for other in names if other != name]
            yield {"file": name, **self._traces, **facts, "same_picture": " = ".join(others) or None}

    def _about(self, lines: list[Line]) -> Line:
        """What holds for the whole table, and how many files are what."""
        counts = Counter(str(line["status"]) for line in lines)
        verdicts = Counter(str(line["verdict"]) for line in lines if line.get("verdict"))
        held = {**self._traces, "device": self._choice.device, "lines": len(lines)}
        return held | dict(counts) | {f"verdict: {verdict}": count for verdict, count in verdicts.items()}


def table_of(
    batch: Batch,
    choice: ModelChoice,
    inspector: Inspector,
    factor: float = 1.0,
    saved: datetime | None = None,
    labels: Mapping[str, Label] | None = None,
) -> Sheet:
    """The table of a batch as it is now; arguments as of `BatchExport`."""
    return BatchExport(batch, choice, inspector, factor, saved, labels).sheet()
