from dataclasses import replace

import pytest
import torch

from crr.config import DetectorConfig
from crr.errors import ConfigError
from crr.models import registry
from crr.models.components.encoder import Layer
from crr.models.uniad import (
    DecoderLayer,
    FeatureJitter,
    NeighbourMaskedAttention,
    Transformer,
    UniADOptions,
    neighbour_mask,
)
from tests.crr.tiny import good_images, tiny_config, tiny_detector

PYRAMID = (Layer("fine", 6, (16, 24)), Layer("middle", 10, (8, 12)), Layer("coarse", 14, (4, 6)))
EQUAL = (Layer("first", 16, (7, 7)), Layer("second", 16, (7, 7)))
EMBEDDED = tuple(
    Layer(f"block {index}", channels, (side, side))
    for index, channels, side in [(2, 24, 96), (3, 40, 48), (4, 80, 24), (5, 112, 24)]
)
SMALL = UniADOptions(neighbourhood=3, width=16, layers=2, heads=2)


@pytest.fixture(autouse=True)
def seed() -> None:
    torch.manual_seed(0)


def features(layers, batch=2):
    return [torch.randn(batch, layer.channels, *layer.grid) for layer in layers]


@pytest.mark.parametrize(
    "layers",
    [PYRAMID, PYRAMID[::-1], (*PYRAMID, PYRAMID[-1]), EQUAL, EQUAL[:1]],
    ids=["pyramid", "coarse first", "shared grid", "vit", "one layer"],
)
def test_answers_have_the_shapes_of_the_questions_and_use_every_weight(layers):
    model, questions = Transformer(SMALL, layers), features(layers)
    answers = model(questions)
    assert [answer.shape for answer in answers] == [question.shape for question in questions]
    sum(
        (answer - question).square().mean() for answer, question in zip(answers, questions, strict=True)
    ).backward()
    unused = [
        name for name, weight in model.named_parameters() if weight.grad is None or not weight.grad.any()
    ]
    assert unused == []


