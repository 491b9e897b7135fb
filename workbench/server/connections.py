"""How often one address may open the workbench: who opens it in a loop waits, and nobody else does."""

import asyncio
import logging
import math
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from workbench.basics.addresses import address_of

STREAM = "/_stcore/stream"
_log = logging.getLogger(__name__)
_LONGEST_WAIT = 30.0  # seconds; who would wait longer is sent away
_MOST_ADDRESSES = 10_000
_BETWEEN_LINES = 60.0  # seconds between lines of the log
_TRY_AGAIN_LATER = 1013  # WebSocket close code


class ConnectionLimit:
    """Slows down addresses that open more pages than `per_minute` at once, and then that many a minute."""

    def __init__(
        self,
        app: ASGIApp,
        per_minute: int,
        proxy_header: str = "",
        proxies: int = 1,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """Take the limit.

        Args:
            app: Who is asked.
            per_minute: How many; 0 for no limit.
            proxy_header: Header whose values `address_of` is told; empty without a proxy.
            proxies: As for `address_of`.
            clock: Of the seconds.
            sleep: Likewise.
        """
        self.app = app
        self._per_minute = per_minute
        self._proxy_header, self._proxies = proxy_header, proxies
        self._clock, self._sleep = clock, sleep
        self._free_at: OrderedDict[str, float] = OrderedDict()
        self._turned_away, self._tell_at = 0, -math.inf

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] == "websocket" and STREAM in scope["path"] and self._per_minute:
            wait = self._take(self._address(scope))
            if wait > _LONGEST_WAIT:
                self._tell_sometimes()
                await send({"type": "websocket.close", "code": _TRY_AGAIN_LATER})
                return
            if wait:
                await self._sleep(wait)
        await self.app(scope, receive, send)

    def _tell_sometimes(self) -> None:
        self._turned_away += 1
        if self._clock() >= self._tell_at:
            _log.warning(
                "%d connections were turned away, since their address opened too many pages (behind a proxy "
                "without CRR_PROXY_HEADER all visitors have one; CRR_VISITS_PER_MINUTE sets how many)",
                self._turned_away,
            )
            self._turned_away, self._tell_at = 0, self._clock() + _BETWEEN_LINES

    def _address(self, scope: Scope) -> str:
        told = Headers(scope=scope).getlist(self._proxy_header) if self._proxy_header else ()
        client = scope.get("client")
        return address_of(told, str(client[0]) if client else None, self._proxies)

    def _take(self, address: str) -> float:
        """Seconds that this address has to wait before it may open a page.

        An address has so many pages in hand. Each takes a share of a minute until it is in hand again, one
        after the other: `_free_at` is when all are.
        """
        now, share = self._clock(), 60 / self._per_minute
        free_at = max(now, self._free_at.pop(address, now)) + share
        wait = max(0.0, free_at - now - 60)
        # Who is sent away takes nothing, or a loop would shut out its neighbours for as long as it lasted.
        self._free_at[address] = free_at if wait <= _LONGEST_WAIT else free_at - share
        while len(self._free_at) > _MOST_ADDRESSES:
            self._free_at.popitem(last=False)
        return wait
