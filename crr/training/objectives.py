"""What each stage of training minimises, from a batch of images to a scalar (paper, sections 3.2 and 3.3)."""

import torch
from torch import Tensor
from torch.nn import functional

from crr.data.preprocessing import as_input_tensor
from crr.models.components.losses import segmentation_loss
from crr.models.detector import TrainedDetector
from crr.runtime.devices import autocast
from crr.training.damaged_images import Batch
from crr.types import Features

_LABEL_SHARE = 1 / 3  # of a map pixel; at a half, damage one pixel wide would fall between two of them


def reconstruction_objective(detector: TrainedDetector, features: Features, step: int) -> Tensor:
    """Reconstruct clean features: all that a method learns which repairs nothing."""
    with autocast(detector.device):
        answers = detector.decode(features)
    return detector.loss(features, answers, step)


def repair_objective(detector: TrainedDetector, batch: Batch, step: int) -> Tensor:
    """Reconstruct the clean, repair the damaged, both toward the clean features."""
    images = torch.cat([batch.clean, batch.damaged])
    features = detector.encoder(as_input_tensor(images.to(detector.device)))
    with autocast(detector.device):
        answers = detector.decode(features)
    count = len(batch.clean)
    target = [layer[:count] for layer in features]
    reconstructed = detector.loss(target, [layer[:count] for layer in answers], step)
    return reconstructed + detector.loss(target, [layer[count:] for layer in answers], step)


def segmentation_objective(detector: TrainedDetector, batch: Batch, step: int) -> Tensor:
    """Find the damage in what the frozen detector answers."""
    del step
    assert detector.segmentation is not None
    device = detector.device
    with torch.no_grad():
        reconstruction = detector.reconstruct(as_input_tensor(batch.damaged.to(device)))
        distances = detector.distances(reconstruction, batch.category.to(device))
    with autocast(device):
        logits = detector.segmentation(reconstruction, distances)
    size = detector.config.prediction.map_size
    resized = functional.interpolate(logits.float(), size=(size, size), mode="bilinear", align_corners=False)
    mask = functional.adaptive_avg_pool2d(batch.mask.to(device)[:, None].float(), size)[:, 0]
    return segmentation_loss(resized, mask >= _LABEL_SHARE, detector.config.training.segmentation_loss)
