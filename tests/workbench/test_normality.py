"""What is usual: references, memories and habits, each made once."""

from dataclasses import replace

import numpy as np
import pytest

from crr.explanation import explain
from tests.crr.tiny import calibrated_detector, good_images
from tests.workbench.explorable import NORMALS, real_inspector, write_models
from workbench.normality import (
    Measuring,
    Normality,
    basis_of,
    discrepancy,
    percentile,
    reference_of,
)


@pytest.fixture
def question(tmp_path, monkeypatch):
    monkeypatch.setenv("CRR_CHECKPOINTS", str(tmp_path))
    return write_models(tmp_path)


@pytest.fixture
def normality(question):  # noqa: ARG001
    return Normality(real_inspector())


def nobody(*_):
    pass


def test_a_reference_is_made_of_the_categorys_images_and_only_once(question, normality):
    told = []
    reference = normality.reference(question, "plate", lambda *progress: told.append(progress))
    assert (reference.category, reference.images) == ("plate", NORMALS)
    assert told == [(number, NORMALS, "normal images") for number in range(NORMALS)]
    assert normality.reference(question, "plate", nobody) is reference
    assert normality.reference(question, "ring", nobody) is not reference
    for layer in reference.layers:
        assert layer.encoder.shape == layer.decoder.shape
        assert len(layer.distance) == len(layer.encoder)
        values = layer.discrepancies("cosine")
        assert (np.diff(values) >= 0).all()


def test_the_normal_images_scores_follow_the_weights(question, normality):
    reference = normality.reference(question, "plate", nobody)
    usual, first = reference.scores(None, None), reference.scores([1, 0, 0], 1.0)
    assert len(usual) == NORMALS
    assert usual != first
    assert reference.scores([0, 0, 0], 1.0) == [0.0] * NORMALS


def test_decoders_answers_are_in_the_encoders_unit_of_length():
    detector = calibrated_detector().eval()
    explanation = explain(detector, good_images("plate", 1)[0])
    short = [replace(layer, decoder=layer.encoder / 40) for layer in explanation.layers]
    reference = reference_of("plate", [replace(explanation, layers=tuple(short))] * 2)
    for layer in reference.layers:
        assert layer.gain == pytest.approx(40, rel=1e-4)
        assert np.allclose(layer.decoder, layer.encoder, rtol=1e-4)


def test_a_category_without_images_has_no_reference(question, normality):
    assert normality.reference(question, "bar", nobody) is None
    assert normality.reference(question, None, nobody) is None


def test_a_memory_holds_all_categories_but_for_the_last_images(question, normality):
    told = []
    memory = normality.memory(question, lambda *progress: told.append(progress))
    assert [category for category, _ in memory.images] == ["plate"] * (NORMALS - 2) + ["ring"] * (NORMALS - 2)
    assert told == [(8, 8, "patches of normal images")]
    assert normality.memory(question, nobody) is memory
    habits = normality.habits(question, "plate", memory, nobody)
    assert normality.habits(question, "plate", memory, nobody) is habits
    for ascending in (*habits.seen, *habits.answered):
        assert (np.diff(ascending) >= 0).all()
        assert ascending[0] >= 0
    assert habits.seen[0].max() > 0  # what they are compared with does not hold them


def test_without_normal_images_there_is_none(tmp_path, monkeypatch):
    monkeypatch.setenv("CRR_CHECKPOINTS", str(tmp_path))
    question = write_models(tmp_path, normals=False)
    assert Normality(real_inspector()).memory(question, nobody) is None


def test_a_single_normal_image_gives_no_habits(question, normality):
    folder = question.model.path / "normals"
    for path in sorted(folder.glob("*/*.png")):
        if path.stem != "000":
            path.unlink()
    memory = normality.memory(question, nobody)
    assert len(memory.images) == 2
    assert normality.habits(question, "plate", memory, nobody) is None


def test_measures_are_what_they_are_called():
    seen, answered = np.float32([[3, 0], [0, 2]]), np.float32([[0, 4], [0, 1]])
    assert discrepancy(seen, answered, "cosine").tolist() == [1, 0]
    assert discrepancy(seen, answered, "euclidean") == pytest.approx([np.sqrt(12.5), np.sqrt(0.5)])
    assert discrepancy(seen, answered, 1).tolist() == [4, 1]
    measuring = Measuring("One channel", 30)
    assert measuring.of(24) == 23
    assert measuring.unit(24) == "difference in the channel 23"
    assert Measuring("Model's own", 0).of(24) == "model"


def test_percentiles_count_ties_half():
    values = np.float32([0, 1, 1, 2])
    assert [percentile(values, value) for value in (-1, 0, 1, 1.5, 3)] == [0, 12.5, 50, 75, 100]


def test_equal_features_have_equal_colours_and_unequal_ones_others():
    rows = np.random.default_rng(0).normal(size=(500, 6)).astype(np.float32) * [5, 3, 2, 0.1, 0.1, 0.1]
    basis = basis_of(rows.astype(np.float32))
    colours = basis.colours(rows[:3].astype(np.float32))
    assert np.array_equal(colours, basis.colours(rows[:3].astype(np.float32)))
    assert len({tuple(colour) for colour in colours.tolist()}) == 3
    inside = basis.colours(rows.astype(np.float32))
    assert ((inside > 0) & (inside < 255)).mean() > 0.97
    assert basis.colours(np.float32(rows.mean(axis=0))).tolist() == [127, 127, 127]


def test_features_that_are_all_alike_are_grey():
    basis = basis_of(np.ones((10, 4), dtype=np.float32))
    assert basis.colours(np.ones((2, 2, 4), dtype=np.float32)).tolist() == [[[127] * 3] * 2] * 2
    assert basis_of(np.ones((3, 2), dtype=np.float32)).axes.shape == (3, 2)
