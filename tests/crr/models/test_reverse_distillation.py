from dataclasses import replace

import pytest
import torch
from torch import nn

from crr.config import DetectorConfig
from crr.errors import ConfigError
from crr.models import registry
from crr.models.components.encoder import Layer
from crr.models.reverse_distillation import OneClassEmbedding, ResidualBlock, Student, grids_between
from tests.crr.tiny import good_images, tiny_config, tiny_detector

PYRAMID = (Layer("fine", 6, (16, 24)), Layer("middle", 10, (8, 12)), Layer("coarse", 14, (4, 6)))
SHARED = (*PYRAMID, Layer("coarse too", 18, (4, 6)))
GAP = (Layer("fine", 6, (16, 16)), Layer("coarse", 14, (4, 4)))
ODD = (Layer("fine", 6, (25, 25)), Layer("middle", 10, (13, 13)), Layer("coarse", 14, (7, 7)))
EQUAL = (Layer("first", 16, (7, 7)), Layer("second", 16, (7, 7)))
EMBEDDED = tuple(
    Layer(f"block {index}", channels, (side, side))
    for index, channels, side in [(2, 24, 96), (3, 40, 48), (4, 80, 24), (5, 112, 24)]
)


@pytest.fixture(autouse=True)
def seed() -> None:
    torch.manual_seed(0)


def decoder(layers, width=32, blocks=1):
    return nn.Sequential(OneClassEmbedding(layers, width, blocks), Student(layers, width, blocks))


def features(layers, batch=2):
    return [torch.randn(batch, layer.channels, *layer.grid) for layer in layers]


@pytest.mark.parametrize(
    "layers",
    [PYRAMID, PYRAMID[::-1], SHARED, GAP, ODD, EQUAL, EQUAL[:1]],
    ids=["pyramid", "coarse first", "shared grid", "gap", "odd grids", "vit", "one layer"],
)
def test_answers_have_the_shapes_of_the_questions_and_use_every_weight(layers):
    model, questions = decoder(layers, blocks=2), features(layers)
    answers = model(questions)
    assert [answer.shape for answer in answers] == [question.shape for question in questions]
    sum(
        (answer - question).square().mean() for answer, question in zip(answers, questions, strict=True)
    ).backward()
    unused = [
        name for name, weight in model.named_parameters() if weight.grad is None or not weight.grad.any()
    ]
    assert unused == []


def test_the_embedding_is_half_the_coarsest_grid():
    assert OneClassEmbedding(PYRAMID, 32, 1)(features(PYRAMID)).shape == (2, 32, 2, 3)
    assert OneClassEmbedding(ODD, 32, 1)(features(ODD)).shape == (2, 32, 4, 4)


def test_the_student_narrows_as_the_grid_grows():
    stages = Student(PYRAMID, 128, 1).stages
    assert [stage[0].residual[-1].num_features for stage in stages] == [64, 32, 16]


def test_every_layer_reaches_the_embedding():
    model = OneClassEmbedding(SHARED, 32, 1).eval()
    questions = features(SHARED)
    before = model(questions)
    for position in range(len(questions)):
        changed = [layer + 1 if index == position else layer for index, layer in enumerate(questions)]
        assert not torch.allclose(model(changed), before)


def test_the_student_has_nothing_but_an_embedding_that_cannot_hold_the_layers():
    embedding, student = decoder(PYRAMID).eval()
    questions = features(PYRAMID)
    inside = embedding(questions)
    assert inside.numel() < 0.1 * sum(layer.numel() for layer in questions)
    assert [answer.shape for answer in student(inside)] == [layer.shape for layer in questions]


def test_a_block_adds_to_what_it_is_given():
    block = ResidualBlock(8, 8).eval()
    nn.init.zeros_(block.residual[-1].weight)
    values = torch.randn(2, 8, 5, 5)
    torch.testing.assert_close(block(values), values.relu())


def test_an_image_gets_the_same_answer_each_time_and_in_any_company():
    model = decoder(PYRAMID).eval()
    questions = features(PYRAMID, batch=3)
    answers = model(questions)
    for answer, again in zip(answers, model(questions), strict=True):
        assert torch.equal(answer, again)
    for answer, alone in zip(answers, model([question[1:2] for question in questions]), strict=True):
        torch.testing.assert_close(answer[1:2], alone, rtol=1e-4, atol=1e-5)


def test_a_few_steps_bring_the_answer_nearer():
    options = {"width": 32, "blocks": 1}
    detector = tiny_detector(replace(registry.configured(tiny_config(), "rd"), options=options))
    questions = detector.encoder(detector.preprocess(good_images("plate", 4)))
    detector.decoder.train()
    optimizer = torch.optim.Adam(detector.decoder.parameters(), lr=2e-3)
    losses = []
    for step in range(20):
        loss = detector.loss(questions, detector.decode(questions), step)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.75 * losses[0]


def test_the_embedded_encoder_needs_about_a_million_parameters():
    weights = decoder(EMBEDDED, width=256, blocks=2).parameters()
    assert sum(weight.numel() for weight in weights) < 1.2e6


def test_its_config_trains_on_clean_images_without_masking_mining_or_segmentation():
    config = registry.configured(DetectorConfig(), "rd")
    assert config.options == {"width": 256, "blocks": 2}
    assert not config.training.repair_loss
    assert config.training.mining_share == config.masking.rate == 0
    assert config.segmentation.design == "none"
    assert config.prediction.distance == DetectorConfig().prediction.distance
    assert DetectorConfig.from_json(config.as_json()) == config


@pytest.mark.parametrize("options", [{"width": 31}, {"width": 64.0}, {"blocks": 0}, {"depth": 2}])
def test_options_that_do_not_fit_are_refused(options):
    with pytest.raises(ConfigError, match=f"Setting {next(iter(options))} is not usable"):
        tiny_detector(replace(tiny_config(method="rd"), options=options))


@pytest.mark.parametrize(
    ("layers", "sentence"),
    [
        ((Layer("third", 4, (12, 12)), Layer("coarse", 4, (4, 4))), r"Layer coarse has a \(4, 4\) grid"),
        (
            (Layer("tall", 4, (8, 6)), Layer("coarse", 4, (4, 4))),
            "needs grids that are halves of one another",
        ),
        ((Layer("fine", 4, (4, 4)), Layer("coarse", 4, (2, 2))), r"coarsest grid \(2, 2\) is too small"),
    ],
)
def test_layers_that_do_not_fit_are_a_sentence(layers, sentence):
    with pytest.raises(ConfigError, match=sentence):
        grids_between(layers)
