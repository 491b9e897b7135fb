"""What becomes of files that hang, fill or end the process that decodes them, and of the files after them."""

import gc
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import numpy as np
import PIL.Image
import pytest

from crr.data import image_header
from crr.data.images import decode
from crr.data.sandbox import worker
from crr.data.sandbox.messages import Limits
from crr.data.sandbox.sandbox import Sandbox
from crr.errors import ImageError
from crr.types import Image
from tests.crr.data.bounds.bombs import packed_bmp
from tests.crr.data.sandbox.liar import ANSWERS, HALF
from tests.crr.files import chunk, corners, png, saved

ROOT = Path(__file__).parents[4]
GOOD = saved(corners(), "PNG")
HANGS = packed_bmp(7900)


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(2) as shared:
        yield shared


def wait_until(holds: Callable[[], bool]) -> None:
    end = time.perf_counter() + 20
    while not holds():
        assert time.perf_counter() < end
        time.sleep(0.02)


def has_ended(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


def sentence(asked: Callable[[], Image]) -> str:
    with pytest.raises(ImageError) as caught:
        asked()
    text = str(caught.value)
    assert text.startswith("part")
    assert text.endswith(".")
    assert "\n" not in text
    return text


def test_a_process_is_used_again(sandbox: Sandbox) -> None:
    for _ in range(3):
        assert np.array_equal(sandbox.decode(GOOD), corners())
    assert len(sandbox.pids) == 1


def test_the_process_knows_neither_torch_nor_the_program() -> None:
    code = (
        "import sys, crr.data.sandbox.child; print(sorted({'torch', 'streamlit', 'timm'} & set(sys.modules)))"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert told.stdout.strip() == "[]"


def test_a_file_that_hangs_its_decoder_costs_itself_alone() -> None:
    with Sandbox(1, Limits(seconds=1, usual_pixels=image_header.MAX_PIXELS)) as sandbox:
        assert np.array_equal(sandbox.decode(GOOD), corners())
        before, start = sandbox.pids, time.perf_counter()
        said = sentence(lambda: sandbox.decode(HANGS, "part.bmp"))
        assert time.perf_counter() - start < 5
        assert said.startswith("part.bmp takes longer than 1 s to decode, the most allowed:")
        assert all(has_ended(pid) for pid in before)
        assert np.array_equal(sandbox.decode(GOOD), corners())
        assert not before & sandbox.pids


def test_a_file_that_fills_the_memory_costs_itself_alone() -> None:
    large = saved(PIL.Image.new("RGB", (8000, 8000)), "PNG")
    with Sandbox(1, Limits(memory=200 * 2**20)) as sandbox:
        assert np.array_equal(sandbox.decode(GOOD), corners())
        assert "needs more memory than is free" in sentence(lambda: sandbox.decode(large, "part.png"))
        assert np.array_equal(sandbox.decode(GOOD), corners())


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV])
def test_a_process_that_is_ended_midway_gives_a_sentence(number: signal.Signals) -> None:
    with Sandbox(1) as sandbox, ThreadPoolExecutor(1) as pool:
        asked: Future[Image] = pool.submit(sandbox.decode, HANGS, "part.bmp")
        wait_until(lambda: len(sandbox.pids) == 2)
        [decoder] = sandbox._large._all
        wait_until(lambda: decoder._ready)
        time.sleep(0.2)  # until it is at work
        os.kill(decoder.pid, number)
        assert "part.bmp made its decoder fail" in sentence(asked.result)
        assert np.array_equal(sandbox.decode(GOOD), corners())


def test_a_process_that_ended_while_it_had_nothing_to_do_costs_no_image(sandbox: Sandbox) -> None:
    sandbox.decode(GOOD)
    for pid in sandbox.pids:
        os.kill(pid, signal.SIGKILL)
        wait_until(lambda pid=pid: has_ended(pid))  # type: ignore[misc]
    assert np.array_equal(sandbox.decode(GOOD), corners())


