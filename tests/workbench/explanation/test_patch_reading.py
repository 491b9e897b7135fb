"""What the layer explorer asks, and what follows from one answer."""

from dataclasses import replace

import numpy as np
import pytest

from crr.checkpoints.files import describe
from crr.checkpoints.serialization import save
from crr.data.images import encode_png
from crr.errors import CheckpointError
from crr.inference.explanation import explain
from crr.inference.forward import FeatureMask
from crr.inference.patch_memory import Neighbour, PatchMemory
from crr.models import registry
from crr.training.presets import TrainingChoices, configure
from tests.crr.tiny import calibrated_detector, good_images, tiny_config, tiny_detector
from tests.workbench.explorable import MIDDLE, OwnPhoto, Room, opened
from workbench.explanation.location import Location
from workbench.explanation.patch_reading import (
    LayerReading,
    among_normal_patches,
    contributions,
    discrepancy_map,
    look_at,
)
from workbench.explanation.study_image import network_view, original
from workbench.inspection.inspector import ModelChoice
from workbench.reference.cache import NormalReference


def at(**changes):
    values = {
        "discrepancy": 0.5,
        "patches": 1,
        "above": 50.0,
        "apart_above": 99.0,
        "seen": [],
        "answered": [Neighbour(0, 0, 0, 0.3)],
        "seen_above": 99.0,
        "answered_above": 50.0,
        "seen_elsewhere": None,
        "answered_elsewhere": None,
        "channels": [],
    }
    return LayerReading(**{**values, **changes})


def test_the_scratch_and_a_normal_place_read_differently(room):
    found = room.explore(room.damaged)
    rows, columns = np.nonzero(room.mask)
    height, width = room.mask.shape
    x, y = columns.mean() / width, rows.mean() / height
    scratch, corner = Location(x, y, x, y), Location(0.05, 0.05, 0.05, 0.05)
    there, away = (look_at(found.explanation, 0, spot, "cosine", found.normal) for spot in (scratch, corner))
    assert there.discrepancy != away.discrepancy
    assert there.above is not None
    assert there.seen_above > away.seen_above
    assert [near.distance for near in there.seen] != [near.distance for near in away.seen]
    assert len(there.seen) == len(there.answered) == 5
    assert len(there.channels) == 6
    differences = [abs(channel.encoder - channel.decoder) for channel in there.channels]
    assert differences == sorted(differences, reverse=True)
    assert "of normal patches (6 images)" in among_normal_patches(away, found.normal.reference)


def test_a_place_that_looks_like_another_part_is_said_to(room):
    [ring] = good_images("ring", 1, seed=5)
    found = room.explore(original(*opened(OwnPhoto(encode_png(ring)))))
    middle = look_at(found.explanation, 0, MIDDLE, "model", found.normal)
    own = found.normal.reference.category
    categories = [found.normal.memory.images[near.image][0] for near in middle.seen]
    assert middle.seen_elsewhere == (None if own in categories else categories[0])


def test_a_click_asks_no_model(room):
    found = room.explore(room.whole)
    asked = []
    room.inspector.ask = lambda *_: asked.append(1)
    for index in range(len(found.explanation.layers)):
        for measure in ("model", "cosine", "euclidean", 3):
            look_at(found.explanation, index, MIDDLE, measure, found.normal)
    contributions(found.explanation, MIDDLE, [1, 1, 1], 0.5)
    found.explanation.terms.fused([0, 1, 0], 0.2)
    assert not asked


def test_what_was_asked_is_recalled_until_memory_is_short(room):
    def explanation(shown, hidden=FeatureMask()):  # noqa: B008
        return room.explanations.explain(shown.key, shown.image, room.choice, hidden)

    first = explanation(room.whole)
    assert explanation(room.whole) is first
    assert (
        explanation(room.whole, FeatureMask(0.0, seed=5)) is first
    )  # where nothing is hidden, no draw differs
    assert explanation(room.whole, FeatureMask(0.5)) is not first
    assert explanation(room.damaged) is not first
    room.forget(1)
    first = explanation(room.whole)
    explanation(room.damaged)
    assert explanation(room.whole) is not first


