"""A local Slack, the ledger, and the parts that speak to the one about the other."""

import asyncio
import itertools
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, LiteralString

import aiohttp
import psycopg
import pytest
import structlog
from slack_sdk.web.async_client import AsyncWebClient

from bot.sandbox.model import Call, Message, View
from bot.sandbox.server import FakeSlack
from bot.slack.voice import Voice, web_client
from bot.store.cards import Cards
from bot.store.database import Pool, open_pool
from bot.store.ledger import PostgresLedger
from commands.model import Actor, Committed, NewSend, Recipient

ALICE, BOB = "U0ALICE", "U0BOB"


@dataclass
class Clock:
    """Slack's time, which passes when told."""

    now: float = 1_700_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def slack(clock: Clock) -> AsyncIterator[FakeSlack]:
    async with FakeSlack(clock=clock) as server:
        server.add_user(ALICE, "alice", phone="(617) 555-1212")
        server.add_user(BOB, "bob")
        server.add_user_group("S0SRE", "sre", [ALICE, BOB])
        server.add_channel("C0ONCALL", "oncall", [ALICE, BOB])
        server.add_channel("C0AWAY", "away", [ALICE, BOB], bot_member=False)
        yield server
        assert server.violations == []


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as opened:
        yield opened


@pytest.fixture
def client(slack: FakeSlack, session: aiohttp.ClientSession) -> AsyncWebClient:
    return web_client(slack.bot_token, slack.api_url, session)


@pytest.fixture
def voice(client: AsyncWebClient, session: aiohttp.ClientSession) -> Voice:
    return Voice(client, session)


@pytest.fixture
async def pool(database_url: str) -> AsyncIterator[Pool]:
    opened = await open_pool(database_url)
    yield opened
    await opened.close()


class NoJobs:
    """Nobody works on the sends: what becomes of them is told by the test."""

    async def defer_send(
        self, conn: psycopg.AsyncConnection, send_id: int, recipients: int
    ) -> None:
        """Take no notice."""


@dataclass
class Books:
    """The ledger, and a hand that writes what became of each recipient."""

    pool: Pool
    slack: FakeSlack
    keys: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    @property
    def ledger(self) -> PostgresLedger:
        """The ledger itself."""
        return PostgresLedger(self.pool, NoJobs())

    @property
    def cards(self) -> Cards:
        """Where each send is shown."""
        return Cards(self.pool)

    async def send(self, *numbers: str, channel: str = "C0ONCALL", url: bool = True) -> int:
        """Commit a send of alice's."""
        path = self.slack.workspace.new_url(ALICE, channel)
        committed = await self.ledger.commit(
            NewSend(
                request_key=f"cmd:{next(self.keys)}",
                actor=Actor(ALICE, channel),
                body="Water in the lab",
                recipients=tuple(Recipient(number) for number in numbers),
                sender="+15005550006",
                rule="channel C0ONCALL",
                answer_url=self.slack.base_url + path if url else "",
            )
        )
        assert isinstance(committed, Committed)
        return committed.send_id

    async def settle(self, number: str, state: str, code: str = "200") -> None:
        """Write what became of a recipient."""
        sid = f"SM{number}" if state in {"accepted", "sent", "delivered"} else None
        await self.run(
            "UPDATE delivery SET state = %s, code = %s, sid = %s, owner = 1 WHERE address = %s",
            state,
            code,
            sid,
            number,
        )

    async def grow_older(self, seconds: float) -> None:
        """Let the sends be so much older."""
        await self.run("UPDATE send SET created = created - make_interval(secs => %s)", seconds)

    async def run(self, sql: LiteralString, *params: object) -> None:
        """Write anything."""
        async with self.pool.connection() as conn:
            await conn.execute(sql, params)


@pytest.fixture
def books(pool: Pool, slack: FakeSlack) -> Books:
    return Books(pool, slack)


@pytest.fixture
def calls(slack: FakeSlack) -> Callable[..., list[Call]]:
    """What was called, of one method."""

    def of(method: str) -> list[Call]:
        return [call for call in slack.calls if call.method == method]

    return of


@pytest.fixture
def private(slack: FakeSlack) -> Callable[..., list[Message]]:
    """What one person alone sees in a channel."""

    def of(user: str = ALICE, channel: str = "C0ONCALL") -> list[Message]:
        return [m for m in slack.seen_by(user, channel) if m.ephemeral]

    return of


@pytest.fixture
def shown() -> Callable[[Message | View], str]:
    """A message as one string."""

    def text(message: Message | View) -> str:
        if isinstance(message, View):
            return json.dumps(message.body, ensure_ascii=False)
        return json.dumps([message.text, message.blocks], ensure_ascii=False)

    return text


@pytest.fixture
def told() -> Iterator[list[Any]]:
    """What was logged through structlog."""
    with structlog.testing.capture_logs() as logs:
        yield logs


@pytest.fixture
async def broken(slack: FakeSlack) -> AsyncIterator[Callable[..., Awaitable[str]]]:
    """Start a server that answers everything with one text, or never; gives its address."""
    runners: list[aiohttp.web.AppRunner] = []
    over = asyncio.Event()

    async def start(status: int, text: str, kind: str, *, silent: bool = False) -> str:
        async def answer(_request: aiohttp.web.Request) -> aiohttp.web.Response:
            if silent:
                await over.wait()
            return aiohttp.web.Response(status=status, text=text, content_type=kind)

        app = aiohttp.web.Application()
        app.router.add_route("*", "/{tail:.*}", answer)
        runner = aiohttp.web.AppRunner(app, access_log=None, shutdown_timeout=0)
        await runner.setup()
        runners.append(runner)
        site = aiohttp.web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        return f"http://127.0.0.1:{runner.addresses[0][1]}/"

    yield start
    over.set()
    for runner in runners:
        await runner.cleanup()
