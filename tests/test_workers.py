"""Which worker runs which tests."""

from pathlib import Path

from tests.workers import BROWSER, FIRST_HALF, ByFile


def scope(nodeid: str) -> str:
    return ByFile._split_scope(object.__new__(ByFile), nodeid)


def test_what_the_tests_of_a_file_share_is_made_once():
    assert scope("tests/crr/test_a.py::test_one[x::y]") == scope("tests/crr/test_a.py::Test::test_two")
    assert scope("tests/crr/test_a.py::test_one") != scope("tests/crr/test_b.py::test_one")


def test_the_tests_in_a_browser_go_in_two_halves():
    files = sorted((Path(__file__).parent / BROWSER).glob("test_*.py"))
    halves = {file.stem: scope(f"tests/{BROWSER}/{file.name}::test_one") for file in files}
    assert len(set(halves.values())) == 2
    assert set(FIRST_HALF) < set(halves)
