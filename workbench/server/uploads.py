"""How much visitors may upload, each of them and all together, and how slowly."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Mapping

from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from workbench.settings import COPIES

_PATH = "/_stcore/upload_file/"
_SILENCE = 20.0  # seconds without a byte, after which an upload is given up
_SLOWEST = 2**16  # bytes a second that an upload brings at least, after a while
_AT_FIRST = 30.0  # seconds
_LOOK = 2**23  # bytes of an upload, after which it is looked again at what is held


class _GivenUpError(Exception):
    """An upload that goes on no more; its text is the answer, its status the code."""

    def __init__(self, status: int, answer: str) -> None:
        super().__init__(answer)
        self.status = status


class UploadQuota:
    """Refuses uploads that take more memory than there is for them, and those that do not come on.

    What is announced is refused before it is read; what has come counts, however much was announced.
    """

    def __init__(
        self,
        app: ASGIApp,
        each: int,
        together: int,
        held: Callable[[], Mapping[str, int]],
        silence: float = _SILENCE,
    ) -> None:
        """Take the limits.

        Args:
            app: Who takes uploads.
            each: Bytes of one visitor.
            together: Bytes of all.
            held: Session to the bytes that are held for it.
            silence: Seconds without a byte, after which an upload is given up.
        """
        self.app = app
        self._each, self._together, self._held = each, together, held
        self._silence = silence
        self._arrived: Counter[str] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http" or scope["method"] != "PUT" or _PATH not in scope["path"]:
            await self.app(scope, receive, send)
            return
        session = scope["path"].partition(_PATH)[2].partition("/")[0]
        size = Headers(scope=scope).get("content-length", "")
        upload = _Upload(int(size) if size.isdecimal() else 0)
        try:
            if not size.isdecimal():
                raise _GivenUpError(411, "Its size is missing.")
            upload.held = self._held()
            self._check(session, upload.held, upload.size)
            await self.app(scope, self._counting(upload, session, receive), send)
        except _GivenUpError as end:
            await PlainTextResponse(str(end), status_code=end.status)(scope, receive, send)
        except ClientDisconnect:
            return  # an upload that breaks off is ordinary, and no traceback in the log
        finally:
            self._arrived[session] -= upload.arrived
            self._arrived += Counter()  # drops who has nothing on the way

    def _counting(self, upload: "_Upload", session: str, receive: Receive) -> Receive:
        """The messages of an upload, as long as there is room for it and it comes on."""

        async def next_part() -> Message:
            try:
                message = await asyncio.wait_for(receive(), min(self._silence, upload.seconds_left))
            except TimeoutError:
                raise _GivenUpError(408, "The upload did not come on: try again.") from None
            part = len(message.get("body", b""))
            if upload.arrived // _LOOK != (upload.arrived + part) // _LOOK:
                upload.held = self._held()  # others have come meanwhile
            upload.arrived += part
            self._arrived[session] += part
            self._check(session, upload.held)
            return message

        return next_part

    def _check(self, session: str, held: Mapping[str, int], size: int = 0) -> None:
        """See that there is room for so many bytes more; raises `_GivenUpError` if not."""
        if held.get(session, 0) + self._arrived[session] + size > self._each:
            raise _GivenUpError(413, "You have no more room.")
        if sum(held.values()) + COPIES * (self._arrived.total() + size) > self._together:
            raise _GivenUpError(413, "There is no more room for uploads now.")


class _Upload:
    """An upload on its way: what was announced, what has come, what was held, and how long it may take."""

    def __init__(self, size: int) -> None:
        self.size, self.arrived = size, 0
        self.held: Mapping[str, int] = {}
        self._end = time.monotonic() + _AT_FIRST + size / _SLOWEST

    @property
    def seconds_left(self) -> float:
        return max(0.0, self._end - time.monotonic())
