"""Who asks, whatever they write of themselves."""

import pytest

from workbench.basics.addresses import UNKNOWN, address_of


@pytest.mark.parametrize(
    ("told", "address"),
    [
        ([], "192.0.2.1"),
        (["6.6.6.6, 203.0.113.9"], "203.0.113.9"),
        (["6.6.6.6", "203.0.113.9"], "203.0.113.9"),  # a proxy that adds a line of its own
        (["6.6.6.6,"], "192.0.2.1"),
        (["x" * 5000], "x" * 100),
        (["2001:db8:1:2:3:4:5:6"], "2001:db8:1:2::/64"),
        (["[2001:db8:1:2::9]"], "2001:db8:1:2::/64"),
        (["::ffff:203.0.113.9"], "::ffff:203.0.113.9"),
    ],
)
def test_the_address_of_a_visitor(told, address):
    assert address_of(told, "192.0.2.1") == address


@pytest.mark.parametrize(
    ("told", "proxies", "address"),
    [
        (["6.6.6.6, 203.0.113.9, 10.0.0.7"], 2, "203.0.113.9"),
        (["6.6.6.6, 203.0.113.9", "10.0.0.7"], 2, "203.0.113.9"),
        (["10.0.0.7"], 2, "192.0.2.1"),  # somebody came round the outer one
    ],
)
def test_behind_several_proxies_the_entry_of_the_outermost_counts(told, proxies, address):
    assert address_of(told, "192.0.2.1", proxies) == address


def test_without_an_address_all_are_one():
    assert address_of([], None) == UNKNOWN
