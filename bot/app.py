"""The composition root: everything is built here, for `run`, `worker`, the demo and the tests.

    async with running(config) as bot:
        await bot.stopping.wait()

Leaving the block takes no more requests, lets what runs finish for `GRACE` seconds, and leaves
the rest in the ledger to the next start.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

import aiohttp
import psycopg
import structlog
from slack_bolt.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.response import BoltResponse
from slack_sdk.web.async_client import AsyncWebClient

from bot import web
from bot.config import Config, Settings
from bot.core import Core
from bot.directory import LiveDirectory
from bot.drain import Drain
from bot.gateway import Gateway
from bot.jobs import GRACE, Jobs
from bot.metrics import Metrics
from bot.policyfile import PolicySource
from bot.policywatch import watch
from bot.slack.connection import SocketConnection
from bot.slack.follower import Follower
from bot.slack.identity import Identity
from bot.slack.listeners import Listeners
from bot.slack.voice import Voice, web_client
from bot.slots import Slots
from bot.store.cards import Cards
from bot.store.database import Pool, locate, open_pool
from bot.store.ledger import PostgresLedger
from bot.store.outbox import Outbox
from twilio_core import Credentials, TwilioClient, open_http

IN_FLIGHT = 50
"""Requests to Twilio at once in one process."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Bot:
    """A running process.

    Attributes:
        address: where the HTTP listener is.
        stopping: set it, and the process begins to stop.
        listens: True if it serves Slack, False for a worker alone.
    """

    address: str
    stopping: asyncio.Event
    listens: bool


@dataclass
class _Parts:
    """What the builders below share."""

    config: Config
    stack: AsyncExitStack
    stopping: asyncio.Event
    metrics: Metrics = field(default_factory=Metrics)

    @property
    def settings(self) -> Settings:
        return self.config.settings


@asynccontextmanager
async def running(
    config: Config,
    *,
    listens: bool = True,
    stopping: asyncio.Event | None = None,
    in_flight: int = IN_FLIGHT,
) -> AsyncIterator[Bot]:
    """Run the bot for the length of the block.

    Args:
        config: all that it is told from outside.
        listens: False for a job worker alone.
        stopping: an event that somebody else sets to stop; made here if None.
        in_flight: requests to Twilio at once.

    Raises:
        ConfigFaults: Slack refuses the token.
        bot.web.CannotListen: the port is taken.
        bot.store.embedded.CannotStartError: the embedded database does not start.
        bot.store.migrate.SchemaTooNewError: the database belongs to a newer version.
        psycopg.OperationalError: the database cannot be reached.
    """
    async with AsyncExitStack() as stack:
        parts = _Parts(config, stack, stopping or asyncio.Event())
        slack = await _slack(parts)
        twilio = _twilio(parts, in_flight)
        pool = await _pool(parts)
        jobs = Jobs(pool)
        await jobs.open()
        core = _core(parts, LiveDirectory(twilio, slack.client), PostgresLedger(pool, jobs))
        cards, gateway = Cards(pool), Gateway(twilio, parts.metrics)
        drain = Drain(Outbox(pool), gateway, Slots(in_flight), parts.stopping)
        jobs.serve(drain.run, Follower(cards, slack.voice, core.masked, parts.stopping).run)
        _work(parts, jobs)
        listeners = Listeners(core, slack.voice, cards, slack.client, parts.metrics)
        address = await _face(parts, listeners, slack, pool, listens=listens)
        log.info("ready", address=address, listens=listens)
        yield Bot(address, parts.stopping, listens)
        parts.stopping.set()


@dataclass(frozen=True)
class _Slack:
    """How this process speaks to Slack."""

    client: AsyncWebClient
    identity: Identity
    voice: Voice


async def _slack(parts: _Parts) -> _Slack:
    session = await parts.stack.enter_async_context(aiohttp.ClientSession())
    token = parts.settings.slack_bot_token.get_secret_value()
    client = web_client(token, parts.settings.slack_api_url, session)
    identity = Identity(client, token)
    await identity.ask()
    return _Slack(client, identity, Voice(client, session))


