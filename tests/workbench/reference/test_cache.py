"""What is usual: references, memories and distances, each made once."""

from dataclasses import replace

import numpy as np
import pytest

from crr.inference.explanation import explain
from tests.crr.tiny import calibrated_detector, good_images
from tests.workbench.explorable import NORMALS, real_inspector, write_models
from workbench.reference.cache import ReferenceCache
from workbench.reference.discrepancy import DiscrepancyChoice, discrepancy, percentile
from workbench.reference.patches import colour_basis_of, reference_of


@pytest.fixture
def choice(tmp_path, monkeypatch):
    monkeypatch.setenv("CRR_CHECKPOINTS", str(tmp_path))
    return write_models(tmp_path)


@pytest.fixture
def references(choice):  # noqa: ARG001
    return ReferenceCache(real_inspector(), 2**27)


def nobody(*_):
    pass


def test_a_reference_is_made_of_the_categorys_images_and_only_once(choice, references):
    told = []
    found = references.of(choice, "plate", lambda *progress: told.append(progress), neighbours=False)
    reference = found.reference
    assert (reference.category, reference.images) == ("plate", NORMALS)
    assert told == [(number, NORMALS, "normal images") for number in range(NORMALS)]
    assert found.memory is found.distances is None
    assert references.of(choice, "plate", nobody).reference is reference
    assert references.of(choice, "ring", nobody).reference is not reference
    for layer in reference.layers:
        assert layer.encoder.shape == layer.decoder.shape
        assert len(layer.distance) == len(layer.encoder)
        values = layer.discrepancies("cosine")
        assert (np.diff(values) >= 0).all()
        assert layer.discrepancies("cosine") is values


def test_an_image_that_is_replaced_counts_anew(choice, references):
    before = references.of(choice, "plate", nobody)
    path = choice.model.path / "normals" / "plate" / "000.png"
    path.write_bytes((path.parent.parent / "ring" / "000.png").read_bytes())
    after = references.of(choice, "plate", nobody)
    assert after.reference is not before.reference
    assert after.memory is not before.memory
    assert after.distances is not before.distances


def test_an_image_that_is_damaged_is_left_out(choice, references):
    (choice.model.path / "normals" / "plate" / "000.png").write_bytes(b"nothing")
    found = references.of(choice, "plate", nobody)
    assert found.reference.images == NORMALS - 1
    assert len(found.memory.images) == 2 * (NORMALS - 2) - 1
    for path in (choice.model.path / "normals").glob("*/*.png"):
        path.write_bytes(b"nothing")
    found = references.of(choice, "plate", nobody)
    assert found.reference is found.memory is found.distances is None


def test_the_normal_images_scores_follow_the_weights(choice, references):
    reference = references.of(choice, "plate", nobody).reference
    usual, first = reference.scores(None, None), reference.scores([1, 0, 0], 1.0)
    assert len(usual) == NORMALS
    assert usual != first
    assert reference.scores([0, 0, 0], 1.0) == [0.0] * NORMALS
    assert reference.nbytes > sum(layer.encoder.nbytes for layer in reference.layers)


def test_decoders_answers_are_in_the_encoders_unit_of_length():
    detector = calibrated_detector().eval()
    explanation = explain(detector, good_images("plate", 1)[0])
    short = [replace(layer, decoder=layer.encoder / 40) for layer in explanation.layers]
    reference = reference_of("plate", [replace(explanation, layers=tuple(short))] * 2, 2)
    for layer in reference.layers:
        assert layer.gain == pytest.approx(40, rel=1e-4)
        assert np.allclose(layer.decoder, layer.encoder, rtol=1e-4)


def test_a_category_without_images_has_no_reference(choice, references):
    assert references.of(choice, "bar", nobody).reference is None
    assert references.of(choice, None, nobody).reference is None


def test_a_memory_holds_all_categories_but_for_the_last_images(choice, references):
    told = []
    found = references.of(choice, "plate", lambda *progress: told.append(progress))
    memory = found.memory
    assert [category for category, _ in memory.images] == ["plate"] * (NORMALS - 2) + ["ring"] * (NORMALS - 2)
    assert (8, 8, "patches of normal images") in told
    again = references.of(choice, "plate", nobody)
    assert again.memory is memory
    assert again.distances is found.distances
    for ascending in (*found.distances.seen, *found.distances.answered):
        assert (np.diff(ascending) >= 0).all()
        assert ascending[0] >= 0
    assert found.distances.seen[0].max() > 0  # what they are compared with does not hold them


def test_who_made_the_images_is_told(choice, references):
    assert references.of(choice, "plate", nobody).credit == ""
    (choice.model.path / "normals" / "credits.json").write_text('{"plate": "A.", "ring": "A."}')
    assert references.of(choice, "plate", nobody).credit == "A."


def test_without_normal_images_there_is_nothing_to_compare_with(tmp_path, monkeypatch):
    monkeypatch.setenv("CRR_CHECKPOINTS", str(tmp_path))
    choice = write_models(tmp_path, normals=False)
    found = ReferenceCache(real_inspector(), 2**27).of(choice, "plate", nobody)
    assert found.reference is found.memory is found.distances is None


def test_a_single_normal_image_gives_no_distances(choice, references):
    folder = choice.model.path / "normals"
    for path in sorted(folder.glob("*/*.png")):
        if path.stem != "000":
            path.unlink()
    found = references.of(choice, "plate", nobody)
    assert len(found.memory.images) == 2
    assert found.distances is None


def test_measures_are_what_they_are_called():
    seen, answered = np.float32([[3, 0], [0, 2]]), np.float32([[0, 4], [0, 1]])
    assert discrepancy(seen, answered, "cosine").tolist() == [1, 0]
    assert discrepancy(seen, answered, "euclidean") == pytest.approx([np.sqrt(12.5), np.sqrt(0.5)])
    assert discrepancy(seen, answered, 1).tolist() == [4, 1]
    measuring = DiscrepancyChoice("One channel", 30)
    assert measuring.of(24) == 23
    assert measuring.axis(24) == "difference in the channel 23"
    assert DiscrepancyChoice("Model's own", 0).of(24) == "model"


def test_percentiles_count_ties_half():
    values = np.float32([0, 1, 1, 2])
    assert [percentile(values, value) for value in (-1, 0, 1, 1.5, 3)] == [0, 12.5, 50, 75, 100]


def test_equal_features_have_equal_colours_and_unequal_ones_others():
    rows = np.random.default_rng(0).normal(size=(500, 6)).astype(np.float32) * [5, 3, 2, 0.1, 0.1, 0.1]
    basis = colour_basis_of(rows.astype(np.float32))
    colours = basis.colours(rows[:3].astype(np.float32))
    assert np.array_equal(colours, basis.colours(rows[:3].astype(np.float32)))
    assert len({tuple(colour) for colour in colours.tolist()}) == 3
    inside = basis.colours(rows.astype(np.float32))
    assert ((inside > 0) & (inside < 255)).mean() > 0.97
    assert basis.colours(np.float32(rows.mean(axis=0))).tolist() == [127, 127, 127]


def test_features_that_are_all_alike_are_grey():
    basis = colour_basis_of(np.ones((10, 4), dtype=np.float32))
    assert basis.colours(np.ones((2, 2, 4), dtype=np.float32)).tolist() == [[[127] * 3] * 2] * 2
    assert colour_basis_of(np.ones((3, 2), dtype=np.float32)).axes.shape == (3, 2)
