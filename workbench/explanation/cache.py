"""What one visitor's models were asked about single photos, so that a click or a slider asks none."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import replace
from functools import partial
from typing import Any, TypeVar

from crr.inference.engine import EncoderPasses
from crr.inference.explanation import Explanation, FeatureMask, explain
from crr.models.detector import Detector
from crr.types import Image
from workbench.basics.cache import BoundedCache
from workbench.explanation.feature_pictures import paint_answer
from workbench.explanation.location import Location
from workbench.inspection.inspector import Inspector, ModelChoice

Kept = TypeVar("Kept")

_PHOTOS = 2  # whose encoder features are at hand for the next model
_EXPLORED = 6  # whole answers at hand; they hold explanations


class ExplanationCache:
    """Lives in the session.

    Attributes:
        spots: Key of a photo to the place that the visitor chose in it.
    """

    def __init__(self, limit: int) -> None:
        """Args: limit, bytes kept of explanations, and a quarter of it of pictures."""
        self._kept: BoundedCache[Explanation] = BoundedCache(limit)
        self._painted: BoundedCache[list[Image]] = BoundedCache(limit // 4)
        self._passes: OrderedDict[Hashable, EncoderPasses] = OrderedDict()
        self._explored: OrderedDict[Hashable, Any] = OrderedDict()
        self.spots: dict[str, Location] = {}

    def explain(
        self, key: Hashable, image: Image, choice: ModelChoice, inspector: Inspector, hidden: FeatureMask
    ) -> Explanation:
        """What a model says of an image and why, asked once as long as memory allows.

        Args:
            key: Identifies the image.
            image: uint8 (H, W, 3).
            choice: Which model, on which device.
            inspector: Asks it.
            hidden: What is kept from its decoder.

        Raises:
            CRRError: The model cannot be asked.
        """
        hidden = replace(hidden, seed=0) if hidden.rate == 0 else hidden
        full = (key, choice.key, hidden)
        known = self._kept.get(full)
        if known is None:
            passes = _recent(self._passes, key, dict, _PHOTOS)
            work = partial(_explain, image=image, passes=passes, hidden=hidden)
            known = inspector.ask(choice.model, choice.device, work)
            self._kept.put(full, known, known.nbytes)
        return known

    def explored(self, identity: Hashable, make: Callable[[], Kept]) -> Kept:
        """What `make` returns, or returned before for this identity."""
        return _recent(self._explored, identity, make, _EXPLORED)

    def paint(
        self, identity: Hashable, explanation: Explanation, choice: ModelChoice, inspector: Inspector
    ) -> list[Image] | None:
        """Pictures of what the encoder saw and of what the decoder answered; None without a network for it.

        Args:
            identity: Of the explanation: equal ones are painted once.
            explanation: With the decoder's features in the encoder's unit of length.
            choice: Which model, on which device.
            inspector: Asks it.

        Raises:
            CRRError: The model cannot be asked, or the network is damaged.
        """
        known = self._painted.get(identity)
        if known is None:
            known = inspector.ask(choice.model, choice.device, partial(paint_answer, explanation=explanation))
            if known is not None:
                self._painted.put(identity, known, sum(image.nbytes for image in known))
        return known


def _explain(detector: Detector, image: Image, passes: EncoderPasses, hidden: FeatureMask) -> Explanation:
    return explain(detector, image, passes, hidden)


def _recent(kept: OrderedDict[Hashable, Kept], key: Hashable, make: Callable[[], Kept], most: int) -> Kept:
    """The value of a key, made if need be; those unused longest go when there are more than `most`."""
    if key not in kept:
        kept[key] = make()
    kept.move_to_end(key)
    while len(kept) > most:
        kept.popitem(last=False)
    return kept[key]
