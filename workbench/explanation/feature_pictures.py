"""Pictures of features: what an encoder saw and what a decoder answered, painted by an inversion network."""

from collections import OrderedDict
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from threading import Lock

import numpy as np
import torch
from numpy.typing import NDArray

from crr.errors import CheckpointError
from crr.inference.explanation import Explanation, Map
from crr.inversion.checkpoint import HOW_TO_GET_ONE, WEIGHTS, find_inversion, load_inversion
from crr.inversion.network import InversionNetwork
from crr.models.detector import Detector
from crr.types import Image

ILLUSTRATION = (
    "Painted from features by a small network that was trained for this encoder. An illustration, not "
    "evidence: no score, map or index uses it, and fine structure may be the painter's. The inverted encoder "
    "features are the control: what is missing there, the painter cannot show."
)
_MOST_NETWORKS = 3  # networks kept loaded, of a few megabytes each


class Inversions:
    """The inversion networks of this process, each loaded once."""

    def __init__(self) -> None:
        self._networks: OrderedDict[tuple[Path, int, str], InversionNetwork] = OrderedDict()
        self._lock = Lock()

    def network(self, detector: Detector) -> InversionNetwork | None:
        """The network for the detector's encoder, if there is one; raises `CheckpointError` if damaged."""
        folder = find_inversion(detector.encoder)
        if folder is None:
            return None
        try:
            changed = (folder / WEIGHTS).stat().st_mtime_ns
        except OSError:
            raise CheckpointError(f"{folder} has no {WEIGHTS}. Copy it again.") from None
        key = (folder, changed, str(detector.device))
        with self._lock:
            if key not in self._networks:
                self._networks[key] = load_inversion(folder, detector.encoder)
                while len(self._networks) > _MOST_NETWORKS:
                    self._networks.popitem(last=False)
            self._networks.move_to_end(key)
            return self._networks[key]


@cache
def inversions() -> Inversions:
    """The inversion networks of this process."""
    return Inversions()


@torch.inference_mode()
def paint(detector: Detector, features: Sequence[Sequence[Map]]) -> list[Image] | None:
    """Pictures of features; None if there is no network for the detector's encoder.

    Args:
        detector: Whose encoder made them, or whose decoder answered them.
        features: For each picture one float32 (h, w, C) array a layer.

    Returns:
        uint8 (crop, crop, 3) each.

    Raises:
        CheckpointError: The network is damaged.
    """
    network = inversions().network(detector)
    if network is None:
        return None
    layers = [
        torch.from_numpy(np.stack(rows)).permute(0, 3, 1, 2).to(detector.device)
        for rows in zip(*features, strict=True)
    ]
    painted = (255 * network(layers)).round().byte().permute(0, 2, 3, 1).cpu().numpy()
    return list(painted)


def paint_answer(detector: Detector, explanation: Explanation) -> list[Image] | None:
    """Pictures of what the encoder saw, the control, and of what the decoder answered; raises likewise."""
    encoder: list[NDArray[np.float32]] = [layer.encoder for layer in explanation.layers]
    decoder: list[NDArray[np.float32]] = [layer.decoder for layer in explanation.layers]
    return paint(detector, [encoder, decoder])


NO_PAINTER = (
    "There is no inversion network for this model's encoder, so its features cannot be shown as a picture. "
    f"Train one: `{HOW_TO_GET_ONE}`"
)
