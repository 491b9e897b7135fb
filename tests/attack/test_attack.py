"""The parts of `make attack`, and some attacks made small, against one workbench."""

import os
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.attack import memory, report, trial
from tests.attack.kinds.pictures import plain_photo
from tests.attack.kinds.registry import ATTACKS
from tests.attack.probe import broken_pages, look
from tests.attack.space import Space, serve
from tests.attack.stage import Limits, Outcome, Size, Stage, summed_up
from tests.attack.visitor import Absent, Visitor, requested

GUARD = 4 * 10**9
SMALL = ("nested", "strips", "uploads")
THOUSANDTH = Size(scale=0.001, sessions=3, crowd=3)


@pytest.fixture(scope="module")
def space(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Space]:
    with serve(tmp_path_factory.mktemp("space"), GUARD) as running:
        yield running


def test_a_visitor_uploads_and_paints_without_a_browser(space):
    visitor = Visitor(space.url)
    assert ("file_uploader", "Your own photos") in visitor.open().elements
    visitor.upload(("part.jpg", plain_photo(1)))
    visitor.open("compare", "photo=Paint+a+defect")
    canvas = visitor.component("crr_canvas")
    assert canvas["description"].startswith("part.jpg")
    stroke = {"tool": "brush", "size": 20.0, "points": [[9.0, 9.0], [200.0, 90.0]]}
    painting = {"painting": canvas["painting"], "version": 1, "strokes": [stroke]}
    assert not visitor.change("crr_canvas", painting=painting).broken
    assert visitor.component("crr_canvas")["version"] == 1
    with pytest.raises(Absent, match='no button "Fly"'):
        visitor.click("Fly")
    visitor.leave()


def test_a_photo_is_never_on_a_disk(space):
    visitor = Visitor(space.url)
    visitor.open()
    mark = os.urandom(512)
    with requested(space.url, "127.0.0.2") as sending:
        # The first half of an upload, so that the server is in the middle of it.
        sending.putrequest("PUT", visitor.places(1)[0].upload_url)
        sending.putheader("Content-Type", "multipart/form-data; boundary=line")
        sending.putheader("Content-Length", str(40 * 2**20))
        head = b'--line\r\nContent-Disposition: form-data; name="file"; filename="part.png"\r\n\r\n'
        sending.endheaders(head + mark * 2**15)
        time.sleep(1)  # until it has come
        assert [file for file in written_files(space.process) if mark in file] == []
    visitor.upload(("part.jpg", plain_photo(1) + mark))
    assert [file for file in written_files(space.process) if mark in file] == []
    kept = [path for path in space.log.parent.rglob("*") if path.is_file() and not path.is_symlink()]
    assert [path for path in kept if mark in path.read_bytes()] == []
    visitor.leave()


def written_files(root: int) -> Iterator[bytes]:
    """What stands in the files that a process tree may write to, also in those without a name."""
    for process in memory.tree(root):
        for number in Path(f"/proc/{process}/fd").iterdir():
            with suppress(OSError):
                kind, place = number.stat().st_mode, number.readlink()
                if stat.S_ISREG(kind) and "memfd:" not in place.name:
                    yield number.read_bytes()


def test_who_is_not_let_in_has_lost_all_patience():
    assert look("http://127.0.0.1:1", 0) == [30.0]
    assert broken_pages("http://127.0.0.1:1")[0].startswith("start: no connection")


def test_small_attacks_break_nothing(space):
    def act(stage: Stage) -> str:
        return "; ".join(ATTACKS[name](stage) for name in SMALL)

    outcome = trial.watch("small", act, Stage(space, THOUSANDTH), settle=0)
    assert not outcome.note.startswith(("refused", "still"))
    assert len(outcome.during) >= 2
    assert outcome.peak >= outcome.idle > 10**8
    assert outcome.failures(Limits(growth=2.0)) == [], outcome.note


def test_an_attack_that_could_not_be_made_does_not_hold(space):
    def act(stage: Stage) -> str:
        return stage.together(2, lambda _: str(stage.visitor().click("Fly")))

    outcome = trial.watch("none", act, Stage(space, THOUSANDTH), settle=0)
    assert outcome.failures(Limits(growth=9.0))[0].startswith('it was not made: there is no button "Fly"')


def test_memory_is_that_of_children_too_and_the_guard_ends_them():
    child = "import time; taken = bytearray(80_000_000); print('here', flush=True); time.sleep(60)"
    parent = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}])"
    with subprocess.Popen(
        [sys.executable, "-c", parent], stdout=subprocess.PIPE, start_new_session=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"here\n"
        assert len(list(memory.tree(process.pid))) == 2
        assert memory.resident(process.pid) > 80_000_000
        watch = memory.MemoryWatch(process.pid, 60_000_000)
        watch.start()
        assert process.wait(timeout=10) == -9
        watch.stop()
    assert watch.peak >= watch.killed > 60_000_000
    assert memory.settled(process.pid, 60) == 0


def test_the_verdict_names_each_limit_that_did_not_hold(tmp_path):
    good = Outcome("good", 10**9, 2 * 10**9, 10**9, 0, [0.3], [1.0], [0.4])
    assert good.failures(Limits()) == []
    bad = Outcome("bad", 10**9, 4 * 10**9, 13 * 10**8, 0, [0.3], [9.0, 3.0], [3.5], ["models: red"])
    assert bad.failures(Limits()) == [
        "peak over 3.0 GB",
        "another visitor waits 6.0 s during",
        "another visitor waits 3.5 s after",
        "keeps 30% more memory",
        "models: red",
    ]
    killed = Outcome("killed", killed=6 * 10**9)
    assert killed.failures(Limits()) == ["killed by the guard at 6.0 GB"]
    assert report.row(good, Limits()).endswith(" 0.30       1.00      0.40  holds")
    report.write_json([good, killed], Limits(), tmp_path / "found.json")
    assert '"killed by the guard at 6.0 GB"' in (tmp_path / "found.json").read_text()


def test_each_attack_says_what_it_is():
    assert [name for name, act in ATTACKS.items() if not act.__doc__] == []
    assert summed_up(["a", "b", "a"]) == "2 × a; b"
    assert Size(0.001).of(10, least=3) == 3


def test_a_workbench_that_does_not_start_is_shown_with_what_it_printed(tmp_path: Path):
    begun = time.monotonic()
    with (
        pytest.raises(RuntimeError, match="CRR_MAX_BATCH is 'many'"),
        serve(tmp_path, GUARD, CRR_MAX_BATCH="many"),
    ):
        pass
    assert time.monotonic() - begun < 30
