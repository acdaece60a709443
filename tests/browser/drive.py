"""What a person does in the demo's page, in a real browser; also the README's pictures use it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright

from tests.tools import chromium

PATIENCE = 20_000
"""Milliseconds until something that is waited for is missed."""

_FLAGS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run "
    "--disable-background-networking --disable-component-update --disable-sync"
)


@contextmanager
def browser() -> Iterator[Browser]:
    """Start Debian's Chromium."""
    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium(), args=_FLAGS.split())
        try:
            yield started
        finally:
            started.close()


@dataclass(frozen=True)
class Desk:
    """A person before the page."""

    page: Page

    def open(self, address: str) -> None:
        """Look at it for the first time."""
        self.page.goto(address)
        expect(self.page.locator("#box")).to_be_visible()

    # -- Slack --------------------------------------------------------------------------------

    @property
    def last(self) -> Locator:
        """The last message of the channel."""
        return self.page.locator(".message").last

    def message(self, title: str) -> Locator:
        """The last message with this text."""
        return self.page.locator(".message").filter(has_text=title).last

    def type(self, text: str) -> None:
        """Type into the message box, and send it."""
        self.page.locator("#box").fill(text)
        self.page.locator("#box").press("Enter")

    def press(self, label: str, within: Locator) -> None:
        """Press a button of a message or modal."""
        within.get_by_role("button", name=label, exact=True).click()

    @property
    def modal(self) -> Locator:
        """The modal in front."""
        return self.page.get_by_role("dialog")

    def go(self, name: str) -> None:
        """Change to a channel, or to the app."""
        self.page.locator(".sidebar").get_by_role("button", name=name).click()

    def become(self, name: str) -> None:
        """Be somebody else."""
        self.page.get_by_role("group", name="You are").get_by_role("button", name=name).click()

    # -- the side -----------------------------------------------------------------------------

    def phone(self, name: str) -> Locator:
        """Somebody's phone."""
        return self.page.get_by_label(f"{name}'s phone", exact=True)

    def reply(self, name: str, text: str) -> None:
        """Write an SMS from somebody's phone."""
        box = self.phone(name).get_by_label(f"Reply from {name}'s phone")
        box.fill(text)
        box.press("Enter")

    def trick(self, name: str, value: str) -> None:
        """Let messages to somebody meet something."""
        switch = self.phone(name).get_by_label(f"What SMS to {name} meet")
        switch.select_option(value)
        expect(switch).to_have_value(value)

    def twilio(self, label: str) -> None:
        """Let all of Twilio be like this."""
        choice = self.page.get_by_role("group", name="Twilio").get_by_label(label)
        choice.click()
        expect(choice).to_be_checked()
