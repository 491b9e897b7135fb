"""Synthetic anomalies for training: where (a shape) x what (a filling), seeded and reproducible.

After DRAEM (2108.07610), CutPaste (2104.04015) and NSA (2109.15222), as CRR (2512.11401) uses them. Two
fillings are held out of every training: see `HELD_OUT`.
"""

from crr.anomalies.fillings import FILLINGS, HELD_OUT, training_fillings
from crr.anomalies.shapes import SHAPES
from crr.anomalies.synthesizer import FEATHER, VISIBLE, AnomalySynthesizer, Damage

__all__ = [
    "FEATHER",
    "FILLINGS",
    "HELD_OUT",
    "SHAPES",
    "VISIBLE",
    "AnomalySynthesizer",
    "Damage",
    "training_fillings",
]
