"""`python -m tests.browser.pictures docs`: the README's pictures, from the same page and drive.

Each is taken of the real bot; nothing in it is drawn for the picture alone.
"""

import sys
from pathlib import Path
from typing import Final

from playwright.sync_api import Browser, FloatRect, Locator, ViewportSize, expect

from tests.browser.drive import Desk, browser
from tests.browser.world import Demo, running

_SHARP: Final = 2
_WHOLE: Final[ViewportSize] = {"width": 1280, "height": 800}
_TALL: Final[ViewportSize] = {"width": 1280, "height": 1500}
_DOUBT: Final = 60_000
"""Milliseconds until what may have been sent is given up, and then some."""

SEND: Final = (
    "/sms send alice,bob,carol,dan,+16175550101 "
    "Power is out in the cold room. Please call the lab desk, ext. 12."
)


def _desk(chrome: Browser, demo: Demo, size: ViewportSize) -> Desk:
    page = chrome.new_page(viewport=size, device_scale_factor=_SHARP, reduced_motion="reduce")
    desk = Desk(page)
    desk.open(demo.address)
    return desk


def _around(*parts: Locator) -> FloatRect:
    """Give the box that holds all of these, one below the other."""
    boxes = [box for part in parts if (box := part.bounding_box())]
    first, last = boxes[0], boxes[-1]
    height = last["y"] + last["height"] - first["y"]
    return {"x": first["x"], "y": first["y"], "width": first["width"], "height": height}


def card(desk: Desk, path: Path) -> None:
    """Show a send of which one number failed, one is unknown, and one was found at Twilio."""
    for name, trick in {"bob": "broken", "carol": "cut", "dan": "landline"}.items():
        desk.trick(name, trick)
    desk.type(SEND)
    notice = desk.message("1 of 5 failed")
    expect(notice).to_contain_text("Send again (1)", timeout=_DOUBT)
    sent = desk.message("SMS to 5 recipients")
    expect(sent).to_contain_text("•••0101 – delivered", timeout=_DOUBT)
    for name in ("bob", "carol", "dan"):
        desk.trick(name, "works")
    desk.page.mouse.move(0, 0)
    desk.page.screenshot(path=path, clip=_around(sent, notice))


def page(desk: Desk, path: Path) -> None:
    """Show a page that somebody has acknowledged by SMS."""
    desk.type("/sms page bob,carol Freezer 3 is above -60 and rising")
    expect(desk.phone("bob").locator(".bubble").last).to_contain_text("Freezer 3")
    desk.reply("bob", "ack")
    has = desk.message("bob has it")
    expect(has).to_contain_text("acknowledged by SMS")
    expect(has).to_contain_text("1214) – delivered")
    expect(desk.phone("carol").locator(".bubble").last).to_contain_text("bob has it")
    expect(desk.page.get_by_text("on its way")).to_have_count(0)
    desk.page.locator("#box").focus()
    desk.page.screenshot(path=path, clip=_around(has))


def demo(desk: Desk, path: Path) -> None:
    """Show the whole of it, with a page on its way to be acknowledged."""
    tour = desk.page.get_by_role("region", name="Guided tour")
    desk.type("/sms send alice,bob Water in the lab, please call")
    expect(desk.message("SMS to 2 recipients: Success")).to_contain_text("1213) – delivered")
    desk.press("Step 4: Page until somebody has it", tour)
    page(desk, path)
    desk.page.screenshot(path=path)


def main() -> None:
    """Write them into a folder."""
    folder = Path(sys.argv[1])
    with browser() as chrome:
        with running() as world:
            demo(_desk(chrome, world, _WHOLE), folder / "demo.png")
        with running() as world:
            card(_desk(chrome, world, _TALL), folder / "card.png")
            page(_desk(chrome, world, _TALL), folder / "page.png")


if __name__ == "__main__":
    main()
