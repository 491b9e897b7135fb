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
def refuse_inner_redirects() -> None:
    """Have the Hub's client refuse, in this process and from now on, to be sent on to an inner address."""
    from huggingface_hub import set_client_factory
    from huggingface_hub.utils import _http

    before = _http._GLOBAL_CLIENT_FACTORY  # perhaps not the client's own: who set another keeps what it does

    def create() -> "httpx2.Client":
        client = before()
        hooks = client.event_hooks
        client.event_hooks = {**hooks, "response": [*hooks["response"], check_redirect]}
        return client

    set_client_factory(create)


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
    if is_inner(urlsplit(there).hostname or "") and not is_inner(urlsplit(here).hostname or ""):
        raise HubError(
            f"{urlsplit(here).hostname} sends on to {urlsplit(there).hostname}, an address inside this "
            "network, and that is refused. Check HF_ENDPOINT; if it is right, tell whoever runs that Hub."
        )


def is_inner(host: str) -> bool:
    """Whether a host, by name or number, is this machine or one that only its own network sees.

    A name that cannot be resolved is not: nothing can be fetched from it, except through a proxy, which
    resolves names by itself.
    """
    with suppress(OSError, UnicodeError):
        found = socket.getaddrinfo(host, None, proto=socket.IPPROTO_TCP)
        return any(_is_inner(str(address[0]).partition("%")[0]) for *_, address in found)
    return False


def _is_inner(address: str) -> bool:
    number = ipaddress.ip_address(address)
    plain = getattr(number, "ipv4_mapped", None) or number
    return not plain.is_global or plain.is_multicast
