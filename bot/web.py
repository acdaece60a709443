"""The HTTP listener: health, metrics, Twilio's callbacks; Slack's events without Socket Mode."""

import asyncio
import errno
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

import psycopg
import structlog
from aiohttp import web
from procrastinate.exceptions import ConnectorException
from psycopg_pool import PoolTimeout
from slack_bolt.adapter.aiohttp import to_aiohttp_response
from slack_bolt.async_app import AsyncApp

from bot.bodies import read_body
from bot.gateway import called_back
from bot.metrics import Metrics
from bot.slack.requests import Signed
from bot.store.replies import Reply
from bot.store.statuses import Report
from bot.watched import watched
from twilio_core import InboundMessage, SignatureMismatch, StatusCallback
from twilio_core.webhooks import verify

STATUS_PATH = "/twilio/status/"
INBOUND_PATH = "/twilio/inbound"

LIMIT = 1 << 20
"""Bytes of a request's body."""

TWILIO_LIMIT = 1 << 16
"""The same of Twilio's: its forms have a few kilobytes."""

BODY_SECONDS = 10.0
"""Until all of a body is there."""

_FIELDS = 500
"""Fields of a form of Twilio's: it has some thirty."""

_PATIENCE = 10.0
"""Seconds to write a callback down: Twilio waits for 15."""

_METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"

Pairs = list[tuple[str, str]]
"""The fields of a form, in order."""

log = structlog.get_logger(__name__)


def routes(ready: Callable[[], Awaitable[str]], metrics: Metrics) -> list[web.RouteDef]:
    """List what every process answers; `ready` gives the reason why it is not, or nothing."""

    async def healthz(_request: web.Request) -> web.Response:
        return web.Response(text="ok\n")

    async def readyz(_request: web.Request) -> web.Response:
        reason = await ready()
        return web.Response(text=f"{reason or 'ready'}\n", status=503 if reason else 200)

    async def show_metrics(_request: web.Request) -> web.Response:
        return web.Response(body=metrics.text(), headers={"Content-Type": _METRICS_TYPE})

    return [
        web.get("/healthz", healthz),
        web.get("/readyz", readyz),
        web.get("/metrics", show_metrics),
    ]


def slack_events(app: AsyncApp, secret: str) -> web.RouteDef:
    """Give the route of Slack's requests, which it signs with `secret`."""
    signed = Signed(app, secret)

    async def events(request: web.Request) -> web.Response:
        response = await signed.answer(
            request.headers,
            lambda: read_body(request, LIMIT, BODY_SECONDS),
            time.time(),
            query=request.query_string,
            peer=request.remote,
        )
        return await to_aiohttp_response(response)

    return web.post("/slack/events", events)


def twilio_status(
    public_url: str,
    auth_token: str,
    hear: Callable[[Report], Awaitable[bool]],
    metrics: Metrics,
) -> web.RouteDef:
    """Give the route of Twilio's status callbacks.

    Args:
        public_url: what their addresses begin with, as Twilio was told it: the signature is
            computed over it, whatever proxies make of it on the way.
        auth_token: what Twilio signs with.
        hear: writes a report down, and tells whether it names a message of ours.
        metrics: counts the callbacks.
    """

    async def take(request: web.Request, pairs: Pairs) -> bool:
        report = called_back(request.match_info["token"], StatusCallback.parse(pairs))
        return report is not None and await hear(report)

    signed = _Signed(public_url, auth_token, STATUS_PATH, take)

    async def status(request: web.Request) -> web.Response:
        code = await signed.answer(request)
        metrics.callbacks.labels("status", str(code)).inc()
        return web.Response(status=code)

    return web.post(STATUS_PATH + "{token}", status)


def twilio_inbound(
    public_url: str, auth_token: str, hear: Callable[[Reply], Awaitable[object]], metrics: Metrics
) -> web.RouteDef:
    """Give the route of people's replies.

    Args:
        public_url: as for `twilio_status`.
        auth_token: what Twilio signs with.
        hear: does what a reply asks for, however often it comes.
        metrics: counts the calls.
    """

    async def take(_request: web.Request, pairs: Pairs) -> bool:
        await hear(_written(InboundMessage.parse(pairs)))
        return True

    signed = _Signed(public_url, auth_token, INBOUND_PATH, take)

    async def inbound(request: web.Request) -> web.Response:
        code = await signed.answer(request)
        metrics.callbacks.labels("reply", str(code)).inc()
        return web.Response(status=code)  # 204: an empty 200 is an error to Twilio

    return web.post(INBOUND_PATH, inbound)


