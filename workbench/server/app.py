"""The guards of a workbench that strangers visit, in the order in which a request meets them."""

from collections.abc import Sequence

from starlette.formparsers import MultiPartParser
from starlette.middleware import Middleware

from workbench.server.connections import ConnectionLimit
from workbench.server.departures import QuietDepartures
from workbench.server.headers import SafeHeaders
from workbench.server.memory import held_by_visitors
from workbench.server.messages import MessageLimit
from workbench.server.preview import LinkPreview
from workbench.server.returns import ReturnToAnnotate
from workbench.server.uploads import UploadQuota
from workbench.settings import MEGABYTE, StartSettings


def guards(settings: StartSettings) -> Sequence[Middleware]:
    """What every request passes before Streamlit hears of it."""
    return [
        Middleware(SafeHeaders),
        Middleware(LinkPreview),
        Middleware(ReturnToAnnotate),
        Middleware(QuietDepartures),
        Middleware(
            ConnectionLimit,
            per_minute=settings.visits_per_minute,
            proxy_header=settings.proxy_header,
            proxies=settings.proxies,
        ),
        Middleware(MessageLimit),
        Middleware(
            UploadQuota,
            each=settings.session_bytes,
            together=settings.upload_bytes,
            held=held_by_visitors,
        ),
    ]


def keep_uploads_in_memory(most: int) -> None:
    """Have uploads of up to so many bytes never written to disk, not even for a moment, as the page promises.

    By default whatever is above a megabyte lies in an unlinked file until its request has ended.
    """
    MultiPartParser.spool_max_size = most + MEGABYTE
