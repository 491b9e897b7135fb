from types import SimpleNamespace

import pytest

from crr.runtime.progress import Reporter


@pytest.fixture
def clock(monkeypatch):
    """A clock that stands still until a test moves it on."""
    clock = SimpleNamespace(now=100.0)
    clock.monotonic = lambda: clock.now
    monkeypatch.setattr("crr.runtime.progress.time", clock)
    return clock


@pytest.fixture
def reports():
    return []


def test_reports_come_once_a_second_and_at_the_end(clock, reports):
    reporter = Reporter(reports.append)
    reporter.begin("repair", 10)
    for _ in range(10):
        clock.now += 0.4
        reporter.advance(images=8, loss=1.0)
    assert [report.step for report in reports] == [3, 6, 9, 10]
    assert {report.total for report in reports} == {10}


def test_loss_and_throughput_are_of_the_time_since_the_last_report(clock, reports):
    reporter = Reporter(reports.append)
    reporter.begin("repair", 4)
    for loss in (4.0, 2.0, 1.0, 0.0):
        clock.now += 0.5
        reporter.advance(images=8, loss=loss)
    assert [report.losses for report in reports] == [{"repair": 3.0}, {"repair": 0.5}]
    assert [report.images_per_second for report in reports] == [16.0, 16.0]


def test_time_left_covers_the_training_stages_to_come(clock, reports):
    reporter = Reporter(reports.append, plan={"repair": 4, "segmentation": 10})
    for stage, steps, seconds, loss in [
        ("check", 1, 1, None),
        ("repair", 4, 2, 0.1),
        ("statistics", 2, 5, None),
        ("segmentation", 10, 1, 0.1),
        ("calibration", 2, 5, None),
    ]:
        reporter.begin(stage, steps)
        for _ in range(steps):
            clock.now += seconds
            reporter.advance(images=1, loss=loss)
    left = {(report.stage, report.step): report.seconds_left for report in reports}
    assert left["check", 1] is None  # nobody knows yet how long a training step takes
    assert left["repair", 1] == 3 * 2 + 10 * 2
    assert left["repair", 4] == 10 * 2
    assert left["statistics", 1] == 5 + 10 * 2
    assert left["segmentation", 1] == 9
    assert left["calibration", 1] == 5
    assert left["calibration", 2] == 0


def test_a_resumed_stage_counts_from_where_it_was(clock, reports):
    reporter = Reporter(reports.append, plan={"repair": 10})
    reporter.begin("repair", 10, done=8)
    clock.now += 3
    reporter.advance(images=8, loss=1.0)
    assert (reports[0].step, reports[0].seconds_left) == (9, 3.0)


@pytest.mark.usefixtures("clock")
def test_steps_that_take_no_time_have_no_throughput(reports):
    reporter = Reporter(reports.append)
    reporter.begin("check", 1)
    reporter.advance(images=1)
    assert reports[0].images_per_second is None


def test_nobody_needs_to_listen():
    reporter = Reporter()
    reporter.begin("check", 1)
    reporter.advance(images=1)
