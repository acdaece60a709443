"""A local Slack, the ledger, and the parts that speak to the one about the other."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any

import aiohttp
import pytest
import structlog
from slack_sdk.web.async_client import AsyncWebClient

from bot.core import Core
from bot.directory import LiveDirectory
from bot.metrics import Metrics
from bot.sandbox.model import Call, Message, View
from bot.sandbox.server import FakeSlack
from bot.slack.follower import Follower
from bot.slack.hometab import HomeTab
from bot.slack.identity import Identity
from bot.slack.listeners import Listeners, Tools
from bot.slack.replies import Replies
from bot.slack.voice import Voice, open_session, web_client
from bot.store.book import Book
from bot.store.database import Pool, open_pool
from bot.store.homes import Homes
from bot.store.pageviews import PostgresPages
from tests.bot.kit import Clock
from tests.bot.slack.kit import ALICE, BOB, Books, Desk, Following, Site, by_http, by_socket
from twilio_core import Credentials, TwilioClient, open_http
from twilio_core.testing import FakeTwilio


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
    async with open_session() as opened:
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


@pytest.fixture
def books(pool: Pool, slack: FakeSlack) -> Books:
    return Books(pool, slack)


@pytest.fixture
def stopping() -> asyncio.Event:
    """Set when the process that follows cards is to stop."""
    return asyncio.Event()


@pytest.fixture
async def follow(books: Books, voice: Voice, stopping: asyncio.Event) -> AsyncIterator[Following]:
    """The jobs of cards, in a channel that masks numbers."""
    follower = Follower(books.cards, voice, lambda _channel: True, books.jobs, stopping)
    made = Following(follower, books.jobs)
    yield made
    for task in made.running:
        task.cancel()
    await asyncio.gather(*made.running, return_exceptions=True)


@pytest.fixture
async def twilio() -> AsyncIterator[FakeTwilio]:
    async with FakeTwilio() as server:
        yield server


@pytest.fixture
def site() -> Site:
    """What the process knows of itself."""
    return Site()


@pytest.fixture
async def desk(
    slack: FakeSlack,
    twilio: FakeTwilio,
    client: AsyncWebClient,
    voice: Voice,
    books: Books,
    pool: Pool,
    site: Site,
) -> AsyncIterator[Desk]:
    credentials = Credentials(twilio.account_sid, twilio.auth_token)
    account = TwilioClient(open_http(), credentials, twilio.url)
    identity = Identity(client, slack.bot_token)
    await identity.ask()
    core = Core(
        lambda: made.policy,
        LiveDirectory(account, client, identity.home),
        books.ledger,
        Book(pool),
        "+15005550006",
        books.cards,
        books.questions,
        PostgresPages(pool, books.jobs),
        lambda: books.same_intent,
    )
    home = HomeTab(core, site, Homes(pool), voice, pauses=(0.1, 0.1))
    listeners = Listeners(Tools(core, voice, books.cards, client, Metrics(), Replies(voice), home))
    made = Desk(slack, twilio, listeners, voice, books, home, site)
    yield made
    await listeners.drained(0)
    await account.aclose()


@pytest.fixture
async def at_desk(desk: Desk, client: AsyncWebClient) -> AsyncIterator[Desk]:
    """Slack reaches the listeners."""
    async with by_socket(desk, client) as ready:
        yield ready


@pytest.fixture(params=[by_socket, by_http])
async def either(
    request: pytest.FixtureRequest, desk: Desk, client: AsyncWebClient
) -> AsyncIterator[Desk]:
    """Slack reaches the listeners, once in each way."""
    async with request.param(desk, client) as ready:
        yield ready


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
