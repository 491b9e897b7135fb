from concurrent.futures import ThreadPoolExecutor

import pytest

from crr.data.readers import read_ahead


@pytest.fixture
def pool():
    with ThreadPoolExecutor() as pool:
        yield pool


@pytest.mark.parametrize(
    ("batch_size", "sizes"), [(1, [1] * 5), (2, [2, 2, 1]), (5, [5]), (64, [5])], ids=str
)
def test_batches_come_in_order(pool, batch_size, sizes):
    batches = list(read_ahead(pool, str, range(5), batch_size))
    assert [len(batch) for batch in batches] == sizes
    assert [content for batch in batches for content in batch] == ["0", "1", "2", "3", "4"]


def test_nothing_to_read(pool):
    assert list(read_ahead(pool, str, [], 4)) == []


def test_the_next_batch_is_read_meanwhile_and_no_more():
    asked = []
    with ThreadPoolExecutor(max_workers=1) as pool:
        for number, _ in enumerate(read_ahead(pool, asked.append, range(10), 2)):
            pool.submit(int).result()  # whatever was asked for before is done now
            assert len(asked) == min(10, 2 * (number + 2))


def test_an_error_comes_when_its_turn_has_come(pool):
    batches = read_ahead(pool, lambda number: 1 // number, [2, 1, 0], 2)
    assert next(batches) == [0, 1]
    with pytest.raises(ZeroDivisionError):
        next(batches)
