"""Pictures of features: the network, its training, its files and its figures."""

import json
import threading
from dataclasses import replace

import numpy as np
import PIL.Image
import pytest
import torch

from crr.checkpoints.model_card import rewrite_card
from crr.config import ValueRange
from crr.data.datasets import open_dataset
from crr.errors import CheckpointError, ConfigError
from crr.inversion.card import inversion_card, write_inversion_figures
from crr.inversion.checkpoint import find_inversion, load_inversion, read_inversion, save_inversion
from crr.inversion.evaluation import measure_inversion
from crr.inversion.network import InversionConfig, create_inversion
from crr.inversion.training import inversion_loss, train_inversion
from crr.models.components.encoder import Encoder
from tests.crr.tiny import ENCODER, calibrated_detector, good_image, write_dataset

VIT = replace(ENCODER, name="test_vit", layers=(1, 2, 3))


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    return open_dataset(write_dataset(tmp_path_factory.mktemp("data"), images=8))


@pytest.fixture(scope="module")
def trained(dataset):
    return train_inversion(dataset, ENCODER, iterations=60, batch_size=4, device="cpu", workers=0)


@pytest.fixture
def saved(trained, tmp_path, monkeypatch):
    monkeypatch.setenv("CRR_CHECKPOINTS", str(tmp_path))
    config, network = trained
    save_inversion(config, network, tmp_path / "painter", inversion_card(config, {"plate": 8, "ring": 8}))
    return tmp_path / "painter"


@pytest.mark.parametrize("config", [ENCODER, VIT, replace(ENCODER, resize=80, crop=80)])
def test_a_picture_has_the_size_that_the_encoder_saw(config):
    encoder = Encoder(config)
    network = create_inversion(InversionConfig(encoder=config, width=8, widest=16), encoder.layers).eval()
    picture = network(encoder(torch.rand(2, 3, config.crop, config.crop))).detach()
    assert picture.shape == (2, 3, config.crop, config.crop)
    assert float(picture.min()) >= 0
    assert float(picture.max()) <= 1


def test_layers_that_are_not_looked_at_make_no_difference():
    encoder = Encoder(ENCODER)
    network = create_inversion(InversionConfig(encoder=ENCODER, width=8, widest=16), encoder.layers).eval()
    features = encoder(torch.rand(1, 3, 64, 64))
    changed = [torch.rand_like(features[0]), *features[1:]]
    without = torch.tensor([[False, True, True]])
    assert torch.equal(network(features, without), network(changed, without))
    assert not torch.equal(network(features), network(changed))
    assert torch.equal(network(features), network(features, torch.tensor([[True, True, True]])))


def test_training_learns_to_paint(dataset, trained):
    config, network = trained
    assert (config.iterations, config.categories) == (60, ("plate", "ring"))
    assert not network.training
    encoder = Encoder(ENCODER)
    assert config.encoder_digest == encoder.digest
    report = measure_inversion(network, [calibrated_detector().eval()], dataset, images=2)
    untrained = create_inversion(config, encoder.layers).eval()
    before = measure_inversion(untrained, [calibrated_detector().eval()], dataset, images=2)
    assert report.mean.psnr > before.mean.psnr + 5


def test_training_is_a_function_of_its_seed_and_can_be_stopped(dataset):
    def train(seed, stop=None):
        return train_inversion(
            dataset, ENCODER, iterations=2, batch_size=1, seed=seed, device="cpu", workers=0, stop=stop
        )

    first, again, other = (train(seed)[1].state_dict() for seed in (0, 0, 1))
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert not all(torch.equal(first[name], other[name]) for name in first)
    stop = threading.Event()
    stop.set()
    assert train(0, stop)[0].iterations == 1


def test_the_loss_counts_edges_too():
    image = torch.zeros(1, 3, 8, 8)
    flat, striped = torch.full_like(image, 0.5), image.clone()
    striped[..., ::2] = 1
    assert inversion_loss(image, image) == 0
    assert inversion_loss(flat, image) == pytest.approx(0.5)
    assert inversion_loss(striped, image) == pytest.approx(1.5)


