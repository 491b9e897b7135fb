"""A training that is killed while it writes its checkpoint loses nothing, and shows nobody half a model."""

import os
import shutil
from dataclasses import replace

import pytest

from crr.checkpoints.files import describe, list_checkpoints
from crr.checkpoints.serialization import load, save
from crr.data.datasets import open_dataset
from crr.errors import CheckpointError, TrainingError, WriteError
from crr.training.run_options import RunOptions
from crr.training.snapshots import is_unfinished
from crr.training.trainer import train
from tests.crr.deadly import Moment, kill_each
from tests.crr.tiny import calibrated_detector, tiny_config, write_dataset

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="the processes that are killed are forked")

WEIGHTS, CONFIG, CARD = "model.safetensors", "config.json", "README.md"
MOMENTS = [
    Moment("replace", name, after, of)
    for of in ("anew-", "over-an-older-one-")
    for name, after in [
        (WEIGHTS, False),
        (WEIGHTS, True),  # the weights are new, and the config is not
        (CONFIG, True),
        (CARD, True),
        ("005.jpg", False),  # one of the normal photos
    ]
]
PROGRAM = """
from crr.data.datasets import open_dataset
from crr.training.run_options import RunOptions
from crr.training.trainer import train
from tests.crr.tiny import tiny_config
dataset = open_dataset(os.environ["DATASET"])
train(dataset, os.environ["FIRST"], tiny_config(), RunOptions(device="cpu", workers=0))  # all is loaded then
options = RunOptions(device="cpu", workers=0, resume=True)
each(lambda folder: train(dataset, folder, tiny_config(), options))
"""
ALONE = RunOptions(device="cpu", workers=0)


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return write_dataset(tmp_path_factory.mktemp("data"), images=20)


@pytest.fixture(scope="module")
def undisturbed(data, tmp_path_factory):
    out = tmp_path_factory.mktemp("undisturbed")
    train(open_dataset(data), out, tiny_config(), ALONE)
    return out


def content(folder):
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


@pytest.fixture(scope="module")
def trained(data, tmp_path_factory):
    """A run that has learnt everything and saved nothing yet."""
    out = tmp_path_factory.mktemp("trained")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("crr.training.trainer.save", full)
        with pytest.raises(TrainingError):
            train(open_dataset(data), out, tiny_config(), ALONE)
    return out


def full(*_):
    raise WriteError("It cannot be written.")


@pytest.fixture(scope="module")
def killed(data, trained, tmp_path_factory):
    """The folder of each killed run, and the revision of the checkpoint that was in it before."""
    root = tmp_path_factory.mktemp("killed")
    older = dict.fromkeys(MOMENTS)
    for moment in MOMENTS:
        folder = shutil.copytree(trained, root / str(moment))
        if moment.of.startswith("over"):
            save(calibrated_detector(), folder, "# Older\n")
            older[moment] = describe(folder).revision
    places = {"DATASET": str(data), "FIRST": str(tmp_path_factory.mktemp("first"))}
    return kill_each(PROGRAM, MOMENTS, root, **places), older


@pytest.mark.parametrize("moment", MOMENTS, ids=str)
def test_it_goes_on_to_the_same_bits_and_meanwhile_nobody_takes_half_a_model(
    killed, undisturbed, data, moment
):
    folder, older = (of_each[moment] for of_each in killed)
    seen = {info.path: info.revision for info in list_checkpoints(folder.parent)}
    assert seen.get(folder, older) in (older, describe(undisturbed).revision)
    if (moment.name, moment.after) == (WEIGHTS, True):
        assert folder not in seen
        with pytest.raises(CheckpointError, match="resume it" if older else "is not a CRR checkpoint"):
            load(folder, "cpu")
    assert is_unfinished(folder)
    train(open_dataset(data), folder, tiny_config(), replace(ALONE, resume=True))
    assert content(folder) == content(undisturbed)
