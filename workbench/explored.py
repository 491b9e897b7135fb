"""One photo and one model, with everything that the layer explorer compares them with."""

import hashlib
from collections.abc import Hashable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from crr.damage_inspection import CopiedDamage
from crr.errors import CRRError
from crr.explanation import Explanation, Hidden, gain_of
from crr.types import Image, Mask
from workbench.batch import Question
from workbench.comparison import Photo
from workbench.exploration import Exploration
from workbench.inspection import ImageFile, Inspector
from workbench.layers import Copied, copied_between, seen_part
from workbench.normality import Normal, Normality, Tell
from workbench.painted import Made, Part
from workbench.pictures import DISPLAY_SIDE, Picture, digest_of, picture_of, shrink
from workbench.references import Basis, Reference, basis_of


@dataclass(frozen=True, eq=False)
class Shown:
    """The photo as it is explored: as it came, or damaged.

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
    key: Hashable
    digest: str
    clean: Image | None = None
    mask: Mask | None = None

    @property
    def size(self) -> tuple[int, int]:
        """(height, width) of the photo as it came, which places in links refer to."""
        return self.file.image.shape[0], self.file.image.shape[1]


def shown_as_it_is(photo: Photo) -> Shown:
    """A photo as it came; raises `ImageError` for a bad file."""
    file = photo.open()
    return Shown(photo, file, file.image, (photo.own, photo.key), digest_of(file.content))


def shown_damaged(part: Part, made: Made) -> Shown:
    """A photo with what the visitor did to it."""
    damaged = made.damaged
    key = (part.photo.own, part.photo.key, hashlib.sha256(damaged.image.tobytes()).hexdigest())
    file = part.photo.open()
    return Shown(part.photo, file, damaged.image, key, part.picture.digest, part.image, damaged.mask)


@dataclass(frozen=True, eq=False)
class Explored:
    """What a model says of a photo, and what is usual.

    Attributes:
        question: Which model.
        explanation: Every step of its answer, the decoder's features in the encoder's unit of length.
        identity: Equal for the same answer to the same image.
        hidden: What was kept from the decoder.
        normal: What is usual for the model.
        bases: Colours, a layer.
        picture: Of the whole photo.
        image: uint8 (H, W, 3), the part of it that the network sees, at most `DISPLAY_SIDE`.
        copied: How much of a known damage it copied, patch by patch; None if there is none.
        index: The index by layer, of that damage or of the standard damage; None if unknown.
    """

    question: Question
    explanation: Explanation
    identity: Hashable
    hidden: Hidden
    normal: Normal
    bases: tuple[Basis, ...]
    picture: Picture
    image: Image
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
        CRRError: The model cannot be asked.
    """
    identity = (shown.key, question.key, hidden)

    def make() -> Explored:
        explanation = exploration.explain(shown.key, shown.image, question, inspector, hidden)
        normal = normality.of(question, explanation.inspection.category, tell, neighbours)
        copied = _copied(shown, explanation, question, inspector, exploration, hidden)
        seen = seen_part(shown.image, explanation.view)
        return Explored(
            question=question,
            explanation=_scaled(explanation, normal.reference),
            identity=identity,
            hidden=hidden,
            normal=normal,
            bases=normal.reference.bases if normal.reference else _own_bases(explanation),
            picture=picture_of(shown.image, shown.digest),
            image=shrink(seen, DISPLAY_SIDE),
            copied=copied,
            index=_index(shown, question, inspector, hidden) if copied is None else copied.damage,
        )

    # By name too: copies of a checkpoint answer alike, and are shown by their own names.
    return exploration.explored((identity, question.model.name, neighbours), make)


def _index(shown: Shown, question: Question, inspector: Inspector, hidden: Hidden) -> CopiedDamage | None:
    """Of the standard damage, which is measured with nothing hidden."""
    if hidden.rate:
        return None
    with suppress(CRRError):  # too little memory for the damaged copies: no index, then
        return shown.photo.copied(question, inspector, shown.file)
    return None


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
    shown: Shown, questions: Sequence[Question], inspector: Inspector, exploration: Exploration
) -> dict[str, PaintedAnswer]:
    """Model name to its decoder's answer as a picture.

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
                control, answer = pictures
                encoder = question.model.encoder
                painted[question.model.name] = PaintedAnswer(encoder, control, answer, explanation.view)
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

    The damage is the visitor's, or where there is none the standard damage, of which nothing is hidden.
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
