"""What was made before the rooms is still understood: a checkpoint, a link, columns and keys of results."""

import json
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest
from typer.testing import CliRunner

import crr
from crr.cli.main import app as command
from tests.workbench.explorable import real_inspector, write_models
from tests.workbench.fakes import use_inspector
from workbench.exports.lines import COLUMNS

ROOT = Path(__file__).parent.parent
SAMPLE = ROOT / "samples" / "bottle_broken_large.jpg"
RECORD = ["path", "score", "percentile", "verdict", "category", "known", "heatmap", "mask"]
TABLE = (
    "file verdict score limit percentile category known regions area_percent threshold model revision error "
    "status heatmap mask same_picture strictness saved version"
)


def test_a_checkpoint_of_before_says_what_it_said():
    detector = crr.load("crr-embedded", "cpu")
    assert detector.revision == "00a678030a5f"
    [found] = crr.inspect(detector, [crr.decode(SAMPLE)])
    assert (found.verdict, found.category, found.percentile) == ("defective", "mvtec_bottle", 100.0)
    assert found.score == pytest.approx(0.865515, abs=1e-5)
    assert found.threshold == pytest.approx(0.461518, abs=1e-6)


def test_results_have_the_keys_and_columns_of_before():
    ran = CliRunner().invoke(command, ["predict", str(SAMPLE), "--json", "-", "--device", "cpu"])
    values = json.loads(ran.stdout)
    assert {"model", "images"} <= values.keys()
    assert set(RECORD) <= values["images"][0].keys()
    assert list(COLUMNS)[: len(TABLE.split())] == TABLE.split()  # what came later stands behind


@pytest.fixture
def app(tmp_path, monkeypatch) -> AppTest:
    monkeypatch.setenv("CRR_CHECKPOINTS", str(tmp_path))
    write_models(tmp_path)
    use_inspector(monkeypatch, real_inspector())
    return AppTest.from_file(str(ROOT / "streamlit_app.py"), default_timeout=60)


@pytest.mark.parametrize(
    ("page", "link", "chosen"),
    [
        ("inspect", {"sample": "screw_good", "model": "tiny", "threshold": "0.31"}, {"model": "tiny"}),
        (
            "compare",
            {"sample": "screw_good", "models": "tiny", "photo": "Paint a defect", "damage": "texture-1"},
            {"photo": "Paint a defect", "models": ["tiny"]},
        ),
        (
            "layers",
            {"sample": "screw_good", "spot": "150,220", "hidden_rate": "40", "hidden_seed": "3"},
            {"hidden_rate": 40, "hidden_seed": 3},
        ),
    ],
)
def test_a_link_of_before_leads_where_it_led(app, page, link, chosen):
    app.switch_page(f"pages/{page}.py")
    for name, value in link.items():
        app.query_params[name] = value
    app.run()
    assert not app.exception
    assert not app.error
    assert app.session_state["visit"].sample == "screw_good"
    assert {name: app.session_state[name] for name in chosen} == chosen
    if "threshold" in link:
        assert "threshold" not in app.query_params  # of the map; what it makes of the score stands there now
        assert float(app.query_params["limit"]) > 0
    kept = {name: value for name, value in link.items() if name in ("sample", "spot", "damage")}
    assert {name: app.query_params[name] for name in kept} == kept
