"""Who asks: the address of a visitor, behind a proxy as well."""

from starlette.datastructures import Headers
from starlette.types import Scope

UNKNOWN = "unknown"


def address_of(scope: Scope, proxy_header: str) -> str:
    """The address that a request comes from.

    Args:
        scope: The request.
        proxy_header: Header in which the proxy that is trusted says who asked it; empty without a proxy. Its
            last entry counts: what stands before it, the visitor may have written.
    """
    if proxy_header:
        told = Headers(scope=scope).getlist(proxy_header)
        last = told[-1].rpartition(",")[2].strip() if told else ""
        if last:
            return last[:100]
    client = scope.get("client")
    return str(client[0]) if client else UNKNOWN
