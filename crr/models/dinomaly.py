"""Dinomaly (arXiv 2405.14325): a noisy bottleneck, linear attention and a loose loss keep it from copying.

CRR grew out of it, so it is CRR's network without masking, without damaged images and without a
segmentation network. The dropout is its paper's, and so are the loss (section 3.3: cosine distance of whole
layers, gradients of the easiest 90 % of points scaled by 0.1) and StableAdamW. Its encoder is a DINOv2,
whose layers it fuses into two groups; on a convolutional encoder each layer is compared on its own grid.

Figures of `checkpoints/dinomaly-embedded` (docs/identity-mapping.md): 87.0 % I-AUROC, 35.0 % P-AP,
84.4 % AUPRO; index on held-out damage 0.52, normal error 0.13.
"""

from crr.config import DetectorConfig
from crr.models.crr import CRR
from crr.models.detector import reconstruction_only

_DROPOUT = 0.2  # its paper, section 4.1, for MVTec-AD and VisA


class Dinomaly(CRR):
    """Multi-class reconstruction with noise in place of masking."""

    title = "Dinomaly (arXiv 2405.14325)"

    @classmethod
    def configured(cls, config: DetectorConfig) -> DetectorConfig:
        """The preset's config with dropout, a loose loss, and clean images only."""
        return reconstruction_only(config, dropout=_DROPOUT, mining_share=config.training.mining_share)
