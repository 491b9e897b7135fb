"""Which layers copy: measured on what is known to be wrong with a photo."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from crr.checkpoint import describe, find
from crr.errors import CheckpointError
from crr.explanation import Hidden
from crr.identity import touched
from tests.workbench.explorable import Room, nobody, real_inspector
from workbench.batch import Question
from workbench.comparison import sample_photo
from workbench.damage import Synthetic, synthetic_damage
from workbench.exploration import Exploration
from workbench.explored import explore
from workbench.layer_index import indices_of
from workbench.normality import Normality
from workbench.samples import read_samples
from workbench.settings import Settings
from workbench.shown import shown_as_it_is


def indices(room, shown, origin, questions=None, hidden=Hidden()):  # noqa: B008
    return indices_of(
        shown,
        questions or [room.question],
        room.inspector,
        room.exploration,
        room.normality,
        hidden,
        origin,
        nobody,
    )


@pytest.mark.parametrize(("shown", "origin"), [("damaged", "painted"), ("defective", "marked")])
def test_the_index_of_a_damage_whose_place_is_known_is_known_for_every_patch_of_it(room, shown, origin):
    found = room.explore(getattr(room, shown))
    assert found.copied.origin == origin
    assert set(found.copied.damage.layers) == {layer.layer.name for layer in found.explanation.layers}
    mask = np.asarray(room.mask)
    for copied, layer in zip(found.copied.maps, found.explanation.layers, strict=True):
        assert copied.shape == layer.layer.grid
        there = touched_patches(mask, layer.encoder)
        assert not np.isnan(copied[there]).all()
        assert np.isnan(copied[~there]).all()
    assert indices(room, getattr(room, shown), origin) == ({"tiny": found.copied.damage}, {})


def touched_patches(mask, encoder):
    features = torch.from_numpy(encoder).permute(2, 0, 1)[None]
    return touched(torch.from_numpy(mask)[None], features)[0, 0].numpy()


@pytest.mark.parametrize("model", ["autoencoder-embedded", "crr-embedded"])
def test_an_estimate_is_near_what_is_measured_with_the_part_before(model):
    inspector, exploration = real_inspector(), Exploration(2**28)
    whole = shown_as_it_is(sample_photo(read_samples(Settings().samples)["bottle_good"]))
    damaged = synthetic_damage(whole.image, Synthetic("colour", 1), [])
    known = replace(whole, image=damaged.image, key="damaged", clean=whole.image, mask=damaged.mask)
    question, normality = Question(describe(find(model)), "cpu"), Normality(inspector, 2**28)
    measured, estimated = (
        explore(shown, question, inspector, normality, exploration, Hidden(), nobody, neighbours=False).copied
        for shown in (known, replace(known, key="marked", clean=None))
    )
    assert (measured.origin, estimated.origin) == ("painted", "marked")
    assert estimated.damage.index == pytest.approx(measured.damage.index, abs=0.15)


def test_a_photo_of_which_nothing_is_known_has_the_index_of_a_test_damage(room):
    found = room.explore(room.whole)
    assert (found.copied.origin, found.copied.maps) == ("test", None)
    assert indices(room, room.whole, "test") == ({"tiny": found.copied.damage}, {})


def test_with_a_part_hidden_only_ones_own_damage_is_measured(room):
    half = Hidden(0.5)
    assert room.explore(room.whole, half).copied is room.explore(room.defective, half).copied is None
    assert room.explore(room.damaged, half).copied.damage != room.explore(room.damaged).copied.damage
    # The chart says that nothing is hidden there.
    assert indices(room, room.defective, "marked", hidden=half) == indices(room, room.defective, "marked")


def test_without_normal_images_nothing_stands_in_for_the_part(tmp_path, monkeypatch):
    monkeypatch.setenv("CRR_CHECKPOINTS", str(tmp_path))
    room = Room(tmp_path, normals=False)
    assert room.explore(room.defective).copied.origin == "test"
    found, failed = indices(room, room.defective, "marked")
    assert found == {}
    assert "no normal images" in failed["tiny"]


def test_a_model_that_fails_is_named_with_its_reason(room):
    def broken(*_):
        raise CheckpointError("it is broken")

    room.inspector.ask = broken
    assert indices(room, room.damaged, "painted") == ({}, {"tiny": "it is broken"})
