"""A part that a visitor damages, asked about with real models of a few kilobytes."""

from dataclasses import replace

import numpy as np
import pytest

from crr.data.images import decode
from crr.errors import CheckpointError
from crr.inference.engine import inspect, inspect_batch
from crr.inference.explanation import explain
from tests.crr.tiny import ENCODER, tiny_config, tiny_detector
from tests.workbench.fakes import CHOICE, MODEL, OTHER_MODEL, inspection_of, part, png
from workbench.basics.pictures import DISPLAY_SIDE, digest_of
from workbench.components.strokes import Stroke
from workbench.explanation.study_image import painted
from workbench.inspection.explanation_cache import ExplanationCache
from workbench.inspection.inspector import Inspector, ModelChoice
from workbench.inspection.photo import UploadedPhoto
from workbench.inspection.uploads import Upload
from workbench.inspection.visitor import VisitorState
from workbench.model_store.loaded import Models
from workbench.painting.damage import Synthetic
from workbench.painting.session import DamagePlan, PaintingSession, hit_of
from workbench.settings import Settings

CHOICES = [CHOICE, ModelChoice(OTHER_MODEL, "cpu")]
SCRATCH = Stroke(tool="line", size=8.0, points=((30.0, 30.0), (90.0, 60.0)))


@pytest.fixture
def photo():
    return photo_of(part())


def photo_of(image):
    content = png(image)
    visitor = VisitorState(Settings(), "screw_good")
    return UploadedPhoto(Upload(digest_of(content), ("part.png",), content), visitor)


def session_of(inspector):
    return PaintingSession(ExplanationCache(inspector, 2**26))


def part_of(session, photo):
    return session.part(photo, photo.open(CHOICE))


def compared(session, photo, choices=CHOICES):
    part = part_of(session, photo)
    return session.ask(part, session.make(part), choices).comparison


def test_each_model_answers_what_it_would_to_the_damaged_file(photo, tiny_inspector, detectors):
    session = session_of(tiny_inspector)
    session.plan(photo).painting.strokes = (SCRATCH,)
    comparison = compared(session, photo)
    image = session.make(part_of(session, photo)).damaged.image
    for choice in CHOICES:
        [alone] = inspect(detectors[str(choice.model.path)], [image])
        found = comparison.inspected[choice.model.name].inspection
        assert found.score == pytest.approx(alone.score, abs=1e-6)
        assert comparison.copied[choice.model.name].index is not None
        assert comparison.hits[choice.model.name].contrast > 0
    assert comparison.painted
    assert len(comparison.outlines) == 1


def test_the_photo_is_read_and_asked_about_once_and_each_damage_again(
    photo, tiny_inspector, detectors, monkeypatch
):
    session = session_of(tiny_inspector)
    encoder = detectors[str(MODEL.path)].encoder
    passes = []
    forward = encoder.forward
    monkeypatch.setattr(encoder, "forward", lambda images: passes.append(len(images)) or forward(images))
    for count, size in enumerate((8.0, 9.0, 10.0), start=1):
        session.plan(photo).painting.strokes = (replace(SCRATCH, size=size),)
        compared(session, photo)
        compared(session, photo)
        assert len(passes) == 1 + count  # the whole photo, and each damage, for both models
    assert part_of(session, photo) is part_of(session, replace(photo))


def test_nothing_painted_has_no_index_and_no_hit(photo, tiny_inspector):
    comparison = compared(session_of(tiny_inspector), photo)
    assert comparison.painted
    assert [copied.index for copied in comparison.copied.values()] == [None, None]
    assert {(hit.contrast, hit.iou) for hit in comparison.hits.values()} == {(None, None)}
    assert comparison.outlines == []


def test_everything_painted_has_an_index_but_no_contrast(photo, tiny_inspector):
    session = session_of(tiny_inspector)
    everything = Stroke(tool="rectangle", size=1.0, points=((-1.0, -1.0), (999.0, 999.0)))
    session.plan(photo).painting.strokes = (everything,)
    comparison = compared(session, photo)
    for name, hit in comparison.hits.items():
        assert hit.contrast is None
        assert 0 <= hit.iou <= 1
        assert comparison.copied[name].index is not None


def test_a_model_that_fails_leaves_its_sentence_and_the_others_answer(photo, detectors):
    def load(path, *_):
        if path == str(OTHER_MODEL.path):
            raise CheckpointError("other is damaged")
        return detectors[path]

    tiny_inspector = Inspector(Models(load, 2**30), inspect_batch)
    comparison = compared(session_of(tiny_inspector), photo)
    assert str(comparison.answers["other"]) == "other is damaged"
    assert list(comparison.inspected) == ["crr-embedded"]
    with pytest.raises(CheckpointError, match="other is damaged"):
        compared(session_of(tiny_inspector), photo, CHOICES[1:])


def test_models_on_different_encoders_each_see_the_damage(photo, detectors):
    detectors[str(OTHER_MODEL.path)] = tiny_detector(tiny_config(encoder=replace(ENCODER, resize=96))).eval()
    session = session_of(Inspector(Models(lambda path, *_: detectors[path], 2**30), inspect_batch))
    session.plan(photo).painting.strokes = (SCRATCH,)
    comparison = compared(session, photo)
    assert all(copied.index is not None for copied in comparison.copied.values())


