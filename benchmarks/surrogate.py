"""Prints how near the index of a damage without its clean twin comes to the index with it.

python -m benchmarks.surrogate --data DATA --pairs PAIRS

For damage whose clean twin is known, held-out synthetic damage and real pairs, the identity index is measured
with the twin, and again with the nearest normal patches in its place (`crr.identity.surrogate`). These come
from 16 good images a category that the model was not trained on, as those of the page Layers. Last stands the
estimate for the data set's real defects.
"""

import argparse
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import torch
from torch import Tensor

from benchmarks.tables import print_table, share
from crr.checkpoints.files import find
from crr.checkpoints.normals import held_back_normals
from crr.checkpoints.serialization import load
from crr.data.datasets import Category, Dataset, Sample, open_dataset
from crr.data.images import decode
from crr.data.inventory.mask_survey import find_rule
from crr.data.masks import read_mask
from crr.data.preprocessing import mask_to_input
from crr.identity.index import as_number, layer_indices, mean_index, passed_damage
from crr.identity.pairs import DamagedPair, real_pairs, synthetic_pairs
from crr.identity.surrogate import NormalPatches, surrogate_for
from crr.inference.explanation import explain
from crr.inference.forward import forward
from crr.models.detector import Detector
from crr.types import Reconstruction
from workbench.reference.patches import reference_of

MODELS = ("autoencoder", "masked", "dinomaly", "rd", "uniad", "patchcore", "repair", "crr")
NORMALS, PAIRS = 16, 8  # images a category


def main() -> None:
    """Measure every model, and print a table."""
    arguments = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    arguments.add_argument("--data", type=Path, required=True, help="a data set with masks")
    arguments.add_argument("--pairs", type=Path, required=True, help="named as its category")
    options = arguments.parse_args()
    dataset = open_dataset(options.data)
    rows, points = [], []
    for name in MODELS:
        detector = load(find(f"{name}-embedded"), "cpu")
        measured = Measured(detector, dataset, options.pairs)
        rows.append([f"{name}-embedded", *measured.cells()])
        points.append(measured.by_layer())
    headings = ["held-out damage", "estimated", "real pairs", "estimated", "real defects, estimated"]
    print_table(["checkpoint", *headings], rows)
    for number, group in enumerate(("held-out damage", "real pairs")):
        print_agreement(group, torch.cat([layers[number] for layers in points]))


def print_agreement(group: str, points: Tensor) -> None:
    """How far estimates lie from the index; (N, 2) of a layer of a model each."""
    correlation = torch.corrcoef(points.T)[0, 1]
    apart = (points[:, 0] - points[:, 1]).abs().mean()
    print(f"{group}: {len(points)} layers, correlation {correlation:.2f}, {apart:.2f} apart on average")


class Measured:
    """One model's indices."""

    @torch.inference_mode()
    def __init__(self, detector: Detector, dataset: Dataset, pairs: Path) -> None:
        """Args: the model, a data set with masks, and a folder of pairs of one of its categories."""
        encoder = detector.config.encoder
        training = detector.config.training
        held_back = held_back_normals(dataset, training.validation_share, training.seed)
        normals = {name: normal_patches(detector, name, samples) for name, samples in held_back.items()}
        self.held_out = summed(detector, normals, synthetic_pairs(dataset, encoder, "held_out", PAIRS))
        self.pairs = summed(detector, normals, real_pairs(pairs, encoder))  # of the category of that name
        self.real = torch.zeros(len(detector.encoder.layers), 2, dtype=torch.float64)
        for category in dataset.categories:
            for damaged, mask in real_defects(detector, category):
                before = surrogate_for(damaged, mask, normals[category.name])
                self.real += passed_damage(before, damaged, mask).sums().double().sum(dim=0)

    def cells(self) -> list[str]:
        """The cells of this model's row of the table."""
        sums = [*self.held_out, *self.pairs, self.real]
        return [share(as_number(mean_index(rows))) for rows in sums]

    def by_layer(self) -> tuple[Tensor, Tensor]:
        """(layers, 2): index and estimate, of held-out damage and of pairs."""
        return compared(self.held_out), compared(self.pairs)


def compared(sums: tuple[Tensor, Tensor]) -> Tensor:
    """(layers, 2): the indices of both."""
    return torch.stack([layer_indices(rows) for rows in sums], dim=1)


def normal_patches(detector: Detector, category: str, samples: Sequence[Sample]) -> list[NormalPatches]:
    """The patches of images that are evenly spread among those held back from training."""
    chosen = samples[:: max(1, len(samples) // NORMALS)][:NORMALS]
    explanations = (explain(detector, decode(sample.path, str(sample.path))) for sample in chosen)
    return [layer.patches for layer in reference_of(category, explanations, len(chosen)).layers]


def summed(
    detector: Detector, normals: dict[str, list[NormalPatches]], groups: Iterable[list[DamagedPair]]
) -> tuple[Tensor, Tensor]:
    """(layers, 2) sums of the index, with the clean twin and with the normal patches in its place."""
    known = estimated = torch.zeros(())
    for pairs in groups:
        images = [pairs[0].clean, *(pair.damaged for pair in pairs)] if pairs else []
        if not images:
            continue
        answer = forward(detector, images, at_input_size=True).reconstruction
        clean, damaged = answer.rows([0]), answer.rows(range(1, len(images)))
        mask = torch.stack([torch.from_numpy(pair.mask) for pair in pairs])
        before = surrogate_for(damaged, mask, normals[pairs[0].category])
        known = known + passed_damage(clean, damaged, mask).sums().double().sum(dim=0)
        estimated = estimated + passed_damage(before, damaged, mask).sums().double().sum(dim=0)
    return known, estimated


def real_defects(detector: Detector, category: Category) -> Iterator[tuple[Reconstruction, Tensor]]:
    """What the model answered to each defective test image, and its mask."""
    encoder, rule = detector.config.encoder, find_rule(category.test)
    for sample in category.test:
        if sample.defective and sample.masks:
            image = decode(sample.path, str(sample.path))
            mask = mask_to_input(read_mask(sample, image.shape[:2], rule) >= 0.5, encoder)
            answer = forward(detector, [image]).reconstruction
            yield answer, torch.from_numpy(mask)[None]


if __name__ == "__main__":
    main()