def _written(message: InboundMessage) -> Reply:
    """Take a reply as written when it is written down: the webhook has no date, and comes at once.

    By the database's clock, as it is compared with what that has dated.
    """
    return Reply(
        message.message_sid,
        message.from_,
        message.to,
        message.body,
        None,
        message.messaging_service_sid,
        message.opt_out_type,
    )


@dataclass(frozen=True)
class _Signed:
    """A webhook that only Twilio may call.

    Attributes:
        public_url: what Twilio was told that its address begins with.
        auth_token: what Twilio signs with.
        path: what follows, up to the part that differs from call to call.
        take: does with it what is to be done, and tells whether it is about something of ours;
            ValueError if it does not say enough.
    """

    public_url: str
    auth_token: str = field(repr=False)
    path: str
    take: Callable[[web.Request, Pairs], Awaitable[bool]]

    async def answer(self, request: web.Request) -> int:
        """Give the HTTP status to answer with."""
        if not (given := request.headers.get("X-Twilio-Signature")):
            return _unsigned(request)  # for nothing of it is worth the reading
        try:
            body = await read_body(request, TWILIO_LIMIT, BODY_SECONDS)
            text = body.decode("utf-8", "replace")
            pairs = parse_qsl(text, keep_blank_values=True, max_num_fields=_FIELDS)
        except web.HTTPException as exc:
            return exc.status
        except ValueError:  # more fields than that
            return 400
        named = request.raw_path.partition(self.path)[2]  # with its query, which is signed too
        url = f"{self.public_url.rstrip('/')}{self.path}{named}"
        try:
            verify(self.auth_token, url, pairs, given)
        except SignatureMismatch:
            return _unsigned(request)
        return await self._taken(request, pairs)

    async def _taken(self, request: web.Request, pairs: Pairs) -> int:
        try:
            async with asyncio.timeout(_PATIENCE):
                return 204 if await self.take(request, pairs) else 404
        except ValueError:  # signed, but it does not say what it is about
            return 400
        except (psycopg.Error, PoolTimeout, ConnectorException, TimeoutError, OSError) as exc:
            log.warning("callback.unwritten", why=type(exc).__name__)
            return 503


def _unsigned(request: web.Request) -> int:
    log.warning("callback.unsigned", peer=request.remote)
    return 403


class CannotListen(OSError):
    """The port is taken, or the host is none of this machine's; `strerror` says which."""


class Listener:
    """The HTTP server of a process."""

    def __init__(
        self,
        host: str,
        port: int,
        routes: list[web.RouteDef],
        grace: float,
        metrics: Metrics | None = None,
    ) -> None:
        app = web.Application(client_max_size=LIMIT, middlewares=[watched(metrics or Metrics())])
        app.add_routes(routes)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=grace)
        self._host = host
        self._port = port

    async def start(self, *, anywhere: bool = False) -> str:
        """Listen, and give the address; with port 0 the system has chosen one.

        Args:
            anywhere: take a port that is free if the one wanted is not. Nobody but probes calls a
                worker alone: it need not have a port that the bot beside it has.

        Raises:
            CannotListen: the port is taken, or the host is none of this machine's.
        """
        await self._runner.setup()
        try:
            await self._listen(anywhere=anywhere)
        except OSError as exc:
            await self._runner.cleanup()
            raise CannotListen(exc.errno, exc.strerror or str(exc)) from exc
        host, port = self._runner.addresses[0][:2]
        return f"http://{f'[{host}]' if ':' in host else host}:{port}"

    async def _listen(self, *, anywhere: bool) -> None:
        try:
            await web.TCPSite(self._runner, self._host, self._port).start()
        except OSError as exc:
            if not anywhere or exc.errno != errno.EADDRINUSE:
                raise
            log.warning("port.taken", port=self._port)
            await web.TCPSite(self._runner, self._host, 0).start()

    async def stop(self) -> None:
        """Take no more requests, and finish those under way."""
        await self._runner.cleanup()
