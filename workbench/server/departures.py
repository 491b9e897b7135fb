"""Ordinary ends of a visit, which are no fault to log: a page that is closed while it is sent, and noise."""

from contextlib import suppress

from starlette.types import ASGIApp, Message, Receive, Scope, Send

_NOT_UNDERSTOOD = 1003  # WebSocket close code


class QuietDepartures:
    """Sends nothing more to a visitor who has left, so that the next thing heard of them is that they left.

    Starlette takes a failed message for the end of the connection, and Streamlit, which still waits to hear
    from the visitor, then logs that end as its own error, a page of traceback for each who leaves. Whoever
    sends text, which no page does, is sent away, and has left too.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "websocket":
            await self.app(scope, receive, send)
            return
        left = False

        async def send_to_who_stays(message: Message) -> None:
            nonlocal left
            if not left:
                try:
                    await send(message)
                except OSError:
                    left = True

        async def receive_bytes() -> Message:
            nonlocal left
            message = await receive()
            if message["type"] != "websocket.receive" or message.get("bytes") is not None:
                return message
            left = True
            with suppress(OSError):
                await send({"type": "websocket.close", "code": _NOT_UNDERSTOOD})
            return {"type": "websocket.disconnect", "code": _NOT_UNDERSTOOD}

        await self.app(scope, receive_bytes, send_to_who_stays)
