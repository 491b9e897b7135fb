"""One photo and one model, with everything that the layer explorer compares them with."""

from collections.abc import Hashable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from crr.errors import CRRError
from crr.inference.explanation import Explanation, FeatureMask, gain_of
from crr.types import Image
from workbench.basics.pictures import DISPLAY_SIDE, Picture, picture_of, shrink
from workbench.explanation.cache import ExplanationCache
from workbench.explanation.identity_index import Copied, copied_by
from workbench.explanation.study_image import StudyImage, network_view
from workbench.inspection.inspector import Inspector, ModelChoice
from workbench.inspection.verdict import outlines_of
from workbench.reference.cache import NormalReference, ReferenceCache, StepCallback
from workbench.reference.patches import CategoryReference, ColourBasis, colour_basis_of


@dataclass(frozen=True, eq=False)
class LayerExplanation:
    """What a model says of a photo, and what is usual.

    Attributes:
        shown: The photo.
        choice: Which model.
        explanation: Every step of its answer, the decoder's features in the encoder's unit of length.
        identity: Equal for the same answer to the same image.
        hidden: What was kept from the decoder.
        normal: What is usual for the model.
        bases: Colours, a layer.
        picture: Of the whole photo.
        image: uint8 (H, W, 3), the part of it that the network sees, at most `DISPLAY_SIDE`.
        outlines: Of the damage, or of the defect where it is marked; (N, 2), x and y in pixels of `picture`.
        copied: How much of a damage it copied, layer by layer; None if unknown.
    """

    shown: StudyImage
    choice: ModelChoice
    explanation: Explanation
    identity: Hashable
    hidden: FeatureMask
    normal: NormalReference
    bases: tuple[ColourBasis, ...]
    picture: Picture
    image: Image
    outlines: tuple[NDArray[np.float64], ...]
    copied: Copied | None

    @property
    def name(self) -> str:
        """Of the model."""
        return self.choice.model.name


def explore(
    shown: StudyImage,
    choice: ModelChoice,
    inspector: Inspector,
    normality: ReferenceCache,
    exploration: ExplanationCache,
    hidden: FeatureMask,
    tell: StepCallback,
    *,
    neighbours: bool = True,
) -> LayerExplanation:
    """Ask a model, and gather what is usual for it; what was asked before is recalled.

    Args:
        shown: The photo.
        choice: Which model, on which device.
        inspector: Asks it.
        normality: Knows what is usual.
        exploration: Remembers the visitor's explanations.
        hidden: What is kept from the decoder.
        tell: Hears how far the first use of a model's normal images is.
        neighbours: Whether patches are to be looked up among normal ones, which takes seconds the first time.

    Raises:
        CRRError: The model cannot be asked.
    """
    identity = (shown.key, choice.key, hidden)

    def make() -> LayerExplanation:
        explanation = exploration.explain(shown.key, shown.image, choice, inspector, hidden)
        normal = normality.of(choice, explanation.inspection.category, tell, neighbours)
        seen = network_view(shown.image, explanation.view)
        picture = picture_of(shown.image, shown.digest)
        return LayerExplanation(
            shown=shown,
            choice=choice,
            explanation=_scaled(explanation, normal.reference),
            identity=identity,
            hidden=hidden,
            normal=normal,
            bases=normal.reference.bases if normal.reference else _own_bases(explanation),
            picture=picture,
            image=shrink(seen, DISPLAY_SIDE),
            outlines=() if shown.mask is None else tuple(outlines_of(shown.mask, picture.size)),
            copied=copied_by(shown, explanation, choice, inspector, exploration, hidden, normal.reference),
        )

    # By name too: copies of a checkpoint answer alike, and are shown by their own names.
    return exploration.explored((identity, choice.model.name, neighbours), make)


@dataclass(frozen=True)
class PaintedAnswer:
    """What a model's decoder answered, as a picture.

    Attributes:
        encoder: Whose features are painted.
        control: uint8 (crop, crop, 3), what that encoder saw, painted by the same network.
        picture: uint8 (crop, crop, 3), what the decoder answered.
        view: Share of the photo, around its centre, that both show.
    """

    encoder: str
    control: Image
    picture: Image
    view: float


def paint_answers(
    shown: StudyImage, choices: Sequence[ModelChoice], inspector: Inspector, exploration: ExplanationCache
) -> dict[str, PaintedAnswer]:
    """Model name to its decoder's answer as a picture.

    Models that fail, or for whose encoder there is no inversion network, are left out. The answers' unit of
    length is taken from this image, because what is usual for a model takes longer to find out.
    """
    painted = {}
    for choice in choices:
        with suppress(CRRError):
            explanation = exploration.explain(shown.key, shown.image, choice, inspector, FeatureMask())
            identity = (shown.key, choice.key)
            pictures = exploration.paint(identity, _scaled(explanation, None), choice, inspector)
            if pictures is not None:
                control, answer = pictures
                encoder = choice.model.encoder
                painted[choice.model.name] = PaintedAnswer(encoder, control, answer, explanation.view)
    return painted


def _scaled(explanation: Explanation, reference: CategoryReference | None) -> Explanation:
    """By what normal patches say, or without those by the image itself."""
    if reference is not None:
        gains = [layer.gain for layer in reference.layers]
    else:
        gains = [gain_of(layer.encoder, layer.decoder) for layer in explanation.layers]
    layers = [layer.scaled(gain) for layer, gain in zip(explanation.layers, gains, strict=True)]
    return replace(explanation, layers=tuple(layers))


def _own_bases(explanation: Explanation) -> tuple[ColourBasis, ...]:
    """Without normal images, the colours in which this image differs most in itself."""
    return tuple(
        colour_basis_of(layer.encoder.reshape(-1, layer.layer.channels)) for layer in explanation.layers
    )