def test_many_at_once_share_the_processes_and_a_bomb_disturbs_nobody() -> None:
    pictures = [np.full((40 + number, 60, 3), number, np.uint8) for number in range(24)]
    files = [saved(picture, "PNG") for picture in pictures]
    with Sandbox(2, Limits(seconds=1)) as sandbox, ThreadPoolExecutor(8) as pool:
        bomb = pool.submit(sandbox.decode, HANGS, "part.bmp")
        found = list(pool.map(sandbox.decode, files))
        assert len(sandbox.pids) <= 3
        assert "takes longer" in sentence(bomb.result)
    assert all(np.array_equal(image, picture) for image, picture in zip(found, pictures, strict=True))


def test_large_photos_wait_for_each_other_and_nobody_waits_for_them() -> None:
    with Sandbox(2, Limits(seconds=2)) as sandbox, ThreadPoolExecutor(2) as pool:
        sandbox.decode(GOOD)
        start = time.perf_counter()
        large = [pool.submit(sandbox.decode, HANGS, "part.bmp") for _ in range(2)]
        wait_until(lambda: bool(sandbox._large.pids))  # of all it may be two or three, as both ask first
        assert np.array_equal(sandbox.decode(GOOD), corners())
        assert time.perf_counter() - start < 2
        assert all("takes longer" in sentence(asked.result) for asked in large)
        assert time.perf_counter() - start > 4


def test_a_photo_that_finds_too_little_memory_gets_more() -> None:
    photo = np.full((3800, 4000, 3), 7, np.uint8)
    with Sandbox(1, Limits(usual_memory=2**25)) as sandbox:
        assert np.array_equal(sandbox.decode(saved(photo, "PNG")), photo)
        assert len(sandbox._large.pids) == 1


def test_what_a_large_photo_says_of_itself_is_told_at_once() -> None:
    with Sandbox(1) as sandbox:
        eight_bits = sandbox.facts_of(HANGS, "part.bmp", "digest", decode=False)
        assert eight_bits.header is not None
        assert not sandbox._large.pids
        silent = sandbox.facts_of(png(np.full((4000, 4100), 999, np.uint16)), "", "digest", decode=False)
        assert silent.extremes == (999, 999)
        said = png(np.full((4000, 4100), 999, np.uint16), chunk(b"sBIT", bytes([12])))
        assert sandbox.facts_of(said, "", "digest", decode=False).high is False
        assert len(sandbox._large.pids) == 1


@pytest.mark.parametrize("lie", ANSWERS)
def test_what_a_process_makes_up_is_not_believed(lie: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "_CHILD", "tests.crr.data.sandbox.liar")
    monkeypatch.setenv("CRR_TEST_LIE", lie)
    with Sandbox(1) as sandbox:
        assert "made its decoder fail" in sentence(lambda: sandbox.decode(GOOD, "part.png"))
        facts = sandbox.facts_of(GOOD, "part.png", "digest", decode=False)
        assert "made its decoder fail" in facts.error or lie == "something else"
        assert len(sandbox.pids) == (lie == "something else")


def test_half_an_answer_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "_CHILD", "tests.crr.data.sandbox.liar")
    monkeypatch.setenv("CRR_TEST_LIE", HALF)
    with Sandbox(1, Limits(seconds=1)) as sandbox:
        assert "takes longer than 1 s" in sentence(lambda: sandbox.decode(GOOD, "part.png"))
        assert not sandbox.pids


def test_a_process_knows_no_token_and_cannot_fill_what_both_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", "secret")
    with Sandbox(1) as sandbox:
        sandbox.decode(GOOD)
        [pid] = sandbox.pids
        assert b"secret" not in Path(f"/proc/{pid}/environ").read_bytes()
        limits = Path(f"/proc/{pid}/limits").read_text()
    assert re.search(rf"Max file size +{200 * 2**20}", limits)


def test_a_closed_sandbox_starts_nothing() -> None:
    with Sandbox(1) as sandbox, ThreadPoolExecutor(1) as pool:
        asked: Future[Image] = pool.submit(sandbox.decode, HANGS, "part.bmp")
        wait_until(lambda: len(sandbox.pids) == 2)
        sandbox.close()
        assert "part.bmp" in sentence(asked.result)
        assert not sandbox.pids
        with pytest.raises(ImageError, match="cannot be decoded now"):
            sandbox.decode(GOOD)


