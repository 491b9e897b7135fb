"""The page Models, with a Hub on this machine and the real client."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from crr.hub import Publication
from tests.browser.conftest import PATIENCE, ROOT, serve, settled
from tests.hub_repos import TOKEN, Fault
from tests.hub_server import HubServer, hub_server

EMBEDDED = ROOT / "checkpoints" / "crr-embedded"


@pytest.fixture(scope="module")
def hub() -> Iterator[HubServer]:
    files = {path.name: path.read_bytes() for path in EMBEDDED.iterdir() if path.is_file()}
    files["README.md"] = Publication(EMBEDDED).card().encode()
    with hub_server() as server:
        server.add("factory/six-parts", files)
        server.add("factory/gated", files, gated=True)
        server.add("factory/other", {**files, "README.md": b"---\nlibrary_name: transformers\n---\n"})
        yield server


@pytest.fixture(scope="module")
def workbench_url(hub: HubServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A workbench whose Hub that is, on a machine that has pulled nothing yet."""
    environment = {
        "HF_ENDPOINT": hub.endpoint,
        "HF_ASSETS_CACHE": str(tmp_path_factory.mktemp("assets")),
        "HF_HUB_OFFLINE": "0",
        "HF_HUB_DISABLE_XET": "1",
        "HF_TOKEN": TOKEN,
    }
    with serve(tmp_path_factory.mktemp("workbench"), **environment) as served:
        yield served


@pytest.fixture
def models(page: Page, hub: HubServer) -> Page:
    hub.faults = []
    page.goto("/models")
    expect(page.get_by_text("CRR", exact=True).first).to_be_visible(timeout=2 * PATIENCE)
    settled(page)
    return page


def add(hub: HubServer, *names: str) -> None:
    """Models that no other test pulls."""
    for name in names:
        hub.add(name, hub.repos["factory/six-parts"].commits[-1].files)


def on_the_way(hub: HubServer, where: str) -> Fault:
    """Let bodies take minutes, until the pause of what is returned is set to 0."""
    slow = Fault(where, pause=0.5)
    hub.faults = [slow]
    return slow


def open_hub(page: Page) -> None:
    page.get_by_role("tab", name="On the Hugging Face Hub").click()


def pull(page: Page, address: str) -> None:
    open_hub(page)
    page.get_by_role("textbox", name="Address").fill(address)
    page.get_by_role("button", name="Pull").first.click()


def test_a_model_is_pulled_with_its_bytes_counted_and_inspects(models: Page, hub: HubServer):
    slow = on_the_way(hub, "six-parts/resolve")
    pull(models, "factory/six-parts")
    expect(models.get_by_text(re.compile(r"factory/six-parts: \d\.\d MB of 7\.6 MB"))).to_be_visible()
    slow.pause = 0
    here = models.get_by_text(
        re.compile(r"^factory/six-parts@[0-9a-f]{7} is here\. Licence: non-commercial-research$")
    )
    expect(here).to_be_visible()
    models.get_by_role("link", name="Inspect with it").click()
    expect(models).to_have_url(re.compile("model=factory%2Fsix-parts%40"))
    expect(models.locator(".answer")).to_contain_text("Defective")
    models.get_by_text("Details", exact=True).click()
    expect(models.get_by_text(re.compile(r"factory/six-parts@[0-9a-f]{7} on"))).to_be_visible()


