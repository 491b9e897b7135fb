"""Chooses the damage that the workbench opens with, and writes samples/start.json.

Scratches of several colours are laid at random over each good sample, at seven strengths, and an
autoencoder and CRR are asked about each. Wanted is one where their margins, score minus limit, lie far apart
on both sides of zero: it is chosen because it shows the effect, and the page says so. Look at the best five,
since one that the autoencoder never finds, however strong, tells another story.

    python tools/start_example.py --tries 10             # the best five, and nothing is written
    python tools/start_example.py --tries 10 --write 3   # the third becomes the example, as it did
"""

import argparse
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass

import numpy as np

from crr.checkpoints.serialization import load
from crr.inference.engine import inspect_batch
from crr.models.detector import Detector
from crr.types import Image
from workbench.components.strokes import Stroke
from workbench.inspection.image_file import sample_file
from workbench.inspection.samples import GallerySample, read_samples
from workbench.lesson.demonstration import LADDER
from workbench.painting.damage import Damaged, Filling, paint
from workbench.settings import ROOT, settings
from workbench.start.example import FILE, StartExample

_STRENGTHS = (5, 10, 15, 20, 30, 50, 100)
_COLOURS = ("#f8f9fa", "#212529")
_LISTED = 5


@dataclass(frozen=True)
class Candidate:
    """A damage, and both models' margins at each strength."""

    example: StartExample
    margins: tuple[tuple[float, float], ...]
    gap: float

    def __str__(self) -> str:
        shown = ", ".join(
            f"{percent} %: {plain:+.3f} {crr:+.3f}"
            for percent, (plain, crr) in zip(self.example.strengths, self.margins, strict=True)
        )
        example = self.example
        return f"{example.sample} {example.colour} at {example.strength} %: gap {self.gap:.3f} ({shown})"


def main() -> None:
    """Try scratches, and print or write the best."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--tries", type=int, default=40, help="scratches a part and colour (default 40)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--write", type=int, default=0, metavar="PLACE", help="write the one of this place")
    options = parser.parse_args()
    first, *_, last = LADDER.values()
    models = [load(str(ROOT / "checkpoints" / name), "cpu") for name in (first, last)]
    best = sorted(candidates(models, options.tries, options.seed), key=lambda found: -found.gap)[:_LISTED]
    for place, candidate in enumerate(best, start=1):
        print(f"{place}. {candidate}")
    if options.write:
        path = settings().samples / FILE
        path.write_text(
            json.dumps(asdict(best[options.write - 1].example), indent=1) + "\n", encoding="utf-8"
        )
        print(f"{path} is written.")


def candidates(models: list[Detector], tries: int, seed: int) -> Iterator[Candidate]:
    """Each damage on which the models differ at some strength."""
    random = np.random.default_rng(seed)
    for sample in read_samples(settings().samples).values():
        if not sample.defective:
            image = sample_file(sample).image
            for colour in _COLOURS:
                for _ in range(tries):
                    stroke = scratch(image.shape[:2], random)
                    found = measured(models, sample, image, colour, stroke)
                    if found is not None:
                        yield found


def scratch(size: tuple[int, ...], random: np.random.Generator) -> Stroke:
    """A bent line across a part of the picture, a few pixels wide."""
    height, width = size
    centre = random.uniform(0.3, 0.7, 2) * (width, height)
    angle, length = random.uniform(0, 2 * np.pi), random.uniform(0.12, 0.35) * min(size)
    along = np.linspace(-0.5, 0.5, 9) * length
    bend = random.uniform(-0.12, 0.12) * length * np.cos(np.linspace(-np.pi / 2, np.pi / 2, 9))
    direction, normal = (np.cos(angle), np.sin(angle)), (-np.sin(angle), np.cos(angle))
    points = centre + np.outer(along, direction) + np.outer(bend, normal)
    wide = round(float(random.uniform(0.008, 0.02) * min(size)), 1)
    return Stroke("brush", wide, tuple((round(float(x), 1), round(float(y), 1)) for x, y in points))


def measured(
    models: list[Detector], sample: GallerySample, image: Image, colour: str, stroke: Stroke
) -> Candidate | None:
    """What both models say at each strength; None if they never differ as wanted."""
    whole = Damaged(image, np.zeros(image.shape[:2], dtype=bool))
    damaged = [
        paint(whole, [stroke], Filling(colour=colour, strength=percent / 100)).image for percent in _STRENGTHS
    ]
    scores = [
        [found.score - found.threshold for found in inspect_batch(model, damaged, {})] for model in models
    ]
    margins = tuple(zip(*scores, strict=True))
    gaps = [min(crr, -plain) for plain, crr in margins]
    place = int(np.argmax(gaps))
    if gaps[place] <= 0:
        return None
    example = StartExample(sample.name, colour, _STRENGTHS, _STRENGTHS[place], (stroke,))
    return Candidate(example, margins, gaps[place])


if __name__ == "__main__":
    main()
