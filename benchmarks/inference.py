"""Prints how much CRR costs beyond its encoder, and what its segmentation network saves.

Encoder and CRR run alternately in one process, so that a machine whose speed drifts drifts for both;
every time is a median and every ratio the median of the pairs' ratios.

    python benchmarks/inference.py            # embedded encoder, the paper's sizes, segmentation, memory
    python benchmarks/inference.py --quick    # embedded encoder only
"""

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from statistics import median

import cv2
import numpy as np
import torch
from torch.utils.flop_counter import FlopCounterMode

import crr
from crr.config import DetectorConfig
from crr.models import registry
from crr.models.components.backbones import create_backbone
from crr.models.components.encoder import Encoder
from crr.models.components.segmentation import create_segmentation
from crr.models.detector import Detector
from crr.runtime.allocator import keep_freed_memory
from crr.training.presets import DINOV2_BASE, EMBEDDED
from crr.types import Reconstruction

ROUNDS = 30
CATEGORIES = ("one", "two")


def main() -> None:
    """Run the benchmarks that were asked for."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--quick", action="store_true", help="embedded encoder only")
    arguments.add_argument("--predict", type=Path, help=argparse.SUPPRESS)
    arguments.add_argument("--give-memory-back", action="store_true", help=argparse.SUPPRESS)
    options = arguments.parse_args()
    if not options.give_memory_back:
        keep_freed_memory()  # as the crr command does
    if options.predict:
        measure_predict(options.predict)
        return
    print(f"torch {torch.__version__}, {torch.get_num_threads()} threads, medians of alternated rounds\n")
    detector = registry.create(replace(EMBEDDED, categories=CATEGORIES))
    compare_with_plain_backbone(detector.encoder, ROUNDS)
    for batch in (1, 16):
        compare_with_encoder("embedded encoder", detector, batch, ROUNDS if batch == 1 else 8)
    if options.quick:
        return
    random_encoder = replace(DINOV2_BASE.encoder, weights="random")
    paper = replace(DINOV2_BASE, encoder=random_encoder, categories=CATEGORIES)
    compare_with_encoder("the paper's sizes (random weights)", registry.create(paper), 1, 5)
    print()
    compare_segmentation("embedded encoder", EMBEDDED)
    compare_segmentation("the paper's sizes", paper)
    print()
    with tempfile.TemporaryDirectory() as folder:
        few, many = write_images(Path(folder))
        compare_memory(few, many)
        compare_allocator(few)


@torch.inference_mode()
def compare_with_encoder(title: str, detector: Detector, batch: int, rounds: int) -> None:
    """Encoder alone against the whole prediction, on the same images."""
    crop = detector.config.encoder.crop
    images = torch.rand(batch, 3, crop, crop, device=detector.device)
    alone, whole = alternately(
        lambda: detector.encoder(images), lambda: detector.predict(detector.reconstruct(images)), rounds
    )
    ratio = median(b / a for a, b in zip(alone, whole, strict=True))
    print(
        f"{title}, {crop} px, batch {batch}: encoder {median(alone) / batch:.1f} ms, "
        f"CRR {median(whole) / batch:.1f} ms an image, ratio {ratio:.2f}"
    )


@torch.inference_mode()
def compare_with_plain_backbone(encoder: Encoder, rounds: int) -> None:
    """The encoder cut, folded and channels-last, against the backbone as timm makes it: time and features."""
    config = encoder.config
    backbone = create_backbone(config).eval()
    image = torch.rand(1, 3, config.crop, config.crop)
    pixels = (image - encoder.mean) / encoder.deviation

    def plain() -> list[torch.Tensor]:
        return backbone.forward_intermediates(  # type: ignore[operator]
            pixels, indices=list(config.layers), extra_blocks=config.every_block, intermediates_only=True
        )

    difference = max(
        float((ours - theirs).abs().max() / theirs.abs().max())
        for ours, theirs in zip(encoder(image), plain(), strict=True)
    )
    whole, cut = alternately(plain, lambda: encoder(image), rounds)
    ratio = median(b / a for a, b in zip(whole, cut, strict=True))
    print(
        f"embedded encoder, {config.crop} px, batch 1: as timm makes it {median(whole):.1f} ms, cut, folded "
        f"and channels-last {median(cut):.1f} ms, ratio {ratio:.2f}; features differ by {difference:.0e}"
    )


@torch.inference_mode()
def compare_segmentation(title: str, config: DetectorConfig) -> None:
    """Multiply-adds and parameters of the authors' segmentation design against ours."""
    layers = registry.create(config).encoder.layers
    features = [torch.rand(1, layer.channels, *layer.grid) for layer in layers]
    distances = [torch.rand(1, 1, *layer.grid) for layer in layers]
    operations = {}
    for design in ("compact", "paper"):
        network = create_segmentation(replace(config.segmentation, design=design), layers)
        assert network is not None
        network.eval()
        with FlopCounterMode(display=False) as counter:
            network(Reconstruction(features, features), distances)
        operations[design] = counter.get_total_flops() / 2
        parameters = sum(parameter.numel() for parameter in network.parameters())
        cost = f"{operations[design] / 1e9:.2f} G multiply-adds, {parameters:,} parameters"
        print(f"segmentation, {title}, {design}: {cost}")
    print(f"  ratio: 1/{operations['paper'] / operations['compact']:.0f}")


