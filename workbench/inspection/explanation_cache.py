"""What one visitor's models were asked about single photos, so that a click or a slider asks none."""

from collections import OrderedDict
from collections.abc import Hashable
from functools import partial

from crr.inference.explanation import Explanation, explain
from crr.inference.forward import EncoderPasses, FeatureMask
from crr.types import Image
from workbench.basics.cache import BoundedCache, CachePool, recent
from workbench.inspection.inspector import Inspector, ModelChoice

_PHOTOS = 2  # whose encoder features are at hand for the next model


class ExplanationCache:
    """The explanations of one session; every page that looks into a model asks here.

    Attributes:
        inspector: Asks the models.
        pool: What all sessions may keep together, if that is bounded.
    """

    def __init__(self, inspector: Inspector, limit: int, pool: CachePool | None = None) -> None:
        """Args: inspector; limit, bytes kept; pool, what all sessions may keep together."""
        self.inspector = inspector
        self.pool = pool
        self._kept: BoundedCache[Explanation] = BoundedCache(limit, pool)
        self._passes: OrderedDict[Hashable, EncoderPasses] = OrderedDict()

    def explain(
        self, key: Hashable, image: Image, choice: ModelChoice, mask: FeatureMask | None = None
    ) -> Explanation:
        """What a model says of an image and why, asked once as long as memory allows.

        Args:
            key: Identifies the image.
            image: uint8 (H, W, 3).
            choice: Which model, on which device.
            mask: What of the features is hidden from its decoder; nothing if None.

        Raises:
            CRRError: The model cannot be asked.
        """
        mask = FeatureMask() if mask is None or mask.rate == 0 else mask
        full = (key, choice.key, mask)
        known = self._kept.get(full)
        if known is None:
            passes = recent(self._passes, key, dict, _PHOTOS)
            known = self.inspector.ask(choice, partial(explain, image=image, passes=passes, mask=mask))
            self._kept.put(full, known, known.nbytes)
        return known

    def clear(self) -> None:
        """Forget everything: what models answered can be painted back into pictures."""
        self._kept.clear()
        self._passes = OrderedDict()  # the old one may be in use

    def forget_found(self) -> None:
        """Forget what is asked again when it is looked at: everything."""
        self.clear()