@pytest.mark.parametrize(("neighbourhood", "reach"), [(1, 0), (3, 1), (5, 2)])
def test_no_token_may_attend_within_its_neighbourhood(neighbourhood, reach):
    rows, columns = 7, 6
    mask = neighbour_mask((rows, columns), neighbourhood)
    for here in range(rows * columns):
        for there in range(rows * columns):
            down = abs(here // columns - there // columns)
            across = abs(here % columns - there % columns)
            assert bool(mask[here, there]) == (max(down, across) > reach)


@pytest.mark.parametrize("grid", [(2, 2), (3, 3), (4, 4), (4, 6), (1, 5), (7, 7), (24, 24)])
def test_every_token_has_something_to_attend_to_and_none_attends_to_itself(grid):
    mask = neighbour_mask(grid, 7)
    assert mask.any(dim=1).all()
    assert not mask.diagonal().any()


def test_attention_brings_nothing_from_the_neighbourhood():
    attention, mask = NeighbourMaskedAttention(width=8, heads=2), neighbour_mask((5, 5), 3)
    tokens = torch.randn(1, 25, 8, requires_grad=True)
    for query in (0, 12, 17):
        answer = attention(torch.randn(1, 25, 8), tokens, tokens, mask)
        (reached,) = torch.autograd.grad(answer[0, query].sum(), tokens)
        assert torch.equal(reached[0].any(dim=1), mask[query])


def test_a_decoder_layer_has_no_way_past_the_mask():
    # The residual starts from the learnt query, so it carries nothing of the token that is asked for.
    layer, mask = DecoderLayer(tokens=25, width=8, heads=2), neighbour_mask((5, 5), 3)
    memory, answer = torch.randn(2, 1, 25, 8, requires_grad=True).unbind()
    better = layer(memory, answer, torch.randn(1, 25, 8), mask)
    for given in torch.autograd.grad(better[0, 12].square().sum(), [memory, answer]):
        assert torch.equal(given[0].any(dim=1), mask[12])


def test_each_decoder_layer_has_its_own_query_for_each_token():
    model = Transformer(SMALL, PYRAMID)
    queries = [layer.query for layer in model.decoder]
    assert [query.shape for query in queries] == [(1, 24, 16)] * 2
    assert not torch.equal(*queries)


def test_attention_equals_its_plain_form():
    attention, mask = NeighbourMaskedAttention(width=8, heads=1), neighbour_mask((3, 4), 1)
    query, tokens = torch.randn(2, 2, 12, 8).unbind()
    weights = attention.query(query) @ attention.key(tokens).mT / 8**0.5
    weights = weights.masked_fill(~mask, -torch.inf).softmax(dim=2)
    wanted = attention.projection(weights @ attention.value(tokens))
    torch.testing.assert_close(attention(query, tokens, tokens, mask), wanted)


def test_jitter_is_noise_in_proportion_to_the_length_of_a_token():
    jitter = FeatureJitter(scale=20, probability=1).train()
    tokens = torch.full((1, 2, 10_000), 3.0)
    tokens[0, 1] *= 2
    noise = jitter(tokens) - tokens
    lengths = tokens.norm(dim=2)
    torch.testing.assert_close(noise.std(dim=2), 20 * lengths / 10_000, rtol=0.05, atol=0)


def test_jitter_is_for_training_only_and_as_often_as_asked():
    tokens = torch.randn(1, 4, 8)
    assert FeatureJitter(20, 1).eval()(tokens) is tokens
    assert FeatureJitter(20, 0).train()(tokens) is tokens
    sometimes = FeatureJitter(20, 0.5).train()
    jittered = sum(not torch.equal(sometimes(tokens), tokens) for _ in range(200))
    assert 60 < jittered < 140


def test_training_is_noisy_and_seeded_and_inference_is_neither():
    model, questions = Transformer(SMALL, PYRAMID), features(PYRAMID)
    torch.manual_seed(1)
    first, other = model(questions)[0], model(questions)[0]
    torch.manual_seed(1)
    assert torch.equal(first, model(questions)[0])
    assert not torch.equal(first, other)
    model.eval()
    assert torch.equal(model(questions)[0], model(questions)[0])


def test_an_image_gets_the_same_answer_in_any_company():
    model, questions = Transformer(SMALL, PYRAMID).eval(), features(PYRAMID, batch=3)
    alone = model([question[1:2] for question in questions])
    for answer, same in zip(model(questions), alone, strict=True):
        torch.testing.assert_close(answer[1:2], same, rtol=1e-4, atol=1e-5)


def test_the_answer_has_the_units_of_the_question():
    model, questions = Transformer(SMALL, PYRAMID).eval(), features(PYRAMID)
    scales = (7.0, 0.02, 300.0)
    scaled = model([scale * question for scale, question in zip(scales, questions, strict=True)])
    for scale, answer, same in zip(scales, model(questions), scaled, strict=True):
        torch.testing.assert_close(scale * answer, same, rtol=1e-2, atol=1e-3 * scale)


def test_the_loss_is_the_squared_error_as_a_share_of_the_mean_square():
    detector = tiny_detector(tiny_config(method="uniad"))
    target = [torch.full((2, 3, 4, 4), 2.0), torch.full((2, 5, 2, 2), 10.0)]
    assert detector.loss(target, target, 0).item() == 0
    answer = [torch.full((2, 3, 4, 4), 1.0), torch.full((2, 5, 2, 2), 15.0)]
    assert detector.loss(target, answer, 0).item() == pytest.approx(0.25)


def test_a_few_steps_bring_the_answer_nearer():
    options = {"width": 32, "layers": 1}
    detector = tiny_detector(replace(registry.configured(tiny_config(), "uniad"), options=options))
    questions = detector.encoder(detector.preprocess(good_images("plate", 4)))
    detector.decoder.train()
    optimizer = torch.optim.Adam(detector.decoder.parameters(), lr=2e-3)
    losses = []
    for step in range(15):
        loss = detector.loss(questions, detector.decode(questions), step)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.7 * losses[0]


def test_the_embedded_encoder_needs_about_a_million_parameters():
    weights = Transformer(UniADOptions(), EMBEDDED).parameters()
    assert sum(weight.numel() for weight in weights) < 1.2e6


def test_the_mask_is_not_part_of_a_checkpoint():
    assert not any("allowed" in name for name in tiny_detector(tiny_config(method="uniad")).own_tensors())


def test_its_config_trains_on_clean_images_without_masking_mining_or_segmentation():
    config = registry.configured(DetectorConfig(), "uniad")
    assert UniADOptions(**config.options) == UniADOptions()
    assert not config.training.repair_loss
    assert config.training.mining_share == config.masking.rate == 0
    assert config.segmentation.design == "none"
    assert config.prediction.distance == DetectorConfig().prediction.distance
    assert DetectorConfig.from_json(config.as_json()) == config


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"neighbourhood": 4}, r"neighbourhood \(4\) must be odd"),
        ({"neighbourhood": -1}, "Setting neighbourhood"),
        ({"width": 30}, r"width \(30\) must be a multiple of heads \(4\)"),
        ({"jitter_scale": -1}, "Setting jitter_scale"),
        ({"jitter_probability": 1.5}, "Setting jitter_probability"),
        ({"layers": 0}, "Setting layers"),
        ({"dropout": 0.1}, "Setting dropout"),
    ],
)
def test_options_that_do_not_fit_are_refused(options, sentence):
    with pytest.raises(ConfigError, match=sentence):
        tiny_detector(replace(tiny_config(method="uniad"), options=options))


@pytest.mark.parametrize(
    ("layers", "sentence"),
    [
        ((Layer("odd", 4, (9, 9)), Layer("coarse", 4, (4, 4))), r"Layer odd has a \(9, 9\) grid"),
        ((Layer("whole", 4, (1, 1)),), r"coarsest grid \(1, 1\) is too small"),
    ],
)
def test_layers_that_do_not_fit_are_a_sentence(layers, sentence):
    with pytest.raises(ConfigError, match=sentence):
        Transformer(SMALL, layers)
