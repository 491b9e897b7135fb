"""Collaborative reconstruction and repair: masking, a noisy bottleneck, and a linear-attention decoder."""

from torch import nn

from crr.models.components.decoder import Decoder
from crr.models.detector import TrainedDetector


class CRR(TrainedDetector):
    """Collaborative reconstruction and repair (arXiv 2512.11401)."""

    choices = TrainedDetector.choices | {"masking", "dropout"}
    title = "CRR (collaborative reconstruction and repair, arXiv 2512.11401)"

    def create_decoder(self) -> nn.Module:
        """The decoder of masking, noisy bottleneck and linear attention, untrained."""
        return Decoder(self.config.decoder, self.config.masking, self.encoder.layers)
