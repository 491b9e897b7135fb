from types import SimpleNamespace

import pytest
import torch

from crr import stopwatch
from crr.stopwatch import Stopwatch


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
def test_a_gpu_is_waited_for_before_and_after(monkeypatch):
    waited = []
    monkeypatch.setattr(torch.cuda, "synchronize", waited.append)
    with Stopwatch(torch.device("cuda:1")).step("encoder"):
        assert waited == [torch.device("cuda:1")]
    assert waited == [torch.device("cuda:1")] * 2


def test_a_cpu_needs_no_waiting(clock, monkeypatch):
    monkeypatch.setattr(torch.cuda, "synchronize", lambda _device: pytest.fail("there is no GPU to wait for"))
    with Stopwatch(torch.device("cpu")).step("encoder"):
        clock.seconds += 1
