import threading

import pytest

from workbench.basics.cache import BoundedCache, CachePool, OnceCache


def test_the_least_recently_used_go_first():
    cache = BoundedCache[str](limit=3)
    for name in "abc":
        cache.put(name, name.upper(), 1)
    assert cache.get("a") == "A"
    cache.put("d", "D", 1)
    assert cache.get("b") is None
    assert [cache.get(name) for name in "acd"] == ["A", "C", "D"]
    assert cache.size == 3


def test_what_was_put_last_stays_even_if_it_is_too_large():
    cache = BoundedCache[str](limit=3)
    cache.put("small", "", 1)
    cache.put("large", "", 9)
    assert cache.get("small") is None
    assert cache.get("large") == ""


def test_drop_and_replace():
    cache = BoundedCache[int](limit=3)
    cache.put("a", 1, 2)
    cache.put("a", 2, 3)
    assert (cache.get("a"), cache.size, len(cache)) == (2, 3, 1)
    cache.drop("a")
    cache.drop("never there")
    assert (cache.get("a"), cache.size) == (None, 0)


def test_caches_of_a_pool_give_way_to_each_other_and_keep_what_is_on_a_screen():
    pool = CachePool(limit=6)
    first, second = BoundedCache[int](10, pool), BoundedCache[int](10, pool)
    for key in "abc":
        first.put(key, 1, 1)
    for key in "xyz":
        second.put(key, 1, 1)
    assert pool.size == 6
    first.get("a")  # its visitor is back
    second.put("w", 1, 2)
    assert (len(first), len(second), pool.size) == (1, 4, 6)
    first.put("large", 1, 100)
    assert (first.get("large"), len(first), len(second)) == (1, 1, 1)
    del second
    assert pool.size == 100


def test_sizes_are_counted_once():
    cache = BoundedCache[int](10)
    cache.put("a", 1, 3)
    cache.put("a", 1, 5)
    cache.drop("missing")
    assert cache.size == 5
    cache.drop("a")
    assert (cache.size, cache.drop_oldest()) == (0, False)


def test_visitors_who_come_at_once_ask_once():
    asked, shared, begun = [], OnceCache(2**20), threading.Event()

    def ask() -> object:
        begun.wait(5)
        asked.append(1)
        return object()

    seen: list[object] = []
    visitors = [
        threading.Thread(target=lambda: seen.append(shared.of("part", ask, lambda _: 1))) for _ in range(8)
    ]
    for visitor in visitors:
        visitor.start()
    begun.set()
    for visitor in visitors:
        visitor.join()
    assert len(asked) == 1
    assert all(found is seen[0] for found in seen)


def test_another_key_is_asked_for_and_what_fails_is_asked_for_again():
    shared = OnceCache(2**20)
    assert shared.of("one", lambda: 0.1, lambda _: 1) == 0.1
    assert shared.of("two", lambda: 0.2, lambda _: 1) == 0.2
    with pytest.raises(ZeroDivisionError):
        shared.of("three", lambda: 1 / 0, lambda _: 1)
    assert shared.of("three", lambda: 0.3, lambda _: 1) == 0.3


def test_none_is_a_value_too():
    asked: list[int] = []
    kept = OnceCache(2**20)
    for _ in range(2):
        assert kept.of("nothing", lambda: asked.append(1), lambda _: 0) is None
    assert len(asked) == 1
