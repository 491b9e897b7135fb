import pytest
import torch
from torch import nn

from crr.config import StageConfig
from crr.training.optim import create_optimizer, learning_rate, set_learning_rate

STAGE = StageConfig(iterations=1100, learning_rate=2e-3, final_learning_rate=2e-4, warmup=100)


def test_the_rate_warms_up_in_a_line_to_its_peak():
    assert learning_rate(0, STAGE) == pytest.approx(2e-5)
    assert learning_rate(49, STAGE) == pytest.approx(1e-3)
    assert learning_rate(99, STAGE) == learning_rate(100, STAGE) == pytest.approx(2e-3)


def test_the_rate_falls_as_a_cosine_to_its_end():
    optimizer = torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=STAGE.learning_rate)
    cosine = torch.optim.lr_scheduler.CosineAnnealingLR(
        optimizer, T_max=1000, eta_min=STAGE.final_learning_rate
    )
    for step in range(100, 1101):
        assert learning_rate(step, STAGE) == pytest.approx(cosine.get_last_lr()[0], rel=1e-6)
        optimizer.step()
        cosine.step()
    assert learning_rate(5000, STAGE) == STAGE.final_learning_rate


def test_a_stage_without_warm_up_starts_at_its_peak():
    assert learning_rate(0, StageConfig(iterations=10, learning_rate=1.0, warmup=0)) == 1.0


def test_a_stage_of_warm_up_alone_never_divides_by_zero():
    stage = StageConfig(iterations=3, learning_rate=1.0, warmup=3)
    assert [learning_rate(step, stage) for step in range(4)] == pytest.approx([1 / 3, 2 / 3, 1, 1])


def test_the_optimiser_learns_and_leaves_frozen_parameters_alone():
    model = nn.Linear(4, 1)
    model.bias.requires_grad_(requires_grad=False)
    bias, losses = model.bias.clone(), []
    optimizer = create_optimizer(model.parameters(), STAGE)
    assert [len(group["params"]) for group in optimizer.param_groups] == [1]
    for step in range(200):
        set_learning_rate(optimizer, learning_rate(step, STAGE))
        loss = (model(torch.eye(4)) - 1).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.7 * losses[0]
    assert torch.equal(model.bias, bias)


def test_the_rate_is_the_one_that_is_used():
    weight = nn.Parameter(torch.ones(3))
    optimizer = create_optimizer([weight], STAGE)
    set_learning_rate(optimizer, 0.0)
    weight.sum().backward()
    optimizer.step()
    assert torch.equal(weight.detach(), torch.ones(3))
