"""Where a Hub may lie, and where it may not send us; its client, which takes a second to load, is not loaded.

A Hub sends on to wherever its files lie. If it is hostile, or was broken into, it could send us on to what
only this machine sees: other programs on it, its neighbours, or the address where a cloud tells a machine its
keys. So a public address may not send us on to an inner one.
"""

import ipaddress
import re
import socket
from contextlib import suppress
from functools import cache
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

from crr.errors import ConfigError, HubError

if TYPE_CHECKING:
    import httpx2


def checked_endpoint(endpoint: str) -> str:
    """The address of a Hub, without a slash at its end; raises `ConfigError` if it is none."""
    with suppress(ValueError):
        parts = urlsplit(endpoint)
        if parts.scheme in ("http", "https") and parts.hostname and not re.search(r"[\s@]", endpoint):
            return endpoint.rstrip("/")
    raise ConfigError(
        "HF_ENDPOINT is no address of a Hub: write one such as https://huggingface.co, without a password."
    )


@cache
def guard_hub_client() -> None:
    """Have the Hub's client refuse, in this process and from now on, to be sent on to an inner address.

    Xet, its second way to fetch large files, is turned off: there a Hub names addresses in headers, which a
    program of its own asks without us hearing of it.
    """
    from huggingface_hub import constants, set_client_factory
    from huggingface_hub.utils import _http

    before = _http._GLOBAL_CLIENT_FACTORY  # perhaps not the client's own: who set another keeps what it does

    def create() -> "httpx2.Client":
        client = before()
        hooks = client.event_hooks
        client.event_hooks = {**hooks, "response": [*hooks["response"], check_redirect]}
        return client

    set_client_factory(create)
    constants.HF_HUB_DISABLE_XET = True


def check_redirect(response: "httpx2.Response") -> None:
    """See that an answer does not send on from a public address to an inner one.

    Args:
        response: The answer, before it is followed.

    Raises:
        HubError: It does.
    """
    if not response.has_redirect_location:
        return
    here = str(response.request.url)
    there = urljoin(here, response.headers["location"])
    if is_inner(urlsplit(there).hostname or "") and not is_inner(urlsplit(here).hostname or "", whole=True):
        raise HubError(
            f"{urlsplit(here).hostname} sends on to {urlsplit(there).hostname}, an address inside this "
            "network, and that is refused. Check HF_ENDPOINT; if it is right, tell whoever runs that Hub."
        )


def is_inner(host: str, *, whole: bool = False) -> bool:
    """Whether a host, by name or number, is this machine or one that only its own network sees.

    A name that cannot be resolved is not: nothing can be fetched from it, except through a proxy, which
    resolves names by itself.

    Args:
        host: Name or number.
        whole: Whether all addresses of a name have to be inner ones, and not one of them.
    """
    with suppress(OSError, UnicodeError):
        found = socket.getaddrinfo(host, None, proto=socket.IPPROTO_TCP)
        inner = [_is_inner(str(address[0]).partition("%")[0]) for *_, address in found]
        return all(inner) if whole else any(inner)
    return False


_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_COMPATIBLE = ipaddress.IPv6Network("::/96")


def _is_inner(address: str) -> bool:
    number = ipaddress.ip_address(address)
    plain = _ipv4_in(number) if isinstance(number, ipaddress.IPv6Address) else None
    return any(not one.is_global or one.is_multicast for one in (number, plain) if one is not None)


def _ipv4_in(number: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    """The address that an IPv6 one leads to by one of the usual ways to write it, if it is one of those."""
    if number in _NAT64 or number in _COMPATIBLE:
        return ipaddress.IPv4Address(int(number) % 2**32)
    return number.ipv4_mapped or number.sixtofour
