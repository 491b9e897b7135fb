"""Models on their way: who waits for them, how far they are, and what becomes of them."""

import threading
from pathlib import Path

import pytest

from crr.checkpoints.serialization import save
from crr.errors import ConfigError, HubError
from crr.hub import Hub, HubName, Publication, Store, Transfer
from tests.crr.tiny import calibrated_detector
from tests.hub_repos import Fault
from tests.hub_server import the_only_hub
from workbench.model_store.downloads import Downloads
from workbench.model_store.transfers import BackgroundTransfer
from workbench.model_store.uploads import Uploads

NAME = HubName("owner/parts")


def until_it_ends(delivery):
    """Its threads are named after it."""
    for thread in threading.enumerate():
        if thread.name == f"delivery of {delivery.name}":
            thread.join(timeout=30)
    assert not delivery.running
    return delivery


def test_it_tells_how_far_it_is_and_what_came_of_it():
    delivery = BackgroundTransfer[str](NAME)
    assert delivery.running

    def work(tell, _):
        tell(Transfer("a", 1, 2))
        return "here"

    delivery.begin(work)
    assert until_it_ends(delivery).result == "here"
    assert delivery.transfer == Transfer("a", 1, 2)


@pytest.mark.parametrize(
    ("error", "sentence"), [(HubError("Not there."), "Not there."), (KeyError("secret"), "did not foresee")]
)
def test_what_goes_wrong_is_a_sentence(error, sentence, caplog):
    def work(*_):
        raise error

    delivery = BackgroundTransfer[str](NAME)
    delivery.begin(work)
    assert sentence in until_it_ends(delivery).failure
    assert "secret" not in delivery.failure
    assert ("secret" in caplog.text) == isinstance(error, KeyError)


def test_it_is_stopped_when_the_last_who_waited_has_left():
    delivery = BackgroundTransfer[str](NAME, visitors={"one"})
    assert delivery.join("two")
    delivery.leave("one")
    assert not delivery.stop.is_set()
    delivery.leave("two")
    assert delivery.stop.is_set()
    assert not delivery.join("one")


def test_it_is_stopped_when_all_windows_are_closed_for_a_while(monkeypatch):
    present = {"one", "two"}
    delivery = BackgroundTransfer[str](NAME, present.__contains__, visitors={"one", "two"})
    monkeypatch.setattr("workbench.model_store.transfers._ABANDONED", 0)

    def work(tell, stop):
        for closed in ("one", "two"):
            tell(Transfer("a", 1, 2))
            assert not stop.is_set()
            present.remove(closed)
        tell(Transfer("a", 2, 2))
        return "stopped" if stop.is_set() else "goes on"

    delivery.begin(work)
    assert until_it_ends(delivery).result == "stopped"


def test_who_closed_the_window_does_not_keep_it_going_for_who_cancels():
    delivery = BackgroundTransfer[str](NAME, {"here"}.__contains__, visitors={"gone", "here"})
    delivery.leave("here")
    assert delivery.stop.is_set()


@pytest.fixture
def server(monkeypatch, tmp_path):
    with the_only_hub(monkeypatch, tmp_path / "assets") as running:
        for number in range(5):
            running.add(f"owner/parts{number or ''}", {"config.json": b"{}", "model.safetensors": b"x"})
        running.faults = [Fault("/resolve/", hang=30)]
        yield running


@pytest.fixture
def hub(server, tmp_path: Path):
    return Hub(server.endpoint, store=Store(tmp_path / "store"))


def test_who_wants_the_same_model_waits_for_the_same_pull(hub, server):
    pulls = Downloads(lambda _: True)
    first = pulls.start(NAME, hub, "one")
    assert pulls.start(NAME, hub, "two") is first
    assert first.visitors == {"one", "two"}
    assert pulls.running == [first]
    assert pulls.start(NAME, hub, "one", trusted=True) is not first  # it may see what strangers may not
    for visitor in ("one", "two"):
        first.leave(visitor)
    assert pulls.start(NAME, hub, "one") is not first  # which is being stopped
    server.faults[0].hang = 0
    assert "Stopped." in until_it_ends(first).failure


def test_only_a_few_models_are_on_their_way_at_a_time(hub):
    pulls = Downloads(lambda _: True)
    running = [pulls.start(HubName(f"owner/parts{number}"), hub, "one") for number in (1, 2, 3)]
    with pytest.raises(HubError, match="3 models are on their way already"):
        pulls.start(HubName("owner/parts4"), hub, "one")
    for pull in running:
        pull.leave("one")
        until_it_ends(pull)
    assert pulls.start(HubName("owner/parts4"), hub, "one").running


def test_one_model_is_published_at_a_time(hub, server, tmp_path):
    save(calibrated_detector(), tmp_path / "mine", "---\nlicense: mit\n---\n# Mine\n")
    pushes, publication = Uploads(), Publication(tmp_path / "mine", HubName("owner/mine"))
    with pytest.raises(ConfigError, match="Say where to publish it"):
        pushes.start(Publication(tmp_path / "mine"), hub)
    server.faults = [slow := Fault("/commit/", hang=30)]
    push = pushes.start(publication, hub)
    assert pushes.running is push
    with pytest.raises(HubError, match="owner/mine is being published already"):
        pushes.start(publication, hub)
    slow.hang = 0
    assert until_it_ends(push).result.before is None
    assert pushes.running is None
    server.faults = []
    pull = until_it_ends(Downloads(lambda _: True).start(publication.name, hub, "one"))
    assert (pull.result.name, pull.transfer.done) == (push.result.name, pull.transfer.total)
