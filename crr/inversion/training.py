"""Training of the inversion network, on good images and on damaged copies, so that it can paint damage."""

import threading
from collections.abc import Callable
from dataclasses import replace

import torch
from torch import Tensor

from crr.anomalies import AnomalySynthesizer
from crr.config import EncoderConfig, StageConfig, ValueRange
from crr.data.datasets import Dataset
from crr.data.inventory.inventory import Inventory
from crr.data.inventory.looking import look_at_dataset, usable
from crr.data.preprocessing import as_input_tensor
from crr.inversion.network import InversionConfig, InversionNetwork, create_inversion
from crr.models.components.encoder import Encoder
from crr.runtime.allocator import keep_freed_memory
from crr.runtime.devices import autocast, resolve_device
from crr.runtime.progress import Reporter
from crr.training.damaged_images import DamagedImages, batches
from crr.training.optim import create_optimizer, learning_rate, set_learning_rate
from crr.types import Progress

_LEARNING_RATE, _FINAL_LEARNING_RATE, _WARMUP, _GRADIENT_NORM = 1e-3, 1e-5, 50, 1.0
_EDGES = 1.0  # weight of differences between neighbouring pixels: without them pictures are blurred
_WHOLE_SHARE = 0.5  # of the images that are painted from all layers


def train_inversion(
    dataset: Dataset,
    encoder: EncoderConfig,
    *,
    iterations: int,
    batch_size: int = 4,
    seed: int = 0,
    device: str = "auto",
    workers: int = 1,
    value_range: ValueRange | None = None,
    progress: Callable[[Progress], None] | None = None,
    stop: threading.Event | None = None,
    tell: Callable[[Inventory], None] = lambda _: None,
) -> tuple[InversionConfig, InversionNetwork]:
    """Train an inversion network on the good training images of a data set.

    It sees each image clean and with damage of the kinds that models train with; the held-out kinds and
    every test image are left for `crr.inversion.evaluation`. Half of the images it has to paint from some of
    the layers only, so that it looks at all of them.

    Args:
        dataset: Data set whose `train` images are used.
        encoder: Encoder whose features are inverted.
        iterations: Steps, each on `batch_size` images and their damaged copies.
        batch_size: Images a step, each clean and damaged.
        seed: Fixes every random draw.
        device: "auto", "cpu", "cuda", ...
        workers: Processes that make images.
        value_range: Black and white of images deeper than 8 bits that do not say it; if None, guessed from
            all images to learn from.
        progress: Called about once a second with the stages "check" and "inversion".
        stop: When set, training ends early.
        tell: Told what the look at the images found, before any of them is refused.

    Returns:
        What there is to say of it, and the network on the CPU, in eval mode.

    Raises:
        DatasetError: There is no training image.
        ImageError: A training image cannot be read.
        EncoderError: The encoder cannot be had.
        DeviceError: There is no such device.
    """
    keep_freed_memory()
    target, reporter, stop = resolve_device(device), Reporter(progress), stop or threading.Event()
    samples = {category.name: category.train for category in dataset.categories}
    looked = look_at_dataset(dataset, ("train",), value_range=value_range, progress=progress)
    tell(looked)
    usable(dataset, looked)
    frozen = Encoder(encoder).to(target)
    config = InversionConfig(
        encoder=encoder,
        encoder_digest=frozen.digest,
        categories=tuple(samples),
        batch_size=batch_size,
        seed=seed,
        value_range=looked.value_range,
    )
    torch.manual_seed(seed)
    network = create_inversion(config, frozen.layers).to(target)
    data = DamagedImages(
        samples,
        encoder,
        AnomalySynthesizer(),
        seed=seed,
        batch_size=batch_size,
        value_range=looked.value_range,
    )
    schedule = StageConfig(
        iterations=iterations,
        batch_size=batch_size,
        learning_rate=_LEARNING_RATE,
        final_learning_rate=_FINAL_LEARNING_RATE,
        warmup=min(_WARMUP, iterations // 10),
    )
    optimizer = create_optimizer(network.parameters(), schedule)
    reporter.begin("inversion", iterations)
    done = 0
    for step, batch in enumerate(batches(data, 0, iterations, workers)):
        set_learning_rate(optimizer, learning_rate(step, schedule))
        images = as_input_tensor(torch.cat([batch.clean, batch.damaged]).to(target))
        features = frozen(images)
        with autocast(target):
            pictures = network(features, _kept(len(images), len(features)).to(target))
        loss = inversion_loss(pictures.float(), images)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), _GRADIENT_NORM)
        optimizer.step()
        done = step + 1
        reporter.advance(images=len(images), loss=loss.item())
        if stop.is_set():
            break
    return replace(config, iterations=done), network.cpu().eval()


def inversion_loss(pictures: Tensor, images: Tensor) -> Tensor:
    """Mean absolute error of (B, 3, H, W) pictures and of their edges; a scalar >= 0."""
    loss = (pictures - images).abs().mean()
    for axis in (2, 3):
        loss = loss + _EDGES * (pictures.diff(dim=axis) - images.diff(dim=axis)).abs().mean()
    return loss


def _kept(images: int, layers: int) -> Tensor:
    """bool (images, layers): which layers an image is painted from, at least one."""
    kept = torch.rand(images, layers) < 0.5
    kept |= torch.rand(images, 1) < _WHOLE_SHARE
    kept[torch.arange(images), torch.randint(layers, (images,))] = True
    return kept