def alternately(
    first: Callable[[], object], second: Callable[[], object], rounds: int
) -> tuple[list[float], list[float]]:
    """Milliseconds of both, taken in turn after a warm-up."""
    times: tuple[list[float], list[float]] = ([], [])
    for number in range(-3, rounds):
        for run, kept in zip((first, second), times, strict=True):
            start = time.perf_counter()
            run()
            if number >= 0:
                kept.append(1000 * (time.perf_counter() - start))
    return times


def write_images(folder: Path) -> tuple[Path, Path]:
    """Folders of 100 and of 1,000 images."""
    few, many = folder / "few", folder / "many"
    few.mkdir()
    many.mkdir()
    random = np.random.default_rng(0)
    for number in range(1000):
        image = cv2.resize(random.integers(0, 255, (32, 32, 3), dtype=np.uint8), (512, 512))
        cv2.imwrite(f"{many}/{number:04}.jpg", image)
    for path in sorted(many.iterdir())[:100]:
        (few / path.name).symlink_to(path)
    return few, many


def compare_memory(few: Path, many: Path) -> None:
    """Peak memory of `crr predict` over 100 and 1,000 images."""
    for images in (few, many):
        memory, _ = predict_alone(images)
        print(f"crr predict, {len(list(images.iterdir()))} images of 512 px: peak memory {memory:.0f} MiB")


def compare_allocator(images: Path) -> None:
    """What keeping freed memory saves `crr predict`, taken in turn."""
    pairs = [(predict_alone(images)[1], predict_alone(images, "--give-memory-back")[1]) for _ in range(3)]
    ratio = median(kept / given for kept, given in pairs)
    print(f"crr predict, freed memory kept against given back: ratio of times {ratio:.2f}")


def predict_alone(images: Path, *options: str) -> tuple[float, float]:
    """Peak memory in MiB and seconds of `crr predict` over a folder, in a process of its own."""
    command = [sys.executable, __file__, "--predict", str(images), *options]
    memory, seconds = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    return float(memory), float(seconds)


def measure_predict(folder: Path) -> None:
    """Predict a folder as `crr predict` does; print peak memory in MiB and seconds, loading left out."""
    from crr.inference.predict import predict_files

    detector = crr.load("crr-embedded", "cpu")
    start = time.perf_counter()
    with tempfile.TemporaryDirectory() as out:
        for _ in predict_files(detector, sorted(folder.glob("*.jpg")), Path(out)):
            pass
    seconds = time.perf_counter() - start
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, seconds)


if __name__ == "__main__":
    main()
