"""Which layers copy: measured on what is known to be wrong with a photo."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from crr.checkpoints.files import describe, find
from crr.checkpoints.serialization import save
from crr.errors import CheckpointError
from crr.identity.index import touched
from crr.inference.forward import FeatureMask
from tests.crr.tiny import calibrated_detector
from tests.workbench.explorable import Room, real_inspector
from workbench.explanation.explorer import LayerExplorer
from workbench.explanation.identity_index import best_known
from workbench.explanation.study_image import original
from workbench.inspection.explanation_cache import ExplanationCache
from workbench.inspection.image_file import sample_file
from workbench.inspection.inspector import ModelChoice
from workbench.inspection.photo import SamplePhoto
from workbench.inspection.samples import read_samples
from workbench.painting.damage import Synthetic, synthetic_damage
from workbench.reference.cache import ReferenceCache
from workbench.settings import Settings


def indices(room, study, origin, choices=None, mask=FeatureMask()):  # noqa: B008
    return room.explorer.indices(study, choices or [room.choice], mask, origin)


def same(answer, copied):
    found, failed = answer
    return not failed and (found["tiny"].index, found["tiny"].layers) == (copied.index, copied.layers)


@pytest.mark.parametrize(("shown", "origin"), [("damaged", "painted"), ("defective", "marked")])
def test_the_index_of_a_damage_whose_place_is_known_is_known_for_every_patch_of_it(room, shown, origin):
    found = room.explore(getattr(room, shown))
    assert found.copied.origin == origin
    assert set(found.copied.layers) == {layer.layer.name for layer in found.explanation.layers}
    mask = np.asarray(room.mask)
    for copied, layer in zip(found.copied.maps, found.explanation.layers, strict=True):
        assert copied.shape == layer.layer.grid
        there = touched_patches(mask, layer.encoder)
        assert not np.isnan(copied[there]).all()
        assert np.isnan(copied[~there]).all()
    assert same(indices(room, getattr(room, shown), origin), found.copied)


def touched_patches(mask, encoder):
    features = torch.from_numpy(encoder).permute(2, 0, 1)[None]
    return touched(torch.from_numpy(mask)[None], features)[0, 0].numpy()


@pytest.mark.parametrize("model", ["autoencoder-embedded", "crr-embedded"])
def test_an_estimate_is_near_what_is_measured_with_the_part_before(model):
    inspector = real_inspector()
    sample = read_samples(Settings().samples)["bottle_good"]
    whole = original(SamplePhoto(sample), sample_file(sample))
    damaged = synthetic_damage(whole.image, Synthetic("colour", 1), [])
    known = replace(whole, image=damaged.image, key="damaged", clean=whole.image, mask=damaged.mask)
    choice, references = ModelChoice(describe(find(model)), "cpu"), ReferenceCache(inspector, 2**28)
    explorer = LayerExplorer(ExplanationCache(inspector, 2**28), references, 2**28)
    measured, estimated = (
        explorer.explain(study, choice, neighbours=False).copied
        for study in (known, replace(known, key="marked", clean=None))
    )
    assert (measured.origin, estimated.origin) == ("painted", "marked")
    assert estimated.index == pytest.approx(measured.index, abs=0.15)


def test_a_photo_of_which_nothing_is_known_has_the_index_of_a_test_damage(room):
    found = room.explore(room.whole)
    assert (found.copied.origin, found.copied.maps) == ("test", None)
    assert same(indices(room, room.whole, "test"), found.copied)


def test_with_a_part_hidden_only_ones_own_damage_is_measured(room):
    half = FeatureMask(0.5)
    assert room.explore(room.whole, half).copied is room.explore(room.defective, half).copied is None
    assert room.explore(room.damaged, half).copied.index != room.explore(room.damaged).copied.index
    whole = indices(room, room.defective, "marked")
    assert same(indices(room, room.defective, "marked", mask=half), whole[0]["tiny"])  # the chart says so


def test_without_normal_images_nothing_stands_in_for_the_part(tmp_path, monkeypatch):
    monkeypatch.setenv("CRR_CHECKPOINTS", str(tmp_path))
    room = Room(tmp_path, normals=False)
    assert room.explore(room.defective).copied.origin == "test"
    found, failed = indices(room, room.defective, "marked")
    assert found == {}
    assert "crr normals --model tiny" in failed["tiny"]


def test_what_looks_like_no_known_part_has_nothing_to_stand_in_for_it(room):
    noise = np.random.default_rng(0).integers(0, 255, room.image.shape, dtype=np.uint8)
    strange = replace(room.defective, image=noise, key="strange")
    found = room.explore(strange)
    assert not found.explanation.inspection.known
    assert found.normal.reference is not None
    assert found.copied.origin == "test"
    assert indices(room, strange, "marked")[0] == {}


def test_a_defect_outside_of_what_the_network_sees_is_not_estimated(room, tmp_path):
    detector = calibrated_detector()
    encoder = replace(detector.config.encoder, resize=80)
    detector.config = replace(detector.config, encoder=encoder)
    save(detector, tmp_path / "cropping", "")
    choice = ModelChoice(describe(tmp_path / "cropping"), "cpu")
    explanation = room.explore(room.defective, choice=choice).explanation
    reference = room.explore(room.defective).normal.reference
    assert explanation.view == 0.8
    rim = np.zeros_like(room.mask)
    rim[0] = True
    known = replace(explanation, inspection=replace(explanation.inspection, known=True))
    assert best_known(room.defective, known, reference) == "marked"
    assert best_known(replace(room.defective, mask=rim), known, reference) == "test"


def test_a_model_that_fails_is_named_with_its_reason(room):
    def broken(*_):
        raise CheckpointError("it is broken")

    room.inspector.ask = broken
    assert indices(room, room.damaged, "painted") == ({}, {"tiny": "it is broken"})
