"""The ledger with a hand in it, and the desk: listeners that Slack reaches in both ways."""

import itertools
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import LiteralString

import psycopg
from slack_bolt.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_sdk.web.async_client import AsyncWebClient

from bot import web
from bot.policyfile import parse
from bot.sandbox.model import Call, Message, View
from bot.sandbox.server import FakeSlack
from bot.slack.connection import SocketConnection
from bot.slack.identity import Identity
from bot.slack.listeners import Listeners
from bot.slack.voice import Voice
from bot.store.cards import Cards
from bot.store.database import Pool
from bot.store.ledger import PostgresLedger
from commands.model import Actor, Committed, NewSend, Recipient
from commands.rules import Policy
from twilio_core.testing import FakeTwilio

ALICE, BOB, ONCALL, AWAY = "U0ALICE", "U0BOB", "C0ONCALL", "C0AWAY"
ONE, TWO = "+16175551212", "+16175551213"

Calls = Callable[..., list[Call]]
Private = Callable[..., list[Message]]
Wait = Callable[[Callable[[], object]], Awaitable[None]]
Shown = Callable[[Message | View], str]
Broken = Callable[..., Awaitable[str]]

POLICY = """
[[channel]]
id = "C0ONCALL"
allow = ["send", "recipients"]
who = ["*"]
to = ["verified", "directory", "+1"]

[[channel]]
id = "C0AWAY"
allow = ["send", "recipients"]
who = ["*"]
to = ["+1", "directory"]

[[contact]]
name = "alice"
number = "+16175551212"
"""


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


@dataclass
class Desk:
    """The listeners behind a real connection to Slack, and what they stand on."""

    slack: FakeSlack
    twilio: FakeTwilio
    listeners: Listeners
    voice: Voice
    books: Books
    policy: Policy = field(default_factory=lambda: parse(POLICY).policy)

    async def sends(self) -> int:
        """How many sends the ledger has."""
        count = 0
        while await self.books.cards.card(count + 1):
            count += 1
        return count


def bolt(desk: Desk, client: AsyncWebClient, secret: str | None = None) -> AsyncApp:
    """Register the listeners with a Bolt app, which checks signatures if given the secret."""
    identity = Identity(client, desk.slack.bot_token)

    async def authorize() -> AuthorizeResult:
        return await identity.authorize()

    app = AsyncApp(
        authorize=authorize,
        signing_secret=secret,
        request_verification_enabled=secret is not None,
    )
    desk.listeners.register(app)
    return app


@asynccontextmanager
async def by_socket(desk: Desk, client: AsyncWebClient) -> AsyncIterator[Desk]:
    """Let Slack reach the listeners by Socket Mode."""
    connection = SocketConnection(bolt(desk, client), desk.slack.app_token, client)
    connection.start()
    await desk.slack.connected(10)
    yield desk
    await connection.stop(1)


@asynccontextmanager
async def by_http(desk: Desk, client: AsyncWebClient) -> AsyncIterator[Desk]:
    """Let Slack reach the listeners by signed requests."""
    app = bolt(desk, client, desk.slack.signing_secret)
    listener = web.Listener("127.0.0.1", 0, [web.slack_events(app)], 1)
    desk.slack.events_url = f"{await listener.start()}/slack/events"
    yield desk
    await listener.stop()
