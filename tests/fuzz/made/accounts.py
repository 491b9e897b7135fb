"""What is promised of any folder, checked: every image is used or noted, and one look says what there is."""

import json
from pathlib import Path

from crr.data.datasets import Dataset
from crr.data.inventory.looking import look_at_dataset, usable
from crr.data.inventory.sentences import lines
from crr.data.layouts.walk import Notes
from crr.errors import CRRError, ImageError
from crr.runtime.paths import real_path
from tests.fuzz.made.promises import attempt
from tests.fuzz.made.trees import images_of


def unaccounted(dataset: Dataset, root: Path) -> list[Path]:
    """The images in a folder that are neither used nor noted as passed over."""
    parts = [part for category in dataset.categories for part in (category.train, category.test)]
    used = {path for samples in parts for sample in samples for path in (sample.path, *sample.masks)}
    return missing(used, dataset.notes, root)


def missing(used: set[Path], notes: Notes, root: Path) -> list[Path]:
    """The images in a folder that are neither among the used ones nor noted, by name or in a folder."""
    passed = [path for paths in notes.passed_over.values() for path in paths]
    assert sorted(passed) == sorted({*passed}), "something is noted twice"
    known = {real_path(path) for path in (*used, *passed)}
    return [path for path in images_of(root) if not known & {path, *path.parents}]


def is_looked_at(dataset: Dataset) -> None:
    """See that one look says what there is, and that what is left can be worked on."""
    inventory = attempt(lambda: look_at_dataset(dataset), CRRError)
    if inventory is not None:
        assert all(lines(inventory))
        assert json.dumps(inventory.as_json())
        rest = attempt(lambda: usable(dataset, inventory, "skip"), ImageError)
        if rest is None:
            assert not inventory.headers
            return
        kept = {sample.path for category in rest.categories for sample in (*category.train, *category.test)}
        assert kept == {*inventory.headers}
