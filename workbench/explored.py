"""One photo and one model, with everything that the layer explorer compares them with."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from crr.damage_inspection import CopiedDamage
from crr.errors import CRRError
from crr.explanation import Explanation, Hidden, gain_of
from crr.types import Image, Mask
from workbench.batch import Question
from workbench.comparison import Photo
from workbench.inspection import ImageFile, Inspector
from workbench.layers import Copied, Exploration, Normal, copied_between, seen_part
from workbench.normality import Basis, Normality, Reference, Tell, basis_of
from workbench.painted import Made, Part
from workbench.pictures import DISPLAY_SIDE, Picture, picture_of, shrink


@dataclass(frozen=True, eq=False)
class Shown:
    """The photo as it is explored: as it came, or damaged by the visitor.

    Attributes:
        photo: Where it comes from.
        file: Its file, opened once.
        image: uint8 (H, W, 3), what models are asked about.
        key: Identifies that image.
        digest: Of the photo; a view of it stays while this does.
        clean: The photo before it was damaged, None if it was not.
        mask: bool (H, W), where it was damaged, None likewise.
    """

    photo: Photo
    file: ImageFile
    image: Image
    key: object
    digest: str
    clean: Image | None = None
    mask: Mask | None = None


def shown_as_it_is(photo: Photo) -> Shown:
    """A photo as it came; raises `ImageError` for a bad file."""
    file = photo.open()
    return Shown(photo, file, file.image, (photo.own, photo.key), file.picture.digest)


def shown_damaged(part: Part, made: Made) -> Shown:
    """A photo with what the visitor did to it."""
    file = part.photo.open()
    damaged = made.damaged
    return Shown(
        part.photo, file, damaged.image, made, part.picture.digest, clean=part.image, mask=damaged.mask
    )


@dataclass(frozen=True, eq=False)
class Explored:
    """What a model says of a photo, and what is usual.

    Attributes:
        question: Which model.
        explanation: Every step of its answer, the decoder's features in the encoder's unit of length.
        identity: Equal for the same answer to the same image.
        normal: What is usual for it.
        bases: Colours, a layer.
        picture: Of what the network sees of the photo; one of its pixels is one of the photo's.
        image: uint8 (H, W, 3), the same as pixels, at most `DISPLAY_SIDE`.
        corner: (x, y) of its first pixel in the photo.
        copied: How much of the visitor's damage it copied, patch by patch; None if there is no such damage.
        index: The index by layer, of the visitor's damage or of the standard damage; None if unknown.
    """

    question: Question
    explanation: Explanation
    identity: object
    normal: Normal
    bases: tuple[Basis, ...]
    picture: Picture
    image: Image
    corner: tuple[int, int]
    copied: Copied | None
    index: CopiedDamage | None

    @property
    def name(self) -> str:
        """Of the model."""
        return self.question.model.name


def explore(
    shown: Shown,
    question: Question,
    inspector: Inspector,
    normality: Normality,
    exploration: Exploration,
    hidden: Hidden,
    tell: Tell,
    *,
    neighbours: bool = True,
) -> Explored:
    """Ask a model, and gather what is usual for it; what was asked before is recalled.

    Args:
        shown: The photo.
        question: Which model, on which device.
        inspector: Asks it.
        normality: Knows what is usual.
        exploration: Remembers the visitor's explanations.
        hidden: What is kept from the decoder.
        tell: Hears how far the first use of a model's normal images is.
        neighbours: Whether patches are to be looked up among normal ones, which takes seconds the first time.

    Raises:
        CRRError: The model cannot be asked, or a normal image cannot be read.
    """
    explanation = exploration.explain(shown.key, shown.image, question, inspector, hidden)
    category = explanation.inspection.category
    reference = normality.reference(question, category, tell)
    memory = normality.memory(question, tell) if neighbours else None
    habits = None
    if memory is not None and category is not None and reference is not None:
        habits = normality.habits(question, category, memory, tell)
    copied = _copied(shown, explanation, question, inspector, exploration, hidden)
    index = None if copied is None else copied.damage
    if copied is None:
        with suppress(CRRError):  # too little memory for the damaged copies: no index, then
            index = shown.photo.copied(question, inspector, shown.file)
    seen = seen_part(shown.image, explanation.view)
    bases = reference.bases if reference else _own_bases(explanation)
    height, width = (
        round((1 - explanation.view) / 2 * side) for side in (shown.image.shape[0], shown.image.shape[1])
    )
    return Explored(
        question=question,
        explanation=_scaled(explanation, reference),
        identity=(shown.key, question.key, hidden),
        normal=Normal(reference, memory, habits),
        bases=bases,
        picture=picture_of(seen, shown.digest),
        image=shrink(seen, DISPLAY_SIDE),
        corner=(width, height),
        copied=copied,
        index=index,
    )


def _copied(
    shown: Shown,
    explanation: Explanation,
    question: Question,
    inspector: Inspector,
    exploration: Exploration,
    hidden: Hidden,
) -> Copied | None:
    if shown.clean is None or shown.mask is None:
        return None
    key = (shown.photo.own, shown.photo.key, "clean")
    before = exploration.explain(key, shown.clean, question, inspector, hidden)
    return copied_between(before, explanation, seen_part(shown.mask, explanation.view))


def paint_answers(
    shown: Shown, questions: Sequence[Question], inspector: Inspector, exploration: Exploration
) -> dict[str, list[Image]]:
    """Model name to pictures of what its encoder saw and of what its decoder answered.

    Models that fail, or for whose encoder there is no inversion network, are left out. The answers' unit of
    length is taken from this image, because what is usual for a model takes longer to find out.
    """
    painted = {}
    for question in questions:
        with suppress(CRRError):
            explanation = exploration.explain(shown.key, shown.image, question, inspector, Hidden())
            identity = (shown.key, question.key)
            pictures = exploration.paint(identity, _scaled(explanation, None), question, inspector)
            if pictures is not None:
                painted[question.model.name] = pictures
    return painted


def _scaled(explanation: Explanation, reference: Reference | None) -> Explanation:
    """By what normal patches say, or without those by the image itself."""
    if reference is not None:
        gains = [layer.gain for layer in reference.layers]
    else:
        gains = [gain_of(layer.encoder, layer.decoder) for layer in explanation.layers]
    layers = [layer.scaled(gain) for layer, gain in zip(explanation.layers, gains, strict=True)]
    return replace(explanation, layers=tuple(layers))


def _own_bases(explanation: Explanation) -> tuple[Basis, ...]:
    """Without normal images, the colours in which this image differs most in itself."""
    return tuple(basis_of(layer.encoder.reshape(-1, layer.layer.channels)) for layer in explanation.layers)


def indices_of(
    shown: Shown,
    questions: Sequence[Question],
    inspector: Inspector,
    exploration: Exploration,
    hidden: Hidden,
) -> tuple[dict[str, CopiedDamage], dict[str, str]]:
    """Model name to how much it copied of the damage on the photo, and for those that failed to the reason.

    The damage is the visitor's, or where there is none the standard damage.
    """
    found, failed = {}, {}
    for question in questions:
        name = question.model.name
        try:
            if shown.mask is None:
                found[name] = shown.photo.copied(question, inspector, shown.file)
                continue
            explanation = exploration.explain(shown.key, shown.image, question, inspector, hidden)
            copied = _copied(shown, explanation, question, inspector, exploration, hidden)
            assert copied is not None
            found[name] = copied.damage
        except CRRError as error:
            failed[name] = str(error)
    return found, failed
