"""The composition root: everything is built here, for `run`, `worker`, the demo and the tests.

    async with running(config) as bot:
        await bot.stopping.wait()

Leaving the block takes no more requests, lets what runs finish for `GRACE` seconds, and leaves
the rest in the ledger to the next start.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import structlog
from slack_sdk.web.async_client import AsyncWebClient

from bot import listen, reconcile, track, web
from bot.account import credentials
from bot.climb import Climb
from bot.config import Config
from bot.core import Core
from bot.directory import LiveDirectory
from bot.drain import Drain
from bot.gateway import Gateway
from bot.gauges import Sampler
from bot.hearing import Hearing
from bot.heart import Heart
from bot.inbox import Inbox
from bot.intake import alerts
from bot.jobs import GRACE, Handler, Jobs
from bot.lease import Lease
from bot.limits import Limits
from bot.listen import Listen
from bot.pace import Pace
from bot.parts import Parts, in_background
from bot.policyfile import PolicySource
from bot.policywatch import watch
from bot.reconcile import Reconcile
from bot.rescue import Rescue
from bot.revive import revive
from bot.slack.asker import Asker
from bot.slack.bolt import bolt
from bot.slack.connection import SocketConnection
from bot.slack.follower import Follower
from bot.slack.hometab import HomeTab
from bot.slack.identity import Identity
from bot.slack.listeners import Listeners, Tools
from bot.slack.pager import Pager
from bot.slack.replies import Replies
from bot.slack.voice import Voice, open_session, web_client
from bot.slots import RESERVE, Slots
from bot.store.alerts import Alerts
from bot.store.book import Book
from bot.store.cards import Cards
from bot.store.database import Pool, alive, locate, open_pool, open_queue_pool
from bot.store.doubts import Doubts
from bot.store.homes import Homes
from bot.store.journeys import Itinerary
from bot.store.ledger import PostgresLedger
from bot.store.lines import Lines
from bot.store.looks import Looks
from bot.store.outbox import Outbox
from bot.store.pagecards import PageCards
from bot.store.pagesteps import PageSteps
from bot.store.pageviews import PostgresPages
from bot.store.purge import Purge
from bot.store.questions import PostgresQuestions
from bot.store.replies import Replies as Inbound
from bot.store.statuses import Statuses
from bot.tasks import Task
from bot.timetable import Timetable
from bot.track import Track
from bot.upkeep import upkeep
from bot.vitals import Vitals
from twilio_core import TwilioClient, open_http

IN_FLIGHT = 50
"""Requests to Twilio at once in one process."""

LOOK_UPS = track.AT_ONCE + reconcile.AT_ONCE + listen.AT_ONCE + 1
"""Requests beside those, at the most: looks at messages on their way, lists for doubts and for
replies, and the list of verified numbers, which is one request however many ask (`bot.kept`)."""

TIMEOUT = 15.0
"""Seconds for one request to Twilio; longer without an answer is a doubt."""

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


@asynccontextmanager
async def running(
    config: Config,
    *,
    listens: bool = True,
    stopping: asyncio.Event | None = None,
    in_flight: int = IN_FLIGHT,
    timeout: float = TIMEOUT,  # noqa: ASYNC109 - of each request, not of this call
) -> AsyncIterator[Bot]:
    """Run the bot for the length of the block.

    Args:
        config: all that it is told from outside.
        listens: False for a job worker alone.
        stopping: an event that somebody else sets to stop; made here if None.
        in_flight: requests to Twilio at once.
        timeout: seconds for each of them.

    Raises:
        ConfigFaults: Slack refuses the token.
        bot.web.CannotListen: the port is taken.
        bot.store.embedded.CannotStartError: the embedded database does not start.
        bot.store.migrate.SchemaTooNewError: the database belongs to a newer version.
        psycopg.OperationalError: the database cannot be reached.
    """
    async with AsyncExitStack() as stack:
        source = PolicySource(config.policy_path, config.policy_file, config.variables)
        parts = Parts(config, source, stack, stopping or asyncio.Event())
        in_background(parts, "policy", watch(source, parts.metrics))
        times = Timetable(lambda: source.current.timing, bool(config.settings.public_url))
        slack = await _slack(parts)
        parts.metrics.gauges.link = slack.voice.link
        twilio = _twilio(parts, in_flight, timeout)
        store = await _store(parts, times)
        core = _core(parts, store, slack, twilio)
        pace = Pace(Slots(in_flight), store.pool)
        vitals = Vitals(source, slack.voice.link, pace, store.pool)
        home = HomeTab(core, vitals, Homes(store.pool), slack.voice)
        shows = _shows(parts, store, core, slack.voice)
        _work(parts, store, twilio, times, {**shows, Task.HOME: home.run}, pace)
        _hear(parts, store, core, twilio)
        replies = Replies(slack.voice)
        tools = Tools(core, slack.voice, store.cards, slack.client, parts.metrics, replies, home)
        listeners = Listeners(tools)
        address = await _face(parts, listeners, slack, store, listens=listens)
        log.info("ready", address=address, listens=listens)
        yield Bot(address, parts.stopping, listens)
        parts.stopping.set()


@dataclass(frozen=True)
class _Slack:
    """How this process speaks to Slack."""

    client: AsyncWebClient
    identity: Identity
    voice: Voice


async def _slack(parts: Parts) -> _Slack:
    session = await parts.stack.enter_async_context(open_session())
    token = parts.settings.slack_bot_token.get_secret_value()
    client = web_client(token, parts.settings.slack_api_url, session)
    identity = Identity(client, token)
    await identity.ask()
    return _Slack(client, identity, Voice(client, session))


def _twilio(parts: Parts, in_flight: int, seconds: float) -> TwilioClient:
    settings = parts.settings
    # messages, pages and look-ups, each as many as there may be: none queues behind the others in
    # the pool, where a wait for a connection would count as Twilio out of reach
    http = open_http(limit=in_flight + RESERVE + LOOK_UPS)
    client = TwilioClient(http, credentials(settings), settings.twilio_url, timeout=seconds)
    parts.stack.push_async_callback(client.aclose)
    return client


@dataclass(frozen=True)
class _Store:
    """The ledger's sides, the queue, and what keeps this process alive in the eyes of others."""

    url: str
    pool: Pool
    lease: Lease
    jobs: Jobs
    ledger: PostgresLedger
    cards: Cards
    statuses: Statuses
    questions: PostgresQuestions
    pages: PostgresPages


