from dataclasses import replace

import numpy as np
import pytest

from crr.data.images import decode
from crr.errors import CheckpointError, CRRError, DeviceError
from crr.identity.single_image import StandardDamage
from tests.workbench.fakes import (
    CHOICE,
    OTHER_MODEL,
    FakeInspector,
    good_png,
    inspection_of,
    part,
    png,
)
from workbench.comparison.comparison import above_normals, compare_shown, difference_map
from workbench.inspection.inspector import Inspector, ModelChoice
from workbench.inspection.photo import photos_of
from workbench.inspection.samples import read_samples
from workbench.inspection.visitor import VisitorState, settle
from workbench.model_store.loaded import Models
from workbench.settings import Settings

OTHER = ModelChoice(OTHER_MODEL, "cpu")
BOTH = [CHOICE, OTHER]
SAMPLES = read_samples(Settings().samples)


@pytest.fixture
def visitor() -> VisitorState:
    return VisitorState(Settings(), "bottle_good")


def take(visitor, *contents):
    names = [f"{place}.png" for place in range(len(contents))]
    visitor.take(
        [(name, lambda content=content: content) for name, content in zip(names, contents, strict=True)]
    )


def broken(library, *paths) -> Inspector:
    """An inspector that cannot load the models at these paths."""

    def load(path: str, device: str, *_):
        if path in paths:
            raise CheckpointError(f"{path} is damaged")
        return library.load(path, device)

    return FakeInspector(Models(load, 2**30), library.inspect)


def test_every_model_is_asked_about_the_sample_that_is_shown(visitor, inspector, library):
    comparison = compare_shown(visitor, SAMPLES, BOTH, inspector)
    assert comparison.photo.key == "bottle_good"
    assert list(comparison.inspected) == ["crr-embedded", "other"]
    compare_shown(visitor, SAMPLES, BOTH, inspector)
    assert library.inspected == 2  # samples are remembered


def test_models_share_what_their_encoders_answered_about_one_photo(visitor, library):
    seen = []

    def run(_detector, images, passes):
        seen.append(passes)
        return [inspection_of(image) for image in images]

    inspector = FakeInspector(Models(library.load, 2**30), run)
    compare_shown(visitor, SAMPLES, BOTH, inspector)
    visitor.sample = "screw_good"
    compare_shown(visitor, SAMPLES, BOTH, inspector)
    assert [passes is seen[0] for passes in seen] == [True, True, False, False]


def test_how_much_of_a_test_damage_each_model_copies_is_measured_once(visitor, inspector, monkeypatch):
    comparison = compare_shown(visitor, SAMPLES, BOTH, inspector)
    assert {name: copied.index for name, copied in comparison.copied.items()} == {
        "crr-embedded": 0.75,
        "other": 0.75,
    }
    assert not comparison.painted
    take(visitor, png())
    settle(visitor, BOTH, inspector)
    of_upload = compare_shown(visitor, SAMPLES, BOTH, inspector)
    monkeypatch.setattr(inspector, "ask", lambda *_: pytest.fail("asked again"))
    assert compare_shown(visitor, SAMPLES, BOTH, inspector).copied == of_upload.copied
    visitor.show_sample("bottle_good")
    assert compare_shown(visitor, SAMPLES, BOTH, inspector).copied == comparison.copied
    other_visitor = VisitorState(Settings(), "bottle_good")
    assert compare_shown(other_visitor, SAMPLES, BOTH, inspector).copied == comparison.copied


def test_what_is_copied_is_what_the_library_measures(visitor, tiny_inspector, detectors):
    comparison = compare_shown(visitor, SAMPLES, BOTH, tiny_inspector)
    image = decode(SAMPLES["bottle_good"].path, "bottle")
    for choice in BOTH:
        expected = StandardDamage(image).index_of(detectors[str(choice.model.path)])
        assert comparison.copied[choice.model.name] == expected


def test_a_device_that_lacks_memory_for_the_test_damage_leaves_the_index_out(visitor, inspector, monkeypatch):
    def fail(*_, **__):
        raise DeviceError("cpu ran out of memory")

    monkeypatch.setattr(inspector, "standard_index", fail)
    comparison = compare_shown(visitor, SAMPLES, BOTH, inspector)
    assert len(comparison.inspected) == 2
    assert comparison.copied == {}


def test_it_is_told_whose_turn_it_is(visitor, inspector):
    turns = []
    compare_shown(visitor, SAMPLES, BOTH, inspector, lambda *turn: turns.append(turn))
    assert turns == [(0, 2, "crr-embedded"), (1, 2, "other")]


def test_an_upload_is_compared_and_shown(visitor, inspector):
    take(visitor, png()[:50], png())
    assert settle(visitor, BOTH, inspector)
    comparison = compare_shown(visitor, SAMPLES, BOTH, inspector)
    assert (comparison.photo.name, comparison.photo.own, comparison.photo.label) == ("1.png", True, None)
    assert [failure.names for failure in visitor.problems] == [("0.png",)]


def test_a_model_that_fails_says_why_and_the_others_stand(visitor, library):
    comparison = compare_shown(visitor, SAMPLES, BOTH, broken(library, "fake"))
    assert list(comparison.answers) == ["crr-embedded", "other"]
    assert str(comparison.answers["crr-embedded"]) == "fake is damaged"
    assert list(comparison.inspected) == ["other"]


def test_a_model_that_fails_does_not_lose_what_a_visitor_brings(visitor, library):
    take(visitor, png())
    assert settle(visitor, BOTH, broken(library, "fake"))
    assert visitor.upload is not None


def test_if_no_model_answers_the_first_says_why(visitor, library):
    with pytest.raises(CRRError, match="fake is damaged"):
        compare_shown(visitor, SAMPLES, BOTH, broken(library, "fake", "other"))


def test_an_upload_that_went_bad_gives_way_to_the_sample(visitor, inspector):
    take(visitor, png())
    settle(visitor, BOTH, inspector)
    upload = visitor.batch.uploads[visitor.upload]
    visitor.batch.uploads[visitor.upload] = replace(upload, content=b"no image")
    comparison = compare_shown(visitor, SAMPLES, [OTHER], inspector)
    assert (comparison.photo.key, visitor.upload) == ("bottle_good", None)


def test_photos_are_all_samples_or_all_uploads(visitor):
    take(visitor, png(), good_png())
    assert [photo.name for photo in photos_of(visitor, SAMPLES, own=True)] == ["0.png", "1.png"]
    labels = {photo.key: photo.label for photo in photos_of(visitor, SAMPLES, own=False)}
    assert (labels["bottle_good"], labels["screw_bent_tip"]) == ("good", "defective")


def test_the_difference_is_positive_where_the_first_sees_more():
    fine = inspection_of(part(), anomaly_map=np.full((8, 4), 0.75, np.float32))
    coarse = inspection_of(part(), anomaly_map=np.array([[0.5], [1.0]], np.float32))
    difference = difference_map(fine, coarse)
    assert difference.shape == (8, 4)
    assert np.allclose(difference[0], 0.25)
    assert np.allclose(difference[-1], -0.25)
    assert np.allclose(difference, -difference_map(coarse, fine))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"score": 0.9}, "above all 50 good parts"),
        ({"score": 0.0}, "below all 50 good parts"),
        ({"score": 0.25}, "above 50 % of 50 good parts"),
        ({"normal_scores": (), "percentile": None}, "no good parts to compare with"),
    ],
)
def test_where_a_score_lies_in_a_few_words(changes, words):
    assert above_normals(inspection_of(part(), **changes)) == words
