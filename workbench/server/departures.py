"""Visitors who close the page while it is being sent: an ordinary end of a visit, and no fault to log."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send


class QuietDepartures:
    """Sends nothing more to a visitor who has left, so that the next thing heard of them is that they left.

    Starlette takes a failed message for the end of the connection, and Streamlit, which still waits to hear
    from the visitor, then logs that end as its own error, a page of traceback for each who leaves.
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
            if left:
                return
            try:
                await send(message)
            except OSError:
                left = True

        await self.app(scope, receive, send_to_who_stays)
