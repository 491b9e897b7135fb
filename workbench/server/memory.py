"""What visitors hold in memory, and how it is given back once they have left."""

import asyncio
import gc
import logging
import time
from collections.abc import AsyncIterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Any

from streamlit.runtime import Runtime
from streamlit.runtime.memory_session_storage import MemorySessionStorage
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager

from crr.runtime.allocator import give_back_freed_memory
from workbench.basics.cache import Findings
from workbench.inspection.batch import contents_in_batches

_log = logging.getLogger(__name__)

_EVERY = 5.0  # seconds
_REST = 20  # times as long as a collection took: so long nothing is collected after it
_SHARED = ""
_freeing = ThreadPoolExecutor(1, "freeing")


def held_by_visitors() -> Mapping[str, int]:
    """Session to the bytes of its uploads; "" for what no uploader lists any more, and tables still hold."""
    if not Runtime.exists():
        return {}
    manager = Runtime.instance().uploaded_file_mgr
    assert isinstance(manager, MemoryUploadedFileManager)
    tables, held = contents_in_batches(), {}
    for session, files in list(manager.file_storage.items()):
        contents = [file.data for file in list(files.values())]
        held[session] = sum(map(len, contents))
        for content in contents:  # which a table holds too, and not a second time
            tables.pop(id(content), None)
    return held | {_SHARED: sum(tables.values())}


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
    pause, seen, absent = _EVERY, _collections(), frozenset[str]()
    while True:
        await asyncio.sleep(pause)
        try:
            ended = _forget_ended_visits()
            absent = _forget_what_absent_visitors_found(absent)
            if ended or _collections() != seen:
                begun = time.monotonic()
                gc.collect()
                pause, seen = max(_EVERY, _REST * (time.monotonic() - begun)), _collections()
            if ended:
                # In a thread of its own: files that visitors save fill those that all share.
                await asyncio.get_running_loop().run_in_executor(_freeing, give_back_freed_memory)
        except Exception:  # the next time may go better, and nobody else does it
            _log.exception("what ended visits held could not be given back")


def _collections() -> int:
    """How often Python has collected garbage: unchanged while nobody does anything."""
    return sum(generation["collections"] for generation in gc.get_stats())


def _forget_what_absent_visitors_found(before: frozenset[str]) -> frozenset[str]:
    """Drop what can be found again of visitors whose connection is gone; who they are.

    They may come back within two minutes, which is how long Streamlit keeps their photos and choices.

    Args:
        before: Those of whom it was dropped already.
    """
    storage = _storage()
    absent = {} if storage is None else {kept.session.id: kept.session for kept in storage.list()}
    for name, session in absent.items():
        if name not in before:
            for value in session.session_state.filtered_state.values():
                if isinstance(value, Findings):
                    value.forget_found()
    return frozenset(absent)


def _forget_ended_visits() -> bool:
    """Drop sessions that nobody can come back to any more; whether there were some.

    Streamlit itself drops them only when the next visitor comes or goes, and has no way to ask for it.
    """
    sessions: Any = getattr(_storage(), "_cache", None)
    return bool(sessions.expire()) if hasattr(sessions, "expire") else False


def _storage() -> MemorySessionStorage | None:
    """Where Streamlit keeps visits whose connection is gone; None if this version has it elsewhere."""
    storage = getattr(getattr(Runtime.instance(), "_session_mgr", None), "_session_storage", None)
    return storage if isinstance(storage, MemorySessionStorage) else None
