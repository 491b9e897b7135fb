"""Any folder: a data set in which every image has its place, or one sentence."""

import json
import os
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, strategies as st

from crr.data.datasets import Dataset, open_dataset
from crr.data.inventory.looking import look_at_dataset, look_at_files, usable
from crr.data.inventory.sentences import lines
from crr.data.layouts.photos import find_images
from crr.data.layouts.walk import Notes
from crr.errors import CRRError, DatasetError
from tests.fuzz.made.effort import examples
from tests.fuzz.made.layouts import LAYOUTS, disturbed
from tests.fuzz.made.promises import attempt
from tests.fuzz.made.trees import Tree, images_of, plant, trees


@pytest.mark.parametrize("layout", sorted(LAYOUTS))
def test_each_layout_is_one(layout: str, tmp_path: Path) -> None:
    root = planted(LAYOUTS[layout], str(tmp_path))
    dataset = open_dataset(root)
    assert unaccounted(dataset, root) == []
    assert not look_at_dataset(dataset).unusable


@given(tree=st.one_of(trees(), disturbed(), disturbed()))
@examples(400)
def test_any_folder_is_a_data_set_or_refused(tree: Tree) -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = planted(tree, folder)
        attempt(lambda: open_dataset(root), DatasetError)
        dataset = attempt(lambda: open_dataset(root, allow_bare=True), DatasetError)
        if dataset is not None:
            assert unaccounted(dataset, root) == []
            is_looked_at(dataset)


@given(tree=trees())
@examples(200)
def test_any_folder_is_searched_for_images(tree: Tree) -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = planted(tree, folder)
        notes = Notes()
        found = find_images(root, notes)
        assert missing({*found}, notes, root) == []
        inventory = attempt(lambda: look_at_files([root]), CRRError)
        assert (inventory is None) == (not found)


def planted(tree: Tree, folder: str) -> Path:
    """A tree on disk, so deep that no link leads out of the folder."""
    root = Path(folder).resolve() / "a" / "set"
    root.parent.mkdir()
    plant(tree, root)
    return root


def unaccounted(dataset: Dataset, root: Path) -> list[Path]:
    """The images in a folder that are neither used nor noted as passed over."""
    parts = [part for category in dataset.categories for part in (category.train, category.test)]
    used = {path for samples in parts for sample in samples for path in (sample.path, *sample.masks)}
    return missing(used, dataset.notes, root)


def missing(used: set[Path], notes: Notes, root: Path) -> list[Path]:
    passed = [path for paths in notes.passed_over.values() for path in paths]
    assert sorted(passed) == sorted({*passed}), "something is noted twice"
    known = {Path(os.path.realpath(path)) for path in (*used, *passed)}  # `resolve` raises at a circle
    return [path for path in images_of(root) if not known & {path, *path.parents}]


def is_looked_at(dataset: Dataset) -> None:
    """See that one look says what there is, and that what is left can be worked on."""
    inventory = attempt(lambda: look_at_dataset(dataset), CRRError)
    if inventory is not None:
        assert all(lines(inventory))
        assert json.dumps(inventory.as_json())
        rest = usable(dataset, inventory, "skip")
        kept = {sample.path for category in rest.categories for sample in (*category.train, *category.test)}
        assert kept == {*inventory.headers}
