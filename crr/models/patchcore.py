"""PatchCore (arXiv 2106.08265): a patch is as unusual as it is far from the nearest remembered normal one.

The paper's (sections 3.1 to 3.3): a memory of normal patches of several layers side by side, thinned to a
coreset by greedy minimax facility location (algorithm 1, on a random projection to 128 dimensions), and
the exact nearest neighbour.

Ours: the nearest patch is the answer of this method's "decoder", and the residual's length its distance. A
patch is a token, which holds the finer layers whole by space-to-depth, and so sees its neighbourhood; the
paper's 3x3 average pooling would leave an answer that no encoder gives. A layer counts by its mean square, as
in the distance, and not by its number of values. One memory serves all categories, each with the same share,
small enough for 5.5 MB. Coresets are chosen from at most 200 patches an image, drawn at random: of 200 images
40,000 patches, 59 MB in half precision on the embedded encoder. The image score is not re-weighted by the
neighbours of the nearest patch (equation 7): it is written once over all methods. The search is exact and in
torch, 1.05 times as long as faiss takes for the same answers (benchmarks/nearest.py).

Figures of `checkpoints/patchcore-embedded` (docs/identity-mapping.md): 82.9 % I-AUROC, 25.6 % P-AP,
82.9 % AUPRO; index on held-out damage 0.28, normal error 0.39.
"""

from collections.abc import Iterable
from dataclasses import asdict, replace

import numpy as np
import torch
from pydantic.dataclasses import dataclass
from torch import Tensor

from crr.config import DetectorConfig
from crr.errors import ConfigError
from crr.models.components.encoder import Encoder
from crr.models.components.tokens import Tokens
from crr.models.detector import MemoryDetector
from crr.runtime.validation import STRICT, Positive
from crr.types import Features

_CANDIDATES = 200  # patches of an image that the coreset is chosen from
_PROJECTION = 128  # dimensions (section 3.2)


@dataclass(frozen=True, config=STRICT)
class PatchCoreOptions:
    """Settings of PatchCore.

    Attributes:
        patches: Remembered in all; each category has the same share, rounded down.
    """

    patches: Positive = 3300


class PatchCore(MemoryDetector):
    """Answers each token with the nearest remembered one, of whatever category. An empty memory answers zero.

    Raises:
        ConfigError: Fewer patches than categories, or grids that do not fit each other.
    """

    title = "PatchCore (arXiv 2106.08265)"

    options_type = PatchCoreOptions
    memory: Tensor
    weight: Tensor

    def __init__(self, config: DetectorConfig, encoder: Encoder | None = None) -> None:
        super().__init__(config, encoder)
        self.tokens = Tokens(self.encoder.layers)
        categories = self.scale.shape[1]
        share = self.options.patches // categories
        if not share:
            raise ConfigError(
                f"Setting patches ({self.options.patches}) must be at least one for each of the "
                f"{categories} categories."
            )
        memory = torch.zeros(categories, share, sum(self.tokens.channels), dtype=torch.float16)
        self.register_buffer("memory", memory)
        weight = torch.cat([torch.full((channels,), channels**-0.5) for channels in self.tokens.channels])
        self.register_buffer("weight", weight, persistent=False)

    @classmethod
    def configured(cls, config: DetectorConfig) -> DetectorConfig:
        """The preset's config with nothing trained, and the plain length of the residual."""
        config = super().configured(config)
        prediction = replace(config.prediction, distance="euclidean")
        return replace(config, prediction=prediction, options=asdict(PatchCoreOptions()))

    def memorise(self, category: int, features: Iterable[Features]) -> None:
        """Keep a coreset of the category's patches."""
        candidates: list[Tensor] = []
        for batch in features:
            for tokens in self.tokens.join(batch):
                # Each image has draws of its own, so that batches make no difference.
                random = np.random.default_rng([self.config.training.seed, category, len(candidates)])
                drawn = random.permutation(len(tokens))[:_CANDIDATES]
                candidates.append(tokens[torch.from_numpy(drawn).to(tokens.device)].half())
        patches = torch.cat(candidates)
        self.memory[category] = patches[coreset(self._projected(patches), self.memory.shape[1])]

    def decode(self, features: Features) -> Features:
        """The nearest remembered patch at each position, split into its layers."""
        memory = self.memory.flatten(0, 1).to(features[0].dtype)
        weighted = memory * self.weight
        squares = weighted.square().sum(dim=1)
        # An image at a time bounds the memory, and gives it the same answer in any company.
        answers = [
            memory[nearest(tokens * self.weight, weighted, squares)] for tokens in self.tokens.join(features)
        ]
        return self.tokens.split(torch.stack(answers))

    def _projected(self, patches: Tensor) -> Tensor:
        """(N, channels) patches as points whose distances are nearly those of the weighted patches."""
        generator = torch.Generator().manual_seed(self.config.training.seed)
        projection = torch.randn(patches.shape[1], _PROJECTION, generator=generator) / _PROJECTION**0.5
        return patches.float() @ (self.weight[:, None] * projection.to(patches.device))


def nearest(questions: Tensor, memory: Tensor, squares: Tensor) -> Tensor:
    """(N,) index of the row of `memory` with the smallest Euclidean distance to each question.

    Args:
        questions: (N, D).
        memory: (M, D).
        squares: (M,) squared length of each row of `memory`.
    """
    return torch.addmm(squares, questions, memory.T, alpha=-2).argmin(dim=1)


def coreset(points: Tensor, count: int) -> Tensor:
    """(count,) indices of points such that none is far from all of them (algorithm 1).

    Greedy minimax facility location: begin with the first point, then take the one that is furthest from
    those taken. Where there are fewer points than asked for, the first is repeated.

    Args:
        points: (N, D).
        count: How many to choose.
    """
    chosen = [0]
    distances = torch.full((len(points),), torch.inf, device=points.device)
    for _ in range(count - 1):
        latest = torch.linalg.vector_norm(points - points[chosen[-1]], dim=1)
        distances = torch.minimum(distances, latest)
        furthest = int(distances.argmax())
        chosen.append(furthest if distances[furthest] > 0 else 0)
    return torch.tensor(chosen, device=points.device)
