"""A few pages at a time."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from workbench.basics import pace
from workbench.basics.pace import in_turn, out_of_turn


@pytest.fixture(autouse=True)
def turns(monkeypatch):
    """Two turns that nobody has yet."""
    monkeypatch.setattr(pace, "_turns", threading.BoundedSemaphore(2))
    monkeypatch.setattr(pace, "_LONGEST", 10)


def test_two_pages_are_put_together_at_a_time():
    inside, most, lock = [], [], threading.Lock()
    both = threading.Barrier(2, timeout=5)

    def page(number):
        with in_turn(), in_turn():  # a part of it takes no other turn
            with lock:
                inside.append(number)
                most.append(len(inside))
            both.wait()
            with lock:
                inside.remove(number)

    with ThreadPoolExecutor(8) as pages:
        list(pages.map(page, range(8)))
    assert max(most) == 2


def test_who_only_waits_lets_others_go_on():
    release, arrived = threading.Event(), threading.Barrier(5, timeout=5)

    def waits(_):
        with in_turn(), out_of_turn():
            arrived.wait()  # all four are here at once
            release.wait(5)

    with ThreadPoolExecutor(4) as pages:
        waiting = pages.map(waits, range(4))
        arrived.wait()
        with in_turn():
            release.set()
        list(waiting)
    with in_turn():
        assert pace._held.turn


def test_nobody_waits_long_for_who_works_on_something_else(monkeypatch):
    monkeypatch.setattr(pace, "_LONGEST", 0.05)
    with in_turn(), ThreadPoolExecutor(2) as pages:
        seen = [pages.submit(_turn_of_a_page).result(5) for _ in range(2)]
        hold, begun = threading.Event(), threading.Event()
        pages.submit(_hold, begun, hold)
        begun.wait(5)
        seen.append(pages.submit(_turn_of_a_page).result(5))
        hold.set()
    assert seen == [True, True, False]  # the last began without one


def _turn_of_a_page():
    with in_turn():
        return pace._held.turn


def _hold(begun, hold):
    with in_turn():
        begun.set()
        hold.wait(5)


def test_a_turn_is_given_back_after_a_mistake():
    for _ in range(5):
        with pytest.raises(ZeroDivisionError), in_turn():
            1 / 0  # noqa: B018
    with out_of_turn():  # by who has none
        assert pace._turns.acquire(blocking=False)
        assert pace._turns.acquire(blocking=False)
