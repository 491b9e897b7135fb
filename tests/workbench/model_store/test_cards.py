"""The models on this machine and those on their way, and what the page says of them."""

import time

import pytest
from huggingface_hub import constants
from streamlit.testing.v1 import AppTest

from crr.checkpoints.model_card import write_figures
from crr.checkpoints.serialization import save
from crr.hub import Hub, HubName, Store
from crr.metrics.report import HEADINGS
from tests.crr.tiny import calibrated_detector
from tests.hub_server import the_only_hub
from tests.workbench.fakes import FakeLibrary, use_inspector
from workbench.model_store import available
from workbench.model_store.available import find_models, pulled_as, why_replaced
from workbench.model_store.cards import describe_figures, list_local_models
from workbench.settings import Settings
from workbench.views.models import permissions as trust

NAME = HubName("owner/tiny")


@pytest.fixture
def here(tmp_path, monkeypatch):
    """One own model, measured, and an empty store."""
    folder = tmp_path / "checkpoints" / "own"
    save(
        calibrated_detector(),
        folder,
        "---\nlibrary_name: crr\nlicense: mit\n---\n# Own\n\nWords of the card.\n",
    )
    row = dict.fromkeys(HEADINGS, 0.5) | {"images": 2}
    write_figures(folder, {"model": "own", "categories": {"plate": row}, "mean": row}, "crr evaluate")
    monkeypatch.setenv("CRR_CHECKPOINTS", str(tmp_path / "checkpoints"))
    monkeypatch.setattr(constants, "HF_ASSETS_CACHE", str(tmp_path / "assets"))
    return folder


@pytest.fixture
def server(here, monkeypatch, tmp_path):
    with the_only_hub(monkeypatch, tmp_path / "assets") as running:
        running.add(NAME.repo, {path.name: path.read_bytes() for path in here.iterdir()})
        yield running


def finished(delivery):
    deadline = time.monotonic() + 30
    while delivery.running:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return delivery


def test_a_model_is_shelved_with_what_its_card_says(here):
    [row] = list_local_models()
    assert row.info.path == here
    assert row.licence == "mit"
    assert row.pulled is None
    assert describe_figures(row.results) == "I-AUROC 50.0 · P-AP 50.0 · AUPRO 50.0"
    assert row.words.startswith("# Own")
    assert row.layers == calibrated_detector().config.encoder.layers


def test_a_card_that_is_written_anew_is_read_anew(here):
    before = list_local_models()[0].words
    (here / "README.md").write_text("# Another\n")
    assert before != list_local_models()[0].words == "# Another"


def test_a_card_that_cannot_be_read_hides_no_model(here):
    (here / "README.md").write_bytes(b"---\na: [1\n---\n# Broken \xff\n")
    [row] = list_local_models()
    assert (row.licence, row.results) == ("", {})
    assert row.words.startswith("# Broken")
    assert describe_figures({}) == "not measured"


def test_a_pulled_model_stands_behind_the_others_and_goes_when_it_is_removed(server):
    assert list(find_models()) == ["own"]
    pulled = Hub(server.endpoint).pull(NAME)
    assert list(find_models()) == ["own", str(pulled.name)]
    assert [row.pulled for row in list_local_models()] == [None, pulled]
    assert pulled_as("owner/tiny") == pulled_as(f"owner/tiny@{pulled.commit}") == str(pulled.name)
    assert pulled_as("own") is pulled_as("owner/other") is None
    Store().delete(pulled)
    assert list(find_models()) == ["own"]
    assert pulled.path not in available._known
    assert "It can be pulled on the page Models." in why_replaced("owner/tiny", "own")


@pytest.fixture
def app(app_path, server, monkeypatch):  # noqa: ARG001  (which the page asks)
    use_inspector(monkeypatch, FakeLibrary().inspector())
    monkeypatch.setattr("workbench.views.models.permissions.may_change_models", lambda: True)
    monkeypatch.setattr("workbench.views.models.publishing.may_change_models", lambda: True)
    app = AppTest.from_file(str(app_path), default_timeout=60)
    app.switch_page("pages/models.py")
    return app.run()


def button(app, label):
    return next(one for one in app.button if one.label == label)


def texts(elements):
    return " ".join(element.value for element in elements)


def test_the_page_shows_what_is_here(app):
    assert not app.exception
    assert "**own**" in texts(app.markdown)
    assert "Words of the card." not in texts(app.markdown)  # until it is opened
    assert "1 MB" not in texts(app.caption)
    assert "mit" in texts(app.caption)


def test_searching_shows_figures_and_an_address_that_is_none_is_a_sentence(app):
    button(app, "Search").click().run()
    assert "**owner/tiny** · I-AUROC 50.0" in texts(app.markdown)
    next(box for box in app.text_input if box.label == "Address").set_value("nonsense")
    app.button[[one.label for one in app.button].index("Pull")].click().run()
    assert "Write the address as OWNER/NAME" in texts(app.error)


def test_a_model_that_is_not_allowed_is_not_pulled(app, monkeypatch, server):
    monkeypatch.setattr(
        "workbench.views.models.downloads.settings",
        lambda: Settings(CRR_ALLOWED_MODELS="other/*"),
    )
    before = len(server.requests)
    next(box for box in app.text_input if box.label == "Address").set_value("owner/tiny")
    app.button[[one.label for one in app.button].index("Pull")].click().run()
    assert "may not be pulled here" in texts(app.error)
    assert len(server.requests) == before


def test_publishing_without_an_address_is_a_sentence_and_with_one_is_done(app, server):
    button(app, "Publish").click().run()
    assert "Say where to publish it" in texts(app.error)
    app.text_input(key="published_as").set_value("owner/new").run()
    button(app, "Publish").click().run()
    finished(app.session_state["hub_push"])
    assert "Published as owner/new@" in texts(app.run().success)
    assert "owner/new" in server.repos


@pytest.mark.parametrize(
    ("local", "shared", "token"), [(True, False, None), (False, False, False), (False, True, None)]
)
def test_strangers_do_not_use_the_token_of_this_machine(monkeypatch, local, shared, token):
    monkeypatch.setattr(trust, "may_change_models", lambda: local)
    monkeypatch.setattr(trust, "settings", lambda: Settings(CRR_SHARE_TOKEN="1" if shared else "0"))
    assert trust.hub_of_visitor()._token is token


@pytest.mark.usefixtures("server")
def test_who_does_not_sit_at_the_machine_publishes_nothing(app_path, monkeypatch):
    monkeypatch.setattr("workbench.views.models.publishing.may_change_models", lambda: False)
    app = AppTest.from_file(str(app_path), default_timeout=60)
    app.switch_page("pages/models.py")
    app.query_params["show"] = "Publish"
    app.run()
    assert "crr push MODEL OWNER/NAME" in texts(app.info)
    assert "Publish" not in [one.label for one in app.button]
