"""Which layers copy: the identity index by layer of the photo that is looked at.

It is measured on the best that is known of the photo: the damage that the visitor did to it; else its real
defect where that is marked, with normal patches in the place of the part before it; else test damage.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Literal

import torch

from crr.errors import CRRError
from crr.identity.index import passed_damage
from crr.identity.single_image import named_indices
from crr.identity.surrogate import surrogate_for
from crr.inference.explanation import Explanation, FeatureMask, Map
from crr.types import Reconstruction
from workbench.explanation.cache import ExplanationCache
from workbench.explanation.study_image import StudyImage, network_view
from workbench.inspection.inspector import Inspector, ModelChoice
from workbench.reference.cache import ReferenceCache, StepCallback
from workbench.reference.patches import CategoryReference

Origin = Literal["painted", "marked", "test"]
"""Of a damage: the visitor's, a real defect that is marked, or that which is laid over any photo."""

_NO_NORMALS = (
    "It has no normal images of this part, which an estimate needs. If it was trained on such parts, "
    "`crr normals --model {name} --data FOLDER` puts some there."
)


@dataclass(frozen=True, eq=False)
class Copied:
    """How much of a damage a model copied.

    Attributes:
        origin: Of the damage.
        index: The identity-mapping index of all layers, 1 = copied, 0 = repaired; None where no damage shows.
        layers: Layer to its index, likewise.
        maps: float32 (h, w) a layer: the index of each patch, NaN where the damage does not show. None of a
            test damage, which lies on other images.
    """

    origin: Origin
    index: float | None
    layers: Mapping[str, float | None]
    maps: tuple[Map, ...] | None = None


def best_known(shown: StudyImage, explanation: Explanation, reference: CategoryReference | None) -> Origin:
    """What an index of this photo is best measured on, if nothing is hidden from the decoder.

    A marked defect counts if normal patches of the same kind of part can stand in for the part before it, and
    if it does not lie outside of what the network sees.

    Args:
        shown: The photo.
        explanation: What a model answered to it.
        reference: Normal patches of the category that the model takes it for.
    """
    if shown.clean is not None:
        return "painted"
    usable = shown.mask is not None and reference is not None and explanation.inspection.known
    return "marked" if usable and bool(_seen_mask(shown, explanation).any()) else "test"


def copied_by(
    shown: StudyImage,
    explanation: Explanation,
    choice: ModelChoice,
    inspector: Inspector,
    exploration: ExplanationCache,
    hidden: FeatureMask,
    reference: CategoryReference | None,
) -> Copied | None:
    """How much a model copies of what is best known to be wrong with a photo, layer by layer.

    Args:
        shown: The photo.
        explanation: What the model answered to it.
        choice: Which model, on which device.
        inspector: Asks it.
        exploration: Remembers the visitor's explanations.
        hidden: What was kept from the decoder. Only the visitor's own damage is measured with a part hidden:
            normal patches and test damage were answered with nothing hidden.
        reference: Normal patches of the part.

    Returns:
        None if it is unknown.
    """
    origin = best_known(shown, explanation, reference)
    if origin == "painted":
        return _of_painted(shown, explanation, choice, inspector, exploration, hidden)
    if hidden.rate:
        return None
    if origin == "marked":
        assert reference is not None
        return _of_marked(shown, explanation, reference)
    with suppress(CRRError):  # too little memory for the damaged copies: no index, then
        return _of_test(shown, choice, inspector)
    return None


def indices_of(
    shown: StudyImage,
    choices: Sequence[ModelChoice],
    inspector: Inspector,
    exploration: ExplanationCache,
    normality: ReferenceCache,
    hidden: FeatureMask,
    origin: Origin,
    tell: StepCallback,
) -> tuple[dict[str, Copied], dict[str, str]]:
    """How much each of several models copied, all of the same damage.

    Args:
        shown: The photo.
        choices: Which models.
        inspector: Asks them.
        exploration: Remembers the visitor's explanations.
        normality: Knows what is usual for them.
        hidden: What is kept from the decoders, if the damage is the visitor's; else nothing is.
        origin: Of the damage.
        tell: Hears how far the first use of a model's normal images is.

    Returns:
        Model name to what it copied; and for those that failed to the reason.
    """

    def copied(choice: ModelChoice) -> Copied:
        if origin == "test":
            return _of_test(shown, choice, inspector)
        kept = hidden if origin == "painted" else FeatureMask()
        explanation = exploration.explain(shown.key, shown.image, choice, inspector, kept)
        if origin == "painted":
            return _of_painted(shown, explanation, choice, inspector, exploration, kept)
        category = explanation.inspection.category
        reference = normality.of(choice, category, tell, neighbours=False).reference
        if reference is None or best_known(shown, explanation, reference) != "marked":
            raise CRRError(_NO_NORMALS.format(name=choice.model.name))
        return _of_marked(shown, explanation, reference)

    found, failed = {}, {}
    for choice in choices:
        try:
            found[choice.model.name] = copied(choice)
        except CRRError as error:
            failed[choice.model.name] = str(error)
    return found, failed


def _of_painted(
    shown: StudyImage,
    explanation: Explanation,
    choice: ModelChoice,
    inspector: Inspector,
    exploration: ExplanationCache,
    hidden: FeatureMask,
) -> Copied:
    assert shown.clean is not None
    key = (shown.photo.own, shown.photo.key, "clean")
    before = exploration.explain(key, shown.clean, choice, inspector, hidden)
    return _copied("painted", explanation, _reconstruction(before), _seen_mask(shown, explanation))


def _of_marked(shown: StudyImage, explanation: Explanation, reference: CategoryReference) -> Copied:
    """An estimate: normal patches stand in for the part before the defect."""
    mask = _seen_mask(shown, explanation)
    twin = surrogate_for(_reconstruction(explanation), mask, [layer.patches for layer in reference.layers])
    return _copied("marked", explanation, twin, mask)


def _of_test(shown: StudyImage, choice: ModelChoice, inspector: Inspector) -> Copied:
    damage = shown.photo.copied(choice, inspector, shown.file)
    return Copied("test", damage.index, damage.layers)


def _copied(origin: Origin, damaged: Explanation, before: Reconstruction, mask: torch.Tensor) -> Copied:
    after = _reconstruction(damaged)
    names = [layer.layer.name for layer in damaged.layers]
    passed = passed_damage(before, after, mask)
    index, layers = named_indices(names, passed.sums())
    return Copied(origin, index, layers, tuple(layer[0, 0].numpy() for layer in passed.maps()))


def _seen_mask(shown: StudyImage, explanation: Explanation) -> torch.Tensor:
    """bool (1, H, W): where the damage is in what the network sees."""
    assert shown.mask is not None
    return torch.from_numpy(network_view(shown.mask, explanation.view))[None]


def _reconstruction(explanation: Explanation) -> Reconstruction:
    def batch(rows: Map) -> torch.Tensor:
        return torch.from_numpy(rows).permute(2, 0, 1)[None]

    return Reconstruction(
        [batch(layer.encoder) for layer in explanation.layers],
        [batch(layer.decoder) for layer in explanation.layers],
    )
