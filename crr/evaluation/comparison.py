"""Checkpoints side by side on one data set: what they find, how much they copy, what they cost."""

import statistics
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from crr.checkpoints.content import read_config
from crr.checkpoints.distinct_names import distinct_names
from crr.checkpoints.files import describe
from crr.checkpoints.serialization import load
from crr.config import ValueRange
from crr.data.datasets import Dataset
from crr.data.images import decode
from crr.data.inventory.inventory import Inventory
from crr.data.inventory.looking import look_at_dataset
from crr.errors import CRRError
from crr.evaluation.detection import count_test_images, evaluate
from crr.hub import find
from crr.identity.evaluation import IdentityReport, measure_identity
from crr.identity.pairs import pair_files
from crr.inference.engine import inspect
from crr.metrics.report import Report, finished
from crr.models.detector import Detector
from crr.runtime.devices import resolve_device
from crr.runtime.paths import StrPath, as_paths
from crr.runtime.progress import Reporter
from crr.types import Progress

_TIMED_RUNS = 15
_WARM_UP_RUNS = 3


@dataclass(frozen=True)
class Cost:
    """What a detector takes.

    Attributes:
        milliseconds: Median time of one image of the data set, decoded, from resizing to the score.
        parameters: Numbers that the checkpoint holds, learnt or remembered, without the encoder's.
        bytes: Size of the checkpoint's files.
    """

    milliseconds: float
    parameters: int
    bytes: int


@dataclass(frozen=True)
class Compared:
    """One checkpoint's row; a measurement that could not be finished is None.

    Attributes:
        model: Name of the checkpoint.
        method: For example "crr" or "patchcore".
        detection: From `crr.evaluation.detection.evaluate`.
        identity: From `crr.identity.evaluation.measure_identity`.
        cost: Time and size.
        failed: Measurement ("detection", "identity", "cost") that is None to the sentence that says why.
    """

    model: str
    method: str
    detection: Report | None = None
    identity: IdentityReport | None = None
    cost: Cost | None = None
    failed: dict[str, str] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """Plain values: names, cost and both reports as they give themselves, and "failed" if any."""
        row: dict[str, Any] = {"model": self.model, "method": self.method}
        for name, report in (("detection", self.detection), ("identity", self.identity)):
            values = None if report is None else report.as_json()
            row[name] = values and {key: values[key] for key in values if key != "model"}
        row |= dict.fromkeys(field.name for field in fields(Cost)) if self.cost is None else vars(self.cost)
        return {**row, "failed": self.failed} if self.failed else row


@dataclass(frozen=True)
class Failed:
    """A checkpoint that could not be measured, and why."""

    model: str
    error: str

    def as_json(self) -> dict[str, Any]:
        """{"model", "error"}."""
        return dict(vars(self))


@dataclass(frozen=True)
class ModelComparison:
    """What `compare` found.

    Attributes:
        device: What everything ran on.
        models: A row a checkpoint, in the order asked for.
    """

    device: str
    models: tuple[Compared | Failed, ...]

    def as_json(self) -> dict[str, Any]:
        """{"device", "models": [row, ...]} of plain values."""
        return {"device": self.device, "models": [row.as_json() for row in self.models]}


