"""Plain feature reconstruction: the method that falls into identity mapping.

CRR's own network with everything taken away that keeps a decoder from copying: no masking, no noise, no
damaged images, no hard mining, no segmentation network. It learns to answer with what it is given, and
it learns that well.

Figures of `checkpoints/autoencoder-embedded` (docs/identity-mapping.md): 85.3 % I-AUROC, 30.8 % P-AP,
82.7 % AUPRO; index on held-out damage 0.77, normal error 0.08.
"""

from crr.config import DetectorConfig
from crr.models.crr import CRR
from crr.models.detector import reconstruction_only


class Autoencoder(CRR):
    """The first rung of the paper's ablation (arXiv 2512.11401, section 4.3)."""

    title = "Autoencoder (plain feature reconstruction)"

    @classmethod
    def configured(cls, config: DetectorConfig) -> DetectorConfig:
        """The preset's config with nothing hidden, no noise, and clean images only."""
        return reconstruction_only(config)
