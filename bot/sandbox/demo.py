"""`sms-bot demo`: the real bot between a local Slack and a local Twilio, as a page or here.

Everything lives in a temporary folder and on loopback, and ends with the process.
"""

import asyncio
import io
import logging
import signal
import subprocess
import sys
from collections.abc import Coroutine, Sequence
from contextlib import AsyncExitStack
from typing import Any, Final

import psycopg
from rich.console import Console

from bot import logs
from bot.config import Settings
from bot.sandbox.browser.room import Room
from bot.sandbox.browser.site import serving
from bot.sandbox.demo_browser import stay, tell
from bot.sandbox.demo_cast import LONDON
from bot.sandbox.demo_desk import Desk
from bot.sandbox.demo_lines import NextLine, lines_of
from bot.sandbox.demo_prompt import Prompt, keys
from bot.sandbox.demo_screen import Screen
from bot.sandbox.demo_script import STEPS, Pause, Step, at_once, in_real_time, open_with, play
from bot.sandbox.demo_world import Prepare, start
from bot.slack.surface import COMPOSE
from commands.forms import FORMS
from twilio_core.testing import Error, FakeTwilio

_TROUBLE: Final = (OSError, subprocess.SubprocessError, psycopg.OperationalError)
"""What a machine on which PostgreSQL cannot run may bring."""

_SIGNALS: Final = ("SIGINT", "SIGTERM", "SIGHUP")


def main(*, terminal: bool) -> None:
    """Hold the demo until it is left; leave nothing behind."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a terminal that knows no box is still served
    console = Console(highlight=False)
    asyncio.run(_until_left(_show(console, terminal=terminal), console))
    signal.signal(
        signal.SIGINT, signal.SIG_IGN
    )  # all is tidied: one more Ctrl-C has nothing to end


async def _show(console: Console, *, terminal: bool) -> None:
    """Be a page, or a conversation in the terminal.

    Without a terminal nobody would end the page: then the script is played, and the page served
    for only as long as that takes.
    """
    prepare = logs.configure
    watched = console.is_terminal and sys.stdin.isatty()
    if watched and not terminal:
        await stay(console, prepare=prepare)
        return
    lines, pause = lines_of(sys.stdin.fileno()), in_real_time if watched else at_once
    await perform(console, lines, pause, live=watched, paged=not terminal, prepare=prepare)


async def _until_left(shown: Coroutine[Any, Any, None], console: Console) -> None:
    """Run until the script, the person or a signal ends it."""
    work = asyncio.create_task(shown)

    def leave() -> None:
        if not work.cancelling():  # a second Ctrl-C must not cut the tidying short
            logging.disable()  # what the same Ctrl-C breaks in child processes is no news
            work.cancel()

    loop = asyncio.get_running_loop()
    for name in _SIGNALS:
        loop.add_signal_handler(getattr(signal, name), leave)
    await asyncio.wait({work})
    if work.cancelled():
        console.print()  # the line that began with ^C ends here
    elif isinstance(why := work.exception(), _TROUBLE):
        sys.exit(f"The demo has failed: {type(why).__name__}: {why}")
    else:
        work.result()


def _nothing(_settings: Settings) -> None:
    pass


async def perform(
    console: Console,
    lines: NextLine,
    pause: Pause,
    *,
    live: bool = False,
    paged: bool = False,
    steps: Sequence[Step] = STEPS,
    prepare: Prepare = _nothing,
) -> None:
    """Start everything, play the script, obey the person, stop everything.

    Args:
        console: where it is shown.
        lines: what the person types.
        pause: how long to wait between steps.
        live: whether cards are shown while they change.
        paged: whether the same is served as a page.
        steps: the script.
        prepare: what to do with the bot's settings before it starts.
    """
    async with AsyncExitStack() as stack:
        with console.status("Starting PostgreSQL, Slack, Twilio and the bot …"):
            world = await start(stack, prepare)
        world.twilio.script(LONDON, Error(21408))
        screen = Screen(world.slack, console, live)
        open_with(screen)
        if paged:
            tell(console, await stack.enter_async_context(serving(Room.of(world))))
        try:
            await _converse(Desk(world.slack, screen, lines, world.twilio, COMPOSE), steps, pause)
        finally:
            _close_with(screen, world.twilio)


async def _converse(desk: Desk, steps: Sequence[Step], pause: Pause) -> None:
    await play(desk, steps, pause)
    desk.screen.show("Now it is your turn. You can type:")
    desk.screen.show(keys())
    desk.screen.show()
    await Prompt(desk, FORMS).run()


def _close_with(screen: Screen, twilio: FakeTwilio) -> None:
    taken = sum(message.direction != "inbound" for message in twilio.messages.values())
    asked = len(twilio.posts)
    screen.show()
    screen.remark(
        f"The local Twilio was asked for {asked} messages and took {taken}. "
        "To connect a real workspace and account, see README.md."
    )
