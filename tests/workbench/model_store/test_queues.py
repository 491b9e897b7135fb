import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from crr.errors import DeviceError, StoppedError
from workbench.model_store import queues
from workbench.model_store.queues import DeviceQueues


class Waiting:
    """Somebody who waits, and may leave."""

    def __init__(self):
        self.present, self.told = True, []

    def is_present(self):
        return self.present

    def tell(self, before):
        self.told.append(before)


@pytest.fixture
def waiter(monkeypatch):
    """Whoever asks from now on."""
    waiting = Waiting()
    monkeypatch.setattr(queues, "_find_waiter", lambda: waiting)
    monkeypatch.setattr(queues, "_LOOK", 0.02)
    return waiting


@pytest.fixture
def busy():
    """A queue whose only worker works until the test lets it go."""
    line, begun, release = DeviceQueues(), threading.Event(), threading.Event()

    def work():
        begun.set()
        release.wait(10)

    thread = threading.Thread(target=lambda: line.run("cpu", work))
    thread.start()
    begun.wait(10)
    yield line, release
    release.set()
    thread.join()


def test_what_nobody_waits_for_any_more_is_not_done(busy, waiter):
    line, _ = busy
    done, waiter.present = [], False
    with pytest.raises(StoppedError, match="Nobody waits"):
        line.run("cpu", lambda: done.append(1))
    assert done == []


def test_what_has_begun_is_finished_although_its_visitor_left(waiter):
    waiter.present = False
    assert DeviceQueues().run("cpu", lambda: time.sleep(0.1) or "answer") == "answer"


def test_who_waits_hears_how_many_come_first(busy, waiter):
    line, release = busy
    threading.Timer(0.2, release.set).start()
    assert line.run("cpu", lambda: "answer") == "answer"
    assert waiter.told[0] == 1
    assert waiter.told[-1] == 0


def test_what_was_asked_by_who_went_elsewhere_is_not_done(busy, waiter):
    line, release = busy
    done = []

    class ElsewhereError(Exception):
        pass

    def tell(before):
        if before:
            raise ElsewhereError  # as Streamlit does when the visitor clicks something else

    waiter.tell = tell
    with pytest.raises(ElsewhereError):
        line.run("cpu", lambda: done.append(1))
    release.set()
    waiter.tell = lambda _: None
    assert line.run("cpu", lambda: "answer") == "answer"  # after all that was asked before
    assert done == []


@pytest.mark.usefixtures("waiter")
def test_an_answer_that_comes_as_one_looks_is_an_answer(monkeypatch):
    class Late(Future):
        def result(self, timeout=None):
            if timeout is not None:
                super().result()  # it comes,
                raise TimeoutError  # just too late
            return super().result()

    def submit(_pool, work):
        future = Late()
        future.set_result(work())
        return future

    monkeypatch.setattr(ThreadPoolExecutor, "submit", submit)
    assert DeviceQueues().run("cpu", lambda: "answer") == "answer"


@pytest.mark.usefixtures("waiter")
def test_a_queue_is_bounded(busy, monkeypatch):
    monkeypatch.setattr(queues, "_MOST_WAITING", 1)
    line, _ = busy
    with pytest.raises(DeviceError, match=r"busy: 1 others wait"):
        line.run("cpu", lambda: None)
    assert line.run("cuda:0", lambda: "answer") == "answer"


@pytest.mark.usefixtures("waiter")
def test_work_that_itself_runs_out_of_time_says_so():
    def work():
        raise TimeoutError("of the work")

    with pytest.raises(TimeoutError, match="of the work"):
        DeviceQueues().run("cpu", work)
