"""The demo as a page: prints its address, opens it where there is a screen, and stays."""

import asyncio
import contextlib
import os
import sys
import webbrowser
from collections.abc import Callable
from contextlib import AsyncExitStack

from rich.console import Console

from bot.sandbox.browser.room import Room
from bot.sandbox.browser.site import serving
from bot.sandbox.demo_cast import LONDON
from bot.sandbox.demo_world import Prepare, start

Show = Callable[[str], object]
"""Opens an address in a browser."""


def tell(console: Console, address: str) -> None:
    """Print the address, never broken in two."""
    console.print(f"The page of this demo: {address}", soft_wrap=True, markup=False)


async def stay(console: Console, *, prepare: Prepare, show: Show = webbrowser.open) -> None:
    """Start everything and serve the page until the task is cancelled."""
    async with AsyncExitStack() as stack:
        with console.status("Starting PostgreSQL, Slack, Twilio and the bot …"):
            world = await start(stack, prepare)
        room = Room.of(world)
        room.switches.set_trick(LONDON, "country")
        address = await stack.enter_async_context(serving(room))
        console.print("The real bot between a local Slack and a local Twilio: no account, no SMS.")
        tell(console, address)
        console.print("Ctrl-C ends it. In the terminal instead: sms-bot demo --terminal")
        if has_screen():
            with contextlib.suppress(Exception):  # the address is printed: nothing depends on it
                await asyncio.to_thread(show, address)
        await asyncio.Event().wait()


def has_screen() -> bool:
    """Tell whether a browser could be seen: one in a text terminal would take it over."""
    if sys.platform in {"darwin", "win32"}:
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
