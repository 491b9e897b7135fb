"""How well an inversion network paints damage, and what it paints of decoders' answers.

The control counts first: where the picture of the encoder's features does not show a damage, the picture of a
decoder's answer means nothing there.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from operator import call
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from crr.config import ValueRange
from crr.data.datasets import Dataset, every_image
from crr.data.inventory.guessing import guessed_range
from crr.data.readers import read_ahead
from crr.errors import ConfigError, DatasetError
from crr.identity.pairs import GROUP_FILLINGS, DamagedPair, synthetic_pairs
from crr.inference.explanation import gain_of
from crr.inference.forward import EncoderPasses, encode, forward
from crr.inversion.network import InversionNetwork
from crr.models.detector import Detector
from crr.runtime.progress import Reporter
from crr.types import Features, Image, Mask, Progress, Reconstruction


@dataclass(frozen=True)
class PaintingFigures:
    """Figures of the damaged test images of a category, or of a kind of damage.

    Attributes:
        images: Damaged images.
        psnr: Mean peak signal-to-noise ratio of the control, the encoder's features painted, in dB.
        psnr_inside: Mean peak signal-to-noise ratio of the control inside the damage alone.
        psnr_clean: Ratio of the clean part inside the damage: what a picture without the damage would reach.
        shows: Share of damages inside of which the control is nearer to the damaged image than to the clean
            one, in [0, 1].
        repaired: Model to the share of damages inside of which its painted answer is nearer to the clean
            part than to the damaged image.
    """

    images: int
    psnr: float
    psnr_inside: float
    psnr_clean: float
    shows: float
    repaired: dict[str, float]


@dataclass(frozen=True)
class InversionReport:
    """What `measure_inversion` found.

    Attributes:
        categories: Category to its figures, over all kinds of damage.
        kinds: Filling of the damage to its figures, over all categories.
        mean: Over categories.
    """

    categories: dict[str, PaintingFigures]
    kinds: dict[str, PaintingFigures]
    mean: PaintingFigures

    def as_json(self) -> dict[str, Any]:
        """A dictionary of plain values with the attributes as keys."""
        return asdict(self)


def measure_inversion(
    network: InversionNetwork,
    detectors: Sequence[Detector],
    dataset: Dataset,
    *,
    value_range: ValueRange | None = None,
    progress: Callable[[Progress], None] | None = None,
    images: int = 12,
) -> InversionReport:
    """Paint normal test images with damage of every kind, from features and from answers.

    Args:
        network: Inverts the encoder of all `detectors`.
        detectors: Whose answers are painted; at least one, for its encoder.
        dataset: Data set whose normal test images are damaged.
        value_range: Black and white of images deeper than 8 bits that do not say it; if None, as the first
            detector keeps it that keeps any, else guessed from all images of the data set.
        progress: Called about once a second with the stage "inversion".
        images: Most clean images a category; each is damaged with every filling.

    Raises:
        ConfigError: No detector is given, or two have one name; or deep images that do not say their range
            have no range that can be guessed.
        DatasetError: There is no normal test image, or no damage shows on any.
        ImageError: An image cannot be read.
    """
    if not detectors:
        raise ConfigError("Name at least one model whose answers are to be painted.")
    twice = [name for name, count in Counter(detector.name for detector in detectors).items() if count > 1]
    if twice:
        raise ConfigError(f"Two models are called {twice[0]}: their figures would be mixed. Rename one.")
    encoder = detectors[0].config.encoder
    read_from = value_range or _range_of(detectors, dataset)
    groups = [
        synthetic_pairs(dataset, encoder, group, images, value_range=read_from) for group in GROUP_FILLINGS
    ]
    makers = [make for pair_set in groups for make in pair_set.makers]
    reporter = Reporter(progress)
    reporter.begin("inversion", len(makers))
    categories: defaultdict[str, list[_Row]] = defaultdict(list)
    kinds: defaultdict[str, list[_Row]] = defaultdict(list)
    with ThreadPoolExecutor() as pool:
        for [copies] in read_ahead(pool, call, makers, 1):
            for pair, row in zip(copies, _measure(network, detectors, copies), strict=True):
                categories[pair.category].append(row)
                kinds[pair.filling].append(row)
            reporter.advance(images=1 + len(copies))
    if not categories:
        raise DatasetError(
            f"No damage shows on the good test images of {dataset.root}, so nothing is painted."
        )
    figures = {name: _figures(rows) for name, rows in categories.items()}
    by_kind = {name: _figures(rows) for name, rows in kinds.items()}
    return InversionReport(figures, by_kind, _mean(list(figures.values())))


def _range_of(detectors: Sequence[Detector], dataset: Dataset) -> ValueRange | None:
    """Black and white of deep images that do not say it: as a model keeps it, else guessed from them all."""
    kept = next((detector.value_range for detector in detectors if detector.value_range), None)
    return kept or guessed_range(every_image(dataset))


@dataclass(frozen=True)
class _Row:
    """One damaged image: mean square errors in [0, 1], and whose answers are nearer to the clean part."""

    whole: float
    inside: float
    clean: float
    shows: bool
    repaired: dict[str, bool]


@torch.inference_mode()
def _measure(
    network: InversionNetwork, detectors: Sequence[Detector], copies: Sequence[DamagedPair]
) -> list[_Row]:
    if not copies:
        return []
    images, passes = [copies[0].clean, *(pair.damaged for pair in copies)], EncoderPasses()
    features = encode(detectors[0], images, passes, at_input_size=True)
    controls = _painted(network, [layer[1:] for layer in features])
    answers = {}
    for detector in detectors:
        answered = forward(detector, images, passes, at_input_size=True).reconstruction
        answers[detector.name] = _painted(network, _answers(answered))
    return [
        _Row(
            whole=_error(control, pair.damaged),
            inside=_error(control, pair.damaged, pair.mask),
            clean=_error(_unit(pair.clean), pair.damaged, pair.mask),
            shows=_nearer_to(control, pair, pair.damaged),
            repaired={name: _nearer_to(painted[row], pair, pair.clean) for name, painted in answers.items()},
        )
        for row, (control, pair) in enumerate(zip(controls, copies, strict=True))
    ]


def _answers(reconstruction: Reconstruction) -> Features:
    """The answers to the damaged images, in the unit of length that the answer to the clean one tells."""
    gains = [
        gain_of(seen[0].float().cpu().numpy(), answered[0].float().cpu().numpy())
        for seen, answered in zip(reconstruction.encoder, reconstruction.decoder, strict=True)
    ]
    return [gain * layer[1:] for gain, layer in zip(gains, reconstruction.decoder, strict=True)]


def _painted(network: InversionNetwork, features: Features) -> NDArray[np.float32]:
    """(B, size, size, 3) in [0, 1]."""
    pictures: Tensor = network(features)
    return np.asarray(pictures.float().permute(0, 2, 3, 1).cpu().numpy())


def _unit(image: Image) -> NDArray[np.float32]:
    return np.asarray(image / np.float32(255), dtype=np.float32)


def _error(picture: NDArray[np.float32], image: Image, mask: Mask | None = None) -> float:
    squares = np.square(picture - _unit(image))
    return float((squares if mask is None else squares[mask]).mean())


def _nearer_to(picture: NDArray[np.float32], pair: DamagedPair, wanted: Image) -> bool:
    other = pair.clean if wanted is pair.damaged else pair.damaged
    return _error(picture, wanted, pair.mask) < _error(picture, other, pair.mask)


def _figures(rows: Sequence[_Row]) -> PaintingFigures:
    return PaintingFigures(
        images=len(rows),
        psnr=_psnr([row.whole for row in rows]),
        psnr_inside=_psnr([row.inside for row in rows]),
        psnr_clean=_psnr([row.clean for row in rows]),
        shows=float(np.mean([row.shows for row in rows])),
        repaired={name: float(np.mean([row.repaired[name] for row in rows])) for name in rows[0].repaired},
    )


def _psnr(errors: Sequence[float]) -> float:
    """Mean over images of their peak signal-to-noise ratio in dB."""
    return float(np.mean(-10 * np.log10(np.maximum(errors, 1e-10))))


def _mean(figures: Sequence[PaintingFigures]) -> PaintingFigures:
    def mean(name: str) -> float:
        return float(np.mean([getattr(row, name) for row in figures]))

    return PaintingFigures(
        images=sum(row.images for row in figures),
        psnr=mean("psnr"),
        psnr_inside=mean("psnr_inside"),
        psnr_clean=mean("psnr_clean"),
        shows=mean("shows"),
        repaired={
            name: float(np.mean([row.repaired[name] for row in figures])) for name in figures[0].repaired
        },
    )
