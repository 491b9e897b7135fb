"""A detector's identity-mapping index on a data set, with the normal error that belongs beside it.

Three groups of damage: of the kinds used in training ("seen"), of kinds never used there ("held_out"), and
real defects that have a clean twin ("pairs"). CRR trains its decoder to repair the first, so only the last
two are evidence. The index and how layers are combined: `crr.identity.index`; images: `crr.identity.pairs`.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from functools import partial
from operator import call
from typing import Any

import numpy as np
import torch
from torch import Tensor

from crr.data.datasets import Dataset
from crr.data.readers import read_ahead
from crr.errors import ConfigError, CRRError
from crr.identity.index import as_number, layer_indices, mean_index, normal_error, passed_damage
from crr.identity.pairs import GROUP_FILLINGS, DamagedPair, Group, PairSet, real_pairs, synthetic_pairs
from crr.inference.engine import check_batch_size
from crr.inference.forward import forward
from crr.metrics.report import finished
from crr.models.detector import Detector
from crr.runtime.paths import StrPath, as_path
from crr.runtime.progress import Reporter
from crr.types import Image, Progress, Reconstruction

_STAGES: dict[Group, str] = {"seen": "seen damage", "held_out": "held-out damage", "pairs": "pairs"}
_RESAMPLES = 1000
_INTERVAL = (0.025, 0.975)


@dataclass(frozen=True)
class IdentityReport:
    """What `measure_identity` found; an index is None where no damage shows, and for pairs without any.

    Attributes:
        model: Name of the checkpoint.
        index: Group to its identity-mapping index: 1 = damage is copied, 0 = repaired.
        interval: Group to [low, high], the 95 % bootstrap interval of that index, over images.
        normal_error: Mean of 1 - cosine between encoder and decoder on clean images, in [0, 2].
        layers: Layer to its index a group ("seen", "held_out", "pairs") and its "normal_error".
        categories: Category to its "seen" and "held_out" index and its "normal_error"; without those that
            have no normal test images.
        kinds: Filling of synthetic damage to its index.
        failed: Category that could not be finished, or the folder of pairs, to the sentence that says why; it
            is in no figure.
    """

    model: str
    index: dict[Group, float | None]
    interval: dict[Group, list[float] | None]
    normal_error: float
    layers: dict[str, dict[str, float | None]]
    categories: dict[str, dict[str, float | None]]
    kinds: dict[str, float | None]
    failed: dict[str, str] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """A dictionary of plain values with the attributes as keys, "failed" only if anything did."""
        values = asdict(self)
        return {key: value for key, value in values.items() if key != "failed" or value}


def measure_identity(
    detector: Detector,
    dataset: Dataset,
    pairs: StrPath | None = None,
    *,
    progress: Callable[[Progress], None] | None = None,
    batch_size: int = 8,
    images: int = 24,
) -> IdentityReport:
    """Measure how much of a damage the detector's decoder copies, and how well it knows the normal.

    Memory does not grow with the number of images: of each only its sums are kept.

    Args:
        detector: What is measured.
        dataset: Opened by `crr.data.datasets.open_dataset`; only its normal test images are read.
        pairs: Folder of real pairs, see `crr.identity.pairs.real_pairs`.
        progress: Called about once a second with stage "seen damage", "held-out damage" or "pairs"; a step
            is a clean image with its damaged copies.
        batch_size: Images a forward pass, at least 1; but a clean image and its copies go together.
        images: Most clean images a category, evenly spread; each is damaged with every filling. Fewer are
            faster, with wider intervals.

    Raises:
        ConfigError: `batch_size` or `images` is below 1.
        DatasetError: There is no normal test image, or `pairs` is not a folder of pairs.
        CRRError: No category could be finished: an image cannot be read, the device ran out of memory, or the
            detector answered with something that is not a finite number. Where only some could not, they are
            named in `IdentityReport.failed`.
    """
    check_batch_size(batch_size)
    if images < 1:
        raise ConfigError(f"{images} images a category are asked for; choose 1 or more.")
    encoder = detector.config.encoder
    groups: dict[Group, PairSet] = {
        group: synthetic_pairs(dataset, encoder, group, images, value_range=detector.value_range)
        for group in GROUP_FILLINGS
    }
    if pairs is not None:
        groups["pairs"] = real_pairs(pairs, encoder, detector.value_range)
    measuring = _Measuring(detector, groups, batch_size, Reporter(progress))
    rows, failed = finished({name: partial(measuring.category, name) for name in groups["seen"].categories})
    measured = {group: [row for found in rows.values() for row in found[group]] for group in _STAGES}
    if pairs is not None:
        try:
            measured["pairs"] = measuring.pairs()
        except CRRError as error:
            failed[f"The folder of pairs {as_path(pairs).name}"] = str(error)
    return _report(detector, measured, failed)


@dataclass(frozen=True)
class _Measured:
    """What is kept of a clean image and its damaged copies.

    Attributes:
        category: Category of the image.
        sums: Filling to the (layers, 2) float64 sums of the copy with that filling.
        normal_error: (layers,) float64.
    """

    category: str
    sums: dict[str, Tensor]
    normal_error: Tensor


class _Measuring:
    """Measures one category after the other, in all groups of damage, and counts how far it is in each."""

    def __init__(
        self, detector: Detector, groups: Mapping[Group, PairSet], batch_size: int, reporter: Reporter
    ) -> None:
        self._detector, self._groups = detector, groups
        self._batch_size, self._reporter = batch_size, reporter
        self._begun = dict.fromkeys(groups, 0)

    def category(self, name: str) -> dict[Group, list[_Measured]]:
        """The rows of a category's synthetic damage."""
        return {group: self._rows(group, name) for group in GROUP_FILLINGS} | {"pairs": []}

    def pairs(self) -> list[_Measured]:
        """The rows of the real pairs."""
        return [row for name in self._groups["pairs"].categories for row in self._rows("pairs", name)]

    def _rows(self, group: Group, category: str) -> list[_Measured]:
        pair_set, measured = self._groups[group], []
        makers = pair_set.categories[category]
        self._reporter.begin(_STAGES[group], len(pair_set), self._begun[group])
        self._begun[group] += len(makers)
        with ThreadPoolExecutor() as pool:
            for batch in read_ahead(pool, call, makers, max(1, self._batch_size // (1 + pair_set.copies))):
                measured += _measure_batch(self._detector, [copies for copies in batch if copies])
                self._reporter.advance(len(batch), images=sum(1 + len(copies) for copies in batch))
        return measured


@torch.inference_mode()
def _measure_batch(detector: Detector, batch: Sequence[Sequence[DamagedPair]]) -> list[_Measured]:
    """Each clean image goes through the network once, however many copies it has."""
    if not batch:
        return []
    pairs = [pair for copies in batch for pair in copies]
    origin = [number for number, copies in enumerate(batch) for _ in copies]
    images = [copies[0].clean for copies in batch] + [pair.damaged for pair in pairs]
    reconstruction = _reconstruct(detector, images)
    clean = reconstruction.rows(range(len(batch)))
    damaged = reconstruction.rows(range(len(batch), len(images)))
    mask = torch.from_numpy(np.stack([pair.mask for pair in pairs]))
    sums = passed_damage(clean.rows(origin), damaged, mask).sums().cpu().double()
    errors = normal_error(clean).cpu().double()
    if not (sums.isfinite().all() and errors.isfinite().all()):
        raise CRRError(
            "The model's features are not finite numbers, so nothing can be measured. "
            "It is probably damaged: try another checkpoint, or train it again."
        )
    rows = iter(sums)
    return [
        _Measured(copies[0].category, {pair.filling: next(rows) for pair in copies}, error)
        for copies, error in zip(batch, errors, strict=True)
    ]


def _reconstruct(detector: Detector, images: Sequence[Image]) -> Reconstruction:
    # What is compared are small differences of features: they need all their digits.
    with torch.autocast(detector.device.type, enabled=False):
        return forward(detector, images, at_input_size=True).reconstruction


def _report(
    detector: Detector, measured: Mapping[Group, Sequence[_Measured]], failed: dict[str, str]
) -> IdentityReport:
    names = [layer.name for layer in detector.encoder.layers]
    nothing = torch.zeros(len(names), 2, dtype=torch.float64)

    def index(sums: Iterable[Tensor]) -> float | None:
        return as_number(mean_index(sum(sums, start=nothing)))

    layers = {group: layer_indices(sum(_sums(measured[group]), start=nothing)) for group in _STAGES}
    categories = dict.fromkeys(row.category for row in measured["seen"])
    return IdentityReport(
        model=detector.name,
        index={group: index(_sums(measured[group])) for group in _STAGES},
        interval={group: _interval(measured[group]) for group in _STAGES},
        normal_error=float(_errors(measured["seen"]).mean()),
        layers={
            name: {group: as_number(layers[group][number]) for group in _STAGES}
            | {"normal_error": float(_errors(measured["seen"])[:, number].mean())}
            for number, name in enumerate(names)
        },
        categories={
            category: {group: index(_sums(measured[group], category)) for group in GROUP_FILLINGS}
            | {"normal_error": float(_errors(measured["seen"], category).mean())}
            for category in categories
        },
        kinds={
            filling: index(row.sums[filling] for row in measured[group] if filling in row.sums)
            for group, fillings in GROUP_FILLINGS.items()
            for filling in fillings
        },
        failed=failed,
    )


def _sums(rows: Sequence[_Measured], category: str | None = None) -> list[Tensor]:
    """(layers, 2) sums of each clean image, over its damaged copies."""
    return [sum(row.sums.values(), start=torch.zeros(())) for row in rows if category in (None, row.category)]


def _errors(rows: Sequence[_Measured], category: str | None = None) -> Tensor:
    """(images, layers) normal errors."""
    return torch.stack([row.normal_error for row in rows if category in (None, row.category)])


def _interval(rows: Sequence[_Measured]) -> list[float] | None:
    """Percentile bootstrap: clean images are drawn anew within their category, each with all its copies."""
    if not rows:
        return None
    random = np.random.default_rng(0)
    resampled = torch.zeros(())
    for category in dict.fromkeys(row.category for row in rows):
        sums = torch.stack(_sums(rows, category))
        counts = random.multinomial(len(sums), np.full(len(sums), 1 / len(sums)), _RESAMPLES)
        resampled = resampled + torch.tensordot(torch.from_numpy(counts).to(sums), sums, dims=1)
    indices = mean_index(resampled)
    known = indices[~indices.isnan()]
    return torch.quantile(known, known.new_tensor(_INTERVAL)).tolist() if len(known) else None
