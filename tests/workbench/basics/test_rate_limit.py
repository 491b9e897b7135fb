"""Who asks often waits."""

import logging

import pytest

from crr.errors import CRRError
from tests.workbench.fakes import CHOICE, FakeLibrary, file_of, png
from workbench.basics import rate_limit
from workbench.basics.rate_limit import RateLimit
from workbench.inspection.inspector import log_requests


class Clock:
    def __init__(self):
        self.now, self.waited = 0.0, []

    def __call__(self):
        return self.now

    def sleep(self, seconds):
        self.waited.append(seconds)
        self.now += seconds


def test_as_many_at_once_and_then_as_many_a_minute():
    clock = Clock()
    own = RateLimit(60, clock, clock.sleep)
    for _ in range(60):
        own.acquire()
    assert clock.waited == []
    for _ in range(3):
        own.acquire()
    assert clock.waited == pytest.approx([1.0, 1.0, 1.0])
    clock.now += 600
    for _ in range(60):
        own.acquire()
    assert len(clock.waited) == 3
    own.acquire()
    assert len(clock.waited) == 4


def test_every_question_to_a_model_is_counted(monkeypatch):
    taken = []

    class Counting:
        def acquire(self):
            taken.append(1)

    monkeypatch.setattr(rate_limit, "_of_visitor", lambda: [Counting(), Counting()])
    inspector = FakeLibrary().inspector()
    for _ in range(2):
        inspector.inspect(file_of(png(), "part.png"), CHOICE)
    assert len(taken) == 4  # of the page, and of its address


def test_pages_of_one_address_share_a_limit():
    limits = rate_limit.AddressLimits(60)
    assert limits.of("192.0.2.1") is limits.of("192.0.2.1")
    assert limits.of("192.0.2.1") is not limits.of("192.0.2.2")


def test_the_log_says_when_which_model_and_how_long_and_nothing_of_the_image(caplog):
    inspector = FakeLibrary().inspector()
    with caplog.at_level(logging.INFO, "workbench.requests"):
        inspector.inspect(file_of(png(), "secret_part.png"), CHOICE)

        def broken(_detector):
            raise CRRError("the device ran out of memory")

        with pytest.raises(CRRError):
            inspector.ask(CHOICE, broken)
    answered, failed = (record.getMessage() for record in caplog.records)
    assert answered.startswith("crr-embedded on cpu answered in ")
    assert failed.startswith("crr-embedded on cpu failed in ")
    assert "secret" not in caplog.text


def test_a_log_that_is_asked_for_goes_to_stderr(capsys):
    logger = logging.getLogger("workbench.requests")
    before = logger.handlers[:], logger.level, logger.propagate
    try:
        log_requests()
        FakeLibrary().inspector().inspect(file_of(png(), "part.png"), CHOICE)
    finally:
        logger.handlers[:], logger.level, logger.propagate = before
    assert " crr-embedded on cpu answered in " in capsys.readouterr().err
