"""The real client follows a Hub to its files, and not into the network of this machine."""

import pytest

from crr.errors import HubError
from crr.runtime import endpoint
from tests.crr.hub.arrival import NAME, WEIGHTS, bits
from tests.hub_repos import Fault

INNER = "localhost"  # and 127.0.0.1, where the Hub of the tests is, is taken for a public address


@pytest.fixture
def public(monkeypatch):
    """The Hub of the tests looks as if it were a public one."""
    monkeypatch.setattr(endpoint, "is_inner", lambda host, **_: host == INNER)


def sent_on(server, where, host, path="/latest/meta-data"):
    server.faults = [
        Fault(where, status=302, headers={"Location": f"http://{host}:{server.server_port}{path}"}, times=1)
    ]


@pytest.mark.usefixtures("public")
@pytest.mark.parametrize("where", ["/api/models/", "/config.json", f"/{WEIGHTS}"])
def test_a_public_hub_that_sends_inwards_is_refused_and_nobody_is_asked_there(hub, server, files, where):
    server.add(NAME.repo, files)
    sent_on(server, where, INNER)
    with pytest.raises(HubError, match=r"127\.0\.0\.1 sends on to localhost, an address inside this network"):
        hub.pull(NAME)
    assert not [line for line in server.requests if "meta-data" in line]
    assert hub.store.all() == []
    assert bits(hub.pull(NAME).path) == files  # and the next pull goes on


@pytest.mark.usefixtures("public")
def test_a_public_hub_may_send_on_to_another_public_address(hub, server, files):
    commit = server.add(NAME.repo, files)
    sent_on(server, f"/{WEIGHTS}", "127.0.0.1", f"/{NAME.repo}/resolve/{commit[:12]}/{WEIGHTS}")
    assert bits(hub.pull(NAME).path) == files


def test_a_hub_on_this_machine_may_send_on_to_it(hub, server, files):
    commit = server.add(NAME.repo, files)
    sent_on(server, f"/{WEIGHTS}", INNER, f"/{NAME.repo}/resolve/{commit[:12]}/{WEIGHTS}")
    assert bits(hub.pull(NAME).path) == files
