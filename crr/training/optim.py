"""Optimiser and learning-rate schedule."""

import math
from collections.abc import Iterable

from pytorch_optimizer import StableAdamW
from torch.nn import Parameter
from torch.optim import Optimizer

from crr.config import StageConfig


def create_optimizer(parameters: Iterable[Parameter], config: StageConfig) -> Optimizer:
    """StableAdamW (arXiv 2304.13013) with the settings of Dinomaly's released code, for both stages.

    The paper trains stage 2 with Adam instead.
    """
    return StableAdamW(
        [parameter for parameter in parameters if parameter.requires_grad],
        lr=config.learning_rate,
        betas=(0.9, 0.999),
        weight_decay=1e-4,
        eps=1e-10,
    )


def learning_rate(step: int, config: StageConfig) -> float:
    """Linear warm-up to the peak, then a cosine down to the final rate, for `step` counted from 0."""
    if step < config.warmup:
        return config.learning_rate * (step + 1) / config.warmup
    span = max(1, config.iterations - config.warmup)
    progress = min(1.0, (step - config.warmup) / span)
    amplitude = config.learning_rate - config.final_learning_rate
    return config.final_learning_rate + amplitude * (1 + math.cos(math.pi * progress)) / 2


def set_learning_rate(optimizer: Optimizer, rate: float) -> None:
    """Use `rate` for every parameter from the next step on."""
    for group in optimizer.param_groups:
        group["lr"] = rate
