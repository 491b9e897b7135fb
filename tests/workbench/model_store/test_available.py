import threading
import time
import weakref
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch

from crr.errors import CheckpointError, DeviceError
from tests.workbench.fakes import FakeDetector, FakeLibrary
from workbench.model_store.available import find_models, why_replaced
from workbench.model_store.loaded import Models

MEGABYTE = 2**20


def name_of(detector: FakeDetector) -> str:
    return detector.name


def test_sessions_that_ask_at_the_same_time_load_once():
    library = FakeLibrary(load_seconds=0.05)
    models = Models(library.load, 10 * MEGABYTE)
    with ThreadPoolExecutor(4) as sessions:
        names = list(sessions.map(lambda _: models.use("a", "cpu", name_of), range(4)))
    assert names == ["a"] * 4
    assert library.loads == ["a cpu"]


def test_two_models_load_at_the_same_time():
    both = threading.Barrier(2, timeout=5)

    def load(path: str, *_: object) -> FakeDetector:
        both.wait()  # breaks unless the other model is being loaded too
        return FakeDetector(path)

    models = Models(load, 10 * MEGABYTE)
    with ThreadPoolExecutor(2) as sessions:
        assert list(sessions.map(lambda path: models.use(path, "cpu", name_of), "ab")) == ["a", "b"]


def test_the_model_unused_longest_is_freed_when_the_budget_is_exceeded():
    library = FakeLibrary()
    models = Models(library.load, 2 * MEGABYTE)
    freed = {path: models.use(path, "cpu", weakref.ref) for path in "ab"}
    models.use("a", "cpu", name_of)
    models.use("c", "cpu", name_of)
    assert models.loaded == (("a", "cpu"), ("c", "cpu"))
    assert freed["b"]() is None
    assert freed["a"]() is not None


def test_a_model_is_built_alone_and_only_where_there_is_room_for_it():
    building, sizes = [], {"a": MEGABYTE, "b": MEGABYTE, "wide": 2 * MEGABYTE, "huge": 5 * MEGABYTE}

    def load(path, _device, make_room):
        make_room(sizes[path])
        building.append(path)
        time.sleep(0.05)
        assert len(building) == 1
        building.remove(path)
        return FakeDetector(path)

    models = Models(load, 2 * MEGABYTE)
    with ThreadPoolExecutor(2) as sessions:
        assert list(sessions.map(lambda path: models.use(path, "cpu", name_of), "ab")) == ["a", "b"]
    models.use("wide", "cpu", name_of)  # whose building needs all the room there is
    assert models.loaded == (("wide", "cpu"),)
    with pytest.raises(CheckpointError, match=r"needs 0\.01 GB"):
        models.use("huge", "cpu", name_of)
    assert models.loaded == (("wide", "cpu"),)  # nobody gave way to what can never be had


def test_a_model_that_was_trained_anew_is_loaded_again_and_the_old_one_freed():
    library = FakeLibrary()
    models = Models(library.load, 10 * MEGABYTE)
    old = models.use("a", "cpu", weakref.ref, "1")
    models.use("a", "cpu", name_of, "1")
    models.use("a", "cpu", name_of, "2")
    assert library.loads == ["a cpu"] * 2
    assert models.loaded == (("a", "cpu"),)
    assert old() is None


def test_a_model_in_use_is_never_freed():
    models = Models(FakeLibrary().load, MEGABYTE)

    def meanwhile_another_is_loaded(detector: FakeDetector) -> weakref.ref[FakeDetector]:
        models.use("b", "cpu", name_of)
        assert models.loaded == (("a", "cpu"),)  # which is used, so it is the other that has to go
        assert detector.weights.numel() == 2**18  # still whole
        return weakref.ref(detector)

    assert models.use("a", "cpu", meanwhile_another_is_loaded)() is not None
    assert models.loaded == (("a", "cpu"),)


def load_with_room(path, _device, make_room):
    make_room(MEGABYTE)
    return FakeDetector(path)


