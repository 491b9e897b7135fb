"""What a link to the workbench shows in a chat or a search: its name and what it is, in the page itself."""

from html import escape

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

TITLE = "CRR Workbench: why models miss defects"
DESCRIPTION = "Finds defects after seeing only good parts, and shows why."
_PLAIN = b"<title>Streamlit</title>"
_HEAD = "".join(
    [
        f"<title>{escape(TITLE)}</title>",
        f'<meta name="description" content="{escape(DESCRIPTION)}">',
        f'<meta property="og:title" content="{escape(TITLE)}">',
        f'<meta property="og:description" content="{escape(DESCRIPTION)}">',
    ]
).encode()


class LinkPreview:
    """Puts name and description into the page, which Streamlit sends with its own name."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http" or scope["method"] != "GET":
            await self.app(scope, receive, send)
            return
        started: Message | None = None
        body = b""

        async def send_named(message: Message) -> None:
            nonlocal started, body
            if message["type"] == "http.response.start" and _is_page(message):
                started = message
                return
            if started is None or message["type"] != "http.response.body":
                await send(message)
                return
            body += message.get("body", b"")
            if message.get("more_body"):
                return
            page = body.replace(_PLAIN, _HEAD, 1)
            headers = MutableHeaders(scope=started)
            headers["content-length"] = str(len(page))
            del headers["etag"]  # which is that of the file
            await send(started)
            await send({"type": "http.response.body", "body": page})

        await self.app(scope, receive, send_named)


def _is_page(start: Message) -> bool:
    headers = Headers(raw=start["headers"])
    plain = "content-encoding" not in headers
    return start["status"] == 200 and plain and headers.get("content-type", "").startswith("text/html")
