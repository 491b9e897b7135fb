"""A part that a visitor damages, and what each model makes of the damage."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from crr.damage_inspection import CopiedDamage, inspect_damage, reconstruct
from crr.detector import Detector
from crr.engine import EncoderPasses
from crr.errors import CRRError
from crr.types import Image, Inspection, Mask, Reconstruction
from workbench.batch import Question
from workbench.comparison import Answer, Comparison, Hit, Photo
from workbench.damage import Damaged, Filling, Synthetic, damage
from workbench.inspection import Inspected, Inspector
from workbench.judgement import outlines_of
from workbench.memory import BoundedCache
from workbench.pictures import DISPLAY_SIDE, Picture, digest_of, picture_of, shrink
from workbench.settings import MEGABYTE
from workbench.strokes import Painting

_REMEMBERED = 64 * MEGABYTE


@dataclass
class Plan:
    """What a visitor wants done to one photo; it stays when another photo is looked at.

    Attributes:
        painting: The strokes.
        synthetic: The synthetic damage below them, if any.
    """

    painting: Painting = field(default_factory=Painting)
    synthetic: Synthetic | None = None


class Part:
    """The photo that is damaged, and what models answered to it before it was.

    A large photo is damaged at `DISPLAY_SIDE`: models see it smaller still, and so each stroke stays quick.

    Attributes:
        photo: Where it comes from.
        image: uint8 (H, W, 3) that strokes refer to.
        picture: What the screen shows of it.
    """

    def __init__(self, photo: Photo) -> None:
        """Raises `ImageError` for a bad file."""
        file = photo.open()
        self.photo = photo
        self.image: Image = shrink(file.image, DISPLAY_SIDE)
        self.picture: Picture = picture_of(self.image, digest_of(file.content))
        self._passes: EncoderPasses = {}
        self._clean: BoundedCache[Reconstruction] = BoundedCache(_REMEMBERED)

    def clean(self, detector: Detector, key: tuple[str, str]) -> Reconstruction:
        """What a detector answers to the undamaged photo; asked once as long as memory allows."""
        known = self._clean.get(key)
        if known is None:
            known = reconstruct(detector, self.image, self._passes)
            tensors = [*known.encoder, *known.decoder]
            self._clean.put(key, known, sum(tensor.numel() * tensor.element_size() for tensor in tensors))
        return known


class Workshop:
    """The parts that one visitor damages; lives in the session.

    Attributes:
        filling: What strokes are filled with, on every part.
    """

    def __init__(self, linked: Synthetic | None = None) -> None:
        """Args: linked, the synthetic damage that a link asks for, to the first photo."""
        self.filling = Filling()
        self._linked = linked
        self._plans: dict[str, Plan] = {}
        self._part: Part | None = None

    def part(self, photo: Photo) -> Part:
        """The part of a photo; the last one is kept. Raises `ImageError` for a bad file."""
        if self._part is None or self._part.photo.key != photo.key:
            self._part = Part(photo)
        return self._part

    def plan(self, photo: Photo) -> Plan:
        """What is to be done to a photo; nothing at first, but for what the link asks for."""
        if photo.key not in self._plans:
            self._plans[photo.key] = Plan(synthetic=self._linked)
            self._linked = None
        return self._plans[photo.key]

    def damaged(self, part: Part, donors: Sequence[Path] = ()) -> Damaged:
        """The part as its plan wants it; raises as `workbench.damage.damage` does."""
        plan = self.plan(part.photo)
        return damage(part.image, plan.painting.strokes, self.filling, plan.synthetic, donors)


def ask_about_damage(
    part: Part, damaged: Damaged, picture: Picture, questions: Sequence[Question], inspector: Inspector
) -> Comparison:
    """Ask one model after the other; an encoder that several use is asked once.

    Args:
        part: Before it was damaged.
        damaged: What was made of it.
        picture: Of the damaged image.
        questions: Who is asked.
        inspector: Asks them.

    Raises:
        CRRError: No model answered; of the first.
    """
    passes: EncoderPasses = {}
    answers: dict[str, Answer] = {}
    copied: dict[str, CopiedDamage] = {}
    hits: dict[str, Hit] = {}
    for question in questions:
        name = question.model.name
        try:
            inspection, copied[name] = inspector.ask(
                question.model, question.device, partial(_ask, part, damaged, question.key, passes)
            )
        except CRRError as error:
            answers[name] = error
            continue
        answers[name] = Inspected(picture, inspection, decode_milliseconds=0.0)
        hits[name] = hit_of(inspection, damaged.mask)
    outlines = outlines_of(damaged.mask, part.picture.size)
    return Comparison(part.photo, answers, copied, hits, outlines).checked()


def _ask(
    part: Part, damaged: Damaged, key: tuple[str, str], passes: EncoderPasses, detector: Detector
) -> tuple[Inspection, CopiedDamage]:
    return inspect_damage(detector, part.clean(detector, key), damaged.image, damaged.mask, passes)


def hit_of(inspection: Inspection, mask: Mask) -> Hit:
    """How well a model's map meets the damage, whose true mask is of the size of the image."""
    levels = inspection.anomaly_map_at(inspection.size)
    found = levels >= inspection.pixel_threshold
    union = int((found | mask).sum())
    if not mask.any() or mask.all():
        contrast = None
    else:
        contrast = float(levels[mask].mean() / max(float(levels[~mask].mean()), 1e-6))
    return Hit(contrast, int((found & mask).sum()) / union if mask.any() else None)
