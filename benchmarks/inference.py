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
from crr import registry
from crr.config import DetectorConfig
from crr.detector import Detector
from crr.presets import DINOV2_BASE, EMBEDDED
from crr.segmentation import create_segmentation
from crr.types import Reconstruction

ROUNDS = 30
CATEGORIES = ("one", "two")


def main() -> None:
    """Run the benchmarks that were asked for."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--quick", action="store_true", help="embedded encoder only")
    arguments.add_argument("--predict", type=Path, help=argparse.SUPPRESS)
    options = arguments.parse_args()
    if options.predict:
        measure_predict(options.predict)
        return
    print(f"torch {torch.__version__}, {torch.get_num_threads()} threads, medians of alternated rounds\n")
    detector = registry.create(replace(EMBEDDED, categories=CATEGORIES))
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
    compare_memory()


@torch.inference_mode()
def compare_with_encoder(title: str, detector: Detector, batch: int, rounds: int) -> None:
    """Encoder alone against the whole prediction, on the same images."""
    crop = detector.config.encoder.crop
    images = torch.rand(batch, 3, crop, crop, device=detector.device)
    alone, whole = alternately(lambda: detector.encoder(images), lambda: detector.predict(images), rounds)
    ratio = median(b / a for a, b in zip(alone, whole, strict=True))
    print(
        f"{title}, {crop} px, batch {batch}: encoder {median(alone) / batch:.1f} ms, "
        f"CRR {median(whole) / batch:.1f} ms an image, ratio {ratio:.2f}"
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


def compare_memory() -> None:
    """Peak memory of `crr predict` over 100 and 1,000 images."""
    with tempfile.TemporaryDirectory() as folder:
        random = np.random.default_rng(0)
        for number in range(1000):
            image = cv2.resize(random.integers(0, 255, (32, 32, 3), dtype=np.uint8), (512, 512))
            cv2.imwrite(f"{folder}/{number:04}.jpg", image)
        few = Path(folder) / "few"
        few.mkdir()
        for path in sorted(Path(folder).glob("*.jpg"))[:100]:
            (few / path.name).symlink_to(path)
        for count, images in ((100, few), (1000, Path(folder))):
            command = [sys.executable, __file__, "--predict", str(images)]
            peak = subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
            print(f"crr predict, {count} images of 512 px: peak memory {peak}")


def measure_predict(folder: Path) -> None:
    """In a process of its own: predict a folder as `crr predict` does, print the peak memory."""
    from crr.prediction import predict_files

    detector = crr.load("crr-embedded", "cpu")
    with tempfile.TemporaryDirectory() as out:
        for _ in predict_files(detector, sorted(folder.glob("*.jpg")), Path(out)):
            pass
    print(f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB")


if __name__ == "__main__":
    main()
