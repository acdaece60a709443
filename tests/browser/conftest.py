from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from tests.browser.drive import Desk, browser
from tests.browser.world import Demo, running


@pytest.fixture(scope="module")
def demo() -> Iterator[Demo]:
    """One demo for all."""
    with running() as made:
        yield made


@pytest.fixture(scope="module")
def complaints() -> list[str]:
    """What the browser complains of, and what it asks of anybody but the demo."""
    return []


@pytest.fixture(scope="module")
def opened(demo: Demo, complaints: list[str]) -> Iterator[Desk]:
    """One browser and one page for all: to load it takes longer than most of the tests.

    Playwright's blocking calls run an event loop in this thread until the browser is closed, which
    has to be before tests of other modules want theirs.
    """
    home = demo.address.partition("?")[0]
    with browser() as chrome:
        page = chrome.new_page(viewport={"width": 1280, "height": 800}, reduced_motion="reduce")
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda m: complaints.append(m.text) if m.type == "error" else None)
        page.on("request", lambda r: None if r.url.startswith(home) else complaints.append(r.url))
        desk = Desk(page)
        desk.open(demo.address)
        yield desk


@pytest.fixture
def desk(demo: Demo, opened: Desk, complaints: list[str]) -> Iterator[Desk]:
    """Alice before #oncall; what the browser or the local Slack complains of fails the test."""
    expect(opened.modal).to_have_count(0)
    opened.become("alice")
    opened.go("oncall")
    opened.page.locator("#box").fill("")
    expect(opened.page.get_by_label("Message to #oncall")).to_be_visible()
    yield opened
    assert complaints == []
    assert (demo.slack.violations, demo.twilio.violations) == ([], [])
