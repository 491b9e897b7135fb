"""Annotate with a sign-in: people are whom the provider says, and see what is theirs."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import PATIENCE, ROOT, free_port, running, settled

BY_NAME = "/annotate?order=by+name"


@contextmanager
def provider(folder: Path) -> Iterator[str]:
    """The URL of a provider of sign-ins that believes whatever somebody says."""
    port = free_port()
    command = [sys.executable, "-m", "oidc_provider_mock", "--port", str(port)]
    health = "/.well-known/openid-configuration"
    with running(command, port, folder, dict(os.environ), health=health) as url:
        yield url


@pytest.fixture(scope="module")
def workbench_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A Space with a data folder, and a provider of sign-ins on this machine."""
    folder, port = tmp_path_factory.mktemp("signed-in"), free_port()
    (folder / "data").mkdir()
    with provider(tmp_path_factory.mktemp("provider")) as provider_url:
        environment = {
            **os.environ,
            "PYTHON": sys.executable,
            "PORT": str(port),
            "ADDRESS": "127.0.0.1",
            "SPACE_ID": "somebody/space",
            "CRR_ALLOWED_HOSTS": "localhost",
            "TMPDIR": str(folder),
            "CRR_DATA": str(folder / "data"),
            "CRR_SIGN_IN_PROVIDER": provider_url,
            "CRR_SIGN_IN_CLIENT": "workbench",
            "CRR_SIGN_IN_SECRET": "secret",
            "CRR_SIGN_IN_ADDRESS": f"http://localhost:{port}",
        }
        with running(["sh", ROOT / "deploy" / "start.sh"], port, folder, environment, cwd=ROOT) as url:
            yield url


@pytest.fixture
def people(browser: Browser, workbench_url: str) -> Iterator[tuple[Page, Page]]:
    """Two people, each in a browser of their own."""
    contexts = [
        browser.new_context(viewport={"width": 1280, "height": 1100}, base_url=workbench_url)
        for _ in range(2)
    ]
    for context in contexts:
        context.set_default_timeout(PATIENCE)
    first, second = (context.new_page() for context in contexts)
    yield first, second
    for context in contexts:
        context.close()


def sign_in(page: Page, name: str) -> None:
    page.goto(BY_NAME)
    page.get_by_role("button", name="Sign in").click()
    page.locator("input[name=sub]").fill(name)
    page.locator("button[type=submit]").first.click()
    expect(page.get_by_role("heading", name="Annotate")).to_be_visible()
    settled(page)


def test_people_sign_in_and_see_their_own_projects_only(people: tuple[Page, Page]):
    anna, ben = people
    sign_in(anna, "anna@factory.example")
    anna.get_by_label("Name", exact=True).fill("Secret parts")
    anna.keyboard.press("Tab")
    settled(anna)
    anna.get_by_role("button", name="Make it").click()
    expect(anna.get_by_text("You review as anna@factory.example")).to_be_visible()
    expect(anna.locator(".model")).to_contain_text("score")

    sign_in(ben, "ben@factory.example")
    expect(ben.get_by_text("There is no project yet")).to_be_visible()
    ben.goto("/annotate?project=Secret+parts")
    settled(ben)
    expect(ben.get_by_text("There is no project yet")).to_be_visible()
    expect(ben.get_by_text("Secret parts")).to_have_count(0)

    anna.get_by_role("button", name="Sign out").click()
    anna.get_by_role("button", name="End session").click()
    expect(anna.get_by_role("button", name="Sign in")).to_be_visible()


def test_nobody_annotates_without_a_sign_in(people: tuple[Page, Page]):
    page, _ = people
    page.goto(BY_NAME)
    expect(page.get_by_text("Sign in to see your projects.")).to_be_visible()
    expect(page.get_by_role("button", name="Make it")).to_have_count(0)
