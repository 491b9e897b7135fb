from dataclasses import replace

import pytest
import torch
from torch.nn import functional

from crr.config import DecoderConfig, MaskingConfig
from crr.errors import ConfigError
from crr.models.components.decoder import (
    Decoder,
    LinearAttentionBlock,
    _fuse_reversed,
    elu_plus_one,
    linear_attention,
)
from crr.models.components.encoder import Layer

PYRAMID = (Layer("fine", 6, (16, 24)), Layer("middle", 10, (8, 12)), Layer("coarse", 14, (4, 6)))
EQUAL = (Layer("first", 16, (4, 6)), Layer("second", 16, (4, 6)))
SMALL = DecoderConfig(width=16, blocks=2, attention_heads=2, bottleneck_width=24)
PAPER = replace(SMALL, blocks=4, tokens="mean", outputs="blocks", positions=False)


@pytest.fixture(autouse=True)
def seed() -> None:
    torch.manual_seed(0)


def features(layers, batch=2):
    return [torch.randn(batch, layer.channels, *layer.grid) for layer in layers]


def test_the_kernel_is_elu_plus_one():
    values = torch.linspace(-20, 20, 401)
    torch.testing.assert_close(elu_plus_one(values), functional.elu(values) + 1)


def test_linear_attention_equals_its_quadratic_form():
    query, key, value = torch.randn(3, 2, 4, 30, 8, dtype=torch.float64).unbind()
    weights = (functional.elu(query) + 1) @ (functional.elu(key) + 1).mT
    weights = weights / weights.sum(dim=-1, keepdim=True)
    torch.testing.assert_close(linear_attention(query, key, value), weights @ value, rtol=1e-5, atol=1e-6)


def test_linear_attention_survives_keys_that_nothing_attends_to():
    query, key, value = torch.full((5, 4), -1e4), torch.full((5, 4), -1e4), torch.ones(5, 4)
    assert torch.isfinite(linear_attention(query, key, value)).all()


def test_heads_attend_on_their_own():
    block = LinearAttentionBlock(width=8, heads=2, mlp_ratio=2)
    tokens = torch.randn(1, 5, 8)
    query, key, value = block.query_key_value(tokens).chunk(3, dim=2)
    heads = [
        linear_attention(*(part[..., half] for part in (query, key, value)))
        for half in (slice(4), slice(4, 8))
    ]
    torch.testing.assert_close(block._attend(tokens), block.projection(torch.cat(heads, dim=2)))


@pytest.mark.parametrize(
    ("config", "layers"),
    [
        (SMALL, PYRAMID),
        (replace(SMALL, positions=False), PYRAMID[::-1]),
        (replace(SMALL, tokens="mean"), EQUAL),
        (replace(SMALL, tokens="mean", blocks=1), EQUAL[:1]),
        (PAPER, EQUAL),
    ],
    ids=["pyramid", "coarse first", "mean tokens", "one layer", "paper"],
)
def test_answers_have_the_shapes_of_the_questions_and_use_every_weight(config, layers):
    decoder = Decoder(config, MaskingConfig(), layers)
    questions = features(layers)
    answers = decoder(questions)
    assert [answer.shape for answer in answers] == [question.shape for question in questions]
    sum(answer.square().mean() for answer in answers).backward()
    unused = [
        name for name, weight in decoder.named_parameters() if weight.grad is None or not weight.grad.any()
    ]
    assert unused == []


def test_an_image_gets_the_same_answer_each_time_and_in_any_company():
    decoder = Decoder(SMALL, MaskingConfig(), PYRAMID).eval()
    questions = features(PYRAMID, batch=3)
    answers = decoder(questions)
    for answer, again in zip(answers, decoder(questions), strict=True):
        assert torch.equal(answer, again)
    for answer, alone in zip(answers, decoder([question[1:2] for question in questions]), strict=True):
        torch.testing.assert_close(answer[1:2], alone, rtol=1e-4, atol=1e-5)


def test_training_is_noisy():
    decoder = Decoder(SMALL, MaskingConfig(), PYRAMID).train()
    questions = features(PYRAMID)
    assert not torch.equal(decoder(questions)[0], decoder(questions)[0])


def test_a_finer_layers_answer_knows_where_its_details_are():
    # A decoder that pooled away what is finer than a token could not tell these two questions apart.
    decoder = Decoder(SMALL, MaskingConfig(), PYRAMID).eval()
    question = features(PYRAMID, batch=1)
    swapped = [question[0].clone(), *question[1:]]
    swapped[0][..., 0, 0], swapped[0][..., 0, 1] = question[0][..., 0, 1], question[0][..., 0, 0]
    assert not torch.allclose(decoder(question)[0], decoder(swapped)[0])


def test_mean_tokens_do_not_care_which_layer_is_which():
    decoder = Decoder(replace(SMALL, tokens="mean"), MaskingConfig(), EQUAL).eval()
    first, second = features(EQUAL)
    for answer, same in zip(decoder([first, second]), decoder([second, first]), strict=True):
        torch.testing.assert_close(answer, same)


def test_blocks_are_fused_from_the_last_to_the_first():
    outputs = [torch.full((1, 2, 3), float(number)) for number in range(1, 9)]
    fused = _fuse_reversed(outputs, groups=2)
    assert [float(group.mean()) for group in fused] == [(8 + 7 + 6 + 5) / 4, (4 + 3 + 2 + 1) / 4]


@pytest.mark.parametrize(
    ("changes", "layers", "sentence"),
    [
        ({}, (Layer("odd", 4, (9, 9)), Layer("coarse", 4, (4, 4))), r"Layer odd has a \(9, 9\) grid"),
        ({}, (Layer("tall", 4, (8, 6)), Layer("coarse", 4, (4, 4))), "no multiple of the coarsest grid"),
        ({"tokens": "mean"}, PYRAMID, "need layers of one shape"),
        ({"outputs": "blocks"}, PYRAMID, "need layers of one shape"),
        ({"outputs": "blocks", "width": 32}, EQUAL, "needs the encoder's width = 16; given: 32"),
        ({"outputs": "blocks", "blocks": 3}, EQUAL, "3 blocks cannot be fused evenly into 2 groups"),
    ],
)
def test_layers_that_do_not_fit_are_a_sentence(changes, layers, sentence):
    with pytest.raises(ConfigError, match=sentence):
        Decoder(replace(SMALL, **changes), MaskingConfig(), layers)
