"""A part that a visitor damages, and what each model makes of the damage."""

import hashlib
import time
from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from crr.errors import CRRError
from crr.identity.index import IdentityIndex
from crr.identity.single_image import index_of_damage
from crr.inference.explanation import Explanation
from crr.types import Image, Inspection, Mask
from workbench.basics.pictures import DISPLAY_SIDE, Picture, picture_of, shrink
from workbench.comparison.comparison import Comparison, Hit, Outcome
from workbench.components.strokes import Painting, Stroke
from workbench.inspection.explanation_cache import ExplanationCache
from workbench.inspection.image_file import ImageFile
from workbench.inspection.inspector import Inspected, ModelChoice
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
    """The photo that a visitor damages.

    A large photo is damaged at `DISPLAY_SIDE`: models see it smaller still, and so each stroke stays quick.

    Attributes:
        photo: Where it comes from.
        file: File of the photo, opened once.
        image: uint8 (H, W, 3) that strokes refer to.
        picture: What the screen shows of it.
    """

    def __init__(self, photo: Photo, file: ImageFile) -> None:
        """Args: photo; file, of it. Raises `ImageError` for a bad file."""
        self.photo, self.file = photo, file
        self.image: Image = shrink(file.image, DISPLAY_SIDE)
        self.picture: Picture = picture_of(self.image, file.key)


def clean_key(photo: Photo, file: ImageFile, image: Image) -> Hashable:
    """What identifies the undamaged image of a photo that is painted on, in the size that is painted on."""
    return (photo.own, file.key, "clean", image.shape)


@dataclass(frozen=True, eq=False)
class DamagedPart:
    """A damaged part.

    Attributes:
        damaged: What was made of it.
        key: Identifies its image.
        picture: What the screen shows; the digest is the whole part's, so that a view of it stays.
        milliseconds: Time it took.
    """

    damaged: Damaged
    key: Hashable
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

    def __init__(self, explanations: ExplanationCache, linked: Synthetic | None = None) -> None:
        """Args: explanations, asks models and remembers; linked, the damage that a link asks for, if any."""
        self.filling = Filling()
        self._explanations = explanations
        self._linked = linked
        self._plans: dict[tuple[bool, str], DamagePlan] = {}
        self._part: PaintedPart | None = None
        self._below: tuple[object, Damaged] | None = None
        self._made: tuple[object, DamagedPart] | None = None
        self._result: tuple[object, PaintingResult] | None = None

    def part(self, photo: Photo, file: ImageFile) -> PaintedPart:
        """The part of a photo with this file; the last one is kept. Raises `ImageError` for a bad file."""
        kept = self._part
        if kept is None or (kept.photo.key, kept.file.value_range) != (photo.key, file.value_range):
            self._part = kept = PaintedPart(photo, file)
        return kept

    def plan(self, photo: Photo) -> DamagePlan:
        """What is to be done to a photo; nothing at first, but for what the link asks for."""
        key = (photo.own, photo.key)
        if key not in self._plans:
            self._plans[key] = DamagePlan(synthetic=self._linked)
            self._linked = None
        return self._plans[key]

    def lay(self, photo: Photo, strokes: Sequence[Stroke]) -> bool:
        """Lay strokes on a photo that nothing was planned for; returns whether they were."""
        key = (photo.own, photo.key)
        if key in self._plans or self._linked is not None:
            return False
        self._plans[key] = DamagePlan(Painting(tuple(strokes)))
        return True

    def damages(self, photo: Photo) -> bool:
        """Whether the visitor damaged a photo."""
        plan = self._plans.get((photo.own, photo.key))
        return plan is not None and bool(plan.painting.strokes or plan.synthetic is not None)

    @property
    def paintings(self) -> list[Painting]:
        """What the visitor's hand painted, a painting a photo."""
        return [plan.painting for plan in self._plans.values()]

    def forget_own_photos(self) -> None:
        """Forget what the visitor brought and painted on; samples keep their strokes."""
        self._plans = {key: plan for key, plan in self._plans.items() if not key[0]}
        if self._part is not None and self._part.photo.own:
            self._part = self._below = self._made = self._result = None

    def forget_found(self) -> None:
        """Forget what is made and asked again when it is looked at, and no stroke."""
        self._part = self._below = self._made = self._result = None

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
        below = (part.file.key, plan.synthetic)
        wish = (below, plan.painting.strokes, self.filling)
        made, undamaged = self._made, self._below
        if made is None or made[0] != wish:
            start = time.perf_counter()
            if undamaged is None or undamaged[0] != below:  # takes longer than a stroke
                undamaged = below, synthetic_damage(part.image, plan.synthetic, donors)
            damaged = paint(undamaged[1], plan.painting.strokes, self.filling)
            key, picture = clean_key(part.photo, part.file, part.image), part.picture
            if damaged.mask.any():
                digest = hashlib.sha256(damaged.image.tobytes() + damaged.mask.tobytes()).hexdigest()
                key = (part.photo.own, part.photo.key, digest)
                picture = picture_of(damaged.image, part.picture.digest)
            made = wish, DamagedPart(damaged, key, picture, 1000 * (time.perf_counter() - start))
            self._below, self._made = undamaged, made
        return made[1]

    def ask(self, part: PaintedPart, made: DamagedPart, choices: Sequence[ModelChoice]) -> PaintingResult:
        """What the models say of what was made of the part; asked again only if it or the models changed.

        Raises:
            CRRError: No model answered; the first one's error.
        """
        key = (made, tuple((choice.model.name, choice.key) for choice in choices))
        known = self._result
        if known is not None and known[0] == key:
            return known[1]
        # The answers to the whole part are asked for before the clock runs, and held while it does: the cache
        # may be too small for all of them.
        before = {choice: self._before(part, choice) for choice in choices}
        start = time.perf_counter()
        comparison = self._compare(part, made, before)
        result = PaintingResult(comparison, made.milliseconds + 1000 * (time.perf_counter() - start))
        if len(comparison.inspected) == len(choices):  # who failed is asked again next time
            self._result = key, result
        return result

    def _before(self, part: PaintedPart, choice: ModelChoice) -> Explanation | CRRError:
        key = clean_key(part.photo, part.file, part.image)
        try:
            return self._explanations.explain(key, part.image, choice)
        except CRRError as error:
            return error

    def _compare(
        self, part: PaintedPart, made: DamagedPart, before: Mapping[ModelChoice, Explanation | CRRError]
    ) -> Comparison:
        """Ask one model after the other; an encoder that several use is asked once."""
        answers: dict[str, Outcome] = {}
        copied: dict[str, IdentityIndex] = {}
        hits: dict[str, Hit] = {}
        damaged = made.damaged
        for choice, clean in before.items():
            name = choice.model.name
            try:
                if isinstance(clean, CRRError):
                    raise clean
                after = self._explanations.explain(made.key, damaged.image, choice)
            except CRRError as error:
                answers[name] = error
                continue
            answers[name] = Inspected(made.picture, after.inspection, decode_milliseconds=0.0)
            copied[name] = index_of_damage(clean, after, damaged.mask)
            hits[name] = hit_of(after.inspection, damaged.mask)
        outlines = outlines_of(damaged.mask, part.picture.size)
        return Comparison(part.photo, answers, copied, hits, outlines).checked()


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
