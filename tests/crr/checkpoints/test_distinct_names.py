import json
from pathlib import Path

import pytest

from crr.checkpoints.distinct_names import distinct_names
from crr.checkpoints.files import PULLED, name_of
from crr.errors import ConfigError


def names(*paths):
    return distinct_names([Path(path) for path in paths])


def test_checkpoints_of_one_name_are_told_apart_by_the_shortest_part_of_their_paths():
    assert names("/m/A/x", "/m/B/x", "/m/B/y") == ["A/x", "B/x", "y"]
    assert names("/m/A/run/x", "/m/B/run/x") == ["A/run/x", "B/run/x"]
    assert names("/x", "/a/x") == ["/x", "a/x"]
    assert names("/a/x", "/b/a/x", "/c/a/x") == ["/a/x", "b/a/x", "c/a/x"]


def test_a_checkpoint_that_is_named_twice_is_a_sentence():
    with pytest.raises(ConfigError, match=r"x is named twice .*/m/x.*: name each checkpoint once"):
        names("/m/x", "/m/y", "/m/x")


def test_a_copy_of_a_pulled_model_is_called_as_its_folder(tmp_path):
    note = json.dumps({"name": "owner/model@abc1234"})
    for folder in ("abc1234" + 33 * "0", "my_copy"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / PULLED).write_text(note)
    assert [name_of(folder) for folder in sorted(tmp_path.iterdir())] == ["owner/model@abc1234", "my_copy"]
