"""A model of a stranger makes this machine fetch only what is allowed, and without its token."""

import shutil
from dataclasses import replace

import huggingface_hub
import pytest
import timm
from safetensors.torch import save as as_safetensors

from crr.checkpoints.serialization import save
from crr.errors import EncoderError
from tests.crr.tiny import ENCODER, tiny_config, tiny_detector
from tests.hub_repos import TOKEN
from tests.hub_server import the_only_hub
from workbench.settings import read_settings
from workbench.views.shared import services

REPOSITORY = "timm/test_resnet.r160_in1k"


@pytest.fixture
def server(monkeypatch, tmp_path):
    """A Hub with the weights of an encoder, and a machine with a token and an empty cache."""
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    with the_only_hub(monkeypatch, tmp_path / "assets") as running:
        weights = timm.create_model("test_resnet").state_dict()
        running.add(REPOSITORY, {"model.safetensors": as_safetensors(weights)})
        yield running


@pytest.fixture
def load(server, tmp_path, monkeypatch):
    """Load a model with that encoder on a workbench with such settings, where the encoder is not yet."""
    config = tiny_config(encoder=replace(ENCODER, name="test_resnet", weights="timm"))
    save(tiny_detector(config), tmp_path / "model", "# Tiny\n")
    shutil.rmtree(tmp_path / "cache")
    server.tokens.clear()

    def load_with(**environment):
        monkeypatch.setattr(services, "settings", lambda: read_settings(environment))
        return services._load(str(tmp_path / "model"), "cpu", lambda _: None)

    return load_with


def test_its_encoder_is_fetched_without_a_token(load, server):
    assert load().config.encoder.name == "test_resnet"
    assert set(server.tokens) == {""}


def test_with_the_token_if_that_is_shared(load, server):
    load(CRR_SHARE_TOKEN="1")
    assert set(server.tokens) == {f"Bearer {TOKEN}"}


def test_not_from_a_repository_that_is_not_allowed(load, server):
    with pytest.raises(EncoderError, match=f"may not be fetched here from {REPOSITORY}"):
        load(CRR_ALLOWED_MODELS="our-factory/*")
    assert server.tokens == []
    load(CRR_ALLOWED_MODELS="our-factory/*,timm/*")
    server.tokens.clear()
    load(CRR_ALLOWED_MODELS="our-factory/*")  # now it is here
    assert server.tokens == []
