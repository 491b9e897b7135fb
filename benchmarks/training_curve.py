r"""Trains a method and measures it on the way: does a decoder that reconstructs better also copy better?

The run is stopped, calibrated, measured and resumed at each of the given iterations, and ends with the same
checkpoint as one that was never stopped.

    python benchmarks/training_curve.py --data DATA --pairs PAIRS --out checkpoints/repair-embedded \
        --segmentation none --json repair-curve.json
    python benchmarks/training_curve.py --data DATA --pairs PAIRS --out checkpoints/autoencoder-embedded \
        --method autoencoder --json autoencoder-curve.json
"""

import argparse
import json
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from crr.checkpoints.serialization import load
from crr.config import DetectorConfig
from crr.data.datasets import Dataset, open_dataset
from crr.evaluation.detection import evaluate
from crr.identity.evaluation import measure_identity
from crr.models.detector import Detector
from crr.training.presets import TrainingChoices, configure
from crr.training.run_options import RunOptions
from crr.training.snapshots import REPAIR, is_unfinished
from crr.training.trainer import train
from crr.types import Progress

STOPS = (125, 250, 500, 1000)


def main() -> None:
    """Train, measure at every stop and at the end, and print a table."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    arguments.add_argument("--data", type=Path, required=True)
    arguments.add_argument("--pairs", type=Path, help="real defects with clean twins")
    arguments.add_argument("--out", type=Path, required=True, help="checkpoint; replaced if there is one")
    arguments.add_argument("--method", default="crr")
    arguments.add_argument("--segmentation", help='"none" trains the decoder alone')
    arguments.add_argument("--iterations", type=int, help="of the whole run; the preset's if not given")
    arguments.add_argument("--at", type=int, nargs="*", default=STOPS, help="where it is measured on the way")
    arguments.add_argument("--json", type=Path, help="file that the figures are written to")
    options = arguments.parse_args()
    config = configure(
        TrainingChoices(
            method=options.method, segmentation=options.segmentation, iterations=options.iterations
        )
    )
    dataset = open_dataset(options.data)
    rows = []
    print("| iterations | I-AUROC | P-AP | AUPRO | seen | held-out | pairs | normal error |")
    print("|---|---|---|---|---|---|---|---|")
    for iterations, detector in trained(dataset, options.out, config, options.at):
        rows.append(measured(iterations, detector, dataset, options.pairs))
        print(as_text(rows[-1]), flush=True)
    if options.json:
        text = json.dumps({"model": options.out.name, "curve": rows}, indent=2)
        options.json.write_text(f"{text}\n", encoding="utf-8")


def trained(
    dataset: Dataset, out: Path, config: DetectorConfig, stops: Sequence[int]
) -> Iterator[tuple[int, Detector]]:
    """The detector at about each of the iterations, and at last when its training is complete."""
    run = RunOptions(overwrite=True)
    for limit in [*stops, None]:
        stop = threading.Event()
        train(dataset, out, config, run, stopping(stop, limit), stop)
        detector = load(out)
        yield detector.config.trained[REPAIR], detector
        if not is_unfinished(out):
            return
        run = RunOptions(resume=True)


def stopping(stop: threading.Event, limit: int | None) -> Callable[[Progress], None]:
    """A listener that ends the first stage at about `limit` iterations, never if that is None."""

    def listen(progress: Progress) -> None:
        if limit is not None and progress.stage == REPAIR and progress.step >= limit:
            stop.set()

    return listen


def measured(iterations: int, detector: Detector, dataset: Dataset, pairs: Path | None) -> dict[str, Any]:
    """Detection on the test images, and the identity-mapping index."""
    detection = evaluate(detector, dataset).as_json()["mean"]
    identity = measure_identity(detector, dataset, pairs)
    return {
        "iterations": iterations,
        "detection": detection,
        "index": identity.index,
        "interval": identity.interval,
        "normal_error": identity.normal_error,
    }


def as_text(row: dict[str, Any]) -> str:
    """A row of the table."""
    detection = [row["detection"][name] for name in ("image_auroc", "pixel_ap", "aupro")]
    index = [row["index"].get(group) for group in ("seen", "held_out", "pairs")]
    cells = ["–" if value is None else f"{100 * value:.1f}" for value in detection]
    cells += ["–" if value is None else f"{value:.2f}" for value in [*index, row["normal_error"]]]
    return f"| {row['iterations']} | {' | '.join(cells)} |"


if __name__ == "__main__":
    main()
