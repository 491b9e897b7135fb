"""Which layers copy: the identity index by layer of the photo that is looked at.

It is measured on the best that is known of the photo: the damage that the visitor did to it; else its real
defect where that is marked, with normal patches in the place of the part before it; else test damage.
"""

from collections.abc import Sequence
from contextlib import suppress

from crr.errors import CRRError
from crr.identity.index import IdentityIndex, Origin
from crr.identity.single_image import index_of_damage, index_of_defect, shows_in_view
from crr.inference.explanation import Explanation
from crr.inference.forward import FeatureMask
from workbench.basics.places import for_visitors
from workbench.explanation.study_image import StudyImage
from workbench.inspection.explanation_cache import ExplanationCache
from workbench.inspection.inspector import ModelChoice
from workbench.painting.session import clean_key
from workbench.reference.cache import ReferenceCache, StepCallback
from workbench.reference.patches import CategoryReference

_NO_NORMALS = (
    "It has no normal images of this part, which an estimate needs. If it was trained on such parts, "
    "`crr normals --model {name} --data FOLDER` puts some there."
)


def best_known(study: StudyImage, explanation: Explanation, reference: CategoryReference | None) -> Origin:
    """What an index of this photo is best measured on, if nothing is hidden from the decoder.

    A marked defect counts if normal patches of the same kind of part can stand in for the part before it, and
    if it does not lie outside of what the network sees.

    Args:
        study: The photo.
        explanation: What a model answered to it.
        reference: Normal patches of the category that the model takes it for.
    """
    if study.clean is not None:
        return "painted"
    if study.mask is None or reference is None or not explanation.inspection.known:
        return "test"
    return "marked" if shows_in_view(study.mask, explanation) else "test"


class IndexMeasure:
    """Measures how much of a damage to one photo models copied."""

    def __init__(self, explanations: ExplanationCache, references: ReferenceCache) -> None:
        """Args: explanations, remember what models answered; references, know what is usual for them."""
        self._explanations = explanations
        self._references = references

    def of_explanation(
        self,
        study: StudyImage,
        explanation: Explanation,
        choice: ModelChoice,
        mask: FeatureMask,
        reference: CategoryReference | None,
    ) -> IdentityIndex | None:
        """How much a model copied of what is best known to be wrong with a photo, layer by layer.

        Args:
            study: The photo.
            explanation: What the model answered to it.
            choice: Which model, on which device.
            mask: What was hidden from the decoder. Only the visitor's own damage is measured with a part
                hidden: normal patches and test damage were answered with nothing hidden.
            reference: Normal patches of the part.

        Returns:
            None if it is unknown.
        """
        origin = best_known(study, explanation, reference)
        if origin == "painted":
            return self._of_painted(study, explanation, choice, mask)
        if mask.rate:
            return None
        if origin == "marked":
            return _of_marked(study, explanation, reference)
        with suppress(CRRError):  # too little memory for the damaged copies: no index, then
            return self._of_test(study, choice)
        return None

    def of_models(
        self,
        study: StudyImage,
        choices: Sequence[ModelChoice],
        mask: FeatureMask,
        origin: Origin,
        tell: StepCallback,
    ) -> tuple[dict[str, IdentityIndex], dict[str, str]]:
        """How much each of several models copied, all of the same damage.

        Args:
            study: The photo.
            choices: Which models.
            mask: What is hidden from the decoders, if the damage is the visitor's; else nothing is.
            origin: Where the damage comes from.
            tell: Hears how far the first use of a model's normal images is.

        Returns:
            Model name to what it copied; and for those that failed to the reason.
        """
        found, failed = {}, {}
        for choice in choices:
            try:
                found[choice.model.name] = self._of_origin(study, choice, mask, origin, tell)
            except CRRError as error:
                failed[choice.model.name] = for_visitors(error)
        return found, failed

    def _of_origin(
        self, study: StudyImage, choice: ModelChoice, mask: FeatureMask, origin: Origin, tell: StepCallback
    ) -> IdentityIndex:
        if origin == "test":
            return self._of_test(study, choice)
        if origin == "painted":
            explanation = self._explanations.explain(study.key, study.image, choice, mask)
            return self._of_painted(study, explanation, choice, mask)
        explanation = self._explanations.explain(study.key, study.image, choice)
        category = explanation.inspection.category
        reference = self._references.of(choice, category, tell, neighbours=False).reference
        if best_known(study, explanation, reference) != "marked":
            raise CRRError(_NO_NORMALS.format(name=choice.model.name))
        return _of_marked(study, explanation, reference)

    def _of_painted(
        self, study: StudyImage, explanation: Explanation, choice: ModelChoice, mask: FeatureMask
    ) -> IdentityIndex:
        assert study.clean is not None
        assert study.mask is not None
        key = clean_key(study.photo, study.file, study.clean)
        before = self._explanations.explain(key, study.clean, choice, mask)
        return index_of_damage(before, explanation, study.mask)

    def _of_test(self, study: StudyImage, choice: ModelChoice) -> IdentityIndex:
        return study.photo.standard_index(choice, self._explanations.inspector, study.file)


def _of_marked(
    study: StudyImage, explanation: Explanation, reference: CategoryReference | None
) -> IdentityIndex:
    """An estimate: normal patches stand in for the part before the defect."""
    assert study.mask is not None
    assert reference is not None
    return index_of_defect(explanation, study.mask, [layer.patches for layer in reference.layers])
