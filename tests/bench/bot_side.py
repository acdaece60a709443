"""The whole bot: a process between a local Slack, a PostgreSQL and a local Twilio.

Each run has a process, a workspace and a database of its own, so none pays for an earlier one.
"""

import asyncio
import json
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import LiteralString
from urllib.parse import urlsplit

import aiohttp
import psutil
import psycopg

from bot.sandbox.environ import environ
from bot.sandbox.model import Delivered
from bot.sandbox.server import FakeSlack
from tests.bench.figures import Cost, numbers, warm_up
from tests.bench.local import BrokenError, Child, Twilio, child
from twilio_core.testing import FakeTwilio

ALERT_TOKEN = "bench-token"
_ONCALL, _ALICE = "C0ONCALL", "U0ALICE"
_CHANNEL = """
[[channel]]
id = "C0ONCALL"
allow = ["send", "page"]
who = ["*"]
to = ["directory", "+1"]

[[escalation]]
name = "db"
steps = [ { to = ["+16179999999"], wait = "1h" } ]

[[alert]]
name = "bench"
channel = "C0ONCALL"
escalation = "db"
token_env = "BENCH_TOKEN"
storm = 0
"""
_START = 30.0
"""Seconds that the bot has to become ready."""
_SETTLE = 180.0
"""Seconds that a send has to be settled."""
_CARD = 1.1
"""Seconds in which the last card follows: there is at most one a second."""
_POLL = 0.02


@dataclass(frozen=True)
class Server:
    """A PostgreSQL for the whole bench, and the folder that it and the bots live in.

    Attributes:
        folder: holds sms.toml as well.
        url: of the database that the server begins with.
    """

    folder: Path
    url: str

    def cpu(self) -> float:
        """Give the seconds of CPU that all its processes have used, the ended ones as well."""
        pid = int((self.folder / "postgres" / "postmaster.pid").read_text().split()[0])
        postmaster = psutil.Process(pid)
        times = postmaster.cpu_times()
        total = times.user + times.system + times.children_user + times.children_system
        for worker in postmaster.children(recursive=True):
            with suppress(psutil.NoSuchProcess):
                spent = worker.cpu_times()
                total += spent.user + spent.system
        return total

    @asynccontextmanager
    async def database(self) -> AsyncIterator[str]:
        """Make an empty database for the length of the block, and give its address."""
        name = f"bench_{time.monotonic_ns()}"
        await self._do(f"CREATE DATABASE {name}")
        try:
            yield urlsplit(self.url)._replace(path=f"/{name}").geturl()
        finally:
            await self._do(f"DROP DATABASE {name} WITH (FORCE)")

    async def _do(self, statement: str) -> None:
        async with await psycopg.AsyncConnection.connect(self.url, autocommit=True) as conn:
            await conn.execute(statement.encode())


@asynccontextmanager
async def server(sizes: Sequence[int]) -> AsyncIterator[Server]:
    """Start a PostgreSQL, beside an sms.toml with one group a size."""
    with tempfile.TemporaryDirectory(prefix="sms-bench-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        groups = (
            f'[[group]]\nname = "g{size}"\nmembers = {json.dumps(numbers(size))}\n'
            for size in sorted({*sizes})
        )
        (folder / "sms.toml").write_text(_CHANNEL + "\n".join(groups), encoding="utf-8")
        async with child("tests.bench.database_process") as process:
            await process.tell(folder=name)
            yield Server(folder, (await process.told(within=_START))["url"])


@dataclass(frozen=True)
class BotSide:
    """A bot that is ready.

    Attributes:
        slack: its workspace.
        process: its process.
        start: seconds from its start to ready, on an empty database.
        address: of its HTTP listener.
    """

    slack: FakeSlack
    process: Child
    start: float
    address: str
    _server: Server
    _database_url: str

    async def command(self, text: str) -> Delivered:
        """Let a person type a command.

        Raises:
            BrokenError: the bot did not acknowledge it.
        """
        done = await self.slack.command(_ALICE, _ONCALL, text)
        if done.error:
            raise BrokenError(f"the bot did not acknowledge `{text}`: {done.error}")
        return done

    async def send(self, size: int) -> Cost:
        """Send to a group: from the command to the moment the ledger says that nobody is left."""
        async with await psycopg.AsyncConnection.connect(
            self._database_url, autocommit=True
        ) as conn:
            await self.command(f"send {warm_up()} hello")
            await self._settled(conn, 1)
            before, database = self.process.cpu(), self._server.cpu()
            started = time.time()
            await self.command(f"send g{size} hello")
            wall = await self._settled(conn, 2) - started
            cursor = await conn.execute("SELECT count(*) FROM delivery WHERE sid IS NOT NULL")
            row = await cursor.fetchone()
        accepted = row[0] - 1 if row else 0
        cpu, database_cpu = self.process.cpu() - before, self._server.cpu() - database
        return Cost(wall, cpu, self.process.peak, accepted, database_cpu)

    async def count(self, sql: LiteralString) -> int:
        """Ask its ledger for a number."""
        async with await psycopg.AsyncConnection.connect(self._database_url) as conn:
            row = await (await conn.execute(sql)).fetchone()
        return int(row[0]) if row else 0

    async def settled(self, count: int) -> None:
        """Wait until so many sends are settled."""
        async with await psycopg.AsyncConnection.connect(
            self._database_url, autocommit=True
        ) as conn:
            await self._settled(conn, count)

    async def _settled(self, conn: psycopg.AsyncConnection, count: int) -> float:
        """Wait until so many sends are settled and the last card is shown.

        Returns:
            The moment when the last was settled, as the clock of this machine has it.

        Raises:
            BrokenError: they are not in time.
        """
        with suppress(TimeoutError):
            async with asyncio.timeout(_SETTLE):
                while True:
                    cursor = await conn.execute(
                        "SELECT count(settled), max(extract(epoch FROM settled))::float8 FROM send"
                    )
                    row = await cursor.fetchone()
                    if row and row[0] >= count:
                        await asyncio.sleep(_CARD)
                        return float(row[1])
                    await asyncio.sleep(_POLL)
        raise BrokenError(f"not all of {count} sends were settled within {_SETTLE:.0f} s")


@asynccontextmanager
async def bot(
    server: Server, twilio: Twilio | FakeTwilio, in_flight: int
) -> AsyncIterator[BotSide]:
    """Run a bot for the length of the block."""
    async with server.database() as url, FakeSlack() as slack:
        slack.add_user(_ALICE, "alice")
        slack.add_channel(_ONCALL, "oncall", [_ALICE])
        told = environ(
            slack,
            FakeTwilio(),
            DATABASE_URL=url,
            LOG_LEVEL="ERROR",
            TWILIO_URL=twilio.url,
            TWILIO_ACCOUNT_SID=twilio.account_sid,
            TWILIO_AUTH_TOKEN=twilio.auth_token,
            BENCH_TOKEN=ALERT_TOKEN,
        )
        began = time.perf_counter()
        async with child("tests.bench.bot_process") as process:
            await process.tell(environ=told, folder=str(server.folder), in_flight=in_flight)
            address = (await process.told(within=_START))["address"]
            await _ready(address)
            yield BotSide(slack, process, time.perf_counter() - began, address, server, url)


async def _ready(address: str) -> None:
    async with aiohttp.ClientSession() as session, asyncio.timeout(_START):
        while True:
            async with session.get(f"{address}/readyz") as answer:
                if answer.ok:
                    return
            await asyncio.sleep(0.005)
