"""The ledger with a hand in it, and the desk: listeners that Slack reaches in both ways."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import LiteralString

import psycopg
from slack_bolt.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_sdk.web.async_client import AsyncWebClient

from bot import web
from bot.drain import Unfinished
from bot.policyfile import parse
from bot.sandbox.model import Call, Message, View
from bot.sandbox.server import FakeSlack
from bot.slack.connection import SocketConnection
from bot.slack.follower import Follower
from bot.slack.hometab import HomeTab
from bot.slack.identity import Identity
from bot.slack.listeners import Listeners
from bot.slack.voice import Voice
from bot.store.cards import Cards
from bot.store.database import Pool
from bot.store.ledger import PostgresLedger
from bot.store.questions import PostgresQuestions
from bot.store.statuses import Report, Statuses
from bot.tasks import Order, Task
from commands.model import Actor, Committed, NewSend, Recipient
from commands.rules import Policy
from commands.site import Health, Reading
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

    def __init__(self) -> None:
        self.deferred: list[Order] = []

    async def defer(self, *orders: Order, conn: psycopg.AsyncConnection | None = None) -> None:
        """Remember what would be done."""
        self.deferred += orders

    def taken(self, task: Task) -> list[Order]:
        """Give the jobs of one kind that were deferred since the last call, and forget all."""
        taken = [order for order in self.deferred if order.task is task]
        self.deferred.clear()
        return taken


@dataclass
class Books:
    """The ledger, and a hand that writes what became of each recipient."""

    pool: Pool
    slack: FakeSlack
    keys: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    jobs: NoJobs = field(default_factory=NoJobs)
    same_intent: timedelta = timedelta(0)

    @property
    def questions(self) -> PostgresQuestions:
        """What is asked before sending."""
        return PostgresQuestions(self.pool, self.jobs)

    @property
    def ledger(self) -> PostgresLedger:
        """The ledger itself."""
        return PostgresLedger(self.pool, self.jobs)

    @property
    def statuses(self) -> Statuses:
        """Where late news is written down."""
        return Statuses(self.pool, self.jobs)

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

    async def doubt(self, number: str, *, looked_for: bool) -> None:
        """Write that the latest request for a recipient got no answer."""
        await self.run(
            "UPDATE delivery SET state = 'in_doubt', code = '1001', reason = 'no answer',"
            " attempt = attempt + 1, attempted = now(), doubted = now(),"
            " next_check = CASE WHEN %s THEN now() END WHERE address = %s",
            looked_for,
            number,
        )

    async def hear(self, send_id: int, number: str, status: str, error_code: int = 0) -> None:
        """Take in what Twilio says later of a recipient's message."""
        async with self.pool.connection() as conn:
            cursor = await conn.execute(
                "SELECT id, coalesce(sid, 'SM' || address) FROM delivery"
                " WHERE send_id = %s AND address = %s",
                (send_id, number),
            )
            [(delivery, sid)] = await cursor.fetchall()
        reason = f"{error_code} the phone is off" if error_code else ""
        await self.statuses.apply(
            [Report(delivery, sid, status, "callback", error_code or None, reason)]
        )

    async def grow_older(self, seconds: float) -> None:
        """Let the sends be so much older."""
        await self.run("UPDATE send SET created = created - make_interval(secs => %s)", seconds)

    async def run(self, sql: LiteralString, *params: object) -> None:
        """Write anything."""
        async with self.pool.connection() as conn:
            await conn.execute(sql, params)


@dataclass
class Following:
    """The jobs of cards, run by hand."""

    follower: Follower
    jobs: NoJobs
    running: list[asyncio.Task[Unfinished | None]] = field(default_factory=list)

    def start(self, send_id: int) -> asyncio.Task[Unfinished | None]:
        """Start the job of a card, as a process would."""
        self.running.append(asyncio.create_task(self.follower.run(send_id)))
        return self.running[-1]

    async def whole(self, send_id: int) -> None:
        """Run the job of a card to its end, and then the notice that it asked for."""
        assert await self.start(send_id) is None
        for notice in self.jobs.taken(Task.NOTICE):
            assert await self.follower.notify(notice.send_id) is None


@dataclass
class Site:
    """What a process knows of itself, as the test has it."""

    faults: tuple[str, ...] = ()
    well: bool = True

    def reading(self) -> Reading:
        """How sms.toml was read last."""
        return Reading((("keep", timedelta(days=90)),), self.faults)

    async def health(self) -> tuple[Health, ...]:
        """How one neighbour is."""
        return (Health("Database", self.well, "PostgreSQL 18.1 answered in 0.4 ms"),)


@dataclass
class Desk:
    """The listeners behind a real connection to Slack, and what they stand on."""

    slack: FakeSlack
    twilio: FakeTwilio
    listeners: Listeners
    voice: Voice
    books: Books
    home: HomeTab
    site: Site
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
    listener = web.Listener("127.0.0.1", 0, [web.slack_events(app, desk.slack.signing_secret)], 1)
    desk.slack.events_url = f"{await listener.start()}/slack/events"
    yield desk
    await listener.stop()
