from workbench.basics.cache import BoundedCache


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
