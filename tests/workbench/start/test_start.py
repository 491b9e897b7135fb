"""What the workbench opens with: the example keeps what it promises, and both models are asked once."""

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

import crr
from crr.errors import CheckpointError, DatasetError
from tests.workbench.explorable import real_inspector
from tests.workbench.fakes import use_inspector
from workbench.explanation.study_image import original
from workbench.inspection.image_file import sample_file
from workbench.inspection.photo import SamplePhoto
from workbench.inspection.samples import read_samples
from workbench.lesson.demonstration import LADDER, ShownAnswer
from workbench.settings import ROOT, Settings
from workbench.start.answers import PairedAnswer, StartAnswers, scratched
from workbench.start.example import read_example

FOLDER = Settings().samples
EXAMPLE = read_example(FOLDER)


def test_one_model_finds_the_damage_that_the_other_misses_and_both_find_it_once_it_is_strong():
    sample = read_samples(FOLDER)[EXAMPLE.sample]
    assert not sample.defective
    whole = original(SamplePhoto(sample), sample_file(sample))
    first, *_, last = LADDER.values()
    models = [crr.load(str(ROOT / "checkpoints" / name), "cpu") for name in (first, last)]
    faint, strong = EXAMPLE.strengths[0], EXAMPLE.strengths[-1]
    verdicts = {
        percent: [
            crr.inspect(model, [scratched(whole, EXAMPLE, percent).image])[0].verdict for model in models
        ]
        for percent in (faint, EXAMPLE.strength, strong)
    }
    assert verdicts[EXAMPLE.strength] == ["normal", "defective"]
    assert verdicts[strong] == ["defective", "defective"]
    assert verdicts[faint] == ["normal", "normal"]


@pytest.mark.parametrize(
    "change",
    [
        {"colour": "red"},
        {"strengths": [1, 2]},
        {"strength": 0},
        {"strokes": []},
        {"sample": "x" * 999},
        {"more": 1},
    ],
    ids=str,
)
def test_an_example_that_nobody_would_write_is_a_sentence(tmp_path, change):
    (tmp_path / "start.json").write_text(json.dumps(asdict(EXAMPLE)))
    assert read_example(tmp_path) == EXAMPLE
    read_example.cache_clear()
    (tmp_path / "start.json").write_text(json.dumps(asdict(EXAMPLE) | change))
    with pytest.raises(DatasetError, match=r"start\.json cannot be read"):
        read_example(tmp_path)


def shown(percent: int, score: float) -> ShownAnswer:
    heatmap = np.zeros((2, 2, 3), np.uint8)
    return ShownAnswer(percent / 100, f"{percent} %", "defective", score, 0.4, None, heatmap)


def pair(percent: int) -> tuple[PairedAnswer, ...]:
    return tuple(
        PairedAnswer(name, shown(percent, 0.5 if name == "CRR" else 0.3), None, "data:,")
        for name in ("Autoencoder", "CRR")
    )


def test_each_strength_is_asked_once_for_all_visitors_and_the_wanted_one_first():
    asked = []

    def ask(percent):
        asked.append(percent)
        return pair(percent)

    answers = StartAnswers(EXAMPLE, ask)
    with ThreadPoolExecutor(4) as visitors:
        found = list(visitors.map(lambda _: answers.at(30), range(4)))
    assert {found[0]} == {*found}
    assert [answers.at(percent)[0].shown.percent for percent in EXAMPLE.strengths] == [
        f"{percent} %" for percent in EXAMPLE.strengths
    ]
    assert asked[0] == 30
    assert sorted(asked) == [*EXAMPLE.strengths]


def test_what_failed_is_asked_again():
    broken = threading.Event()
    broken.set()

    def ask(percent):
        if broken.is_set():
            raise CheckpointError("not here")
        return pair(percent)

    answers = StartAnswers(EXAMPLE, ask)
    with pytest.raises(CheckpointError, match="not here"):
        answers.at(10)
    broken.clear()
    assert answers.at(10)[1].shown.found


@pytest.fixture
def app(app_path, monkeypatch) -> AppTest:
    use_inspector(monkeypatch, real_inspector())
    return AppTest.from_file(str(app_path), default_timeout=60)


def bodies(app: AppTest) -> str:
    return " ".join(html.proto.body for html in app.get("html"))


def test_the_page_opens_with_the_question_and_both_answers(app):
    app.run()
    assert not app.exception
    assert not app.error
    assert app.title[0].value == "Why do models miss defects?"
    assert "<b>Missed</b> by Autoencoder" in bodies(app)
    assert "<b>Found</b> by CRR" in bodies(app)
    captions = " ".join(caption.value for caption in app.caption)
    assert "Chosen because it shows the effect. Over all test photos" in captions
    assert "(I-AUROC 87.1 against 85.3)" in captions
    assert "It knows these parts:" in captions
    app.select_slider[0].set_value(EXAMPLE.strengths[-1]).run()
    assert "<b>Found</b> by Autoencoder" in bodies(app)


def test_a_link_of_before_leads_to_inspect(app):
    app.query_params["sample"] = "screw_good"
    app.run()
    assert app.title[0].value == "Inspect"
    assert app.query_params["sample"] == "screw_good"
