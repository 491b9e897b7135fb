import numpy as np
import pytest
import torch
from scipy.special import log_softmax, softmax
from torchvision.ops import sigmoid_focal_loss

from crr.models.components.losses import mining_share, repair_loss, segmentation_loss

RANDOM = np.random.default_rng(0)
SHAPES = [(2, 3, 6, 5), (2, 7, 3, 4)]


def random_features(seed):
    random = np.random.default_rng(seed)
    return [torch.from_numpy(random.normal(size=shape)).float() for shape in SHAPES]


@pytest.fixture
def target():
    return random_features(seed=1)


@pytest.fixture
def answer():
    return [layer.requires_grad_() for layer in random_features(seed=2)]


def test_repair_loss_is_the_mean_distance_of_flattened_layers(target, answer):
    distances = [
        1 - np.dot(wanted.ravel(), given.ravel()) / np.linalg.norm(wanted) / np.linalg.norm(given)
        for wanted_layer, given_layer in zip(target, answer, strict=True)
        for wanted, given in zip(wanted_layer.numpy(), given_layer.detach().numpy(), strict=True)
    ]
    assert repair_loss(target, answer, share=0, factor=1).item() == pytest.approx(
        np.mean(distances), rel=1e-5
    )


def test_repair_loss_goes_from_0_to_2(target):
    assert float(repair_loss(target, [3 * layer for layer in target], 0.9, 0.1)) == pytest.approx(0, abs=1e-6)
    assert float(repair_loss(target, [-layer for layer in target], 0.9, 0.1)) == pytest.approx(2)


def test_no_gradient_reaches_the_target(target, answer):
    target = [layer.requires_grad_() for layer in target]
    repair_loss(target, answer, 0.5, 0.1).backward()
    assert all(layer.grad is None for layer in target)


def gradients(target, answer, share, factor):
    loss = repair_loss(target, answer, share, factor)
    return loss.item(), torch.autograd.grad(loss, answer)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 1.0])
def test_mining_scales_the_gradients_of_the_easiest_points_and_nothing_else(target, answer, share):
    factor = 0.1
    plain_loss, plain = gradients(target, answer, 0, factor)
    mined_loss, mined = gradients(target, answer, share, factor)
    assert mined_loss == pytest.approx(plain_loss, rel=1e-5)
    for wanted, given, before, after in zip(target, answer, plain, mined, strict=True):
        distance = 1 - torch.cosine_similarity(wanted, given, dim=1)
        rank = distance.flatten().argsort().argsort().view(distance.shape)  # 0 is the easiest point
        easy = rank < round(share * rank.numel())
        expected = torch.where(easy, factor, 1.0).unsqueeze(1) * before
        torch.testing.assert_close(after, expected, rtol=1e-4, atol=1e-8)


@pytest.mark.parametrize(("share", "factor"), [(0, 0.1), (0.9, 1)])
def test_mining_can_be_switched_off(target, answer, share, factor):
    for before, after in zip(
        gradients(target, answer, 0, 1)[1], gradients(target, answer, share, factor)[1], strict=True
    ):
        assert torch.equal(before, after)


def test_the_mined_share_rises_to_its_end_and_stays():
    assert mining_share(0, 0.9, 1000) == 0
    assert mining_share(500, 0.9, 1000) == pytest.approx(0.45)
    assert mining_share(1000, 0.9, 1000) == mining_share(50_000, 0.9, 1000) == 0.9


LOGITS = RANDOM.normal(scale=2, size=(2, 2, 5, 6)).astype(np.float32)
MASK = RANDOM.random((2, 5, 6)) < 0.3


def loss_of(kind, logits=LOGITS, mask=MASK, **options):
    return float(segmentation_loss(torch.from_numpy(logits), torch.from_numpy(mask), kind, **options))


def test_cross_entropy_is_the_mean_log_loss():
    log_probability = np.where(MASK, *log_softmax(LOGITS, axis=1).swapaxes(0, 1)[::-1])
    assert loss_of("cross_entropy") == pytest.approx(-log_probability.mean(), rel=1e-5)


@pytest.mark.parametrize("gamma", [0.0, 1.0, 2.0])
def test_focal_loss_is_torchvisions_without_class_weights(gamma):
    # Two-class softmax is the sigmoid of the difference of the logits.
    difference, mask = torch.from_numpy(LOGITS[:, 1] - LOGITS[:, 0]), torch.from_numpy(MASK).float()
    expected = sigmoid_focal_loss(difference, mask, alpha=-1, gamma=gamma, reduction="mean")
    assert loss_of("focal", gamma=gamma) == pytest.approx(float(expected), rel=1e-5)


def test_dice_loss_is_one_minus_the_smoothed_overlap():
    probability = softmax(LOGITS, axis=1)[:, 1]
    overlap = (2 * probability[MASK].sum() + 1) / (probability.sum() + MASK.sum() + 1)
    assert loss_of("dice") == pytest.approx(1 - overlap, rel=1e-5)


@pytest.mark.parametrize("kind", ["focal", "dice", "cross_entropy"])
@pytest.mark.parametrize("mask", [MASK, np.zeros_like(MASK)], ids=["some", "none"])
def test_a_perfect_answer_costs_nothing_and_the_opposite_much(kind, mask):
    certain = 50 * np.stack([~mask, mask], axis=1).astype(np.float32)
    assert loss_of(kind, certain, mask) == pytest.approx(0, abs=1e-6)
    assert loss_of(kind, certain[:, ::-1].copy(), mask) > 0.9


@pytest.mark.parametrize("kind", ["focal", "dice", "cross_entropy"])
def test_half_precision_logits_are_as_good(kind):
    half = torch.from_numpy(LOGITS).bfloat16()
    expected = segmentation_loss(half.float(), torch.from_numpy(MASK), kind)
    assert segmentation_loss(half, torch.from_numpy(MASK), kind) == expected
