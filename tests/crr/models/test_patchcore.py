from dataclasses import replace

import pytest
import torch

from crr.checkpoints.serialization import load, save
from crr.config import DetectorConfig
from crr.errors import ConfigError
from crr.models import registry
from crr.models.patchcore import PatchCoreOptions, coreset, nearest
from crr.types import Reconstruction
from tests.crr.tiny import tiny_config, tiny_detector


def untrained(patches=64):
    return tiny_detector(
        replace(registry.configured(tiny_config(), "patchcore"), options={"patches": patches})
    )


def features_of(detector, images, seed=0):
    """Random features that half precision holds exactly."""
    random = torch.Generator().manual_seed(seed)
    return [
        torch.randn(images, layer.channels, *layer.grid, generator=random).half().float()
        for layer in detector.encoder.layers
    ]


def part(features, rows):
    return [layer[rows] for layer in features]


def test_a_remembered_patch_is_answered_with_itself_whatever_its_category():
    detector = untrained(patches=64)  # 16 tokens an image, 2 images a category: all are remembered
    plate, ring = features_of(detector, 2), features_of(detector, 2, seed=1)
    detector.memorise(0, iter([plate]))
    detector.memorise(1, iter([ring]))
    for features in (plate, ring):
        for layer, answer in zip(features, detector.decode(features), strict=True):
            assert torch.equal(answer, layer)


def test_the_answer_is_the_nearest_patch_in_the_units_of_the_distance():
    detector = untrained(patches=20)
    for category in range(2):
        detector.memorise(category, iter([features_of(detector, 3, seed=category)]))
    question = features_of(detector, 1, seed=7)
    given = detector.tokens.each(detector.decode(question))
    asked, remembered = detector.tokens.each(question), detector.memory.flatten(0, 1)[None].float()
    layers = remembered.split(detector.tokens.channels, dim=2)
    squares = [
        (there - seen[0][:, None]).square().mean(dim=2) for there, seen in zip(layers, asked, strict=True)
    ]
    wanted = remembered[0][torch.stack(squares).sum(dim=0).argmin(dim=1)]
    assert torch.equal(torch.cat(given, dim=2)[0], wanted)


def test_nearest_is_that_of_a_plain_loop():
    random = torch.Generator().manual_seed(0)
    questions, memory = torch.randn(9, 5, generator=random), 3 + torch.randn(30, 5, generator=random)
    found = nearest(questions, memory, memory.square().sum(dim=1))
    for question, index in zip(questions, found, strict=True):
        assert index == min(range(30), key=lambda row: (memory[row] - question).norm().item())


def radius(points, chosen):
    """How far the worst point is from the chosen ones."""
    return torch.cdist(points, points[chosen]).amin(dim=1).max().item()


def test_a_coreset_takes_what_is_furthest_from_what_it_has():
    points = torch.tensor([[0.0], [1.0], [10.0], [4.0]])
    assert coreset(points, 3).tolist() == [0, 2, 3]


def test_a_coreset_covers_better_than_chance():
    random = torch.Generator().manual_seed(0)
    crowd, few = torch.randn(400, 6, generator=random), 20 + torch.randn(5, 6, generator=random)
    points = torch.cat([crowd, few])
    chosen = coreset(points, 30)
    assert len(set(chosen.tolist())) == 30
    draws = [torch.randperm(405, generator=random)[:30] for _ in range(20)]
    assert radius(points, chosen) < 0.8 * min(radius(points, draw) for draw in draws)


def test_fewer_patches_than_room_are_all_remembered():
    assert coreset(torch.tensor([[1.0], [2.0], [2.0]]), 5).tolist() == [0, 1, 0, 0, 0]
    detector = untrained(patches=100)
    features = features_of(detector, 1)
    detector.memorise(0, iter([features]))
    remembered = {tuple(row) for row in detector.memory[0].tolist()}
    assert remembered == {tuple(row) for row in detector.tokens.join(features)[0].tolist()}


def test_batches_make_no_difference():
    whole, parts = untrained(), untrained()
    features = features_of(whole, 7)
    whole.memorise(1, iter([features]))
    parts.memorise(1, (part(features, rows) for rows in (slice(3), slice(3, 4), slice(4, 7))))
    assert torch.equal(whole.memory, parts.memory)
    assert not whole.memory[0].any()
    question = features_of(whole, 3, seed=9)
    for answer, alone in zip(whole.decode(question), parts.decode(part(question, slice(1, 2))), strict=True):
        assert torch.equal(answer[1:2], alone)


def test_the_candidates_of_an_image_are_bounded(monkeypatch):
    monkeypatch.setattr("crr.models.patchcore._CANDIDATES", 3)
    detector = untrained(patches=64)
    detector.memorise(0, iter([features_of(detector, 2)]))
    assert len({tuple(row) for row in detector.memory[0].tolist()}) == 6


def test_a_damaged_patch_lies_further_away_than_normal_ones():
    detector = untrained(patches=60)
    detector.memorise(0, iter([features_of(detector, 5)]))
    damaged = features_of(detector, 1, seed=5)
    for layer in damaged:
        layer[..., : layer.shape[3] // 4] += 4
    answered = Reconstruction(damaged, detector.decode(damaged))
    [lengths] = detector.measures(answered, torch.zeros(1, dtype=torch.long))
    for layer in lengths:
        column = layer.shape[3] // 4
        assert layer[..., :column].min() > 1.5 * layer[..., column:].max()


def test_it_comes_back_from_its_checkpoint(tmp_path):
    detector = untrained()
    features = features_of(detector, 3)
    detector.memorise(0, iter([features]))
    save(detector, tmp_path / "saved", "card")
    loaded = load(tmp_path / "saved", "cpu")
    for answer, wanted in zip(loaded.decode(features), detector.decode(features), strict=True):
        assert torch.equal(answer, wanted)
    assert set(loaded.own_tensors()) == set(detector.own_tensors())
    assert "weight" not in loaded.own_tensors()


def test_its_config_trains_nothing_and_measures_plain_lengths():
    config = registry.configured(DetectorConfig(), "patchcore")
    assert config.prediction.distance == "euclidean"
    assert config.training.repair.iterations == config.training.segmentation.iterations == 0
    assert PatchCoreOptions(**config.options) == PatchCoreOptions()
    assert DetectorConfig.from_json(config.as_json()) == config


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"patches": 0}, "Setting patches"),
        ({"patches": "10"}, "Setting patches"),
        ({"patches": 1}, r"patches \(1\) must be at least one for each of the 2 categories"),
        ({"channels": 4}, "Setting channels"),
    ],
)
def test_options_that_do_not_fit_are_refused(options, sentence):
    with pytest.raises(ConfigError, match=sentence):
        tiny_detector(replace(tiny_config(method="patchcore"), options=options))
