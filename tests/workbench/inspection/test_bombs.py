"""Uploads that cost a decoder much: each is a sentence in the table, and the others are inspected."""

import os
import signal
import sys
from collections.abc import Iterator

import pytest

from crr.data.sandbox.messages import Limits
from crr.data.sandbox.sandbox import Sandbox
from tests.crr.data.bounds.bombs import jpeg_of_scans, packed_bmp, tiff
from tests.workbench.fakes import CHOICE, good_png, part, png
from workbench.inspection import uploads
from workbench.inspection.batch import Batch
from workbench.settings import Settings


@pytest.fixture
def strict(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    """A sandbox that all uploads go to, and that waits for a second only."""
    with Sandbox(1, Limits(seconds=1)) as sandbox:
        monkeypatch.setattr(uploads, "sandbox", lambda: sandbox)
        yield sandbox


@pytest.mark.usefixtures("strict")
def test_bombs_are_sentences_and_the_rest_go_on(inspector) -> None:
    bombs = {
        "strips.tif": tiff((273, 4, 100_000, 8), data=bytes(400_000)),
        "scans.jpg": jpeg_of_scans(500),
        "hangs.bmp": packed_bmp(7900),
    }
    batch = Batch(Settings())
    batch.add([(name, lambda content=content: content) for name, content in bombs.items()])
    batch.add([("good.png", good_png), ("bad.png", png)])
    batch.inspect_some(CHOICE, inspector, seconds=99)
    assert [row.name for row in batch.rows(CHOICE)] == ["bad.png", "good.png"]
    said = {failure.names[0]: failure.sentence for failure in batch.failures.values()}
    assert said.keys() == bombs.keys()
    assert said["strips.tif"].startswith("strips.tif lists 100,000 strips")
    assert said["scans.jpg"].startswith("scans.jpg lists more than 100 scans")
    assert said["hangs.bmp"].startswith("hangs.bmp takes longer than 1 s to decode")


def test_uploads_are_not_even_opened_in_this_process(
    strict: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    strict.decode(png())
    for module in [module for name, module in sys.modules.items() if name.startswith("crr.data.")]:
        monkeypatch.delattr(module, "open_image", raising=False)
    [upload] = uploads.pages_of("digest", "part.png", png())
    assert upload.facts is not None
    assert upload.facts.header is not None
    assert upload.file().image.shape == part().shape


def test_a_process_that_ends_costs_no_visitor_more_than_one_photo(strict: Sandbox, inspector) -> None:
    batch = Batch(Settings())
    batch.add([("good.png", good_png), ("bad.png", png)])
    for pid in strict.pids:
        os.kill(pid, signal.SIGKILL)
    batch.inspect_some(CHOICE, inspector, seconds=99)
    assert len(batch.rows(CHOICE)) + len(batch.failures) == 2
    assert len(batch.failures) <= 1


def test_one_sandbox_serves_all_visitors_within_the_memory_of_the_settings(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(uploads, "settings", lambda: Settings(CRR_IMAGE_MEMORY_MB="700"))
    uploads.sandbox.cache_clear()
    try:
        assert uploads.sandbox() is uploads.sandbox()
        assert uploads.sandbox().limits.memory == 700 * 2**20
    finally:
        uploads.sandbox.cache_clear()
