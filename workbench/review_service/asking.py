"""A model, asked about an image: its answer, and what its encoder saw and its decoder copied."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Protocol

from crr.checkpoints.files import CheckpointInfo
from crr.identity.sighting import Sighting, Usual, sighting
from crr.inference.explanation import Explanation, explain
from crr.types import Image, Inspection, Mask
from workbench.annotation.errors import SourceError
from workbench.basics.cache import BoundedCache
from workbench.inspection.inspector import Inspector, ModelChoice
from workbench.model_store.available import find_models
from workbench.reference.cache import ReferenceCache


class Asker(Protocol):
    """Asks models by name; threads may share it."""

    def revision(self, model: str) -> str:
        """Digest of a model; raises `CRRError` if it is not there."""
        ...

    def answer(self, key: str, image: Image, model: str) -> Inspection:
        """What a model says of an image that `key` identifies; raises `CRRError` if it cannot be asked."""
        ...

    def sighting(self, key: str, image: Image, model: str, mask: Mask | None) -> Sighting | None:
        """What is unusual in an image, or within a mask.

        The first time for a kind of part takes seconds, since normal images are looked at.

        Returns:
            None if it cannot be told: without normal images of such a part beside the checkpoint.

        Raises:
            CRRError: As `answer` does.
        """
        ...


def find_model(name: str, find: Callable[[], Mapping[str, CheckpointInfo]] = find_models) -> CheckpointInfo:
    """A model of this machine by name; raises `SourceError` if it is not there."""
    known = find().get(name)
    if known is None:
        raise SourceError(f"The model {name} is not on this machine. The page Models has those that are.")
    return known


class LocalModels:
    """Asks the models of this machine, on one device."""

    def __init__(
        self,
        inspector: Inspector,
        references: ReferenceCache,
        find: Callable[[], Mapping[str, CheckpointInfo]],
        device: str,
        limit: int,
    ) -> None:
        """Args: inspector; references, what is usual; find, the models by name; device; limit, bytes kept."""
        self._inspector, self._references, self._find, self._device = inspector, references, find, device
        self._explained: BoundedCache[Explanation] = BoundedCache(limit)

    def revision(self, model: str) -> str:
        """See `Asker`."""
        return find_model(model, self._find).revision

    def answer(self, key: str, image: Image, model: str) -> Inspection:
        """See `Asker`."""
        return self._explain(key, image, model)[1].inspection

    def sighting(self, key: str, image: Image, model: str, mask: Mask | None) -> Sighting | None:
        """See `Asker`."""
        choice, explanation = self._explain(key, image, model)
        normals = self._usual(choice, explanation.inspection)
        return None if normals is None else sighting(explanation, normals, mask)

    def _explain(self, key: str, image: Image, model: str) -> tuple[ModelChoice, Explanation]:
        choice = ModelChoice(find_model(model, self._find), self._device)
        full = (key, choice.key)
        explanation = self._explained.get(full)
        if explanation is None:
            explanation = self._inspector.ask(choice, partial(explain, image=image), counted=False)
            self._explained.put(full, explanation, explanation.nbytes)
        return choice, explanation

    def _usual(self, choice: ModelChoice, inspection: Inspection) -> tuple[Usual, ...] | None:
        if not (inspection.known and inspection.seen):
            return None
        found = self._references.of(choice, inspection.category, lambda *_: None, neighbours=False).reference
        return None if found is None else found.usual