def _core(parts: _Parts, directory: LiveDirectory, ledger: PostgresLedger) -> Core:
    source = PolicySource(parts.config.policy_path, parts.config.policy_file)
    _in_background(parts, "policy", watch(source, parts.metrics))
    return Core(lambda: source.policy, directory, ledger, parts.settings.twilio_from)


def _twilio(parts: _Parts, in_flight: int) -> TwilioClient:
    settings = parts.settings
    credentials = Credentials(
        settings.twilio_account_sid,
        settings.twilio_auth_token.get_secret_value() if settings.twilio_auth_token else "",
        settings.twilio_api_key or "",
        settings.twilio_api_secret.get_secret_value() if settings.twilio_api_secret else "",
    )
    # room for look-ups beside the messages: neither may queue behind the other in the pool
    client = TwilioClient(open_http(limit=in_flight + 10), credentials, settings.twilio_url)
    parts.stack.push_async_callback(client.aclose)
    return client


async def _pool(parts: _Parts) -> Pool:
    settings = parts.settings
    configured = settings.database_url.get_secret_value() if settings.database_url else ""
    pool = await open_pool(await locate(configured, settings.sms_data_dir))
    parts.stack.push_async_callback(pool.close)
    return pool


def _work(parts: _Parts, jobs: Jobs) -> None:
    working = asyncio.create_task(jobs.work(parts.stopping), name="jobs")

    async def finish() -> None:
        parts.stopping.set()
        await working

    parts.stack.push_async_callback(finish)


async def _face(
    parts: _Parts, listeners: Listeners, slack: _Slack, pool: Pool, *, listens: bool
) -> str:
    """Start what others reach: the HTTP listener and the connection to Slack."""
    app = _bolt(parts.settings, slack.identity)
    listeners.register(app)
    socket: SocketConnection | None = None
    if listens and parts.settings.slack_app_token:
        app_token = parts.settings.slack_app_token.get_secret_value()
        socket = SocketConnection(app, app_token, slack.client)

    async def ready() -> str:
        if not await _alive(pool):
            return "the database does not answer"
        connected = await socket.connected() if socket else await slack.identity.known()
        return "" if connected or not listens else "Slack is not connected"

    parts.stack.push_async_callback(listeners.drained, GRACE)
    settings = parts.settings
    routes = web.routes(ready, parts.metrics)
    if listens and socket is None:
        routes.append(web.slack_events(app))
    listener = web.Listener(settings.host, settings.port, routes, GRACE)
    address = await listener.start()
    parts.stack.push_async_callback(listener.stop)
    if socket:
        socket.start()
        parts.stack.push_async_callback(socket.stop, GRACE)
    return address


def _bolt(settings: Settings, identity: Identity) -> AsyncApp:
    secret = settings.slack_signing_secret

    async def authorize() -> AuthorizeResult:  # a function: Bolt knows no `self`
        return await identity.authorize()

    app = AsyncApp(
        # Bolt's own level would be the root's, and its warnings are advice to its developers
        logger=logging.getLogger("slack_bolt"),
        authorize=authorize,
        signing_secret=secret.get_secret_value() if secret else None,
        # Socket Mode comes authenticated; over HTTP configuration has seen to a secret
        request_verification_enabled=settings.slack_app_token is None,
        raise_error_for_unhandled_request=True,
    )

    async def unhandled(error: Exception) -> BoltResponse:
        log.warning("request.unhandled", error=type(error).__name__)
        return BoltResponse(status=404)

    app.error(unhandled)
    return app


async def _alive(pool: Pool) -> bool:
    try:
        async with asyncio.timeout(2), pool.connection() as conn:
            await conn.execute("SELECT 1")
    except (psycopg.Error, TimeoutError, OSError):
        return False
    return True


def _in_background(parts: _Parts, name: str, work: Coroutine[None, None, None]) -> None:
    task = asyncio.create_task(work, name=name)

    async def end() -> None:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    parts.stack.push_async_callback(end)