def test_it_comes_back_from_its_files(trained, saved):
    encoder = Encoder(ENCODER)
    assert find_inversion(encoder) == saved
    network = load_inversion(saved, encoder)
    features = encoder(torch.rand(1, 3, 64, 64))
    assert torch.allclose(network(features), trained[1](features), atol=0.01)  # half precision
    assert read_inversion(saved).iterations == 60
    assert "An illustration, not evidence" in (saved / "README.md").read_text()


def test_another_encoder_has_none(saved):
    other = Encoder(VIT)
    assert find_inversion(other) is None
    with pytest.raises(CheckpointError, match=r"another encoder .*train-inversion"):
        load_inversion(saved, other)


def test_damaged_files_are_named(saved):
    encoder = Encoder(ENCODER)
    weights = (saved / "inversion.safetensors").read_bytes()
    (saved / "inversion.safetensors").write_bytes(weights[:1000])
    with pytest.raises(CheckpointError, match=r"cannot be read.*Copy it again"):
        load_inversion(saved, encoder)
    (saved / "inversion.safetensors").write_bytes(weights)
    config = json.loads((saved / "inversion.json").read_text())
    (saved / "inversion.json").write_text(json.dumps({**config, "weights_digest": "0" * 12}))
    with pytest.raises(CheckpointError, match=r"does not belong to its inversion.json"):
        load_inversion(saved, encoder)
    (saved / "inversion.json").write_text(json.dumps({**config, "width": 7}))
    with pytest.raises(CheckpointError, match=r"does not fit its inversion.json"):
        load_inversion(saved, encoder)
    for text in ("{", "[]", json.dumps({**config, "format": 2})):
        (saved / "inversion.json").write_text(text)
        with pytest.raises(CheckpointError, match="not usable"):
            read_inversion(saved)
        assert find_inversion(encoder) is None


def test_a_decoder_that_copies_paints_the_damage_and_one_that_repairs_does_not(dataset, trained):
    _, network = trained
    copying, repairing = calibrated_detector().eval(), calibrated_detector().eval()
    copying.name, repairing.name = "copying", "repairing"
    copying.decode = lambda features: [0.01 * layer for layer in features]
    # The clean image is the first of each batch.
    repairing.decode = lambda features: [0.01 * layer[:1].expand_as(layer) for layer in features]
    figures = measure_inversion(network, [copying, repairing], dataset, images=2).mean
    assert figures.shows + figures.repaired["copying"] == pytest.approx(1)
    assert figures.repaired["repairing"] > figures.repaired["copying"]


def test_its_figures_stand_in_the_card(dataset, trained, saved):
    report = measure_inversion(trained[1], [calibrated_detector().eval()], dataset, images=1).as_json()
    assert set(report["categories"]) == {"plate", "ring"}
    write_inversion_figures(saved, report, "crr evaluate-inversion --data here")
    card = (saved / "README.md").read_text()
    assert "Measured by `crr evaluate-inversion --data here`" in card
    assert f"| **mean** | {report['mean']['images']} |" in card
    assert "Not measured yet" not in card
    rewrite_card(saved, lambda text: text)
    assert (saved / "README.md").read_text() == card


def test_deep_images_are_read_by_a_range_that_a_model_keeps_or_by_a_guessed_one(trained, tmp_path):
    (tmp_path / "plate/test/good").mkdir(parents=True)
    for number in range(2):
        values = good_image("plate", np.random.default_rng(number))[..., 1].astype(np.float32) / 255
        PIL.Image.fromarray(values).save(tmp_path / f"plate/test/good/{number}.tif")
    first, second = calibrated_detector().eval(), calibrated_detector().eval()
    second.name = "second"

    def figures(kept):
        second.value_range = kept
        return measure_inversion(trained[1], [first, second], open_dataset(tmp_path), images=1).mean

    assert figures(None) == figures(ValueRange(0, 1)) != figures(ValueRange(0, 4))


def test_measuring_needs_a_model(dataset, trained):
    with pytest.raises(ConfigError, match="at least one model"):
        measure_inversion(trained[1], [], dataset)


def test_an_impossible_setting_is_refused():
    with pytest.raises(ValueError, match="greater than 0"):
        InversionConfig(width=0)
    assert np.isfinite(InversionConfig().width)
