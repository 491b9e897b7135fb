import re
from dataclasses import replace
from unittest.mock import Mock

import pytest

from crr.data.images import encode_png
from crr.errors import DeviceError
from crr.runtime.version import version
from tests.workbench.fakes import CHOICE, FakeLibrary, good_png, pages, part, png
from workbench.exports import lines as lines_module
from workbench.exports.lines import COLUMNS, BatchExport, table_of
from workbench.inspection.batch import Batch
from workbench.settings import Settings


@pytest.fixture
def batch(inspector) -> Batch:
    batch = Batch(Settings())
    names = {"a/part.png": png(), "b/part.png": png(part(spots=[(20, 30), (60, 90)])), "good.png": good_png()}
    batch.add([(name, lambda content=content: content) for name, content in names.items()])
    batch.add([("broken.png", lambda: b"no image")])
    batch.inspect_some(CHOICE, inspector, seconds=9)
    return batch


def by_file(sheet):
    return {line["file"]: line for line in sheet.lines}


def statuses(sheet):
    return {line["file"]: line["status"] for line in sheet.lines}


def test_a_line_says_what_was_found_and_by_which_model_when(batch, inspector):
    sheet = table_of(batch, CHOICE, inspector)
    line = by_file(sheet)["b/part.png"]
    assert set(line) <= set(COLUMNS) == set(sheet.columns)
    assert (line["verdict"], line["regions"], line["limit"]) == ("defective", 2, 0.45)
    assert (line["model"], line["revision"]) == ("crr-embedded", "0123456789ab")
    assert (line["strictness"], line["threshold"], line["version"]) == (1.0, 0.5, version())
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d", line["saved"])
    scores = [line["score"] for line in sheet.lines if "score" in line]
    assert scores == sorted(scores, reverse=True)


def test_every_file_has_a_line_whatever_became_of_it(inspector):
    batch = Batch(Settings(CRR_MAX_BATCH="3"))
    batch.add([("broken.png", lambda: b"no image")])
    batch.inspect_some(CHOICE, inspector, seconds=9)
    names = ("one.png", "two.png", "three.png", "four.png", "five.png")
    batch.add([(name, lambda shade=shade: good_png(shade)) for shade, name in enumerate(names)])
    batch.inspect(next(iter(batch.uploads)), CHOICE, inspector)
    batch.passed_over["gt/one.png"] = "masks, which are no photos"
    sheet = table_of(batch, CHOICE, inspector)
    assert statuses(sheet) == {
        "one.png": "inspected",
        "two.png": "not inspected yet",
        "three.png": "not inspected yet",
        "broken.png": "could not be inspected",
        "four.png": "left out",
        "five.png": "left out",
        "gt/one.png": "passed over",
    }
    reasons = {line["file"]: line["error"] for line in sheet.lines if line["status"] != "inspected"}
    assert "at most 3 images" in reasons["five.png"]
    assert "broken.png" in reasons["broken.png"]
    assert reasons["gt/one.png"] == "Passed over: masks, which are no photos."
    assert reasons["two.png"] == "Not inspected yet when this was saved."
    assert all(line["model"] == "crr-embedded" and line["saved"] for line in sheet.lines)
    expected = {
        "lines": 7,
        "inspected": 1,
        "not inspected yet": 2,
        "could not be inspected": 1,
        "left out": 2,
        "passed over": 1,
    }
    assert expected.items() <= sheet.about.items()


def test_files_left_out_earlier_keep_their_lines(inspector):
    batch = Batch(Settings(CRR_MAX_BATCH="1"))
    for name in ("a.png", "b.png", "c.png", "b.png"):
        batch.add([(name, lambda name=name: good_png(ord(name[0])))])
    assert [line["file"] for line in table_of(batch, CHOICE, inspector).lines] == ["a.png", "c.png", "b.png"]
    digest = next(iter(batch.uploads))
    batch.forget("another", "c.png")
    batch.forget(digest, "a.png")
    batch.add([("b.png", lambda: good_png(98))])
    assert statuses(table_of(batch, CHOICE, inspector)) == {"b.png": "not inspected yet"}


def test_what_waits_for_a_model_says_why(inspector):
    batch = Batch(Settings())
    batch.add([("a.png", png)])
    batch.model_errors[CHOICE.key] = "The GPU has no memory left."
    (line,) = table_of(batch, CHOICE, inspector).lines
    assert (line["status"], line["error"]) == ("not inspected yet", "The GPU has no memory left.")


def test_a_table_is_of_one_moment_while_more_is_inspected(batch, inspector):
    batch.add([(f"late{shade}.png", lambda shade=shade: good_png(shade)) for shade in range(5)])
    export = BatchExport(batch, CHOICE, inspector)
    seen = []

    def keep(upload, _inspected):
        seen.append(upload.name)
        batch.inspect_some(CHOICE, inspector, seconds=9)  # goes on meanwhile
        batch.add([("later.png", lambda: good_png(77))])

    sheet = export.sheet(keep)
    assert len(seen) == 3
    assert list(statuses(sheet).values()).count("not inspected yet") == 5
    assert "later.png" not in statuses(sheet)


