"""What the lesson shows: one part, one damage, and what the models of the ladder make of it, live."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from crr.checkpoints.files import CheckpointInfo
from crr.errors import CheckpointError
from crr.inference.explanation import Map
from crr.inference.forward import EncoderPasses, FeatureMask
from crr.types import Image, Verdict
from crr.visualization.colormap import colour
from workbench.components.strokes import Stroke
from workbench.explanation.explorer import LayerExplanation, LayerExplorer
from workbench.explanation.study_image import StudyImage, original
from workbench.inspection.image_file import sample_file
from workbench.inspection.inspector import ModelChoice
from workbench.inspection.photo import SamplePhoto
from workbench.inspection.samples import GallerySample
from workbench.inspection.verdict import percent_copied
from workbench.painting.damage import Damaged, Filling, Synthetic, paint, synthetic_damage
from workbench.reference.discrepancy import discrepancy

LADDER: Mapping[str, str] = {
    "autoencoder": "autoencoder-embedded",
    "+ masking and dropout": "masked-embedded",
    "+ repair": "repair-embedded",
    "+ segmentation = CRR": "crr-embedded",
}
"""Rung to the checkpoint that the repository brings for it."""

_FIRST, *_, _LAST = LADDER
PAIR: Mapping[str, str] = {_FIRST: "Autoencoder", _LAST: "CRR"}
"""The two rungs that are set beside each other on a part that a visitor paints on, and their names there."""

KIND = "texture"  # of the damage: foreign material, which shows on every part


@dataclass(frozen=True)
class ModelAnswer:
    """What a model of the ladder makes of the damaged part.

    Attributes:
        found: Layer by layer.
        painted: What the encoder saw and what the decoder answered as pictures; None without a network.
        index: The share of the damage that was copied, None where it does not show.
    """

    found: LayerExplanation
    painted: list[Image] | None
    index: float | None

    @property
    def percent(self) -> str:
        """The index as people say it."""
        return "?" if self.index is None else f"{percent_copied(self.index):.0f} %"


@dataclass(frozen=True, eq=False)
class ShownAnswer:
    """What is shown of a model's answer to a damaged part.

    Attributes:
        index: The share of the damage that was copied, None where it does not show.
        percent: The same as people say it.
        verdict: Of the part.
        score: Of the part.
        limit: From which on it is defective.
        drawing: The decoder's answer as a picture; None without an inversion network.
        heatmap: The anomaly map as colours.
    """

    index: float | None
    percent: str
    verdict: Verdict
    score: float
    limit: float
    drawing: Image | None
    heatmap: Image

    @property
    def found(self) -> bool:
        """Whether the score reaches the limit."""
        return self.score >= self.limit

    @property
    def nbytes(self) -> int:
        """Bytes of memory that its pictures take."""
        return self.heatmap.nbytes + (0 if self.drawing is None else self.drawing.nbytes)


def shown_answer(answer: ModelAnswer) -> ShownAnswer:
    """What is shown of an answer, without the features that it was made from."""
    explanation = answer.found.explanation
    return ShownAnswer(
        answer.index,
        answer.percent,
        explanation.inspection.verdict,
        explanation.inspection.score,
        explanation.inspection.threshold,
        None if answer.painted is None else answer.painted[1],
        heat(explanation.terms.fused().anomaly_map),
    )


class Demonstration:
    """One student's lesson: recalls what was asked before."""

    def __init__(self, explorer: LayerExplorer, models: Mapping[str, CheckpointInfo], device: str) -> None:
        """Args: explorer, of this session; models, by name; device, of theirs."""
        self._explorer = explorer
        self._models = models
        self._device = device

    def choice(self, rung: str) -> ModelChoice:
        """The model of a rung of `LADDER`; raises `CheckpointError` if it is not there."""
        name = LADDER[rung]
        if name not in self._models:
            raise CheckpointError(
                f"The lesson needs the checkpoint {name}, which is not on this machine. Restore it from the "
                "repository's folder checkpoints/."
            )
        return ModelChoice(self._models[name], self._device)

    def damage(self, sample: GallerySample, number: int, donors: Sequence[Path]) -> StudyImage:
        """A part with the damage of that number, the same every time.

        Raises:
            ImageError: The sample or a donor cannot be read.
        """
        whole = original(SamplePhoto(sample), sample_file(sample))
        damaged = synthetic_damage(whole.image, Synthetic(KIND, number), donors)
        return self.damaged(whole, damaged, ("lesson", sample.name, number))

    @classmethod
    def painted(
        cls, whole: StudyImage, strokes: tuple[Stroke, ...], filling: Filling, key: Hashable
    ) -> StudyImage:
        """A part with what a visitor painted on it; `key` identifies the part and the filling."""
        nothing = np.zeros(whole.image.shape[:2], dtype=bool)
        damaged = paint(Damaged(whole.image, nothing), strokes, filling)
        return cls.damaged(whole, damaged, (key, strokes))

    @staticmethod
    def damaged(whole: StudyImage, damaged: Damaged, key: object) -> StudyImage:
        """A part with a damage that is known; `key` identifies it."""
        return StudyImage(
            whole.photo, whole.file, damaged.image, key, whole.digest, clean=whole.image, mask=damaged.mask
        )

    def ask(
        self, study: StudyImage, rung: str, mask: FeatureMask | None = None, paint: bool = True
    ) -> ModelAnswer:
        """What the model of a rung makes of a part; raises `CRRError` if it cannot be asked."""
        found = self._explorer.explain(study, self.choice(rung), mask, neighbours=False)
        painted = self._explorer.pictures(found) if paint else None
        return ModelAnswer(found, painted, None if found.copied is None else found.copied.index)

    def margins(self, studies: Sequence[StudyImage], rungs: Sequence[str]) -> list[list[float]]:
        """Score - limit of several parts of one size, for each rung's model; raises as `ask`."""
        images, passes = [study.image for study in studies], EncoderPasses()
        return [
            [
                inspection.score - inspection.threshold
                for inspection in self._explorer.inspector.inspect_images(images, self.choice(rung), passes)
            ]
            for rung in rungs
        ]

    def indices(self, study: StudyImage, rung: str, rates: Sequence[float], seed: int) -> list[float | None]:
        """The index of a rung's model at several rates of masking."""
        return [self.ask(study, rung, FeatureMask(rate, seed), paint=False).index for rate in rates]


def features_picture(found: LayerExplanation, layer: int, what: str) -> Image:
    """What the encoder "saw", the decoder was "shown" or has "answered", in one layer as colours."""
    explained = found.explanation.layers[layer]
    features = {"saw": explained.encoder, "shown": explained.shown, "answered": explained.decoder}[what]
    return found.bases[layer].colours(features)


def moved_picture(clean: LayerExplanation, damaged: LayerExplanation, layer: int) -> Image:
    """How far a layer's features moved when the part was damaged: 1 - cosine from 0 to 1, as colours."""
    before, after = (found.explanation.layers[layer].encoder for found in (clean, damaged))
    return heat(discrepancy(before, after, "cosine"))


def heat(values: Map) -> Image:
    """A map from 0 to 1 as colours."""
    return colour(np.asarray(values, dtype=np.float32))
