"""PaDiM (arXiv 2011.08785): a Gaussian at each position, over channels of all layers jointly.

The paper's (sections 3.1 to 3.3): layers side by side, a random subset of their channels, mean and covariance
at each position of a category's normal images, 0.01 I added to the covariance, and the Mahalanobis distance
as the anomaly map.

Ours: the token grid, to which finer layers are average-pooled, where the paper repeats the coarser ones on
the finest grid; 30 channels, where it has 100 or more, so that six categories at 384 px on the embedded
encoder fill 5.5 MB; each channel is brought to a variance of 1 before 0.01 is added, so that it means the
same whatever the encoder's units are; and one model of all categories, which takes the nearest one's
Gaussians.

Figures of `checkpoints/padim-embedded` (docs/identity-mapping.md): 82.0 % I-AUROC, 27.6 % P-AP,
80.8 % AUPRO; index on held-out damage 0.00, normal error 0.30.
"""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, replace

import torch
from pydantic.dataclasses import dataclass
from torch import Tensor
from torch.nn import functional

from crr.config import DetectorConfig
from crr.errors import ConfigError
from crr.models.components.encoder import Layer, token_grid
from crr.models.components.residual_metric import Metric
from crr.models.gaussian import Gaussian
from crr.runtime.validation import STRICT, Width
from crr.types import Features, Reconstruction

_REGULARISATION = 0.01  # section 3.2
_SMALLEST_SHARE = 1e-4  # a channel's variance is at least this share of their mean, or a dead one decides all
_SMALLEST_VARIANCE = 1e-12  # where all training images are the same


@dataclass(frozen=True, config=STRICT)
class PaDiMOptions:
    """Settings of PaDiM.

    Attributes:
        channels: How many of the layers' channels the Gaussians cover; drawn from the training seed.
    """

    channels: Width = 30


class PaDiM(Gaussian):
    """PaDiM answers as `Gaussian` does; its own is the measure."""

    title = "PaDiM (arXiv 2011.08785)"

    options_type = PaDiMOptions

    @classmethod
    def configured(cls, config: DetectorConfig) -> DetectorConfig:
        """The preset's config with nothing trained, and the joint Mahalanobis distance."""
        return replace(super().configured(config), options=asdict(PaDiMOptions()))

    def create_metric(self, categories: int) -> Metric | None:
        """The joint distance, unless another was asked for."""
        if self.config.prediction.distance in ("cosine", "euclidean"):
            return None
        seed = self.config.training.seed
        return JointMetric(self.encoder.layers, categories, self.options.channels, seed)


class JointMetric(Metric):
    """Mahalanobis length of the residual at each position of the token grid, over all layers at once.

    A whitening is the inverse of a Cholesky factor, so only its lower triangle is kept, in half precision.

    Args:
        layers: Layers of the encoder.
        categories: How many.
        channels: How many of all layers' channels to measure.
        seed: Seed of the draw of these channels.

    Raises:
        ConfigError: The layers have fewer channels.
    """

    channels: Tensor
    mean: Tensor
    deviation: Tensor
    whitening: Tensor
    triangle: Tensor

    def __init__(self, layers: Sequence[Layer], categories: int, channels: int, seed: int) -> None:
        super().__init__()
        self.grid = token_grid(layers)
        count = self.grid[0] * self.grid[1]
        offered = sum(layer.channels for layer in layers)
        if channels > offered:
            raise ConfigError(
                f"Setting channels ({channels}) exceeds the {offered} that the encoder's layers have."
            )
        generator = torch.Generator().manual_seed(seed)
        drawn = torch.randperm(offered, generator=generator, device="cpu")[:channels]
        self.register_buffer("channels", drawn.sort().values)
        triangle = torch.tril_indices(channels, channels)
        self.register_buffer("triangle", triangle, persistent=False)
        identity = torch.eye(channels, dtype=torch.float16)[triangle[0], triangle[1]]
        self.register_buffer("whitening", identity.repeat(categories, count, 1))
        self.register_buffer("mean", torch.zeros(categories, count, channels, dtype=torch.float16))
        self.register_buffer("deviation", torch.ones(categories, channels))

    def forward(self, reconstruction: Reconstruction, category: Tensor) -> Features:
        """The one map of all layers, (B, 1, h_l, w_l): each layer has it on its own grid."""
        rows = self._rows(reconstruction) - self.mean[category].float()
        rows = rows / self.deviation[category][:, None]
        whitening = rows.new_zeros(*rows.shape, rows.shape[2])
        whitening[..., self.triangle[0], self.triangle[1]] = self.whitening[category].float()
        whitened = (whitening @ rows[..., None])[..., 0]
        lengths = whitened.square().mean(dim=2).sqrt().view(-1, 1, *self.grid)
        return [
            functional.interpolate(lengths, size=layer.shape[2:], mode="bilinear", align_corners=False)
            for layer in reconstruction.encoder
        ]

    def fit(self, category: int, reconstructions: Iterable[Reconstruction]) -> None:
        """Learn each position's mean and whitening from one category's normal images."""
        images = 0
        sums = torch.zeros(self.mean.shape[1:], dtype=torch.float64)  # (tokens, channels)
        products = torch.zeros(*sums.shape, sums.shape[1], dtype=torch.float64)
        for reconstruction in reconstructions:
            rows = self._rows(reconstruction).cpu().double().transpose(0, 1)  # (tokens, images, channels)
            images += rows.shape[1]
            sums += rows.sum(dim=1)
            products += rows.mT @ rows
        mean = sums / images
        covariance = (products - images * mean[:, :, None] * mean[:, None]) / max(1, images - 1)
        deviation = _deviation(covariance)
        self.mean[category] = mean
        self.deviation[category] = deviation.float()
        whitening = _whitening(covariance / (deviation[:, None] * deviation))
        self.whitening[category] = whitening[:, self.triangle[0].cpu(), self.triangle[1].cpu()]

    def _rows(self, reconstruction: Reconstruction) -> Tensor:
        """(B, tokens, channels) residual: it lies near zero, so half precision holds its mean well."""
        pairs = zip(reconstruction.encoder, reconstruction.decoder, strict=True)
        pooled = [
            functional.adaptive_avg_pool2d((seen - answered).float(), self.grid) for seen, answered in pairs
        ]
        return torch.cat(pooled, dim=1).flatten(2).mT[..., self.channels]


def _deviation(covariance: Tensor) -> Tensor:
    """(channels,) standard deviation over all positions of (tokens, channels, channels)."""
    variance = covariance.diagonal(dim1=1, dim2=2).mean(dim=0)
    return variance.clamp(min=_SMALLEST_SHARE * float(variance.mean())).clamp(min=_SMALLEST_VARIANCE).sqrt()


def _whitening(covariance: Tensor) -> Tensor:
    """Inverse of the Cholesky factor of each regularised covariance; no value of it exceeds 10."""
    identity = torch.eye(covariance.shape[1], dtype=covariance.dtype)
    factor = torch.linalg.cholesky(covariance + _REGULARISATION * identity)
    return torch.linalg.solve_triangular(factor, identity, upper=False)