async def _store(parts: Parts, times: Timetable) -> _Store:
    settings = parts.settings
    configured = settings.database_url.get_secret_value() if settings.database_url else ""
    url = await locate(configured, settings.sms_data_dir)
    if not configured:
        in_background(parts, "revive", revive(settings.sms_data_dir))
    lines = Lines()
    pool = await open_pool(url, lines)
    parts.stack.push_async_callback(pool.close)
    queue = await open_queue_pool(url, lines)
    parts.stack.push_async_callback(queue.close)
    in_background(parts, "lines", lines.run(url, pool, queue))
    lease = Lease()
    jobs = Jobs(queue, lease, lines)
    await jobs.open()
    ledger = PostgresLedger(pool, jobs, times.first_look)
    return _Store(
        url,
        pool,
        lease,
        jobs,
        ledger,
        Cards(pool),
        Statuses(pool, jobs),
        PostgresQuestions(pool, jobs),
        PostgresPages(pool, jobs),
    )


def _core(parts: Parts, store: _Store, slack: _Slack, twilio: TwilioClient) -> Core:
    """Build what decides."""
    source = parts.source
    return Core(
        lambda: source.policy,
        LiveDirectory(twilio, slack.client, slack.identity.home),
        store.ledger,
        Book(store.pool),
        parts.settings.twilio_from,
        store.cards,
        store.questions,
        store.pages,
        lambda: source.current.timing.same_intent,
    )


def _shows(parts: Parts, store: _Store, core: Core, voice: Voice) -> Mapping[Task, Handler]:
    """Build the jobs that keep true what Slack shows, and the ladder of pages."""
    follower = Follower(store.cards, voice, core.masked, store.jobs, parts.stopping)
    return {
        Task.CARD: follower.run,
        Task.NOTICE: follower.notify,
        Task.QUESTION: Asker(core, voice).run,
        Task.PAGE: Climb(PageSteps(store.pool, store.jobs), core).run,
        Task.PAGE_CARD: Pager(PageCards(store.pool), store.pages, voice, core.masked).run,
    }