def test_an_area_is_averaged_and_ranked_among_no_single_patches(room):
    found = room.explore(room.whole)
    area = Location(0.1, 0.1, 0.6, 0.4)
    place = look_at(found.explanation, 0, area, "cosine", found.normal)
    rows, columns = area.cells((16, 16))
    values = discrepancy_map(found.explanation.layers[0], "cosine")[rows, columns]
    assert place.discrepancy == pytest.approx(float(values.mean()))
    assert place.patches == values.size > 1
    assert place.above is place.apart_above is place.seen_above is place.answered_above is None
    assert place.reading == ""
    assert len(place.seen) == 5
    assert f"on average over {values.size} patches" in among_normal_patches(place, found.normal.reference)


def test_an_encoder_is_asked_once_for_the_models_of_a_photo(room, tmp_path):
    save(calibrated_detector(), tmp_path / "twin", "")
    twin = ModelChoice(describe(tmp_path / "twin"), "cpu")
    asked = []

    def count(detector):
        detector.encoder.register_forward_hook(lambda *_: asked.append(1))

    for choice in (room.choice, twin):
        room.inspector.ask(choice, count)
        room.explanations.explain(room.whole.key, room.whole.image, choice)
    assert len(asked) == 1


def test_what_was_found_out_of_a_photo_is_at_hand_for_the_next_click(room):
    assert room.explore(room.whole) is room.explore(original(*opened(OwnPhoto(encode_png(room.clean)))))


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (at(seen_above=50.0, apart_above=50.0), "looks normal, and so does the answer"),
        (at(seen_above=50.0), "looks normal, but the answer"),
        (at(apart_above=50.0, answered_above=99.0), "Copied"),
        (at(), "Repaired"),
        (at(answered_above=99.0), "Partly repaired"),
        (at(seen_above=None), ""),
        (
            at(seen_above=50.0, seen_elsewhere="deeppcb"),
            "No good patch of this part is like it; the closest is of another: circuit board",
        ),
        (at(answered_above=50.0, answered_elsewhere="deeppcb"), "Partly repaired"),
    ],
)
def test_neighbours_say_whether_the_answer_is_a_copy(found, words):
    assert words in found.reading if words else found.reading == ""


@pytest.mark.parametrize(
    ("above", "words"),
    [
        (None, "Here **0.50**."),
        (12.34, "above **12.3 %** of"),
        (99.99, "over 99.9 %"),
        (100.0, "above **all**"),
    ],
)
def test_where_a_place_lies_among_normal_patches_is_a_sentence(room, above, words):
    reference = room.explore(room.whole).normal.reference
    assert words in among_normal_patches(at(above=above), reference)
    assert "**0.012**" in among_normal_patches(at(discrepancy=0.0123), None)


def test_contributions_add_up_to_the_map_at_that_place(room):
    explanation = room.explore(room.damaged).explanation
    weight = explanation.terms.settings.distance_weight
    parts = contributions(explanation, MIDDLE, [1, 1, 1], weight)
    assert sum(parts) == pytest.approx(float(MIDDLE.average(explanation.terms.fused().anomaly_map)), rel=1e-4)
    assert contributions(explanation, MIDDLE, [0, 0, 0], 1.0) == [0, 0, 0, 0]


def test_a_model_that_fails_is_not_painted(room):
    def broken(*_):
        raise CheckpointError("it is broken")

    room.inspector.ask = broken
    assert room.explorer.answers(room.damaged, [room.choice]) == {}


def test_features_are_painted_once(room):
    [first], [again] = (room.explorer.answers(room.whole, [room.choice]).values() for _ in range(2))
    assert first.picture is again.picture
    assert first.picture.shape == first.control.shape == (64, 64, 3)
    assert (first.encoder, first.view) == ("test_efficientnet", 1.0)


