"""Who comes back from a sign-in comes to *Annotate*, which asked for it: Streamlit forgets the page."""

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from workbench.server.sign_in import CALLBACK

_PAGE = "annotate"


class ReturnToAnnotate:
    """Sends who has signed in on to the page, and not to the first one."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http" or not scope["path"].endswith(CALLBACK):
            await self.app(scope, receive, send)
            return

        async def send_on(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                if headers.get("location", "").endswith("/"):
                    headers["location"] += _PAGE
            await send(message)

        await self.app(scope, receive, send_on)
