"""Which layers copy: the identity index by layer of the photo that is looked at.

It is measured on the best that is known of the photo: the damage that the visitor did to it; else its real
defect where its data set marks it, with normal patches in the place of the part before it; else test damage.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Literal

import torch

from crr.damage_inspection import CopiedDamage, copied_damage
from crr.errors import CRRError
from crr.explanation import Explanation, Hidden, Map
from crr.identity import passed_damage
from crr.stand_in import stand_in
from crr.types import Mask, Reconstruction
from workbench.batch import Question
from workbench.exploration import Exploration
from workbench.inspection import Inspector
from workbench.normality import Normality, Tell
from workbench.references import Reference
from workbench.shown import Shown, seen_part

Origin = Literal["painted", "marked", "test"]

DAMAGE: Mapping[Origin, str] = {
    "painted": "your damage",
    "marked": "the marked defect (estimated)",
    "test": "a test damage",
}
"""What an index was measured on, as people say it."""


@dataclass(frozen=True, eq=False)
class Copied:
    """How much of a damage a model copied.

    Attributes:
        origin: Of the damage.
        damage: The index, of all layers and by layer.
        maps: float32 (h, w) a layer: the index of each patch, NaN where the damage does not show. None of a
            test damage, which lies on other images.
    """

    origin: Origin
    damage: CopiedDamage
    maps: tuple[Map, ...] | None

    def of_layer(self, name: str) -> float | None:
        """The index of one layer; None where the damage does not show in it."""
        return self.damage.layers.get(name)


def copied_by(
    shown: Shown,
    explanation: Explanation,
    question: Question,
    inspector: Inspector,
    exploration: Exploration,
    hidden: Hidden,
    reference: Reference | None,
) -> Copied | None:
    """How much a model copies of what is known to be wrong with a photo, layer by layer.

    Args:
        shown: The photo.
        explanation: What the model answered to it.
        question: Which model, on which device.
        inspector: Asks it.
        exploration: Remembers the visitor's explanations.
        hidden: What was kept from the decoder. Only the visitor's own damage is measured with a part hidden:
            normal patches and test damage were answered with nothing hidden.
        reference: Normal patches of the part.

    Returns:
        None if it is unknown.
    """
    if shown.clean is not None and shown.mask is not None:
        key = (shown.photo.own, shown.photo.key, "clean")
        before = exploration.explain(key, shown.clean, question, inspector, hidden)
        return _copied("painted", explanation, _reconstruction(before), _seen(shown.mask, explanation))
    if hidden.rate:
        return None
    if shown.mask is not None and reference is not None:
        return _marked(explanation, shown.mask, reference)
    with suppress(CRRError):  # too little memory for the damaged copies: no index, then
        return Copied("test", shown.photo.copied(question, inspector, shown.file), None)
    return None


def indices_of(
    shown: Shown,
    questions: Sequence[Question],
    inspector: Inspector,
    exploration: Exploration,
    normality: Normality,
    hidden: Hidden,
    origin: Origin,
    tell: Tell,
) -> tuple[dict[str, CopiedDamage], dict[str, str]]:
    """How much each of several models copied, all of the same damage.

    Args:
        shown: The photo.
        questions: Which models.
        inspector: Asks them.
        exploration: Remembers the visitor's explanations.
        normality: Knows what is usual for them.
        hidden: What is kept from the decoders, if the damage is the visitor's.
        origin: Of the damage.
        tell: Hears how far the first use of a model's normal images is.

    Returns:
        Model name to its index; and for those that failed to the reason.
    """
    found, failed = {}, {}
    hidden = hidden if origin == "painted" else Hidden()
    for question in questions:
        name = question.model.name
        try:
            if origin == "test":
                found[name] = shown.photo.copied(question, inspector, shown.file)
                continue
            explanation = exploration.explain(shown.key, shown.image, question, inspector, hidden)
            reference = None
            if origin == "marked":
                category = explanation.inspection.category
                reference = normality.of(question, category, tell, neighbours=False).reference
            copied = copied_by(shown, explanation, question, inspector, exploration, hidden, reference)
            if copied is not None and copied.origin == origin:
                found[name] = copied.damage
            else:
                failed[name] = "It has no normal images of this part, so nothing stands in for the part."
        except CRRError as error:
            failed[name] = str(error)
    return found, failed


def _marked(damaged: Explanation, mask: Mask, reference: Reference) -> Copied:
    """An estimate: normal patches stand in for the part before the defect."""
    seen = _seen(mask, damaged)
    twin = stand_in(_reconstruction(damaged), seen, [layer.patches for layer in reference.layers])
    return _copied("marked", damaged, twin, seen)


def _copied(origin: Origin, damaged: Explanation, before: Reconstruction, mask: torch.Tensor) -> Copied:
    after = _reconstruction(damaged)
    names = [layer.layer.name for layer in damaged.layers]
    maps = passed_damage(before, after, mask).maps()
    damage = copied_damage(names, before, after, mask)
    return Copied(origin, damage, tuple(layer[0, 0].numpy() for layer in maps))


def _seen(mask: Mask, explanation: Explanation) -> torch.Tensor:
    """bool (1, H, W): of what the network sees."""
    return torch.from_numpy(seen_part(mask, explanation.view))[None]


def _reconstruction(explanation: Explanation) -> Reconstruction:
    def batch(rows: Map) -> torch.Tensor:
        return torch.from_numpy(rows).permute(2, 0, 1)[None]

    return Reconstruction(
        [batch(layer.encoder) for layer in explanation.layers],
        [batch(layer.decoder) for layer in explanation.layers],
    )
