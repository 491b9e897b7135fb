"""A part that a visitor damages, and what each model makes of the damage."""

import time
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from crr.errors import CRRError
from crr.identity.single_image import CopiedDamage, inspect_damage, reconstruct
from crr.inference.engine import EncoderPasses
from crr.models.detector import Detector
from crr.types import Image, Inspection, Mask, Reconstruction
from workbench.basics.cache import BoundedCache
from workbench.basics.pictures import DISPLAY_SIDE, Picture, digest_of, picture_of, shrink
from workbench.comparison.comparison import Comparison, Hit, Outcome
from workbench.components.strokes import Painting
from workbench.inspection.inspector import ChoiceKey, Inspected, Inspector, ModelChoice
from workbench.inspection.photo import Photo
from workbench.inspection.verdict import outlines_of
from workbench.painting.damage import Damaged, Filling, Synthetic, paint, synthetic_damage


@dataclass
class DamagePlan:
    """What a visitor wants done to one photo; it stays when another photo is looked at.

    Attributes:
        painting: The strokes.
        synthetic: The synthetic damage below them, if any.
        made: How many of each kind of synthetic damage were made.
    """

    painting: Painting = field(default_factory=Painting)
    synthetic: Synthetic | None = None
    made: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        if self.synthetic is not None:
            self.made[self.synthetic.kind] = self.synthetic.seed + 1

    def make(self, kind: str) -> None:
        """Have a synthetic damage made of a kind, another one each time."""
        self.synthetic = Synthetic(kind, self.made[kind])
        self.made[kind] += 1


class PaintedPart:
    """The photo that is damaged, and what models answered to it before it was.

    A large photo is damaged at `DISPLAY_SIDE`: models see it smaller still, and so each stroke stays quick.

    Attributes:
        photo: Where it comes from.
        image: uint8 (H, W, 3) that strokes refer to.
        picture: What the screen shows of it.
    """

    def __init__(self, photo: Photo, limit: int) -> None:
        """Args: photo; limit, bytes of the models' answers kept. Raises `ImageError` for a bad file."""
        file = photo.open()
        self.photo = photo
        self.image: Image = shrink(file.image, DISPLAY_SIDE)
        self.picture: Picture = picture_of(self.image, digest_of(file.content))
        self._passes: EncoderPasses = {}
        self._clean: BoundedCache[Reconstruction] = BoundedCache(limit)

    def knows(self, key: ChoiceKey) -> bool:
        """Whether `clean` would answer at once."""
        return self._clean.get(key) is not None

    def clean(self, key: ChoiceKey, detector: Detector) -> Reconstruction:
        """What a detector answers to the undamaged photo; asked once as long as memory allows."""
        known = self._clean.get(key)
        if known is None:
            known = reconstruct(detector, self.image, self._passes)
            # Encoder features are shared by models of one encoder, and held by `_passes` anyway.
            size = sum(layer.numel() * layer.element_size() for layer in known.decoder)
            self._clean.put(key, known, size)
        return known


@dataclass(frozen=True, eq=False)
class DamagedPart:
    """A damaged part.

    Attributes:
        damaged: What was made of it.
        picture: What the screen shows; the digest is the whole part's, so that a view of it stays.
        milliseconds: Time it took.
    """

    damaged: Damaged
    picture: Picture
    milliseconds: float


@dataclass(frozen=True)
class PaintingResult:
    """What the models say of a damaged part, and the time from the wish for it to the last model's map."""

    comparison: Comparison
    milliseconds: float


