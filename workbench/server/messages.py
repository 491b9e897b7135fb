"""What one page may send over its websocket: small messages, of few parts, and not too many a second.

A message of a megabyte can ask for a million places for files, or hold a million empty values, which take a
hundred times its size and seconds in which nobody is answered. No page in a browser sends such.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send
from streamlit.proto.BackMsg_pb2 import BackMsg
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from workbench.settings import MEGABYTE

LARGEST = 2 * MEGABYTE
"""Bytes of a message; one with all the points that a painting may have takes half a megabyte."""

MOST_NAMES, MOST_VALUES, MOST_PARTS = 5000, 2000, 200_000
"""Files that are asked a place for at once; values of widgets; and signs that part values of JSON."""

_A_SECOND, _AT_ONCE = 40.0, 400.0  # what one page may ask; who asks more waits
_NAMES, _FILE = 12, 20.0  # names count as one question; a file that is made on demand counts as so many
_NOT_ALLOWED = 1008  # WebSocket close code


class MessageLimit:
    """Sends away who sends what no page does, and lets who sends too much wait."""

    def __init__(
        self,
        app: ASGIApp,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """Args: app, which is asked; clock, of the seconds; sleep, likewise."""
        self.app, self._clock, self._sleep = app, clock, sleep

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "websocket":
            await self.app(scope, receive, send)
            return
        in_hand, since = _AT_ONCE, self._clock()

        async def receive_bounded() -> Message:
            nonlocal in_hand, since
            message = await receive()
            if message["type"] != "websocket.receive":
                return message
            cost = cost_of(message.get("bytes") or b"")
            if cost is None:
                with suppress(OSError):
                    await send({"type": "websocket.close", "code": _NOT_ALLOWED})
                return {"type": "websocket.disconnect", "code": _NOT_ALLOWED}
            now = self._clock()
            in_hand = min(_AT_ONCE, in_hand + _A_SECOND * (now - since)) - cost
            since = now
            if in_hand < 0:
                await self._sleep(-in_hand / _A_SECOND)
            return message

        await self.app(scope, receive_bounded, send)


def cost_of(content: bytes) -> float | None:
    """What a message counts as, in questions; None if no page sends such.

    What cannot be read costs nothing: Streamlit ends the connection.
    """
    if len(content) > LARGEST or sum(map(content.count, (b"{", b"[", b","))) > MOST_PARTS:
        return None
    message: Any = BackMsg()
    try:
        message.ParseFromString(content)
    except Exception:  # of the library that reads them, which is Streamlit's
        return 0.0
    names, asked = len(message.file_urls_request.file_names), message.rerun_script
    known = len(asked.cached_message_hashes)
    if names > MOST_NAMES or known > MOST_NAMES or len(asked.widget_states.widgets) > MOST_VALUES:
        return None
    made = _FILE if message.backend_operation_request.HasField("deferred_file") else 0.0
    return 1.0 + names / _NAMES + made


def bound_messages() -> None:
    """Have a message that is larger sent away as soon as it begins, and none of it kept.

    Streamlit bounds what arrives by what it sends itself, 200 MB, and who never ends a message keeps it. It
    has no setting for the one alone, and tells the server before it asks for this module.
    """
    plain = WebSocketsSansIOProtocol.__init__

    def bounded(self: WebSocketsSansIOProtocol, config: Any, *more: Any, **named: Any) -> None:
        config.ws_max_size = min(config.ws_max_size, LARGEST)
        plain(self, config, *more, **named)

    WebSocketsSansIOProtocol.__init__ = bounded  # type: ignore[method-assign]
