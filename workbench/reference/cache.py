"""Makes what is usual for a model, on first use, from the normal images beside checkpoints.

What was made is kept for all sessions within a memory bound (`CRR_NORMALS_MEMORY_MB`).
"""

import logging
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar

from crr.checkpoints.normals import find_normals, read_credit
from crr.config import EncoderConfig
from crr.data.images import decode
from crr.data.preprocessing import to_input
from crr.errors import ImageError
from crr.inference.explanation import Explanation, explain
from crr.inference.forward import EncoderKey, encode, encoder_key
from crr.inference.patch_memory import PatchMemory
from crr.models.components.encoder import Layer
from crr.models.detector import Detector
from workbench.basics.cache import OnceCache
from workbench.inspection.inspector import ChoiceKey, Inspector, ModelChoice
from workbench.reference.patches import (
    CategoryReference,
    NeighbourDistances,
    neighbour_distances,
    reference_of,
)

_log = logging.getLogger(__name__)

StepCallback = Callable[[int, int, str], None]
"""Hears how many steps of how many are done, and of what."""

Made = TypeVar("Made")
File = tuple[Path, int]
"""A normal image and when it was changed, in nanoseconds: one that is replaced is another."""

_APART = 2  # images a category that stay out of the memory, to say how far normal patches lie from others


@dataclass(frozen=True, eq=False)
class NormalReference:
    """What one model's patches are compared with; each is None where there are no normal images for it.

    Attributes:
        reference: Reference of the category that the image resembles.
        memory: Normal patches of all the model's categories.
        distances: How far normal patches of that category lie from those in memory.
        credit: Where the images come from; empty if nobody says so.
    """

    reference: CategoryReference | None = None
    memory: PatchMemory | None = None
    distances: NeighbourDistances | None = None
    credit: str = ""


class ReferenceCache:
    """What is usual, for all sessions."""

    def __init__(self, inspector: Inspector, limit: int) -> None:
        """Args: inspector, asks the models; limit, bytes."""
        self._inspector = inspector
        self._made = OnceCache(limit)
        self._faces: dict[ChoiceKey, tuple[EncoderConfig, tuple[Layer, ...], EncoderKey]] = {}

    def of(
        self, choice: ModelChoice, category: str | None, tell: StepCallback, neighbours: bool = True
    ) -> NormalReference:
        """What is usual for a model.

        Args:
            choice: Which model, on which device.
            category: Category that the image resembles.
            tell: Hears how far the first use is.
            neighbours: Whether patches are to be looked up, which takes seconds the first time.

        Raises:
            CRRError: The model cannot be asked.
        """
        found = find_normals(choice.model.path, choice.model.categories)
        files = {name: [(path, path.stat().st_mtime_ns) for path in paths] for name, paths in found.items()}
        own = files.get(category or "", [])
        reference = self._reference(choice, category, own, tell) if category and own else None
        if not neighbours or not files:
            return NormalReference(reference)
        memory = self._memory(choice, files, tell)
        apart = own[_kept(own) :]
        distances = None
        if reference is not None and memory is not None and apart:
            distances = self._distances(choice, apart, memory, files, tell)
        credit = " ".join(dict.fromkeys(filter(None, map(read_credit, found.values()))))
        return NormalReference(reference, memory, distances, credit)

    def _reference(
        self, choice: ModelChoice, category: str, files: Sequence[File], tell: StepCallback
    ) -> CategoryReference | None:
        def make() -> CategoryReference | None:
            readable = list(_readable(files))

            def explanations() -> Iterator[Explanation]:
                for number, path in enumerate(readable):
                    tell(number, len(readable), "normal images")
                    yield self._explain(choice, path)

            return reference_of(category, explanations(), len(readable)) if readable else None

        key = ("reference", choice.key, tuple(files))
        return self._made.of(key, make, lambda made: made.nbytes if made else 0)

    def _memory(
        self, choice: ModelChoice, files: Mapping[str, Sequence[File]], tell: StepCallback
    ) -> PatchMemory | None:
        config, layers, encoder = self._face(choice)

        def make() -> PatchMemory | None:
            images = {
                name: [to_input(decode(path, str(path)), config) for path in _readable(rows[: _kept(rows)])]
                for name, rows in files.items()
            }
            if not any(images.values()):
                return None
            return PatchMemory(
                layers,
                images,
                lambda batch: self._ask(choice, partial(encode, images=batch, at_input_size=True)),
                lambda done, count: tell(done, count, "patches of normal images"),
            )

        return self._made.of(_memory_key(encoder, files), make, lambda made: made.nbytes if made else 0)

    def _distances(
        self,
        choice: ModelChoice,
        apart: Sequence[File],
        memory: PatchMemory,
        files: Mapping[str, Sequence[File]],
        tell: StepCallback,
    ) -> NeighbourDistances | None:
        def make() -> NeighbourDistances | None:
            tell(0, 1, "distances among normal patches")
            explanations = [self._explain(choice, path) for path in _readable(apart)]
            return neighbour_distances(explanations, memory) if explanations else None

        key = ("distances", choice.key, tuple(apart), _memory_key(self._face(choice)[2], files))
        return self._made.of(key, make, lambda _: 0)

    def _face(self, choice: ModelChoice) -> tuple[EncoderConfig, tuple[Layer, ...], EncoderKey]:
        if choice.key not in self._faces:
            self._faces[choice.key] = self._ask(choice, _face_of)
        return self._faces[choice.key]

    def _explain(self, choice: ModelChoice, path: Path) -> Explanation:
        return self._ask(choice, partial(explain, image=decode(path, str(path))))

    def _ask(self, choice: ModelChoice, work: Callable[[Detector], Made]) -> Made:
        # One image or batch at a time, so that other visitors get their turns.
        return self._inspector.ask(choice, work, counted=False)


def _kept(files: Sequence[File]) -> int:
    """How many of a category's images are in the memory."""
    return max(1, len(files) - _APART)


def _readable(files: Sequence[File]) -> Iterator[Path]:
    """The images that can be read: one that is damaged is left out, and the log says so."""
    for path, _ in files:
        try:
            decode(path, str(path))
        except ImageError as error:
            _log.warning("a normal image is left out: %s", error)
            continue
        yield path


def _memory_key(encoder: EncoderKey, files: Mapping[str, Sequence[File]]) -> Hashable:
    return ("memory", encoder, tuple((name, tuple(rows)) for name, rows in files.items()))


def _face_of(detector: Detector) -> tuple[EncoderConfig, tuple[Layer, ...], EncoderKey]:
    return detector.config.encoder, detector.encoder.layers, encoder_key(detector)
