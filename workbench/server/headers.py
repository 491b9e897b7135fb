"""Headers that tell a browser to load nothing from elsewhere, and pages that are nobody's business."""

from starlette.datastructures import MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

HEADERS = {
    # Streamlit puts its own scripts together in the browser; all else comes from here or is in the page.
    "Content-Security-Policy": "; ".join(
        (
            "default-src 'self'",
            "img-src 'self' data: blob:",
            "media-src 'self' data: blob:",
            "font-src 'self' data:",
            "style-src 'self' 'unsafe-inline'",
            "script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:",
            "worker-src 'self' blob:",
            "connect-src 'self' data: blob:",
            "object-src 'none'",
            "base-uri 'self'",
            "form-action 'self'",
        )
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
}
"""A Space shows the workbench in a frame on another site, so nothing is said about frames."""

CLOSED = ("/_stcore/metrics", "/_stcore/agent")
"""Paths that answer nobody: sizes of what visitors hold, and a way to drive the pages without a browser."""


class SafeHeaders:
    """Adds the headers to every answer, and closes what nobody needs."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers[name] = value
            await send(message)

        closed = any(path in scope["path"] for path in CLOSED)  # whatever the server is called before it
        app = PlainTextResponse("Not here.", status_code=404) if closed else self.app
        await app(scope, receive, send_with_headers)
