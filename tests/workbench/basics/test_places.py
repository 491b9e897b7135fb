import pytest

from crr.checkpoints.files import checkpoint_folder
from crr.errors import CheckpointError, DatasetError
from crr.hub import Store
from workbench.basics.places import for_visitors
from workbench.settings import ROOT


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        (checkpoint_folder() / "mine" / "config.json", "mine/config.json"),
        (Store().root / "owner--name" / "0123" / "config.json", "owner--name/0123/config.json"),
        (ROOT / "pyproject.toml", "pyproject.toml"),
    ],
)
def test_a_visitor_hears_nothing_of_where_things_lie(path, shown):
    assert for_visitors(CheckpointError(f"{path} is damaged")) == f"{shown} is damaged"


def test_what_the_visitor_typed_stays_as_it_is():
    assert for_visitors(DatasetError("There is no folder /data/parts.")) == "There is no folder /data/parts."
