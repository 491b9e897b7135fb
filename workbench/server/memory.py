"""What visitors hold in memory, and how it is given back once they have left."""

import asyncio
import gc
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from streamlit.runtime import Runtime
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager

from crr.runtime.allocator import give_back_freed_memory
from workbench.inspection.batch import bytes_in_batches

_EVERY = 5.0  # seconds
_REST = 20  # times as long as a collection took: so long nothing is collected after it
_SHARED = ""


def held_by_visitors() -> Mapping[str, int]:
    """Session to the bytes of its uploads; "" for what no uploader lists any more, and tables still hold."""
    if not Runtime.exists():
        return {}
    manager = Runtime.instance().uploaded_file_mgr
    assert isinstance(manager, MemoryUploadedFileManager)
    held = {
        session: sum(len(file.data) for file in list(files.values()))
        for session, files in list(manager.file_storage.items())
    }
    return held | {_SHARED: max(0, bytes_in_batches() - sum(held.values()))}


@asynccontextmanager
async def memory_given_back(_app: object) -> AsyncIterator[None]:
    """While the block runs, a timer frees what ended visits held, and what pages left behind.

    Streamlit frees the former when the next visitor comes, and looks for the latter after each run of each
    page (`runner.postScriptGC`, which is off): with PyTorch loaded that is a third of a second in which
    nobody else is answered, ten times as long as the page itself takes.
    """
    task = asyncio.create_task(_give_back())
    try:
        yield
    finally:
        task.cancel()


async def _give_back() -> None:
    pause, seen = _EVERY, _collections()
    while True:
        await asyncio.sleep(pause)
        ended = _forget_ended_visits()
        if ended or _collections() != seen:
            begun = time.monotonic()
            await asyncio.to_thread(gc.collect)
            pause, seen = max(_EVERY, _REST * (time.monotonic() - begun)), _collections()
        if ended:
            await asyncio.to_thread(give_back_freed_memory)


def _collections() -> int:
    """How often Python has collected garbage: unchanged while nobody does anything."""
    return sum(generation["collections"] for generation in gc.get_stats())


def _forget_ended_visits() -> bool:
    """Drop sessions that nobody can come back to any more; whether there were some.

    Streamlit itself drops them only when the next visitor comes or goes, and has no way to ask for it.
    """
    storage = getattr(getattr(Runtime.instance(), "_session_mgr", None), "_session_storage", None)
    sessions: Any = getattr(storage, "_cache", None)
    return bool(sessions.expire()) if hasattr(sessions, "expire") else False
