import hashlib

import pytest
import torch

from crr.config import MaskingConfig
from crr.models.components.masking import FeatureMasking, random_mask

TOKENS = torch.rand(4, 100, 256, generator=torch.Generator().manual_seed(0)) + 0.5


@pytest.fixture(autouse=True)
def seed() -> None:
    torch.manual_seed(0)


@pytest.mark.parametrize("rate", [0.1, 0.4, 0.75, 0.9, 0.999])
def test_the_rate_is_met(rate):
    count = 10**6
    masked = 1 - random_mask(torch.empty(count), rate).double().mean()
    noise = 5 * (rate * (1 - rate) / count) ** 0.5
    assert abs(float(masked) - rate) < 1 / 256 + noise


def test_elements_are_drawn_one_by_one():
    mask = random_mask(torch.empty(20_000, 8, 8), 0.4).double().flatten(1)
    correlation = torch.corrcoef(mask.T) - torch.eye(64)
    assert correlation.abs().max() < 0.05  # five deviations of chance


@pytest.mark.parametrize("shape", [(3,), (2, 7, 5), (1, 1)])
def test_a_mask_has_the_shape_it_is_asked_for(shape):
    mask = random_mask(torch.empty(shape), 0.5)
    assert mask.shape == shape
    assert mask.dtype == torch.bool


def test_the_seed_fixes_the_mask():
    torch.manual_seed(3)
    first = random_mask(TOKENS, 0.4)
    torch.manual_seed(3)
    assert torch.equal(random_mask(TOKENS, 0.4), first)
    assert not torch.equal(random_mask(TOKENS, 0.4), first)


def test_a_cpu_draws_the_bits_that_models_were_trained_with():
    mask = random_mask(torch.empty(3, 1001), 0.4)
    assert hashlib.sha256(mask.numpy().tobytes()).hexdigest().startswith("f07613ee2b33")


def test_other_devices_draw_no_64_bit_integers(monkeypatch):
    def missing(*_):
        raise NotImplementedError("not on this device")

    monkeypatch.setattr(torch.Tensor, "random_", missing)
    mask = random_mask(
        torch.empty(2, 7, 5, device="meta"), 0.4
    )  # a device without numbers, which any machine has
    assert (mask.shape, mask.dtype, mask.device.type) == ((2, 7, 5), torch.bool, "meta")


def test_what_is_kept_is_raised_so_that_the_mean_stays():
    masked = FeatureMasking(MaskingConfig(rate=0.4)).train()(TOKENS)
    torch.testing.assert_close(masked.mean(), TOKENS.mean(), rtol=0.02, atol=0)
    kept = masked != 0
    torch.testing.assert_close(masked[kept], TOKENS[kept] / 0.6)


def test_without_rescaling_what_is_kept_stays():
    masked = FeatureMasking(MaskingConfig(rate=0.4, rescale=False)).train()(TOKENS)
    assert 0.55 < float((masked == TOKENS).double().mean()) < 0.65
    assert ((masked == TOKENS) | (masked == 0)).all()


def test_inference_sees_everything():
    assert torch.equal(FeatureMasking(MaskingConfig(rate=0.4)).eval()(TOKENS), TOKENS)


def test_masking_at_inference_can_be_asked_for():
    masked = FeatureMasking(MaskingConfig(rate=0.4, at_inference=True)).eval()(TOKENS)
    assert 0.35 < float((masked == 0).double().mean()) < 0.45


def test_a_rate_of_zero_masks_nothing():
    assert torch.equal(FeatureMasking(MaskingConfig(rate=0)).train()(TOKENS), TOKENS)


def test_gradients_flow_through_what_is_kept_only():
    tokens = TOKENS.clone().requires_grad_()
    masked = FeatureMasking(MaskingConfig(rate=0.4)).train()(tokens)
    masked.sum().backward()
    torch.testing.assert_close(tokens.grad, masked.detach() / TOKENS)


def test_bfloat16_stays_bfloat16():
    assert FeatureMasking(MaskingConfig()).train()(TOKENS.bfloat16()).dtype == torch.bfloat16
