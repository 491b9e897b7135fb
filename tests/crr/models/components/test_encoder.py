"""Encoders against plain timm, which knows nothing of pruning, folding, groups or freezing."""

from dataclasses import replace

import cv2
import numpy as np
import pytest
import timm
import torch
from sklearn.datasets import load_sample_image
from torch import Tensor, nn

from crr.config import EncoderConfig
from crr.errors import EncoderError
from crr.models.components import backbones, encoder as encoders
from crr.models.components.encoder import Encoder, token_grid
from crr.training.presets import DINOV2_BASE, EMBEDDED
from tests.crr.tiny import ENCODER, tiny_detector

IMAGES = torch.rand(2, 3, 64, 64, generator=torch.Generator().manual_seed(3))
VIT = replace(ENCODER, name="test_vit", layers=(1, 2, 3, 4))
BATCH_NORMS = [
    EncoderConfig(resize=64, crop=64),
    ENCODER,
    replace(ENCODER, every_block=True),
    replace(ENCODER, name="resnet18"),
    replace(ENCODER, name="test_resnet", layers=(0, 1, 2, 3, 4)),
]
NO_BATCH_NORMS = [replace(ENCODER, name="test_convnext"), replace(VIT, groups=())]


@pytest.fixture(autouse=True)
def used_batch_norms(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fresh batch norms do nothing, so folding them wrongly would go unseen: give them statistics."""
    create = timm.create_model

    def create_used(*args, **options):
        backbone = create(*args, **options)
        random = torch.Generator().manual_seed(1)
        for norm in backbone.modules():
            if isinstance(norm, nn.BatchNorm2d):
                norm.running_mean.normal_(0, 0.2, generator=random)
                norm.running_var.uniform_(0.5, 2, generator=random)
                nn.init.uniform_(norm.weight, 0.5, 1.5, generator=random)
                nn.init.normal_(norm.bias, 0, 0.2, generator=random)
        return backbone

    monkeypatch.setattr(timm, "create_model", create_used)


def plain_backbone(config: EncoderConfig) -> nn.Module:
    """timm's own model, whole, with the weights that the config asks for."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        size = {"img_size": config.crop} if "vit" in config.name else {}
        backbone = timm.create_model(config.name, **size)
    if config.weights == "package":
        backbone.load_state_dict(backbones._package_weights(backbone))
    return backbone.eval()


def normalised(images: Tensor, backbone: nn.Module) -> Tensor:
    mean, deviation = (torch.tensor(backbone.pretrained_cfg[key]).view(1, 3, 1, 1) for key in ("mean", "std"))
    return (images - mean) / deviation


@pytest.mark.parametrize("config", [*BATCH_NORMS, *NO_BATCH_NORMS], ids=lambda config: config.name)
def test_features_are_those_of_plain_timm(config):
    backbone = plain_backbone(config)
    options = {"extra_blocks": True} if config.every_block else {}
    with torch.no_grad():
        expected = backbone.forward_intermediates(
            normalised(IMAGES, backbone), list(config.layers), intermediates_only=True, **options
        )
    encoder = Encoder(config)
    for layer, features, truth in zip(encoder.layers, encoder(IMAGES), expected, strict=True):
        torch.testing.assert_close(features, truth, rtol=1e-3, atol=1e-4 * float(truth.abs().max()))
        assert (layer.channels, layer.grid) == (truth.shape[1], truth.shape[2:])


@pytest.mark.parametrize("config", BATCH_NORMS[:4], ids=lambda config: config.name)
def test_batch_norms_are_folded_and_what_is_not_needed_is_gone(config):
    backbone = Encoder(config).backbone
    assert not any(isinstance(module, nn.BatchNorm2d) for module in backbone.modules())
    whole = sum(weight.numel() for weight in plain_backbone(config).parameters())
    assert sum(weight.numel() for weight in backbone.parameters()) < 0.7 * whole


def test_a_folding_that_changes_the_features_is_taken_back(monkeypatch):
    folded = Encoder(ENCODER)(IMAGES)
    monkeypatch.setattr(encoders, "fuse_conv_bn_eval", lambda convolution, _norm: convolution)
    refused = Encoder(ENCODER)
    assert any(isinstance(module, nn.BatchNorm2d) for module in refused.modules())
    for given, truth in zip(refused(IMAGES), folded, strict=True):
        torch.testing.assert_close(given, truth, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize(
    ("photo", "label"), [("flower.jpg", 985), ("china.jpg", 698)], ids=["daisy", "palace"]
)
def test_the_packages_weights_recognise_photographs(photo, label):
    backbone = plain_backbone(EMBEDDED.encoder)
    image = load_sample_image(photo)
    side = min(image.shape[:2])
    top, left = (image.shape[0] - side) // 2, (image.shape[1] - side) // 2
    square = cv2.resize(image[top : top + side, left : left + side], (224, 224), interpolation=cv2.INTER_AREA)
    pixels = torch.from_numpy(np.ascontiguousarray(square)).permute(2, 0, 1)[None] / 255
    with torch.no_grad():
        logits = backbone(normalised(pixels, backbone))
    assert int(logits.argmax()) == label


def test_an_encoder_is_frozen_and_stays_in_eval_mode():
    encoder = Encoder(ENCODER)
    nn.Sequential(encoder).train()
    assert not any(module.training for module in encoder.modules())
    assert not any(weight.requires_grad for weight in encoder.parameters())
    features = encoder(IMAGES.clone().requires_grad_())
    assert not any(layer.requires_grad for layer in features)
    before = [layer.clone() for layer in features]
    torch.testing.assert_close(encoder(IMAGES), before, rtol=0, atol=0)


def test_a_transformers_class_token_is_dropped_and_its_patches_keep_their_places():
    backbone, seen = plain_backbone(VIT), []
    for index in VIT.layers:
        backbone.blocks[index].register_forward_hook(lambda _module, _inputs, output: seen.append(output))
    with torch.no_grad():
        backbone(normalised(IMAGES, backbone))
    assert backbone.num_prefix_tokens == 1
    for features, tokens in zip(Encoder(VIT)(IMAGES), seen, strict=True):
        assert tokens.shape == (2, 1 + 16, 64)
        torch.testing.assert_close(features.flatten(2).mT, tokens[:, 1:], rtol=1e-4, atol=1e-4)


def test_groups_are_means_of_their_layers():
    single = Encoder(VIT)(IMAGES)
    encoder = Encoder(replace(VIT, groups=((0, 1), (2, 3))))
    assert [layer.name for layer in encoder.layers] == ["blocks 1 to 2", "blocks 3 to 4"]
    for group, members in zip(encoder(IMAGES), (single[:2], single[2:]), strict=True):
        torch.testing.assert_close(group, (members[0] + members[1]) / 2)


def test_random_weights_are_the_same_each_time_and_leave_the_seed_alone():
    torch.manual_seed(5)
    expected = torch.rand(1)
    torch.manual_seed(5)
    digests = {Encoder(ENCODER).digest, Encoder(ENCODER).digest}
    assert len(digests) == 1
    assert torch.equal(torch.rand(1), expected)
    assert Encoder(VIT).digest not in digests


def test_the_token_grid_is_the_coarsest():
    assert token_grid(Encoder(ENCODER).layers) == (4, 4)


def test_dinov2_base_at_its_true_size():
    """The slow one: the paper's model whole (random weights), 392 pixels, from an image to a score."""
    encoder = replace(DINOV2_BASE.encoder, weights="random")
    detector = tiny_detector(replace(DINOV2_BASE, encoder=encoder, categories=("part",)))
    assert [(layer.name, layer.channels, layer.grid) for layer in detector.encoder.layers] == [
        ("blocks 2 to 5", 768, (28, 28)),
        ("blocks 6 to 9", 768, (28, 28)),
    ]
    assert detector.encoder.backbone.num_prefix_tokens == 5
    photo = load_sample_image("flower.jpg")
    prediction = detector.predict(detector.reconstruct(detector.preprocess([photo])))
    for side in (prediction.reconstruction.encoder, prediction.reconstruction.decoder):
        assert [layer.shape for layer in side] == [(1, 768, 28, 28)] * 2
    assert prediction.anomaly_map.shape == (1, 256, 256)
    assert torch.isfinite(prediction.anomaly_map).all()
    assert 0 < float(prediction.score) < 2


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"layers": (1, 5)}, "offers layers 0 to 4; asked for 5"),
        ({"every_block": True, "layers": (1, 6)}, "offers layers 0 to 5; asked for 6"),
        ({"name": "test_resnet", "every_block": True}, "set every_block to false"),
        ({"name": "test_vit", "crop": 50}, "cannot see 50 pixel images.*multiple of its patch size"),
    ],
)
def test_what_cannot_be_had_is_said_in_a_sentence(changes, sentence):
    with pytest.raises(EncoderError, match=sentence):
        Encoder(replace(ENCODER, **changes))
