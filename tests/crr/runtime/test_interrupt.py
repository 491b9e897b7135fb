import signal
import threading

import pytest

from crr.runtime.interrupt import stop_on_interrupt


def test_the_first_interrupt_asks_and_the_second_ends():
    stop, said = threading.Event(), []
    before = signal.getsignal(signal.SIGINT)
    with stop_on_interrupt(stop, lambda: said.append("stopping")):
        signal.raise_signal(signal.SIGINT)
        assert stop.is_set()
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    assert said == ["stopping"]
    assert signal.getsignal(signal.SIGINT) is before


def test_other_threads_go_on_without():
    stop = threading.Event()
    before = signal.getsignal(signal.SIGINT)
    seen = []

    def work():
        with stop_on_interrupt(stop, lambda: None):
            seen.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [before]