def test_a_pull_outlasts_a_reload_is_stopped_and_gone_on_with_and_its_model_removed(
    models: Page, hub: HubServer
):
    add(hub, "factory/halted")
    on_the_way(hub, "halted/resolve")
    pull(models, "factory/halted")
    expect(models.get_by_text(re.compile(r"factory/halted: \d\.\d MB of"))).to_be_visible()
    models.reload()
    expect(models.get_by_text(re.compile(r"factory/halted: \d\.\d MB of"))).to_be_visible()
    expect(models.get_by_role("tab", name="On the Hugging Face Hub")).to_have_attribute(
        "aria-selected", "true"
    )
    models.get_by_role("button", name="Cancel").click()
    expect(models.get_by_text("Stopped. What has arrived is kept")).to_be_visible()
    hub.faults = []
    pull(models, "factory/halted")
    expect(models.get_by_text(re.compile(r"factory/halted@[0-9a-f]{7} is here\.")).first).to_be_visible()

    models.get_by_role("tab", name="On this machine").click()
    title = models.locator("strong").filter(has_text=re.compile(r"^factory/halted@[0-9a-f]{7}$"))
    expect(title).to_be_visible()
    models.locator("[class*='st-key-update-factory-halted']").get_by_role("button").click()
    expect(models.get_by_text("It is the newest of main.")).to_be_visible()
    models.locator("[class*='st-key-removing-factory-halted']").get_by_role("button").click()
    expect(models.get_by_text(re.compile(r"This frees 7\.6 MB"))).to_be_visible()
    models.get_by_role("button", name="Remove it").click()
    expect(title).to_have_count(0)


def test_a_card_is_drawn_when_it_is_opened_and_what_was_typed_is_there_when_one_comes_back(models: Page):
    expect(models.get_by_role("heading")).to_have_count(2)  # the page's own, and that of the two axes
    models.get_by_test_id("stExpander").first.get_by_text("Card").click()
    expect(models.get_by_text(re.compile("^on this machine; fingerprint"))).to_be_visible()
    expect(models.get_by_role("heading").nth(2)).to_be_visible()

    models.get_by_role("tab", name="Publish").click()
    models.get_by_role("textbox", name="Publish as").fill("factory/later")
    models.get_by_role("textbox", name="Publish as").press("Enter")
    settled(models)
    models.get_by_text("Private", exact=True).click()
    expect(models).to_have_url(re.compile(r"show=Publish"))
    settled(models)
    models.get_by_role("link", name="Lesson").click()
    expect(models.get_by_role("tab")).to_have_count(0)
    models.get_by_role("link", name="Models").last.click()
    expect(models.get_by_role("textbox", name="Publish as")).to_be_visible()
    expect(models.get_by_role("textbox", name="Publish as")).to_have_value("factory/later")
    expect(models.get_by_role("checkbox", name="Private")).to_be_checked()


def test_two_pulls_go_on_beside_each_other(models: Page, hub: HubServer):
    add(hub, "factory/left", "factory/right")
    slow = on_the_way(hub, "/resolve/")
    pull(models, "factory/left")
    expect(models.get_by_text(re.compile(r"factory/left: \d\.\d MB of"))).to_be_visible()
    models.get_by_role("textbox", name="Address").fill("factory/right")
    models.get_by_role("button", name="Pull").first.click()
    expect(models.get_by_text(re.compile(r"factory/right: \d\.\d MB of"))).to_be_visible()
    expect(models.get_by_text(re.compile(r"factory/left: \d\.\d MB of"))).to_be_visible()
    slow.pause = 0
    for name in ("left", "right"):
        expect(models.get_by_text(re.compile(rf"factory/{name}@[0-9a-f]{{7}} is here"))).to_be_visible()