def test_models_in_use_are_waited_for_and_never_more_in_memory_than_allowed():
    models, held, release = Models(load_with_room, 2 * MEGABYTE), threading.Barrier(3), threading.Event()
    alive: list[weakref.ref[FakeDetector]] = []

    def work(detector: FakeDetector) -> int:
        alive.append(weakref.ref(detector))
        if len(alive) <= 2:
            held.wait(5)
            release.wait(5)
        return sum(one() is not None for one in alive)

    with ThreadPoolExecutor(3) as sessions:
        first = [sessions.submit(models.use, path, "cpu", work) for path in "ab"]
        held.wait(5)
        third = sessions.submit(models.use, "c", "cpu", work)
        time.sleep(0.1)
        assert not third.done()
        assert len(alive) == 2
        release.set()
        assert third.result(5) == 2
        assert all(one.result(5) <= 2 for one in first)


def test_who_waits_for_room_too_long_is_told_so():
    models = Models(load_with_room, MEGABYTE, patience=0.05)

    def meanwhile_another_is_wanted(_detector: FakeDetector) -> None:
        with pytest.raises(DeviceError, match="busy: other models are in use"):
            models.use("b", "cpu", name_of)

    models.use("a", "cpu", meanwhile_another_is_wanted)
    assert models.use("b", "cpu", name_of) == "b"
    assert models.loaded == (("b", "cpu"),)


@pytest.mark.parametrize("kind", ["cuda", "mps"])
def test_memory_of_the_gpu_is_given_back(monkeypatch, kind):
    emptied = []
    monkeypatch.setattr("torch.accelerator.current_accelerator", lambda **_: torch.device(kind))
    monkeypatch.setattr(f"torch.{kind}.empty_cache", lambda: emptied.append(True))
    models = Models(FakeLibrary().load, MEGABYTE)
    models.use("a", "cpu", name_of)
    assert not emptied
    models.use("b", "cpu", name_of)
    assert emptied == [True]


def test_a_model_that_cannot_be_loaded_is_tried_again():
    calls = []

    def load(path: str, *_: object) -> FakeDetector:
        calls.append(path)
        if len(calls) == 1:
            raise CheckpointError("broken")
        return FakeDetector(path)

    models = Models(load, MEGABYTE)
    with pytest.raises(CheckpointError, match="broken"):
        models.use("a", "cpu", name_of)
    assert models.use("a", "cpu", name_of) == "a"


def test_no_model_at_all_is_a_sentence_that_says_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setenv("CRR_CHECKPOINTS", str(tmp_path))
    with pytest.raises(CheckpointError, match="crr train"):
        find_models()


def test_a_model_that_is_not_there_is_told_from_a_damaged_one(tmp_path, monkeypatch, caplog):
    monkeypatch.setenv("CRR_CHECKPOINTS", str(tmp_path / "checkpoints"))
    for name in ("parts", "../secret", "", 100 * "a"):
        sentence = f'There is no model "{name[:60]}" on this machine, so other is used instead.'
        assert why_replaced(name, "other") == sentence
    (tmp_path / "checkpoints" / "parts").mkdir(parents=True)
    (tmp_path / "secret").mkdir()
    (tmp_path / "checkpoints" / "parts" / "config.json").write_text("{")
    assert why_replaced("parts", "other") == (
        'The model "parts" is damaged or was made by a newer version, so other is used instead. '
        "Copy it again or update the workbench; the log of the server says more."
    )
    assert str(tmp_path / "checkpoints" / "parts" / "config.json") in caplog.text
    assert why_replaced("../secret", "other").startswith("There is no model")


def test_a_file_that_is_gone_before_it_is_looked_at_hides_no_model(tmp_path, monkeypatch):
    monkeypatch.setenv("CRR_CHECKPOINTS", str(tmp_path))
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts" / ".config.json.tmp").symlink_to(tmp_path / "gone")
    with pytest.raises(CheckpointError, match="no model on this machine"):
        find_models()
