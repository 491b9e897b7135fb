"""Any table and any list of images: a data set, or one sentence."""

import tempfile
from copy import deepcopy
from pathlib import Path

from hypothesis import given, strategies as st

from crr.data.datasets import open_dataset
from crr.errors import DatasetError
from tests.fuzz.made.accounts import is_looked_at, unaccounted
from tests.fuzz.made.effort import examples
from tests.fuzz.made.layouts import LAYOUTS
from tests.fuzz.made.limits import limited
from tests.fuzz.made.promises import attempt
from tests.fuzz.made.seeds import seeds
from tests.fuzz.made.tables import coco_lists, lists, tables
from tests.fuzz.made.trees import Tree, planted
from workbench.annotation.errors import SourceError
from workbench.annotation.importing.coco import read_coco
from workbench.annotation.importing.files import Keeping


@given(content=tables(), place=st.sampled_from(["table", "visa"]))
@examples(400)
def test_any_table_is_one_of_images_or_refused(content: bytes, place: str) -> None:
    tree = deepcopy(LAYOUTS[place])
    folder = tree["split_csv"] if place == "visa" else tree
    name = "1cls.csv" if place == "visa" else "set.csv"
    assert isinstance(folder, dict)
    folder[name] = content
    opens(tree, Path("split_csv", name) if place == "visa" else Path(name))


@given(content=lists())
@examples(400)
def test_any_list_is_one_of_images_or_refused(content: bytes) -> None:
    tree = deepcopy(LAYOUTS["real-iad"])
    tree["realiad_jsons"] = {"part.json": content}
    opens(tree)


@given(content=lists())
@examples(100)
def test_any_annotations_beside_images_are_passed_over_or_refused(content: bytes) -> None:
    tree = deepcopy(LAYOUTS["as COCO has it"])
    tree["annotations"] = {"instances_train2017.json": content}
    opens(tree)


@given(content=coco_lists())
@examples(300)
def test_any_list_of_coco_says_something_of_images_or_is_refused(content: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = planted({"annotations.json": content, "images": LAYOUTS["as COCO has it"]}, folder)
        for number in range(2):
            (root / f"00{number}.png").write_bytes(seeds()["PNG L"])
        with limited():
            found = attempt(lambda: read_coco(root / "annotations.json", Keeping()), SourceError)
        for one in found.images if found is not None else ():
            assert (one.image.height, one.image.width) == (20, 28)


def opens(tree: Tree, table: Path | None = None) -> None:
    """See that a folder, and a table in it by itself, is a data set, or that one sentence says why not."""
    with tempfile.TemporaryDirectory() as folder:
        root = planted(tree, folder)
        for given_path in [root] if table is None else [root, root / table]:
            dataset = attempt(lambda: open_dataset(given_path, allow_bare=True), DatasetError)  # noqa: B023
            if dataset is not None:
                assert given_path != root or unaccounted(dataset, root) == []
                is_looked_at(dataset)
