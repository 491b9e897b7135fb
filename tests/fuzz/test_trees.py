"""Any folder: a data set in which every image has its place, or one sentence."""

import tempfile
from pathlib import Path

import pytest
from hypothesis import given, strategies as st

from crr.data.datasets import open_dataset
from crr.data.inventory.looking import look_at_dataset, look_at_files
from crr.data.layouts.finding import find_images
from crr.data.layouts.walk import Notes
from crr.errors import CRRError, DatasetError
from tests.fuzz.made.accounts import is_looked_at, missing, unaccounted
from tests.fuzz.made.effort import examples
from tests.fuzz.made.layouts import LAYOUTS, disturbed
from tests.fuzz.made.promises import attempt
from tests.fuzz.made.trees import Tree, planted, trees

COCO = "as COCO has it"


@pytest.mark.parametrize("layout", sorted(LAYOUTS.keys() - {COCO}))
def test_each_layout_is_one(layout: str, tmp_path: Path) -> None:
    root = planted(LAYOUTS[layout], str(tmp_path))
    dataset = open_dataset(root)
    assert unaccounted(dataset, root) == []
    assert not look_at_dataset(dataset).unusable


def test_annotations_of_coco_are_refused_and_not_learnt_over(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="may say which images are good"):
        open_dataset(planted(LAYOUTS[COCO], str(tmp_path)))


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
