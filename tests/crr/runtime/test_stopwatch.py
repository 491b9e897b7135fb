from types import SimpleNamespace

import pytest
import torch

from crr.runtime import stopwatch
from crr.runtime.stopwatch import Stopwatch


@pytest.fixture
def clock(monkeypatch):
    """A clock that moves only when it is told to."""
    now = SimpleNamespace(seconds=0.0)
    monkeypatch.setattr(stopwatch, "time", SimpleNamespace(perf_counter=lambda: now.seconds))
    return now


def test_milliseconds_add_up_a_step(clock):
    watch = Stopwatch()
    for step, seconds in [("encoder", 0.25), ("map", 0.5), ("encoder", 1.0)]:
        with watch.step(step):
            clock.seconds += seconds
        clock.seconds += 10  # between steps, charged to none
    assert watch.milliseconds == {"encoder": 1250.0, "map": 500.0}


@pytest.mark.usefixtures("clock")
@pytest.mark.parametrize("name", ["cuda:1", "mps"])
def test_a_gpu_is_waited_for_before_and_after(monkeypatch, name):
    waited = []
    monkeypatch.setattr(torch.accelerator, "synchronize", waited.append)
    with Stopwatch(torch.device(name)).step("encoder"):
        assert waited == [torch.device(name)]
    assert waited == [torch.device(name)] * 2


def test_a_cpu_needs_no_waiting(clock, monkeypatch):
    monkeypatch.setattr(
        torch.accelerator, "synchronize", lambda _: pytest.fail("there is no GPU to wait for")
    )
    with Stopwatch(torch.device("cpu")).step("encoder"):
        clock.seconds += 1
