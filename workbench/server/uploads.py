"""How much visitors may upload: each of them, and all together."""

from collections import Counter
from collections.abc import Callable, Mapping

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from workbench.settings import MEGABYTE

_PATH = "/_stcore/upload_file/"
_COPIES = 3  # of a file while it arrives: in the form's parser, read from it, and kept


class UploadQuota:
    """Refuses an upload that would take more memory than there is for uploads, before it is read."""

    def __init__(self, app: ASGIApp, each: int, together: int, held: Callable[[], Mapping[str, int]]) -> None:
        """Args: each, bytes of one visitor; together, of all; held, session to bytes that are held for it."""
        self.app = app
        self._each, self._together, self._held = each, together, held
        self._arriving: Counter[str] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http" or scope["method"] != "PUT" or _PATH not in scope["path"]:
            await self.app(scope, receive, send)
            return
        session = scope["path"].partition(_PATH)[2].partition("/")[0]
        size = Headers(scope=scope).get("content-length", "")
        refusal = self._refusal(session, int(size)) if size.isdecimal() else "Its size is missing."
        if refusal:
            await PlainTextResponse(refusal, status_code=413)(scope, receive, send)
            return
        self._arriving[session] += int(size)
        try:
            await self.app(scope, receive, send)
        finally:
            self._arriving[session] -= int(size)
            self._arriving += Counter()  # drops who has nothing on the way

    def _refusal(self, session: str, size: int) -> str:
        """Why a file of so many bytes is not taken; empty if it is."""
        held = self._held()
        if held.get(session, 0) + self._arriving[session] + size > self._each:
            return (
                f"There is room for {self._each // MEGABYTE} MB of yours at a time: "
                "save the results, clear the table and add the rest."
            )
        arriving = _COPIES * (self._arriving.total() + size)
        if sum(held.values()) + arriving > self._together:
            return "Visitors have filled the room for uploads: try again in some minutes."
        return ""
