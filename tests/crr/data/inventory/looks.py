"""A look at a data set, and what it says."""

from pathlib import Path
from typing import Any

from crr.data.datasets import open_dataset
from crr.data.inventory.inventory import Inventory
from crr.data.inventory.looking import look_at_dataset
from crr.data.inventory.sentences import lines


def looked(root: Path, **options: Any) -> Inventory:
    """What a look at a folder finds."""
    return look_at_dataset(open_dataset(root, allow_bare=True), **options)


def said(inventory: Inventory) -> str:
    """All lines; each is a sentence of its own, and there are few."""
    found = lines(inventory)
    assert 1 <= len(found) <= 8
    for line in found:
        assert line.endswith(".")
        assert "\n" not in line
    return "\n".join(found)