class PaintingSession:
    """The parts that one visitor damages; lives in the session.

    Attributes:
        filling: What strokes are filled with, on every part.
    """

    def __init__(self, limit: int, linked: Synthetic | None = None) -> None:
        """Args: limit, bytes of models' answers kept; linked, the damage that a link asks for, if any."""
        self.filling = Filling()
        self._limit = limit
        self._linked = linked
        self._plans: dict[tuple[bool, str], DamagePlan] = {}
        self._part: PaintedPart | None = None
        self._below: tuple[object, Damaged] | None = None
        self._made: tuple[object, DamagedPart] | None = None
        self._look: tuple[object, PaintingResult] | None = None

    def part(self, photo: Photo) -> PaintedPart:
        """The part of a photo; the last one is kept. Raises `ImageError` for a bad file."""
        if self._part is None or self._part.photo.key != photo.key:
            self._part = PaintedPart(photo, self._limit)
        return self._part

    def plan(self, photo: Photo) -> DamagePlan:
        """What is to be done to a photo; nothing at first, but for what the link asks for."""
        key = (photo.own, photo.key)
        if key not in self._plans:
            self._plans[key] = DamagePlan(synthetic=self._linked)
            self._linked = None
        return self._plans[key]

    def damages(self, photo: Photo) -> bool:
        """Whether the visitor damaged a photo."""
        plan = self._plans.get((photo.own, photo.key))
        return plan is not None and bool(plan.painting.strokes or plan.synthetic is not None)

    def forget_own_photos(self) -> None:
        """Forget what the visitor brought and painted on; samples keep their strokes."""
        self._plans = {key: plan for key, plan in self._plans.items() if not key[0]}
        if self._part is not None and self._part.photo.own:
            self._part = self._below = self._made = self._look = None

    def make(self, part: PaintedPart, donors: Sequence[Path] = ()) -> DamagedPart:
        """The part as its plan wants it; made again only if that changed.

        Args:
            part: From `part`.
            donors: Photos of other parts, one of which may lend material to a synthetic damage.

        Raises:
            ConfigError: The part is too small for synthetic damage.
            ImageError: Another part's photo cannot be read.
        """
        plan = self.plan(part.photo)
        below = (part.photo.key, plan.synthetic)
        wish = (below, plan.painting.strokes, self.filling)
        if self._made is None or self._made[0] != wish:
            start = time.perf_counter()
            if self._below is None or self._below[0] != below:  # takes longer than a stroke
                self._below = below, synthetic_damage(part.image, plan.synthetic, donors)
            damaged = paint(self._below[1], plan.painting.strokes, self.filling)
            whole = not damaged.mask.any()
            picture = part.picture if whole else picture_of(damaged.image, part.picture.digest)
            self._made = wish, DamagedPart(damaged, picture, 1000 * (time.perf_counter() - start))
        return self._made[1]

    def look(
        self, part: PaintedPart, made: DamagedPart, choices: Sequence[ModelChoice], inspector: Inspector
    ) -> PaintingResult:
        """What the models say of what was made of the part; asked again only if it or the models changed.

        Raises:
            CRRError: No model answered; of the first.
        """
        key = (made, tuple((choice.model.name, choice.key) for choice in choices))
        if self._look is not None and self._look[0] == key:
            return self._look[1]
        for choice in choices:
            if not part.knows(choice.key):  # of those it knows none need be loaded before the clock runs
                with suppress(CRRError):  # which comes again below
                    inspector.ask(choice.model, choice.device, partial(part.clean, choice.key))
        start = time.perf_counter()
        comparison = ask_about_damage(part, made, choices, inspector)
        look = PaintingResult(comparison, made.milliseconds + 1000 * (time.perf_counter() - start))
        if len(comparison.inspected) == len(choices):  # who failed is asked again next time
            self._look = key, look
        return look


def ask_about_damage(
    part: PaintedPart, made: DamagedPart, choices: Sequence[ModelChoice], inspector: Inspector
) -> Comparison:
    """Ask one model after the other; an encoder that several use is asked once.

    Args:
        part: Before it was damaged.
        made: What was made of it.
        choices: Who is asked.
        inspector: Asks them.

    Raises:
        CRRError: No model answered; of the first.
    """
    passes: EncoderPasses = {}
    answers: dict[str, Outcome] = {}
    copied: dict[str, CopiedDamage] = {}
    hits: dict[str, Hit] = {}
    for choice in choices:
        name = choice.model.name
        try:
            inspection, copied[name] = inspector.ask(
                choice.model, choice.device, partial(_ask, part, made.damaged, choice.key, passes)
            )
        except CRRError as error:
            answers[name] = error
            continue
        answers[name] = Inspected(made.picture, inspection, decode_milliseconds=0.0)
        hits[name] = hit_of(inspection, made.damaged.mask)
    outlines = outlines_of(made.damaged.mask, part.picture.size)
    return Comparison(part.photo, answers, copied, hits, outlines).checked()


def _ask(
    part: PaintedPart, damaged: Damaged, key: ChoiceKey, passes: EncoderPasses, detector: Detector
) -> tuple[Inspection, CopiedDamage]:
    return inspect_damage(detector, part.clean(key, detector), damaged.image, damaged.mask, passes)


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
