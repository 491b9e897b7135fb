"""One request to an ASGI application, without a server."""

import asyncio
from collections.abc import Sequence
from typing import Any

Header = tuple[str, str]


def ask(
    app: Any,
    path: str = "/",
    method: str = "GET",
    headers: Sequence[Header] = (),
    client: str | None = "192.0.2.1",
    kind: str = "http",
) -> list[dict[str, Any]]:
    """What the application sends in answer to a request."""
    sent: list[dict[str, Any]] = []
    scope = {
        "type": kind,
        "path": path,
        "method": method,
        "headers": [(name.lower().encode(), value.encode()) for name, value in headers],
        "client": None if client is None else (client, 1),
    }

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        sent.append(dict(message))

    asyncio.run(app(scope, receive, send))
    return sent


class Plain:
    """An application that answers every request with 200, and counts them."""

    def __init__(self) -> None:
        self.asked = 0

    async def __call__(self, scope: Any, _receive: Any, send: Any) -> None:
        """Answer."""
        self.asked += 1
        if scope["type"] == "http":
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b"ok"})
