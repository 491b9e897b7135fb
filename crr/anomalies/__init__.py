"""Synthetic anomalies for training: where (a shape) x what (a filling), seeded and reproducible.

After DRAEM (2108.07610), CutPaste (2104.04015) and NSA (2109.15222), as CRR (2512.11401) uses them. Two
fillings are held out of every training: see `HELD_OUT`. Begin with `synthesizer.py`; `shapes.py` says where
damage is, `fillings.py` what it looks like, `scene.py` what the image is. Others use the names below.
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
