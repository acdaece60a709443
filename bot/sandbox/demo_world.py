"""What every demo starts: a database, a local Slack, a local Twilio, and the real bot between."""

import asyncio
import socket
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bot.app import running
from bot.config import Config, Settings, load
from bot.sandbox.demo_cast import POLICY, populate
from bot.sandbox.environ import environ
from bot.sandbox.server import FakeSlack
from bot.store import embedded
from bot.web import INBOUND_PATH
from twilio_core.testing import FakeTwilio

Prepare = Callable[[Settings], None]
"""What to do with the bot's settings before it starts."""

_STEP: Final = 0.4
"""Seconds between two states of a delivery: slow enough to be seen."""


@dataclass(frozen=True)
class World:
    """Both ends of the bot.

    Attributes:
        slack: where people type and read.
        twilio: the account whose SMS they get.
    """

    slack: FakeSlack
    twilio: FakeTwilio


async def start(stack: AsyncExitStack, prepare: Prepare) -> World:
    """Start everything; the stack stops it."""
    folder, url = await stack.enter_async_context(_database())
    slack = await stack.enter_async_context(FakeSlack())
    twilio = await stack.enter_async_context(FakeTwilio(step=_STEP))
    populate(slack, twilio)
    config = _config(folder, url, slack, twilio)
    prepare(config.settings)
    await stack.enter_async_context(running(config))
    await slack.connected()
    return World(slack, twilio)


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
