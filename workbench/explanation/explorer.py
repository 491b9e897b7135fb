"""One photo and one model, with everything that the layer explorer compares them with."""

from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crr.errors import CRRError
from crr.identity.index import IdentityIndex, Origin
from crr.inference.explanation import Explanation, gain_of
from crr.inference.forward import FeatureMask
from crr.types import Image
from workbench.basics.cache import BoundedCache, recent
from workbench.basics.pictures import DISPLAY_SIDE, Picture, picture_of, shrink
from workbench.explanation.feature_pictures import paint_answer
from workbench.explanation.identity_index import IndexMeasure
from workbench.explanation.location import Location
from workbench.explanation.study_image import StudyImage, network_view
from workbench.inspection.explanation_cache import ExplanationCache
from workbench.inspection.inspector import Inspector, ModelChoice
from workbench.inspection.verdict import outlines_of
from workbench.reference.cache import NormalReference, ReferenceCache, StepCallback
from workbench.reference.patches import CategoryReference, ColourBasis, colour_basis_of

_EXPLAINED = 6  # whole answers at hand; they hold explanations


@dataclass(frozen=True, eq=False)
class LayerExplanation:
    """What a model says of a photo, and what is usual.

    Attributes:
        study: The photo.
        choice: Which model.
        explanation: Every step of its answer, the decoder's features in the encoder's unit of length.
        identity: Equal for the same answer to the same image.
        mask: What was hidden from the decoder.
        normal: What is usual for the model.
        bases: Colours, a layer.
        picture: Picture of the whole photo.
        image: uint8 (H, W, 3), the part of it that the network sees, at most `DISPLAY_SIDE`.
        outlines: Edges of the damage, or of a marked defect; (N, 2), x and y in pixels of `picture`.
        copied: How much of a damage the decoder copied, layer by layer; None if unknown.
    """

    study: StudyImage
    choice: ModelChoice
    explanation: Explanation
    identity: Hashable
    mask: FeatureMask
    normal: NormalReference
    bases: tuple[ColourBasis, ...]
    picture: Picture
    image: Image
    outlines: tuple[NDArray[np.float64], ...]
    copied: IdentityIndex | None

    @property
    def name(self) -> str:
        """The model's name."""
        return self.choice.model.name


@dataclass(frozen=True)
class AnswerPicture:
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


def ignore_progress(_done: int, _total: int, _what: str) -> None:
    """Hears how far work is, and tells nobody."""


