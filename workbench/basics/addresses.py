"""Who asks, as limits tell visitors apart: the address that the connection, or a trusted proxy, names."""

import ipaddress
from collections.abc import Sequence

UNKNOWN = "unknown"
_LONGEST = 100
_NETWORK = 64  # bits; a visitor has as many addresses of IPv6 as they like, and all begin with these


def address_of(told: Sequence[str], connected: str | None, proxies: int = 1) -> str:
    """The address of a visitor.

    Args:
        told: Every value that the request has of the trusted proxy's header; none without a proxy. The last
            entry of the last one counts: what stands before it, the visitor may have written.
        connected: Address of the connection, if it has one.
        proxies: How many proxies add an entry each; the entry of the outermost counts.

    Returns:
        At most 100 characters; of IPv6 the network of the visitor.
    """
    entries = [entry.strip() for value in told for entry in value.split(",")]
    last = entries[-proxies] if len(entries) >= proxies else ""
    return _network(last[:_LONGEST] or connected or UNKNOWN)


def _network(address: str) -> str:
    try:
        number = ipaddress.ip_address(address.partition("%")[0].strip("[]"))
    except ValueError:
        return address
    if number.version == 4 or number.ipv4_mapped is not None:
        return address
    return str(ipaddress.ip_network((number, _NETWORK), strict=False))
