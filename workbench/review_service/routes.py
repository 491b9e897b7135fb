"""The review service over HTTP: JSON in and out, beside the pages of the same process.

An error is {"error": a sentence} with a status that tells what to do: 401 get another ticket, 409 somebody
else saved first (`newer` has what), 422 the message is wrong, 404 the image is gone, 503 try again.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from crr.errors import CRRError
from workbench.annotation.errors import ProjectError, SourceError, StoreError
from workbench.annotation.records import ConflictError
from workbench.basics.places import for_visitors
from workbench.review_service import messages
from workbench.review_service.service import Plain, ReviewService, plain_revision
from workbench.review_service.tickets import Tickets, UnknownTicketError

PREFIX = "/review"
HEADER = "X-Review-Ticket"
_UNFORESEEN = "Something went wrong that we did not foresee; the details are in the log of the server."

_log = logging.getLogger(__name__)

_KINDS: Mapping[str, Any] = {
    "next": messages.Next,
    "load": messages.ItemOnly,
    "hold": messages.ItemOnly,
    "release": messages.ItemOnly,
    "skip": messages.SkipMessage,
    "keep": messages.DraftMessage,
    "discard": messages.ItemOnly,
    "save": messages.SaveMessage,
    "history": messages.ItemOnly,
    "snap": messages.SnapMessage,
    "fill": messages.FillMessage,
    "mark": messages.MarkMessage,
    "answers": messages.ItemOnly,
    "causes": messages.CausesMessage,
    "progress": messages.Nothing,
}
"""What may be asked, by the name of the service's method, and what comes with it."""


def review_routes(service: Callable[[], ReviewService], tickets: Tickets, base: str = "") -> list[Route]:
    """The addresses of the service, below `PREFIX`.

    Args:
        service: Gives the service, which is made when it is first asked; raises `CRRError` if it cannot be.
        tickets: Who may ask.
        base: Path below which all of the workbench is served, as `server.baseUrlPath` has it.
    """

    async def ask(request: Request) -> Response:
        kind = _KINDS.get(request.path_params["what"])
        if kind is None:
            return JSONResponse({"error": "There is no such question."}, 404)
        try:  # before anything is read of who may not ask
            ticket = tickets.find(request.headers.get(HEADER, ""))
        except UnknownTicketError as error:
            return JSONResponse({"error": str(error)}, 401)
        content = await _body(request)
        if content is None:
            return JSONResponse({"error": "The message is too large."}, 413)

        def work() -> Plain:
            message = messages.read(kind, content or b"{}")
            answer: Plain = getattr(service(), request.path_params["what"])(ticket, message)
            return answer

        return await _answered(work, JSONResponse)

    async def picture(request: Request) -> Response:
        def work() -> bytes:
            ticket = tickets.find(request.headers.get(HEADER, ""))
            return service().picture(ticket, request.path_params["item"])

        private = {"Cache-Control": "private, max-age=3600"}  # an item's image never changes
        return await _answered(work, partial(Response, media_type="image/jpeg", headers=private))

    prefix = f"/{base.strip('/')}{PREFIX}" if base.strip("/") else PREFIX
    return [
        Route(f"{prefix}/picture/{{item:int}}", picture, methods=["GET"]),
        Route(f"{prefix}/{{what:str}}", ask, methods=["POST"]),
    ]


async def _answered(work: Callable[[], Any], response: Callable[[Any], Response]) -> Response:
    """What `work` gives, made in a thread, or its error as a sentence."""
    try:
        return response(await asyncio.to_thread(work))
    except CRRError as error:
        more = {"newer": plain_revision(error.newer)} if isinstance(error, ConflictError) else {}
        return JSONResponse({"error": for_visitors(error), **more}, _status(error))
    except Exception as error:
        _log.error("unexpected error of the review service", exc_info=error)
        return JSONResponse({"error": _UNFORESEEN}, 500)


def _status(error: CRRError) -> int:
    kinds: list[tuple[type[CRRError], int]] = [
        (UnknownTicketError, 401),
        (ConflictError, 409),
        (ProjectError, 404),
        (SourceError, 404),
        (StoreError, 503),
    ]
    return next((status for kind, status in kinds if isinstance(error, kind)), 422)


async def _body(request: Request) -> bytes | None:
    """The content of a request; None if it is larger than any message."""
    content = bytearray()
    async for part in request.stream():
        content += part
        if len(content) > messages.MOST_BYTES:
            return None
    return bytes(content)
