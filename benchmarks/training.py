"""Prints how many images a second each stage of training works through, on images made up on the spot.

python benchmarks/training.py
python benchmarks/training.py --data DIR --iterations 100
"""

import argparse
import tempfile
from dataclasses import replace
from pathlib import Path
from statistics import median

import cv2
import numpy as np
import torch

from crr.data.datasets import open_dataset
from crr.training.presets import EMBEDDED
from crr.training.run_options import RunOptions
from crr.training.trainer import train
from crr.types import Progress


def main() -> None:
    """Train a few iterations of the embedded preset and report the throughput."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--data", type=Path, help="data set; made-up images if not given")
    arguments.add_argument("--iterations", type=int, default=40, help="of each stage")
    options = arguments.parse_args()
    training = EMBEDDED.training
    stages = {
        name: replace(getattr(training, name), iterations=options.iterations, warmup=0)
        for name in ("repair", "segmentation")
    }
    config = replace(EMBEDDED, training=replace(training, **stages))
    rates: dict[str, list[float]] = {}

    def keep(progress: Progress) -> None:
        if progress.images_per_second is not None:
            rates.setdefault(progress.stage, []).append(progress.images_per_second)

    with tempfile.TemporaryDirectory() as folder:
        data = options.data or made_up_images(Path(folder) / "data")
        train(open_dataset(data), Path(folder) / "model", config, RunOptions(), keep)
    print(f"torch {torch.__version__}, {torch.get_num_threads()} threads, batch {training.repair.batch_size}")
    for stage in stages:
        values = rates[stage][1:] or rates[stage]  # the first report includes the warm-up
        print(f"{stage}: {median(values):.1f} images/s through the encoder, making the damage included")


def made_up_images(root: Path) -> Path:
    """32 smooth random photographs of two categories, as plain folders."""
    random = np.random.default_rng(0)
    for number in range(32):
        path = root / f"category_{number % 2}" / f"{number:02}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        image = cv2.resize(random.integers(0, 255, (16, 16, 3), dtype=np.uint8), (512, 512))
        cv2.imwrite(str(path), image)
    return root


if __name__ == "__main__":
    main()