def _work(
    parts: Parts,
    store: _Store,
    twilio: TwilioClient,
    times: Timetable,
    shows: Mapping[Task, Handler],
    pace: Pace,
) -> None:
    """Start the jobs, and what keeps them going."""
    pool, jobs, lease = store.pool, store.jobs, store.lease
    public_url = parts.settings.public_url
    status_url = f"{public_url.rstrip('/')}{web.STATUS_PATH}" if public_url else ""
    outbox, doubts = Outbox(pool, jobs), Doubts(pool, jobs)
    gateway = Gateway(twilio, parts.metrics, pace, status_url)
    drain = Drain(outbox, gateway, Limits(pace.slots, pace, lease, parts.stopping))
    jobs.serve(
        {
            Task.DRAIN: drain.run,
            Task.URGENT: drain.urgent,
            **shows,
            Task.RECONCILE: Reconcile(outbox, doubts, store.statuses, twilio, times).run,
            Task.TRACK: Track(Itinerary(pool), store.statuses, twilio, times).run,
        }
    )
    in_background(
        parts, "heart", Heart(store.url, lambda: jobs.worker, jobs.renew, lease, pace).run()
    )
    in_background(parts, "rescue", Rescue(pool, jobs, lease, parts.metrics).run())
    in_background(parts, "levels", Sampler(pool, parts.metrics.gauges).run())
    parts.metrics.gauges.lease = lease
    in_background(parts, "upkeep", upkeep(Purge(pool), times))
    working = asyncio.create_task(jobs.work(parts.stopping), name="jobs")

    async def finish() -> None:
        parts.stopping.set()
        await working

    parts.stack.push_async_callback(finish)


async def _face(
    parts: Parts, listeners: Listeners, slack: _Slack, store: _Store, *, listens: bool
) -> str:
    """Start what others reach: the HTTP listener and the connection to Slack."""
    app = bolt(parts.settings, slack.identity)
    listeners.register(app)
    socket: SocketConnection | None = None
    if listens:
        slack.voice.link.reached(by_socket=parts.settings.slack_app_token is not None)
    if listens and parts.settings.slack_app_token:
        app_token = parts.settings.slack_app_token.get_secret_value()
        socket = SocketConnection(app, app_token, slack.client, slack.voice.link)

    async def ready() -> str:
        if not await alive(store.pool):
            return "the database does not answer"
        connected = await socket.connected() if socket else await slack.identity.known()
        return "" if connected or not listens else "Slack is not connected"

    parts.stack.push_async_callback(listeners.drained, GRACE)
    settings = parts.settings
    routes = [*web.routes(ready, parts.metrics), *parts.routes]
    take = Alerts(store.pool, store.jobs).take
    routes.append(alerts(parts.source, settings.twilio_from, take, parts.metrics))
    if listens and socket is None and settings.slack_signing_secret:  # seen to by configuration
        routes.append(web.slack_events(app, settings.slack_signing_secret.get_secret_value()))
    listener = web.Listener(settings.host, settings.port, routes, GRACE, parts.metrics)
    address = await listener.start(anywhere=not listens)
    parts.stack.push_async_callback(listener.stop)
    if socket:
        socket.start()
        parts.stack.push_async_callback(socket.stop, GRACE)
    return address


def _hear(parts: Parts, store: _Store, core: Core, twilio: TwilioClient) -> None:
    """Hear what people reply, and where Twilio can reach us what it calls about."""
    public_url, token = parts.settings.public_url, parts.settings.twilio_auth_token
    replies = Inbound(store.pool, store.jobs)
    hearing = Hearing(replies, lambda: core.book.over(core.policy()), parts.metrics)
    looks = Looks(store.pool, called_back=bool(public_url))
    in_background(parts, "listen", Listen(looks, hearing, twilio).run())
    if public_url and token:  # configuration has seen to a token
        inbox, secret = Inbox(store.statuses), token.get_secret_value()
        in_background(parts, "inbox", inbox.run())
        parts.routes += [
            web.twilio_status(public_url, secret, inbox.hear, parts.metrics),
            web.twilio_inbound(public_url, secret, hearing.hear, parts.metrics),
        ]
