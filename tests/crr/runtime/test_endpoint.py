"""A Hub may not send us on to what only this machine, or its network, sees."""

import os
import socket
import subprocess
import sys

import httpx2
import pytest

from crr.errors import HubError
from crr.runtime import endpoint
from crr.runtime.endpoint import check_redirect, is_inner

NAMES = {
    "hub.example": ["93.184.215.14"],
    "files.example": ["2606:2800:21f:cb07::1"],
    "evil.example": ["93.184.215.14", "127.0.0.1"],  # one of its addresses is enough
    "intranet.example": ["192.168.1.1"],
}


@pytest.fixture(autouse=True)
def names(monkeypatch):
    """A network with these names, where numbers mean themselves."""
    real = socket.getaddrinfo

    def look_up(host, *rest, **options):
        if host not in NAMES:
            return real(host, *rest, **options, flags=socket.AI_NUMERICHOST)
        return [found for number in NAMES[host] for found in real(number, *rest, **options)]

    monkeypatch.setattr(endpoint.socket, "getaddrinfo", look_up)


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1", "127.1", "2130706433", "0x7f.1", "0.0.0.0", "10.0.0.1", "172.16.5.5", "192.168.0.9",
        "169.254.169.254", "100.64.0.1", "::1", "::", "::ffff:127.0.0.1", "fe80::1%lo", "fd00::1",
        "224.0.0.1", "evil.example", "intranet.example", "64:ff9b::a9fe:a9fe", "2002:7f00:1::1", "::7f00:1",
    ],
)  # fmt: skip
def test_what_only_this_machine_or_its_network_sees_is_inner(host):
    assert is_inner(host)


@pytest.mark.parametrize("host", ["93.184.215.14", "2606:2800:21f:cb07::1", "hub.example", "files.example"])
def test_what_everybody_sees_is_not(host):
    assert not is_inner(host)


def test_a_hub_that_has_an_inner_address_too_is_a_public_one():
    assert not is_inner("evil.example", whole=True)
    assert is_inner("intranet.example", whole=True)
    with pytest.raises(HubError, match="inside this network"):
        check_redirect(answer("https://evil.example/a", "http://127.0.0.1/b"))


def test_the_client_asks_no_address_that_a_hub_names_in_headers():
    code = (
        "from crr.runtime.endpoint import guard_hub_client; guard_hub_client(); "
        "from huggingface_hub import constants; print(constants.HF_HUB_DISABLE_XET)"
    )
    environment = {name: value for name, value in os.environ.items() if name != "HF_HUB_DISABLE_XET"}
    asked = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    assert asked.stdout.strip() == "True"


@pytest.mark.parametrize("host", ["", "nobody.example", "a" * 300, "\udcff"])
def test_what_cannot_be_resolved_is_not(host):
    assert not is_inner(host)


def answer(here: str, there: str) -> httpx2.Response:
    return httpx2.Response(302, headers={"location": there}, request=httpx2.Request("GET", here))


@pytest.mark.parametrize(
    ("here", "there"),
    [
        ("https://hub.example/a", "https://files.example/b"),
        ("https://hub.example/a", "/b"),
        ("http://127.0.0.1:8080/a", "http://192.168.1.1/b"),  # the Hub itself is an inner one
        ("http://intranet.example/a", "http://127.0.0.1/b"),
        ("http://intranet.example/a", "https://files.example/b"),
    ],
)
def test_a_hub_may_send_on(here, there):
    check_redirect(answer(here, there))


@pytest.mark.parametrize(
    "there",
    ["http://127.0.0.1:8641/latest", "http://169.254.169.254/", "//localhost/", "http://intranet.example/x"],
)
def test_a_public_hub_may_not_send_inwards(there, monkeypatch):
    monkeypatch.setitem(NAMES, "localhost", ["127.0.0.1"])
    with pytest.raises(HubError, match=r"^hub\.example sends on to \S+, an address inside this network"):
        check_redirect(answer("https://hub.example/a", there))


def test_an_answer_that_sends_nowhere_is_none_of_our_business():
    check_redirect(httpx2.Response(200, request=httpx2.Request("GET", "https://hub.example")))