def test_a_process_that_cannot_be_started(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "_CHILD", "json.no_such_module")
    with Sandbox(1) as sandbox:
        assert "cannot be decoded now" in sentence(lambda: sandbox.decode(GOOD, "part.png"))
        assert not sandbox.pids


def test_a_process_that_holds_much_after_its_image_is_replaced() -> None:
    with Sandbox(1, Limits(memory=48 * 2**20)) as sandbox:  # more than half is kept by the first picture
        first = sandbox.decode(saved(PIL.Image.new("RGB", (2000, 2000)), "PNG"))
        assert first.shape == (2000, 2000, 3)
        assert not sandbox.pids


def test_the_first_process_can_be_started_ahead() -> None:
    with Sandbox(1) as sandbox:
        sandbox.warm()
        sandbox.warm()
        before = sandbox.pids
        assert len(before) == 1
        sandbox.decode(GOOD)
        assert sandbox.pids == before


@pytest.mark.parametrize("end", ["close", "forget"])
def test_processes_end_with_their_sandbox(end: str) -> None:
    sandbox: Sandbox | None = Sandbox(1)
    assert sandbox is not None
    sandbox.decode(GOOD)
    [pid] = sandbox.pids
    if end == "close":
        sandbox.close()
    sandbox = None
    gc.collect()
    wait_until(lambda: has_ended(pid))


SCRIPT = """
import os, sys
from crr.data.sandbox.sandbox import Sandbox
sandbox = Sandbox()
print(sandbox.decode(sys.argv[1]).shape, *sandbox.pids, flush=True)
"""


def told_by(script: str, file: Path, code: int = 0) -> str:
    asked = [sys.executable, "-c", script, file]
    told = subprocess.run(asked, capture_output=True, text=True, cwd=ROOT)
    assert told.stderr == ""
    assert told.returncode == code
    return told.stdout.strip()


@pytest.mark.parametrize(("end", "code"), [("", 0), ("os.kill(os.getpid(), 9)", -9), ("os._exit(3)", 3)])
def test_processes_end_with_a_script_however_it_ends(tmp_path: Path, end: str, code: int) -> None:
    file = tmp_path / "part.png"
    file.write_bytes(GOOD)
    shape, _, pid = told_by(SCRIPT + end, file, code).rpartition(" ")
    assert shape == str(corners().shape)
    wait_until(lambda: has_ended(int(pid)))


@pytest.mark.parametrize("name", ["", "part.png", "t\udce4l.png", "a {b} %s \ue000\\1.png"])
def test_sentences_have_the_name_of_the_file_whatever_it_is(sandbox: Sandbox, name: str) -> None:
    for file in (b"", b"GIF89a", GOOD[:60], saved(PIL.Image.new("L", (5, 50)), "PNG")):
        with pytest.raises(ImageError) as here:
            decode(file, name)
        with pytest.raises(ImageError) as apart:
            sandbox.decode(file, name)
        assert str(here.value) == str(apart.value)
        assert here.value.remedy == apart.value.remedy


def test_paths_and_limits_are_told_as_without(
    sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "part.png"
    with pytest.raises(ImageError, match="There is no image file"):
        sandbox.decode(path)
    path.write_bytes(GOOD)
    assert np.array_equal(sandbox.decode(path), corners())
    assert np.array_equal(sandbox.decode(str(path)), corners())
    with pytest.raises(TypeError):
        sandbox.decode(3)  # type: ignore[arg-type]
    monkeypatch.setattr(image_header, "MAX_BYTES", 100)
    assert "is larger than" in sandbox.facts_of(GOOD, "part.png", "digest", decode=False).error


@pytest.mark.parametrize("wait", [0.0, 0.2, 2.0])
def test_a_process_that_nobody_listened_to_says_nothing(wait: float) -> None:
    code = (
        "import os, sys, time; from crr.data.sandbox.sandbox import Sandbox; s = Sandbox(); s.warm(); "
        f"time.sleep({wait}); os._exit(0)"
    )
    # Whoever reads to the end hears the process apart as well, which ends after its parent.
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ended.stderr == ""
