"""The words of the lesson and the demonstration behind its pictures."""

import re
import shutil

import numpy as np
import pytest

from crr.errors import CheckpointError
from crr.inference.forward import FeatureMask
from tests.workbench.explorable import real_inspector, write_models
from workbench.explanation.explorer import LayerExplorer
from workbench.inspection.explanation_cache import ExplanationCache
from workbench.inspection.samples import read_samples
from workbench.lesson.demonstration import LADDER, Demonstration, features_picture, moved_picture
from workbench.lesson.steps import read_steps, step_number
from workbench.model_store.available import find_models
from workbench.reference.cache import ReferenceCache
from workbench.settings import settings
from workbench.views.lesson.pictures import PICTURES


@pytest.fixture
def demonstration(tmp_path, monkeypatch):
    monkeypatch.setenv("CRR_CHECKPOINTS", str(tmp_path))
    write_models(tmp_path)
    for name in LADDER.values():
        shutil.copytree(tmp_path / "tiny", tmp_path / name)
    inspector = real_inspector()
    explorer = LayerExplorer(ExplanationCache(inspector, 2**27), ReferenceCache(inspector, 2**27), 2**25)
    return Demonstration(explorer, find_models(), "cpu")


@pytest.fixture
def screw():
    return read_samples(settings().samples)["screw_good"]


def test_every_step_is_whole():
    steps = read_steps()
    assert len(steps) >= 8
    assert [step.name for step in steps] == list(PICTURES)
    for step in steps:
        assert re.fullmatch("[a-z]+", step.name)
        assert 0 <= step.right < len(step.answers) == 3
        assert step.answers[step.right].feedback.startswith("Right")
        assert all(
            not answer.feedback.startswith("Right")
            for answer in step.answers
            if answer != step.answers[step.right]
        )
        assert len({answer.text for answer in step.answers}) == 3
        assert "$" in step.formula
        assert step.question.endswith("?")
        assert step.sources


def test_the_term_is_explained_before_it_is_used():
    before = [step.idea for step in read_steps()[: step_number("vanishes")]]
    assert not any("identity" in idea.lower() for idea in before)


def test_a_link_finds_its_step():
    assert step_number("damage") == 1
    assert step_number("3") == 2
    assert step_number("nonsense") == step_number(None) == step_number("99") == step_number("0") == 0


def test_a_damage_is_the_same_every_time_and_its_twin_is_known(demonstration, screw):
    first, again, other = (demonstration.damage(screw, number, []) for number in (3, 3, 4))
    assert np.array_equal(first.image, again.image)
    assert first.key == again.key != other.key
    assert not np.array_equal(first.image, other.image)
    change = np.abs(first.image.astype(int) - first.clean).max(axis=2)
    assert first.mask.any()
    assert change[first.mask].mean() > 20
    assert change[~first.mask].max() < 20  # a soft rim


def test_at_the_top_of_the_ladder_the_embedded_model_copies_far_less_of_the_damage(screw):
    inspector = real_inspector()
    explorer = LayerExplorer(ExplanationCache(inspector, 2**27), ReferenceCache(inspector, 2**27), 2**25)
    found = Demonstration(explorer, find_models(), "cpu")
    shown = found.damage(screw, 7, [])  # as the page opens
    lowest, *_, highest = LADDER
    copied = [found.ask(shown, rung, paint=False).index for rung in (lowest, highest)]
    assert copied[1] < copied[0] / 2


def test_what_a_model_makes_of_it_is_shown_and_measured(demonstration, screw):
    shown = demonstration.damage(screw, 1, [])
    seen = demonstration.ask(shown, "autoencoder")
    assert seen.index is not None
    assert seen.percent.endswith(" %")
    assert [picture.shape for picture in seen.painted] == [(64, 64, 3)] * 2
    for what in ("saw", "shown", "answered"):
        assert features_picture(seen.found, 0, what).shape == (16, 16, 3)
    hidden = demonstration.ask(shown, "autoencoder", FeatureMask(0.6, 1), paint=False)
    assert hidden.painted is None
    assert not np.array_equal(
        features_picture(hidden.found, 0, "shown"), features_picture(hidden.found, 0, "saw")
    )
    assert len(demonstration.indices(shown, "autoencoder", (0.0, 0.5), seed=1)) == 2
    assert moved_picture(seen.found, seen.found, 0).shape == (16, 16, 3)


def test_a_rung_that_is_missing_is_named(demonstration, screw):
    demonstration._models = {}
    with pytest.raises(CheckpointError, match=r"needs the checkpoint autoencoder-embedded.*Restore it"):
        demonstration.ask(demonstration.damage(screw, 1, []), "autoencoder")