def test_models_are_searched_and_one_is_pulled_and_then_updated(models: Page, hub: HubServer):
    files = hub.repos["factory/six-parts"].commits[-1].files
    hub.add("factory/found", files)
    open_hub(models)
    models.get_by_role("textbox", name="Search").fill("found")
    models.get_by_role("button", name="Search").click()
    expect(models.get_by_text("factory/found", exact=True)).to_be_visible()
    settled(models)
    slow = on_the_way(hub, "found/resolve")
    models.get_by_role("button", name="Pull").last.click()
    expect(models.get_by_text(re.compile(r"factory/found: \d\.\d MB of"))).to_be_visible()
    slow.pause = 0
    expect(models.get_by_text(re.compile(r"^factory/found@[0-9a-f]{7} is here\."))).to_be_visible()
    expect(models.get_by_text("The newest is on this machine.")).to_be_visible()
    hub.faults = []
    newer = hub.add("factory/found", {**files, "README.md": files["README.md"] + b"\nBetter.\n"})
    models.get_by_role("tab", name="On this machine").click()
    models.locator("[class*='st-key-update-factory-found']").get_by_role("button").click()
    expect(models.get_by_text(f"There is a newer one: {newer[:7]}.")).to_be_visible()
    settled(models)
    models.get_by_role("button", name="Pull it").click()
    expect(models.get_by_text(re.compile(rf"^factory/found@{newer[:7]} is here\."))).to_be_visible()

    open_hub(models)
    models.get_by_role("textbox", name="Search").fill("six")
    models.get_by_role("button", name="Search").click()
    expect(models.get_by_text("factory/six-parts", exact=True)).to_be_visible()
    expect(models.get_by_text("I-AUROC 87.1").last).to_be_visible()
    expect(models.get_by_text("factory/gated", exact=True)).to_have_count(0)
    models.get_by_role("button", name="Look closer").click()
    expect(models.get_by_text("7.6 MB on the Hub.")).to_be_visible()
    expect(models.get_by_role("combobox", name="Revision")).to_be_visible()
    models.get_by_role("textbox", name="Search").fill("unheard of")
    models.get_by_role("button", name="Search").click()
    expect(models.get_by_text("There are no such models on the Hub.")).to_be_visible()


def test_what_cannot_be_pulled_or_published_is_a_sentence(models: Page):
    for address, sentence in (
        ("factory/unheard-of", "There is no model factory/unheard-of"),
        ("factory/six-parts@v9", "has no revision v9"),
        ("no address", "Write the address as OWNER/NAME"),
    ):
        pull(models, address)
        expect(models.get_by_text(sentence)).to_be_visible()
        assert TOKEN not in models.content()
    publish(models, "factory/other")
    expect(models.get_by_text("factory/other is there already and holds something else")).to_be_visible()
    expect(models.get_by_role("button", name="Publish", exact=True)).to_be_enabled()


def publish(page: Page, address: str) -> None:
    page.get_by_role("tab", name="Publish").click()
    page.get_by_role("textbox", name="Publish as").fill(address)
    page.get_by_role("textbox", name="Publish as").press("Enter")
    settled(page)
    page.get_by_role("button", name="Publish", exact=True).click()


def test_a_model_is_published_after_its_card_was_seen(models: Page, hub: HubServer):
    models.get_by_role("tab", name="Publish").click()
    models.get_by_text("The card as it will be").click()
    expect(models.get_by_text("library_name: crr").first).to_be_visible()
    slow = on_the_way(hub, "PUT /lfs/")
    publish(models, "factory/mine")
    expect(models.get_by_text(re.compile(r"factory/mine: \d\.\d MB of 7\.6 MB"))).to_be_visible()
    expect(models.get_by_role("button", name="Publish", exact=True)).to_be_disabled()
    slow.pause = 0
    expect(models.get_by_text(re.compile("Published as factory/mine@"))).to_be_visible()
    published = hub.repos["factory/mine"].commits[-1].files
    assert published["model.safetensors"] == (EMBEDDED / "model.safetensors").read_bytes()
    assert not [name for name in published if name.startswith("normals")]


def test_publishing_is_stopped(models: Page, hub: HubServer):
    hub.large.clear()  # what is there already is not sent again
    on_the_way(hub, "PUT /lfs/")
    publish(models, "factory/stopped")
    expect(models.get_by_text(re.compile(r"factory/stopped: \d\.\d MB of"))).to_be_visible()
    models.get_by_role("button", name="Cancel").click()
    expect(models.get_by_text("Stopped; nothing was published.")).to_be_visible()
    assert len(hub.repos["factory/stopped"].commits) == 1  # that of the repository itself
