"""`sms-bot demo`: the real bot between a local Slack and a local Twilio, in a terminal.

Everything lives in a temporary folder and on loopback, and ends with the process.
"""

import asyncio
import io
import logging
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Final

import psycopg
from rich.console import Console

from bot import logs
from bot.app import running
from bot.config import Config, Settings, load
from bot.sandbox.demo_cast import POLICY, populate
from bot.sandbox.demo_desk import Desk
from bot.sandbox.demo_lines import NextLine, lines_of
from bot.sandbox.demo_prompt import Prompt, keys
from bot.sandbox.demo_screen import Screen
from bot.sandbox.demo_script import STEPS, Pause, Step, at_once, in_real_time, open_with, play
from bot.sandbox.environ import environ
from bot.sandbox.server import FakeSlack
from bot.slack.surface import COMPOSE
from bot.store import embedded
from bot.web import INBOUND_PATH
from commands.forms import FORMS
from twilio_core.testing import FakeTwilio

_STEP: Final = 0.4
"""Seconds between two states of a delivery: slow enough to be seen."""

_TROUBLE: Final = (OSError, subprocess.SubprocessError, psycopg.OperationalError)
"""What a machine on which PostgreSQL cannot run may bring."""

_SIGNALS: Final = ("SIGINT", "SIGTERM", "SIGHUP")


def main() -> None:
    """Hold the conversation; leave nothing behind."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a terminal that knows no box is still served
    asyncio.run(_until_left(Console(highlight=False)))
    signal.signal(
        signal.SIGINT, signal.SIG_IGN
    )  # all is tidied: one more Ctrl-C has nothing to end


async def _until_left(console: Console) -> None:
    """Run until the script, the person or a signal ends it."""
    watched = console.is_terminal and sys.stdin.isatty()
    pause = in_real_time if watched else at_once
    work = asyncio.create_task(
        perform(console, lines_of(sys.stdin.fileno()), pause, live=watched, prepare=logs.configure)
    )

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
    steps: Sequence[Step] = STEPS,
    prepare: Callable[[Settings], None] = _nothing,
) -> None:
    """Start everything, play the script, obey the person, stop everything.

    Args:
        console: where it is shown.
        lines: what the person types.
        pause: how long to wait between steps.
        live: whether cards are shown while they change.
        steps: the script.
        prepare: what to do with the bot's settings before it starts.
    """
    async with AsyncExitStack() as stack:
        with console.status("Starting PostgreSQL, Slack, Twilio and the bot …"):
            slack, twilio = await _start(stack, prepare)
        screen = Screen(slack, console, live)
        open_with(screen)
        try:
            await _converse(Desk(slack, screen, lines, twilio, COMPOSE), steps, pause)
        finally:
            _close_with(screen, twilio)


async def _converse(desk: Desk, steps: Sequence[Step], pause: Pause) -> None:
    await play(desk, steps, pause)
    desk.screen.show("Now it is your turn. You can type:")
    desk.screen.show(keys())
    desk.screen.show()
    await Prompt(desk, FORMS).run()


async def _start(
    stack: AsyncExitStack, prepare: Callable[[Settings], None]
) -> tuple[FakeSlack, FakeTwilio]:
    folder, url = await stack.enter_async_context(_database())
    slack = await stack.enter_async_context(FakeSlack())
    twilio = await stack.enter_async_context(FakeTwilio(step=_STEP))
    populate(slack, twilio)
    config = _config(folder, url, slack, twilio)
    prepare(config.settings)
    await stack.enter_async_context(running(config))
    await slack.connected()
    return slack, twilio


def _config(folder: Path, database_url: str, slack: FakeSlack, twilio: FakeTwilio) -> Config:
    (folder / "sms.toml").write_text(POLICY, encoding="utf-8")
    port = _free_port()
    address = f"http://127.0.0.1:{port}"
    twilio.inbound_url = f"{address}{INBOUND_PATH}"
    told = environ(
        slack,
        twilio,
        DATABASE_URL=database_url,
        LOG_LEVEL="ERROR",
        PORT=str(port),
        PUBLIC_URL=address,
    )
    return load(told, folder)


def _free_port() -> int:
    """Find a port for Twilio's calls: their address is to be known before the bot listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@asynccontextmanager
async def _database() -> AsyncIterator[tuple[Path, str]]:
    """Run a PostgreSQL in a folder of its own; stop it and remove the folder at the end.

    A start under way is waited for even by who leaves: it would go on in its thread.
    """
    with tempfile.TemporaryDirectory(prefix="sms-bot-demo-", ignore_cleanup_errors=True) as name:
        starting = asyncio.ensure_future(asyncio.to_thread(embedded.start, Path(name)))
        try:
            yield Path(name), (await asyncio.shield(starting)).url
        finally:
            (server,) = await asyncio.gather(starting, return_exceptions=True)
            if isinstance(server, embedded.Embedded):
                await asyncio.to_thread(server.stop)


def _close_with(screen: Screen, twilio: FakeTwilio) -> None:
    taken = sum(message.direction != "inbound" for message in twilio.messages.values())
    asked = len(twilio.posts)
    screen.show()
    screen.remark(
        f"The local Twilio was asked for {asked} messages and took {taken}. "
        "To connect a real workspace and account, see README.md."
    )
