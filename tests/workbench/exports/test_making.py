"""Files are made one after the other, and none when too much is held."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from crr.errors import WriteError
from workbench.exports.making import Making


def test_no_more_than_two_are_made_at_once():
    at_once, most, lock = 0, 0, threading.Lock()
    begun = threading.Event()

    def make() -> bytes:
        nonlocal at_once, most
        with lock:
            at_once += 1
            most = max(most, at_once)
        begun.wait(0.02)
        with lock:
            at_once -= 1
        return b"file"

    made = Making(10, lambda: 0).at_the_click(make)
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(lambda _: made(), range(12))) == [b"file"] * 12
    assert most == 2


def test_where_too_much_is_held_none_is_made_until_there_is_room():
    held = 11
    made = Making(10, lambda: held).at_the_click(lambda: b"file")
    with pytest.raises(WriteError, match="no room"):
        made()
    held = 10
    assert made() == b"file"
