"""Weights of encoders come from the Hub only where they may, and with a token only where that is shared."""

from dataclasses import replace

import huggingface_hub
import pytest
import timm
import torch
from safetensors.torch import save

from crr.errors import EncoderError
from crr.models.components.backbones import create_backbone
from crr.models.components.pretrained import fetching
from crr.runtime import endpoint
from tests.crr.tiny import ENCODER
from tests.hub_repos import TOKEN, Fault
from tests.hub_server import the_only_hub

REPOSITORY = "timm/test_resnet.r160_in1k"
ENCODER_ON_THE_HUB = replace(ENCODER, name="test_resnet", weights="timm")
ELSEWHERE = replace(ENCODER_ON_THE_HUB, name="legacy_seresnet18")  # its weights lie on no Hub


@pytest.fixture(scope="module")
def weights():
    """The state of a backbone that timm made, with another seed than ours."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(7)
        return timm.create_model("test_resnet").state_dict()


@pytest.fixture
def server(monkeypatch, tmp_path, weights):
    """A Hub that has them, and a machine with a token and an empty cache."""
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    with the_only_hub(monkeypatch, tmp_path / "assets") as running:
        running.add(REPOSITORY, {"model.safetensors": save(weights)})
        yield running


def test_the_weights_are_those_of_the_hub_and_are_asked_for_once(server, weights):
    made = create_backbone(ENCODER_ON_THE_HUB).state_dict()
    assert all(torch.equal(made[name], tensor) for name, tensor in weights.items())
    before = len(server.requests)
    create_backbone(ENCODER_ON_THE_HUB)
    assert len(server.requests) == before


def test_pickled_weights_are_taken_where_there_are_no_others(server, weights, tmp_path):
    torch.save(weights, tmp_path / "pytorch_model.bin")
    server.add(REPOSITORY, {"pytorch_model.bin": (tmp_path / "pytorch_model.bin").read_bytes()})
    made = create_backbone(ENCODER_ON_THE_HUB).state_dict()
    assert all(torch.equal(made[name], tensor) for name, tensor in weights.items())


def test_encoders_that_nobody_used_for_long_make_room_for_others(server, weights, tmp_path):
    other = replace(ENCODER_ON_THE_HUB, name="test_resnet")
    server.add("timm/old", {"model.safetensors": bytes(1000)})
    huggingface_hub.hf_hub_download("timm/old", "model.safetensors")
    size = len(save(weights))
    with fetching(lambda _: True, token=False, most=size + 10):
        create_backbone(other)
    kept = {path.name for path in (tmp_path / "cache").glob("models--*") if [*path.glob("snapshots/*/*")]}
    assert kept == {"models--timm--test_resnet.r160_in1k"}


def test_an_encoder_that_is_larger_than_all_may_be_is_a_sentence(server):  # noqa: ARG001
    with (
        fetching(lambda _: True, token=False, most=10),
        pytest.raises(EncoderError, match="all encoders together may have 10"),
    ):
        create_backbone(ENCODER_ON_THE_HUB)


@pytest.mark.parametrize(("token", "sent"), [(False, ""), (None, f"Bearer {TOKEN}")])
def test_the_token_of_the_machine_goes_along_only_where_it_is_shared(server, token, sent):
    with fetching(lambda _: True, token=token):
        create_backbone(ENCODER_ON_THE_HUB)
    assert {line.split()[0] for line in server.requests} == {"GET", "HEAD"}
    assert set(server.tokens) == {sent}


def test_what_is_not_allowed_is_not_asked_for(server):
    asked = []
    with fetching(asked.append, token=False), pytest.raises(EncoderError) as refusal:
        create_backbone(ENCODER_ON_THE_HUB)
    assert str(refusal.value) == (
        "The weights of the encoder test_resnet are not on this machine, and may not be fetched here from "
        f"{REPOSITORY}. Choose a model with another encoder, or ask whoever serves this to allow it "
        "(CRR_ALLOWED_MODELS)."
    )
    assert asked == [REPOSITORY]
    assert server.requests == []


def test_what_is_here_is_used_whether_it_may_be_fetched_or_not(server):
    create_backbone(ENCODER_ON_THE_HUB)
    before = len(server.requests)
    with fetching(lambda _: False, token=False):
        create_backbone(ENCODER_ON_THE_HUB)
    assert len(server.requests) == before


def test_outside_of_the_block_everything_is_as_it_was(server):
    with pytest.raises(EncoderError), fetching(lambda _: False, token=False):
        create_backbone(ENCODER_ON_THE_HUB)
    create_backbone(ENCODER_ON_THE_HUB)
    assert server.tokens[0] == f"Bearer {TOKEN}"


def test_weights_that_lie_on_no_hub_are_asked_about_by_their_address(monkeypatch, tmp_path):
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    asked = []
    with fetching(asked.append, token=False), pytest.raises(EncoderError, match="may not be fetched"):
        create_backbone(ELSEWHERE)
    [address] = asked
    assert address.startswith("https://")
    cache = tmp_path / "checkpoints"
    cache.mkdir()
    (cache / address.rpartition("/")[2]).touch()
    monkeypatch.setattr(timm, "create_model", lambda *_, **__: object())
    with (
        fetching(lambda _: False, token=False),
        pytest.raises(EncoderError, match="no intermediate features"),
    ):
        create_backbone(ELSEWHERE)  # timm was asked


def test_a_hub_that_has_no_file_says_so(server):
    server.add(REPOSITORY, {"README.md": b"# Nothing"})
    with pytest.raises(EncoderError, match=f"{REPOSITORY} on the Hugging Face Hub holds no weights"):
        create_backbone(ENCODER_ON_THE_HUB)


def test_a_hub_that_sends_inwards_is_a_sentence(server, monkeypatch):
    monkeypatch.setattr(endpoint, "is_inner", lambda host, **_: host == "localhost")
    inner = f"http://localhost:{server.server_port}/latest/meta-data"
    server.faults = [Fault("/resolve/", status=302, headers={"Location": inner})]
    with pytest.raises(EncoderError, match=r"127\.0\.0\.1 sends on to localhost, an address inside"):
        create_backbone(ENCODER_ON_THE_HUB)
    assert not [line for line in server.requests if "meta-data" in line]