def test_a_large_photo_is_damaged_at_the_size_of_the_screen(tiny_inspector):
    photo = photo_of(part(size=(1500, 2600)))
    session = session_of(tiny_inspector)
    whole = part_of(session, photo)
    assert max(whole.image.shape) == max(whole.picture.size) == DISPLAY_SIDE
    session.plan(photo).painting.strokes = (SCRATCH,)
    comparison = compared(session, photo)
    assert comparison.inspected["crr-embedded"].inspection.size == whole.picture.size


def test_a_plan_stays_with_its_photo_and_a_link_means_the_first(photo, tiny_inspector):
    other = photo_of(part(strength=100))
    session = PaintingSession(ExplanationCache(tiny_inspector, 2**26), Synthetic("warp", 2))
    assert session.plan(photo).synthetic == Synthetic("warp", 2)
    assert session.plan(other).synthetic is None
    session.plan(photo).painting.strokes = (SCRATCH,)
    assert part_of(session, other).photo is other
    assert session.plan(photo).painting.strokes == (SCRATCH,)


def test_contrast_and_iou_of_a_known_map():
    image = part()  # the fake model marks the red square
    inspection = inspection_of(image)
    red = (image[..., 0] > 200) & (image[..., 1] < 50)
    hit = hit_of(inspection, red)
    assert hit.iou > 0.7
    assert hit.contrast > 20
    assert hit_of(inspection, np.roll(red, 40, axis=1)).iou == 0
    shifted = hit_of(inspection, np.roll(red, 6, axis=1))
    assert 0.2 < shifted.iou < 0.5
    assert shifted.contrast < hit.contrast


def test_what_is_painted_on_is_the_photo_in_its_own_size(photo, tiny_inspector):
    session = session_of(tiny_inspector)
    part = part_of(session, photo)
    assert np.array_equal(part.image, decode(png(), "part.png"))
    made = session.make(part)
    assert made.picture is part.picture  # nothing was done to it
    session.plan(photo).painting.strokes = (SCRATCH,)
    made = session.make(part)
    assert made.damaged.image.shape == part.image.shape
    assert made.damaged.mask.shape == made.picture.size == part.picture.size
    assert made.picture.digest == part.picture.digest


def test_synthetic_damage_is_made_once_below_many_strokes(photo, monkeypatch, tiny_inspector):
    session = session_of(tiny_inspector)
    part, plan = part_of(session, photo), session.plan(photo)
    plan.make("brightness")
    below = session.make(part).damaged
    monkeypatch.setattr("workbench.painting.session.synthetic_damage", lambda *_: pytest.fail("made again"))
    plan.painting.strokes = (SCRATCH,)
    both = session.make(part).damaged
    assert (both.mask & ~below.mask).any()
    assert (both.filling, both.shape) == (below.filling, below.shape)


def test_a_plan_makes_another_damage_each_time():
    plan = DamagePlan()
    wanted = []
    for kind in ("warp", "warp", "noise", "warp"):
        plan.make(kind)
        wanted.append(str(plan.synthetic))
    assert wanted == ["warp-0", "warp-1", "noise-0", "warp-2"]
    linked = DamagePlan(synthetic=Synthetic("warp", 7))
    linked.make("warp")
    assert linked.synthetic == Synthetic("warp", 8)


def test_a_model_that_failed_is_asked_again(photo, detectors):
    broken = [str(OTHER_MODEL.path)]

    def load(path, *_):
        if path in broken:
            raise CheckpointError("other is damaged")
        return detectors[path]

    session = session_of(Inspector(Models(load, 2**30), inspect_batch))
    assert list(compared(session, photo).inspected) == ["crr-embedded"]
    broken.clear()
    assert list(compared(session, photo).inspected) == ["crr-embedded", "other"]


def test_where_memory_is_tight_each_model_is_loaded_once_a_stroke(photo, detectors):
    loads = []

    def load(path, *_):
        loads.append(path)
        return detectors[path]

    session = session_of(Inspector(Models(load, limit=1), inspect_batch))
    compared(session, photo)
    loads.clear()
    session.plan(photo).painting.strokes = (SCRATCH,)
    compared(session, photo)
    assert sorted(loads) == sorted(detectors)


def test_a_stroke_asks_each_model_once_for_map_index_and_picture(room, monkeypatch):
    asked = []
    monkeypatch.setattr(
        "workbench.inspection.explanation_cache.explain",
        lambda detector, **given: asked.append(detector.name) or explain(detector, **given),
    )
    session, photo = PaintingSession(room.explanations), room.part.photo
    part = part_of(session, photo)
    session.ask(part, session.make(part), [room.choice])
    assert asked == ["tiny"]  # the part as it came
    session.plan(photo).painting.strokes = (Stroke(tool="line", size=8.0, points=((20, 20), (50, 50))),)
    made = session.make(part)
    found = session.ask(part, made, [room.choice]).comparison
    assert found.copied["tiny"].index is not None
    [answer] = room.explorer.answers(painted(part, made), [room.choice]).values()
    room.explore(painted(part, made))  # the page Layers
    assert asked == ["tiny", "tiny"]
    assert answer.picture.shape == answer.control.shape


def test_a_cache_that_is_too_small_asks_no_model_more_than_twice_a_stroke(photo, tiny_inspector, monkeypatch):
    session, asked = PaintingSession(ExplanationCache(tiny_inspector, 1)), []
    ask = tiny_inspector.ask
    monkeypatch.setattr(tiny_inspector, "ask", lambda choice, work: asked.append(choice) or ask(choice, work))
    session.plan(photo).painting.strokes = (SCRATCH,)
    assert len(compared(session, photo).copied) == len(CHOICES)
    assert asked == [*CHOICES, *CHOICES]  # the part as it came, and damaged