class LayerExplorer:
    """Explains photos layer by layer for one visitor; lives in the session.

    Attributes:
        locations: Key of a photo to the place that the visitor chose in it.
    """

    def __init__(self, explanations: ExplanationCache, references: ReferenceCache, limit: int) -> None:
        """Args: explanations, of this visitor; references, of all; limit, bytes kept of pictures."""
        self.locations: dict[str, Location] = {}
        self._explanations = explanations
        self._references = references
        self._indices = IndexMeasure(explanations, references)
        self._painted: BoundedCache[list[Image]] = BoundedCache(limit, explanations.pool)
        self._explained: OrderedDict[Hashable, Any] = OrderedDict()

    @property
    def inspector(self) -> Inspector:
        """Asks the models."""
        return self._explanations.inspector

    def explain(
        self,
        study: StudyImage,
        choice: ModelChoice,
        mask: FeatureMask | None = None,
        tell: StepCallback = ignore_progress,
        *,
        neighbours: bool = True,
    ) -> LayerExplanation:
        """Ask a model, and gather what is usual for it; what was asked before is recalled.

        Args:
            study: The photo.
            choice: Which model, on which device.
            mask: What is hidden from the decoder; nothing if None.
            tell: Hears how far the first use of a model's normal images is.
            neighbours: Whether patches are to be looked up among normal ones, which takes seconds the first
                time.

        Raises:
            CRRError: The model cannot be asked.
        """
        mask = mask or FeatureMask()
        identity = (study.key, choice.key, mask)
        make = partial(self._explain, study, choice, mask, tell, neighbours, identity)
        # By name too: copies of a checkpoint answer alike, and are shown by their own names.
        found: LayerExplanation = recent(
            self._explained, (identity, choice.model.name, neighbours), make, _EXPLAINED
        )
        return found

    def pictures(self, found: LayerExplanation) -> list[Image] | None:
        """Pictures of what the encoder saw and of what the decoder answered; None without a network for it.

        Raises:
            CRRError: The model cannot be asked, or the network is damaged.
        """
        return self._pictures(found.identity, lambda: found.explanation, found.choice)

    def answers(self, study: StudyImage, choices: Sequence[ModelChoice]) -> dict[str, AnswerPicture]:
        """Model name to its decoder's answer as a picture.

        Models that fail, or for whose encoder there is no inversion network, are left out. The answers' unit
        of length is taken from this image, because what is usual for a model takes longer to find out.
        """
        painted = {}
        for choice in choices:
            with suppress(CRRError):
                explanation = self._explanations.explain(study.key, study.image, choice)
                scaled = partial(_scaled, explanation, None)
                pictures = self._pictures((study.key, choice.key), scaled, choice)
                if pictures is not None:
                    control, answer = pictures
                    painted[choice.model.name] = AnswerPicture(
                        choice.model.encoder, control, answer, explanation.view
                    )
        return painted

    def indices(
        self,
        study: StudyImage,
        choices: Sequence[ModelChoice],
        mask: FeatureMask,
        origin: Origin,
        tell: StepCallback = ignore_progress,
    ) -> tuple[dict[str, IdentityIndex], dict[str, str]]:
        """How much each of several models copied of the same damage; see `IndexMeasure.of_models`."""
        return self._indices.of_models(study, choices, mask, origin, tell)

    def clear(self) -> None:
        """Forget what models answered, and the places that were chosen in photos."""
        self.locations.clear()
        self._explanations.clear()
        self.forget_found()

    def forget_found(self) -> None:
        """Forget what is asked again when it is looked at, and no place that was chosen."""
        self._painted.clear()
        self._explained = OrderedDict()  # the old one may be in use

    def _explain(
        self,
        study: StudyImage,
        choice: ModelChoice,
        mask: FeatureMask,
        tell: StepCallback,
        neighbours: bool,
        identity: Hashable,
    ) -> LayerExplanation:
        explanation = self._explanations.explain(study.key, study.image, choice, mask)
        normal = self._references.of(choice, explanation.inspection.category, tell, neighbours)
        picture = picture_of(study.image, study.digest)
        return LayerExplanation(
            study=study,
            choice=choice,
            explanation=_scaled(explanation, normal.reference),
            identity=identity,
            mask=mask,
            normal=normal,
            bases=normal.reference.bases if normal.reference else _own_bases(explanation),
            picture=picture,
            image=shrink(network_view(study.image, explanation.view), DISPLAY_SIDE),
            outlines=() if study.mask is None else tuple(outlines_of(study.mask, picture.size)),
            copied=self._indices.of_explanation(study, explanation, choice, mask, normal.reference),
        )

    def _pictures(
        self, identity: Hashable, scaled: Callable[[], Explanation], choice: ModelChoice
    ) -> list[Image] | None:
        """Pictures that are recalled, or painted from what `scaled` gives."""
        known = self._painted.get(identity)
        if known is None:
            known = self._explanations.inspector.ask(choice, partial(paint_answer, explanation=scaled()))
            if known is not None:
                self._painted.put(identity, known, sum(image.nbytes for image in known))
        return known


def _scaled(explanation: Explanation, reference: CategoryReference | None) -> Explanation:
    """The decoder's answers in the encoder's unit of length: by normal patches, else by the image itself."""
    if reference is not None:
        gains = [layer.gain for layer in reference.layers]
    else:
        gains = [gain_of(layer.encoder, layer.decoder) for layer in explanation.layers]
    layers = [layer.scaled(gain) for layer, gain in zip(explanation.layers, gains, strict=True)]
    return replace(explanation, layers=tuple(layers))


def _own_bases(explanation: Explanation) -> tuple[ColourBasis, ...]:
    """The colours in which this image differs most in itself, for want of normal images."""
    return tuple(
        colour_basis_of(layer.encoder.reshape(-1, layer.layer.channels)) for layer in explanation.layers
    )
