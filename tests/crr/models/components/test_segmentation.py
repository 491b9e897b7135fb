from dataclasses import replace

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from crr.config import SegmentationConfig
from crr.models.components.encoder import Encoder, Layer
from crr.models.components.segmentation import agreement, create_segmentation
from crr.training.presets import DINOV2_BASE, EMBEDDED
from crr.types import Reconstruction

LAYERS = (Layer("coarse", 12, (4, 4)), Layer("fine", 6, (16, 16)), Layer("middle", 10, (8, 8)))
COMPACT = SegmentationConfig(width=8)
PAPER = SegmentationConfig(design="paper")


@pytest.fixture(autouse=True)
def seed() -> None:
    torch.manual_seed(0)


def random_reconstruction(layers=LAYERS, batch=2):
    sides = [[torch.randn(batch, layer.channels, *layer.grid) for layer in layers] for _ in range(2)]
    return Reconstruction(*sides)


def test_agreement_sums_to_minus_the_cosine():
    reconstruction = random_reconstruction()
    for layer, distance in zip(agreement(reconstruction), reconstruction.distances(), strict=True):
        torch.testing.assert_close(layer.sum(dim=1, keepdim=True), distance - 1)
        assert layer.abs().max() <= 1


def test_agreement_knows_no_scale_and_forgives_empty_features():
    reconstruction = random_reconstruction()
    louder = Reconstruction([7 * layer for layer in reconstruction.encoder], reconstruction.decoder)
    for layer, same in zip(agreement(reconstruction), agreement(louder), strict=True):
        torch.testing.assert_close(layer, same)
    empty = Reconstruction([0 * layer for layer in reconstruction.encoder], reconstruction.decoder)
    assert all(not layer.any() for layer in agreement(empty))


@pytest.mark.parametrize(
    "config", [COMPACT, replace(COMPACT, distance_input=False)], ids=["distances", "agreement"]
)
def test_the_compact_design_answers_on_the_finest_grid(config):
    network = create_segmentation(config, LAYERS).eval()
    reconstruction = random_reconstruction()
    distances = reconstruction.distances()
    assert network(reconstruction, distances).shape == (2, 2, 16, 16)
    without = [torch.zeros_like(layer) for layer in distances]
    looks = not torch.equal(network(reconstruction, distances), network(reconstruction, without))
    assert looks == config.distance_input


def test_the_compact_design_does_not_depend_on_the_order_of_the_layers():
    network = create_segmentation(COMPACT, LAYERS).eval()
    turned = create_segmentation(COMPACT, LAYERS[::-1]).eval()
    turned.body.load_state_dict(network.body.state_dict())
    for own, other in zip(turned.projections, reversed(network.projections), strict=True):
        own.load_state_dict(other.state_dict())
    reconstruction = random_reconstruction()
    backwards = Reconstruction(reconstruction.encoder[::-1], reconstruction.decoder[::-1])
    given = network(reconstruction, reconstruction.distances())
    torch.testing.assert_close(turned(backwards, backwards.distances()), given, rtol=1e-4, atol=1e-5)


def test_the_papers_design_answers_at_256_pixels_from_agreement_alone():
    network = create_segmentation(PAPER, LAYERS).eval()
    reconstruction = random_reconstruction()
    distances = reconstruction.distances()
    with torch.no_grad():
        logits = network(reconstruction, distances)
        assert logits.shape == (2, 2, 256, 256)
        assert torch.equal(logits, network(reconstruction, [layer + 1 for layer in distances]))


@pytest.mark.parametrize("config", [COMPACT, PAPER], ids=["compact", "paper"])
def test_a_probability_is_the_softmax_of_the_anomalous_class(config):
    network = create_segmentation(config, LAYERS).eval()
    reconstruction = random_reconstruction()
    with torch.no_grad():
        logits = network(reconstruction, reconstruction.distances())
        probability = network.probability(reconstruction, reconstruction.distances())
    torch.testing.assert_close(probability[:, 0], torch.sigmoid(logits[:, 1] - logits[:, 0]))


@pytest.mark.parametrize("config", [COMPACT, PAPER], ids=["compact", "paper"])
def test_every_weight_is_used(config):
    network = create_segmentation(config, LAYERS).train()
    reconstruction = random_reconstruction()
    network(reconstruction, reconstruction.distances()).square().mean().backward()
    unused = [
        name for name, weight in network.named_parameters() if weight.grad is None or not weight.grad.any()
    ]
    assert unused == []


def test_no_network_is_none():
    assert create_segmentation(SegmentationConfig(design="none"), LAYERS) is None


def operations(config, layers):
    """Multiply-adds for one image, counted without computing anything."""
    with torch.device("meta"):
        network = create_segmentation(config, layers)
        reconstruction = random_reconstruction(layers, batch=1)
        distances = [torch.zeros(1, 1, *layer.grid) for layer in layers]
    with FlopCounterMode(display=False) as counter:
        network(reconstruction, distances)
    return counter.get_total_flops() / 2


def test_ours_costs_a_twentieth_of_the_papers_at_the_embedded_size():
    layers = Encoder(EMBEDDED.encoder).layers
    assert operations(EMBEDDED.segmentation, layers) <= operations(PAPER, layers) / 20


def test_ours_costs_a_twentieth_of_the_papers_at_the_papers_size():
    layers = [Layer(name, 768, (28, 28)) for name in ("blocks 2 to 5", "blocks 6 to 9")]
    papers = operations(PAPER, layers)
    first = 9 * 1536 * 1536 * 28**2  # the first of its convolutions alone, counted by hand
    assert papers > first > 20 * operations(DINOV2_BASE.segmentation, layers)
