"""Models on their way: who waits for them, how far they are, and what becomes of them."""

import threading
from pathlib import Path

import pytest

from crr.errors import HubError
from crr.hub import Hub, HubName, Store, Transfer
from tests.hub_repos import Fault
from tests.hub_server import the_only_hub
from workbench.deliveries import Delivery
from workbench.pulls import Pulls

NAME = HubName("owner/parts")


def until_it_ends(delivery):
    """Its threads are named after it."""
    for thread in threading.enumerate():
        if thread.name == f"delivery of {delivery.name}":
            thread.join(timeout=30)
    assert not delivery.running
    return delivery


def test_it_tells_how_far_it_is_and_what_came_of_it():
    delivery = Delivery[str](NAME)
    assert delivery.running

    def work(tell, _):
        tell(Transfer("a", 1, 2))
        return "here"

    delivery.begin(work)
    assert until_it_ends(delivery).result == "here"
    assert delivery.transfer == Transfer("a", 1, 2)


@pytest.mark.parametrize(
    ("error", "sentence"), [(HubError("Not there."), "Not there."), (KeyError("x"), "did not foresee")]
)
def test_what_goes_wrong_is_a_sentence(error, sentence):
    def work(*_):
        raise error

    delivery = Delivery[str](NAME)
    delivery.begin(work)
    assert sentence in until_it_ends(delivery).failure


def test_it_is_stopped_when_the_last_who_waited_has_left():
    delivery = Delivery[str](NAME)
    assert delivery.join()
    delivery.leave()
    assert not delivery.stop.is_set()
    delivery.leave()
    assert delivery.stop.is_set()
    assert not delivery.join()


@pytest.fixture
def server(monkeypatch, tmp_path):
    with the_only_hub(monkeypatch, tmp_path / "assets") as running:
        for number in range(5):
            running.add(f"owner/parts{number or ''}", {"config.json": b"{}", "model.safetensors": b"x"})
        running.faults = [Fault("/resolve/", hang=5)]
        yield running


@pytest.fixture
def hub(server, tmp_path: Path):
    return Hub(server.endpoint, store=Store(tmp_path / "store"))


def test_who_wants_the_same_model_waits_for_the_same_pull(hub):
    pulls = Pulls()
    first = pulls.start(NAME, hub)
    assert pulls.start(NAME, hub) is first
    assert first.waiting == 2
    assert pulls.start(NAME, hub, trusted=True) is not first  # it may see what strangers may not
    for _ in range(2):
        first.leave()
    assert pulls.start(NAME, hub) is not first  # which is being stopped
    assert "Stopped." in until_it_ends(first).failure


def test_only_a_few_models_are_on_their_way_at_a_time(hub):
    pulls = Pulls()
    running = [pulls.start(HubName(f"owner/parts{number}"), hub) for number in (1, 2, 3)]
    with pytest.raises(HubError, match="3 models are on their way already"):
        pulls.start(HubName("owner/parts4"), hub)
    for pull in running:
        pull.leave()
        until_it_ends(pull)
    assert pulls.start(HubName("owner/parts4"), hub).running