def compare(
    models: Sequence[StrPath],
    dataset: Dataset,
    pairs: StrPath | None = None,
    *,
    device: str = "auto",
    inventory: Inventory | None = None,
    value_range: ValueRange | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> ModelComparison:
    """Measure one checkpoint after the other; what fails leaves its sentence and the rest goes on.

    Args:
        models: Names or folders of checkpoints, each once. Those of one name are told apart in the rows
            and in the progress by more of their paths.
        dataset: Opened by `crr.data.datasets.open_dataset`; its test images are read.
        pairs: Folder of real defects with clean twins, see `crr.identity.pairs.real_pairs`.
        device: Name of a device, as `crr.load` takes it.
        inventory: From a look at the test images before; else it is taken here. Its range for images deeper
            than 8 bits holds for models that keep none of their own.
        value_range: Black and white of images deeper than 8 bits that do not say it, those of `pairs` too,
            for all models, whatever they keep.
        progress: Called about once a second; stages are named after checkpoint and measurement.

    Raises:
        ConfigError: A checkpoint is named twice.
        DeviceError: There is no such device.
        DatasetError: There is no test image, or `pairs` is no folder of pairs.
    """
    target = str(resolve_device(device))
    count_test_images(dataset)
    if pairs is not None:
        pair_files(pairs)
    named = _named_folders(as_paths(models, "A checkpoint"))
    looked = inventory or look_at_dataset(dataset, ("test",), value_range=value_range, progress=progress)
    rows: list[Compared | Failed] = []
    for name, folder in named:
        if isinstance(folder, CRRError):
            rows.append(Failed(name, str(folder)))
        else:
            rows.append(_row(name, folder, dataset, pairs, target, looked, value_range, progress))
    return ModelComparison(target, tuple(rows))


def kept_ranges(models: Sequence[StrPath]) -> dict[str, ValueRange | None]:
    """What each checkpoint that is there is called in a comparison, and the range that it keeps."""
    found = {}
    for name, folder in _named_folders(as_paths(models, "A checkpoint")):
        if isinstance(folder, Path):
            with suppress(CRRError):  # which its row will say
                found[name] = read_config(folder).value_range
    return found


def _named_folders(models: Sequence[Path]) -> list[tuple[str, Path | CRRError]]:
    """What each checkpoint is called in the comparison, and its folder or why it has none."""
    found = [_found(model) for model in models]
    folders = [folder for folder in found if isinstance(folder, Path)]
    names = dict(zip(folders, distinct_names(folders), strict=True))
    return [
        (names[folder] if isinstance(folder, Path) else str(model), folder)
        for model, folder in zip(models, found, strict=True)
    ]


def _found(model: Path) -> Path | CRRError:
    try:
        return find(model)
    except CRRError as error:
        return error


def _row(
    name: str,
    folder: Path,
    dataset: Dataset,
    pairs: StrPath | None,
    device: str,
    looked: Inventory,
    given: ValueRange | None,
    progress: Callable[[Progress], None] | None,
) -> Compared | Failed:
    show = None if progress is None else _named(name, progress)
    loading = Reporter(show)
    try:
        loading.begin("load", 1)
        loading.advance(images=0)  # who stopped the work is heard before minutes of loading
        detector = load(folder, device)
        detector.value_range = given or detector.value_range or looked.value_range
        measurements: dict[str, Callable[[], Any]] = {
            "detection": lambda: evaluate(detector, dataset, masks=looked.masks, progress=show),
            "identity": lambda: measure_identity(detector, dataset, pairs, progress=show),
            "cost": lambda: _cost(detector, dataset, describe(folder).bytes),
        }
        found, failed = finished(measurements)
        return Compared(name, detector.config.method, **found, failed=failed)
    except CRRError as error:
        return Failed(name, str(error))


def _named(name: str, progress: Callable[[Progress], None]) -> Callable[[Progress], None]:
    return lambda report: progress(replace(report, stage=f"{name}: {report.stage}"))


def _cost(detector: Detector, dataset: Dataset, size: int) -> Cost:
    first = next(sample for category in dataset.categories for sample in category.test)
    image = decode(first.path, str(first.path), value_range=detector.value_range)
    times = []
    for _ in range(_WARM_UP_RUNS + _TIMED_RUNS):
        start = time.perf_counter()
        inspect(detector, [image])
        times.append(1000 * (time.perf_counter() - start))
    return Cost(
        milliseconds=statistics.median(times[_WARM_UP_RUNS:]),
        parameters=sum(tensor.numel() for tensor in detector.own_tensors().values()),
        bytes=size,
    )
