"""What all pages of this process share: who asks the models, what is usual for them, and what is on its way.

One object, made when it is first asked for, so that a test can put another one in its place.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from streamlit.runtime import Runtime

from workbench.settings import settings

if TYPE_CHECKING:  # these need torch, and the gallery is on the screen before it is loaded
    from workbench.inspection.inspector import Inspector
    from workbench.model_store.downloads import Downloads
    from workbench.model_store.uploads import Uploads
    from workbench.reference.cache import ReferenceCache


@dataclass(frozen=True)
class Services:
    """The services of this process.

    Attributes:
        inspector: Asks models, for all sessions.
        references: What is usual for a model, for all sessions.
        downloads: Models on their way from the Hub.
        uploads: The model on its way to the Hub.
    """

    inspector: "Inspector"
    references: "ReferenceCache"
    downloads: "Downloads"
    uploads: "Uploads"


class _Process:
    @cached_property
    def services(self) -> Services:
        import crr
        from crr.inference.engine import inspect_batch
        from workbench.inspection.inspector import Inspector, log_requests
        from workbench.model_store.downloads import Downloads
        from workbench.model_store.loaded import Models
        from workbench.model_store.uploads import Uploads
        from workbench.reference.cache import ReferenceCache

        if settings().request_log:
            log_requests()
        inspector = Inspector(Models(crr.load, settings().model_bytes), inspect_batch)
        references = ReferenceCache(inspector, settings().normals_bytes)
        return Services(inspector, references, Downloads(_has_a_window), Uploads())


process = _Process()
"""Holds the services; a test sets `process.services`."""


def services() -> Services:
    """The services of this process."""
    return process.services


def _has_a_window(visitor: str) -> bool:
    return not Runtime.exists() or Runtime.instance().is_active_session(visitor)
