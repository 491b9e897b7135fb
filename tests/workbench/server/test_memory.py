"""What visitors hold is known, and freed once they have left."""

import asyncio
import gc
import weakref
from types import SimpleNamespace

import pytest
from streamlit.runtime import Runtime
from streamlit.runtime.memory_session_storage import MemorySessionStorage
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.state import SessionState
from streamlit.runtime.uploaded_file_manager import UploadedFileRec

from tests.workbench.fakes import CHOICE, png
from workbench.inspection.batch import Batch
from workbench.inspection.explanation_cache import ExplanationCache
from workbench.inspection.visitor import VisitorState
from workbench.server import memory
from workbench.server.memory import held_by_visitors, memory_given_back
from workbench.settings import Settings


@pytest.fixture
def runtime(monkeypatch):
    """A runtime with sessions that nobody can come back to after a moment."""
    running = SimpleNamespace(
        uploaded_file_mgr=MemoryUploadedFileManager("/_stcore/upload_file"),
        _session_mgr=SimpleNamespace(_session_storage=MemorySessionStorage(ttl_seconds=0.05)),
    )
    monkeypatch.setattr(Runtime, "exists", lambda: True)
    monkeypatch.setattr(Runtime, "instance", lambda: running)
    return running


def session(name):
    return SimpleNamespace(session=SimpleNamespace(id=name, session_state=SessionState()))


def test_uploads_are_counted_for_each_session_and_tables_that_outlive_their_uploader_for_all(runtime):
    before = held_by_visitors()[""]
    content = png()
    batch = Batch(Settings())
    batch.add([("part.png", lambda: content)])
    assert held_by_visitors() == {"": before + len(content)}
    runtime.uploaded_file_mgr.add_file("mine", UploadedFileRec("1", "part.png", "image/png", content))
    assert held_by_visitors()["mine"] == len(content)
    assert sum(held_by_visitors().values()) == before + len(content)
    runtime.uploaded_file_mgr.add_file("other", UploadedFileRec("2", "part.png", "image/png", bytes(999)))
    assert held_by_visitors() == {"": before, "mine": len(content), "other": 999}  # which no table has
    del batch
    assert held_by_visitors()["mine"] == len(content)


def test_without_a_server_nobody_holds_anything(monkeypatch):
    monkeypatch.setattr(Runtime, "exists", lambda: False)
    assert held_by_visitors() == {}


def test_ended_visits_are_forgotten_by_a_timer_and_memory_goes_back(runtime, monkeypatch):
    given_back = []
    monkeypatch.setattr(memory, "_EVERY", 0.1)
    monkeypatch.setattr(memory, "give_back_freed_memory", lambda: given_back.append(1))
    storage = runtime._session_mgr._session_storage
    storage.save(session("left"))

    async def serve():
        async with memory_given_back(None):
            for _ in range(100):
                await asyncio.sleep(0.1)
                if given_back:
                    await asyncio.sleep(0.3)
                    return

    asyncio.run(serve())
    assert len(storage._cache) == 0
    assert given_back == [1]  # once, as nobody left since


def test_what_absent_visitors_found_is_forgotten_once_and_their_photos_are_kept(runtime, inspector):
    visitor = VisitorState(Settings(), "bottle_good")
    visitor.take([("part.png", png)])
    [digest] = visitor.batch.uploads
    explanations = ExplanationCache(inspector, 2**30)
    explanations._kept.put("photo", "what a model said", 1)
    state = SessionState()
    state["visit"], state["explanations"], state["other"] = visitor, explanations, 7
    visitor.batch.inspect(digest, CHOICE, inspector)
    storage = runtime._session_mgr._session_storage
    storage.save(SimpleNamespace(session=SimpleNamespace(id="away", session_state=state)))
    away = memory._forget_what_absent_visitors_found(frozenset())
    assert away == {"away"}
    assert len(explanations._kept) == len(visitor.batch._results) == 0
    assert len(visitor.batch.rows(CHOICE)) == len(visitor.batch.uploads) == 1
    visitor.batch.inspect(digest, CHOICE, inspector)
    memory._forget_what_absent_visitors_found(away)
    assert len(visitor.batch._results) == 1  # which was found since


class Leftover:
    """What is freed only by looking for it."""

    def __init__(self):
        self.itself = self


@pytest.fixture
def no_collections_but_ours(monkeypatch):
    monkeypatch.setattr(memory, "_EVERY", 0.05)
    gc.disable()
    yield
    gc.enable()


@pytest.mark.usefixtures("runtime", "no_collections_but_ours")
def test_what_pages_leave_behind_is_freed_by_the_timer():
    leftover = Leftover()
    gc.collect()  # now it is old, and only a whole collection finds it
    seen = weakref.ref(leftover)
    del leftover

    async def serve():
        async with memory_given_back(None):
            await asyncio.sleep(0.2)
            assert seen() is not None  # nobody did anything
            gc.collect(0)  # as happens while a page runs
            for _ in range(100):
                await asyncio.sleep(0.1)
                if seen() is None:
                    return
            pytest.fail("it was never freed")

    asyncio.run(serve())


@pytest.mark.usefixtures("runtime")
def test_the_timer_goes_on_after_a_mistake(monkeypatch, caplog):
    monkeypatch.setattr(memory, "_EVERY", 0.05)
    asked = []
    monkeypatch.setattr(memory, "_forget_ended_visits", lambda: asked.append(1) or 1 / 0)

    async def serve():
        async with memory_given_back(None):
            await asyncio.sleep(0.5)

    asyncio.run(serve())
    assert len(asked) > 2
    assert "could not be given back" in caplog.text


def test_an_unknown_storage_is_left_alone(runtime):
    runtime._session_mgr = None
    assert not memory._forget_ended_visits()