def test_without_normals_and_painter_the_rest_is_there(tmp_path, monkeypatch):
    monkeypatch.setenv("CRR_CHECKPOINTS", str(tmp_path))
    room = Room(tmp_path, normals=False, painter=False)
    found = room.explore(room.damaged)
    assert (found.normal.reference, found.normal.memory, found.normal.distances) == (None, None, None)
    place = look_at(found.explanation, 1, MIDDLE, "cosine", found.normal)
    assert (place.above, place.seen, place.reading) == (None, [], "")
    assert len(place.channels) == 6
    colours = found.bases[0].colours(found.explanation.layers[0].encoder)
    assert len(np.unique(colours)) > 50
    assert room.explorer.answers(room.whole, [room.choice]) == {}


@pytest.mark.parametrize("method", registry.METHODS)
def test_every_method_is_explored(room, tmp_path, method):
    save(tiny_detector(registry.configured(tiny_config(), method)), tmp_path / method, "")
    choice = ModelChoice(describe(tmp_path / method), "cpu")
    found = room.explore(room.damaged, choice=choice)
    place = look_at(found.explanation, 0, MIDDLE, "model", found.normal)
    assert np.isfinite(place.discrepancy)
    assert found.copied is not None


@pytest.mark.parametrize("size", [(40, 200), (200, 40)])
def test_a_transformer_that_sees_a_crop_of_a_photo_of_any_aspect(room, tmp_path, size):
    encoder = replace(tiny_config().encoder, name="test_vit", layers=(1, 2), resize=80, crop=64)
    save(tiny_detector(tiny_config(encoder=encoder)), tmp_path / "vit", "")
    choice = ModelChoice(describe(tmp_path / "vit"), "cpu")
    image = np.random.default_rng(0).integers(0, 255, (*size, 3), dtype=np.uint8)
    found = room.explore(original(*opened(OwnPhoto(encode_png(image)))), choice=choice)
    assert found.picture.size == size
    assert found.image.shape[:2] == (round(0.8 * size[0]), round(0.8 * size[1]))
    assert np.array_equal(found.image, network_view(image, 0.8))
    assert found.explanation.layers[0].encoder.shape[:2] == found.explanation.layers[0].layer.grid


def test_a_constant_image_and_one_layer_are_explored(room, tmp_path):
    encoder = replace(tiny_config().encoder, layers=(2,))
    save(tiny_detector(tiny_config(encoder=encoder)), tmp_path / "single", "")
    choice = ModelChoice(describe(tmp_path / "single"), "cpu")
    constant = np.full((60, 60, 3), 90, np.uint8)
    found = room.explore(original(*opened(OwnPhoto(encode_png(constant)))), choice=choice)
    assert len(found.explanation.layers) == 1
    assert np.isfinite(found.explanation.terms.fused([2.0], 0.3).anomaly_map).all()


def test_a_decoder_that_answers_exactly_what_was_seen_differs_nowhere(room):
    found = room.explore(room.whole)
    layer = found.explanation.layers[0]
    same = replace(layer, decoder=layer.encoder, distance=np.zeros_like(layer.distance))
    for measure in ("model", "cosine", "euclidean", 0):
        assert float(discrepancy_map(same, measure).max()) < 1e-6
    explanation = replace(found.explanation, layers=(same,))
    place = look_at(explanation, 0, MIDDLE, "cosine", NormalReference())
    assert place.discrepancy == pytest.approx(0, abs=1e-6)


def test_dinov2_at_its_true_size():
    """Random weights: only shapes, speed and memory are those of the real one."""
    known = {
        name: getattr(tiny_config(categories=("plate",)), name) for name in ("categories", "calibration")
    }
    config = replace(configure(TrainingChoices("dinov2-base", weights="random")), **known)
    detector = registry.create(config).eval()
    [image] = good_images("plate", 1)
    explanation = explain(detector, image)
    assert [layer.encoder.shape for layer in explanation.layers] == [(28, 28, 768)] * 2
    assert explanation.view == 392 / 448
    memory = PatchMemory.of(detector.encoder, {"plate": [image]})
    found = look_at(explanation, 1, MIDDLE, "model", NormalReference(memory=memory))
    assert found.seen[0].distance < 0.01  # the image itself
    assert (found.seen[0].row, found.seen[0].column) == (14, 14)
