"""What the pages say of photos that no model can judge, and of photos whose depth nobody knows."""

import csv
import io
import json

import cv2
import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from crr.data.images import encode_png
from crr.inference.content import shows_something
from crr.types import usual_score, verdict_of
from tests.workbench.fakes import CHOICE, inspection_of, part, png, use_inspector
from workbench.exports.lines import table_of
from workbench.exports.spreadsheet import as_csv, as_json
from workbench.inspection.visitor import VisitorState

pytestmark = pytest.mark.usefixtures("fake_workbench", "judging")

PLAIN = {
    "black.png": encode_png(np.zeros((96, 128, 3), np.uint8)),
    "white.png": encode_png(np.full((96, 128, 3), 255, np.uint8)),
    "grey.png": encode_png(np.full((96, 128, 3), 128, np.uint8)),
    "clear.png": cv2.imencode(".png", np.dstack([part(), np.zeros((96, 128), np.uint8)]))[1].tobytes(),
}
BLUE = np.array([120, 120, 255], np.uint8)
"""A colour that the model was never trained on."""


def good() -> bytes:
    image = part(spots=())
    image[60:70, 60:70] = 90
    return encode_png(image)


def strange() -> bytes:
    image = part()
    image[60:70, 60:70] = BLUE
    return encode_png(image)


@pytest.fixture
def judging(library, monkeypatch) -> None:
    """The models look for content as real ones do, and know no part with this blue in it."""

    def judged(image):
        found = inspection_of(image)
        seen = shows_something(image)
        known = seen and not (image == BLUE).all(axis=-1).any()
        verdict = verdict_of(
            found.score, found.threshold, usual_score(found.normal_scores), known=known, seen=seen
        )
        return inspection_of(image, seen=seen, known=known, verdict=verdict)

    library.inspect = lambda _detector, images, _passes: [judged(image) for image in images]
    use_inspector(monkeypatch, library.inspector())


@pytest.fixture
def app(app_path) -> AppTest:
    app = AppTest.from_file(str(app_path), default_timeout=60)
    app.switch_page("pages/inspect.py")
    app.run()
    return app


def upload(app: AppTest, **files: bytes) -> None:
    uploader = next(uploader for uploader in app.file_uploader if uploader.label == "Your own photos")
    uploader.set_value([(name, content, "image/png") for name, content in files.items()]).run()
    for _ in range(len(files)):  # each run is a turn of the batch
        app.run()
    assert not app.exception


def answer(app: AppTest) -> str:
    return next(html.proto.body for html in app.get("html") if 'class="answer' in html.proto.body)


def texts(elements) -> str:
    return " ".join(element.value for element in elements)


@pytest.mark.parametrize("name", PLAIN)
def test_a_blind_camera_is_no_part_seen(app, name):
    upload(app, **{name: PLAIN[name]})
    assert "No part seen" in answer(app)
    assert "looks like" not in answer(app)
    assert "This photo shows nothing: it is black, white, saturated, empty, or noise alone." in texts(
        app.warning
    )


def test_photos_without_a_verdict_are_counted_apart(app):
    brought = {**PLAIN, "strange.png": strange(), "good.png": good(), "bad.png": png()}
    upload(app, **brought)
    assert "7 of 7 inspected: 1 defective" in texts(app.markdown)
    for counted in ("4 no part seen", "1 unknown part"):
        assert counted in texts(app.markdown)
    shown = app.segmented_control(key="table_filter")
    assert shown.options == ["all (7)", "defective (1)", "normal (1)", "unknown part (1)", "no part seen (4)"]
    shown.set_value("no part seen").run()
    assert sorted(app.dataframe[0].value["file"]) == sorted(PLAIN)
    assert set(app.dataframe[0].value["verdict"]) == {"no part seen"}
    app.segmented_control(key="table_filter").set_value("unknown part").run()
    assert list(app.dataframe[0].value["file"]) == ["strange.png"]


def test_what_the_files_are_is_said_above_the_table(app):
    upload(app, **{"a.png": good(), "copy.png": good()})
    expander = next(expander for expander in app.expander if expander.label == "What your files are")
    said = texts(expander.markdown)
    assert "- 2 images. PNG, 8 bits, RGB, 128 x 96 pixels." in said
    assert "- 1 file with the same content as another: a.png = copy.png." in said


def test_files_to_keep_hold_these_verdicts(app, library):
    upload(app, **PLAIN, **{"strange.png": strange(), "good.png": good()})
    visitor: VisitorState = app.session_state["visit"]
    sheet = table_of(visitor.batch, CHOICE, library.inspector())
    expected = dict.fromkeys(PLAIN, "no part seen") | {"strange.png": "unknown part", "good.png": "normal"}
    lines = list(csv.DictReader(io.StringIO(as_csv(sheet).decode("utf-8-sig"))))
    assert {line["file"]: line["verdict"] for line in lines} == expected
    assert {line["file"] for line in lines if line["known"] == "yes"} == {"good.png"}
    saved = json.loads(as_json(sheet))
    assert saved["about"]["verdict: no part seen"] == 4
    assert {line["file"]: line["verdict"] for line in saved["files"]} == expected


@pytest.mark.parametrize(
    ("content", "verdict", "why"),
    [
        (PLAIN["black.png"], "no part seen", "black, white, saturated, empty, or noise alone"),
        (strange(), "unknown part", "unlike anything it was trained on"),
    ],
)
def test_compare_says_why_a_model_gives_no_verdict(app, monkeypatch, content, verdict, why):
    drawn = {}
    monkeypatch.setattr(
        "workbench.views.compare.columns.show_panels", lambda drawing, key: drawn.update({key: drawing})
    )
    upload(app, **{"photo.png": content})
    app.switch_page("pages/compare.py").run()
    assert not app.exception
    _, *models = drawn["columns"]["panels"]
    assert len(models) == 2
    for panel in models:
        assert why in str(panel)
        assert verdict in str(panel).lower()


def test_a_depth_that_nobody_knows_is_asked_for_else_said_to_be_guessed_and_can_be_chosen(app):
    # 12 bits in 16: read as 12 bits the red square is a defect, read as 16 it is nearly black.
    values = (part().astype(np.uint16) * 16)[..., ::-1]
    deep, other = (cv2.imencode(".png", pixels)[1].tobytes() for pixels in (values, values // 2))
    upload(app, **{"deep.png": deep})
    [asked] = [warning.value for warning in app.warning]
    assert "deep.png does not say which value is white, and one image alone does not tell" in asked
    assert "as 12 bits do" in asked
    choose = next(box for box in app.selectbox if box.label == "Values of black and white")
    assert choose.value == "not known: choose what the camera has"
    choose.set_value("12 bits: 0 to 4095").run()
    assert "Defective" in answer(app)
    assert not app.warning
    upload(app, **{"deep.png": deep, "other.png": other})
    choose = next(box for box in app.selectbox if box.label == "Values of black and white")
    choose.set_value(choose.options[0]).run()
    choose = next(box for box in app.selectbox if box.label == "Values of black and white")
    assert choose.value == "guessed from your photos: 0 to 4095"
    choose.set_value("16 bits: 0 to 65535").run()
    assert "Defective" not in answer(app)
    app.run()
    choose = next(box for box in app.selectbox if box.label == "Values of black and white")
    assert choose.value == "16 bits: 0 to 65535"
    app.pills[0].set_value("screw_good").run()  # what says its own depth has nothing to choose
    assert "Values of black and white" not in [box.label for box in app.selectbox]