def test_a_map_that_cannot_be_made_again_costs_no_line_and_no_other_photo():
    library = FakeLibrary()
    batch = Batch(Settings().model_copy(update={"session_bytes": 60_000}))  # a map or two
    batch.add([(f"part{shade}.png", lambda shade=shade: good_png(shade)) for shade in range(6)])
    batch.inspect_some(CHOICE, library.inspector(), seconds=9)

    def fail(*_):
        raise DeviceError("The GPU has no memory left.")

    library.inspect = fail
    sheet = table_of(batch, CHOICE, library.inspector())
    assert set(statuses(sheet).values()) == {"inspected"}
    assert all(line["verdict"] == "normal" for line in sheet.lines)
    failed = [line for line in sheet.lines if "error" in line]
    assert 0 < len(failed) < 6
    assert all(line["heatmap"] is None and "no memory" in line["error"] for line in failed)


def test_files_of_one_picture_have_a_line_each_that_names_the_others(batch, inspector):
    batch.add([("copy.png", png), ("again.png", png)])
    lines = by_file(table_of(batch, CHOICE, inspector))
    assert lines["copy.png"]["same_picture"] == "a/part.png = again.png"
    assert lines["a/part.png"]["same_picture"] == "copy.png = again.png"
    assert lines["copy.png"]["heatmap"] == lines["a/part.png"]["heatmap"] == "a/part_heatmap.png"
    assert lines["good.png"]["same_picture"] is None


def test_files_of_one_broken_picture_have_a_line_each(batch, inspector):
    batch.add([("copy.png", lambda: b"no image")])
    batch.inspect_some(CHOICE, inspector, seconds=9)
    lines = by_file(table_of(batch, CHOICE, inspector))
    assert lines["copy.png"]["error"] == lines["broken.png"]["error"]


def test_the_regions_of_a_picture_are_counted_once_for_all_its_files(batch, inspector, monkeypatch):
    batch.add([(f"copy{number}.png", png) for number in range(5)])
    count = Mock(side_effect=lines_module.regions_at)
    monkeypatch.setattr(lines_module, "regions_at", count)
    table_of(batch, CHOICE, inspector)
    assert count.call_count == 3


def test_the_table_follows_the_strictness(batch, inspector):
    line = by_file(table_of(batch, CHOICE, inspector, factor=2))["b/part.png"]
    assert (line["limit"], line["verdict"], line["regions"], line["strictness"]) == (
        0.9,
        "check by hand",
        0,
        2,
    )


def test_any_verdict_is_counted(batch, inspector, monkeypatch):
    monkeypatch.setattr(
        "workbench.inspection.uploads.verdict_of",
        lambda score, *_, **__: "no part seen" if score == 0 else "defective",
    )
    about = table_of(batch, CHOICE, inspector).about
    assert (about["verdict: defective"], about["verdict: no part seen"]) == (2, 1)
    assert batch.summary(CHOICE).startswith("3 of 4 inspected: 2 defective, 1 no part seen, 1 could not")


def test_names_of_pictures_do_not_change_with_what_is_found(inspector):
    batch = Batch(Settings())
    images = [part(strength=strength) for strength in (180, 220, 200)]
    batch.add([("part.png", lambda image=image: encode_png(image)) for image in images])
    before = BatchExport(batch, CHOICE, inspector).names
    batch.inspect_some(CHOICE, inspector, seconds=9)
    assert BatchExport(batch, CHOICE, inspector).names == before


def test_a_category_is_written_as_the_model_names_it(library):
    ask = library.inspect
    library.inspect = lambda *asked: [replace(found, category="=part") for found in ask(*asked)]
    batch = Batch(Settings())
    batch.add([("a.png", png)])
    batch.inspect_some(CHOICE, library.inspector(), seconds=9)
    (line,) = table_of(batch, CHOICE, library.inspector()).lines
    assert line["category"] == "=part"


@pytest.mark.parametrize("kind", ["TIFF", "PNG", "WEBP"])
def test_every_page_of_a_file_has_a_line_with_its_number(inspector, kind):
    batch = Batch(Settings())
    batch.add([("scan", lambda: pages(120, 0, 110, kind=kind))])
    batch.inspect_some(CHOICE, inspector, seconds=9)
    lines = table_of(batch, CHOICE, inspector).lines
    assert sorted((line["file"], line["page"]) for line in lines) == [("scan", 1), ("scan", 2), ("scan", 3)]
    assert sorted(line["page"] for line in lines if line["verdict"] == "defective") == [2]
