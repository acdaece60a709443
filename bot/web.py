"""The HTTP listener: health, metrics, Twilio's callbacks; Slack's events without Socket Mode."""

import asyncio
from collections.abc import Awaitable, Callable
from urllib.parse import parse_qsl

import psycopg
import structlog
from aiohttp import web
from procrastinate.exceptions import ConnectorException
from psycopg_pool import PoolTimeout
from slack_bolt.adapter.aiohttp import to_aiohttp_response, to_bolt_request
from slack_bolt.async_app import AsyncApp

from bot.gateway import called_back
from bot.metrics import Metrics
from bot.store.statuses import Report
from twilio_core import SignatureMismatch, StatusCallback
from twilio_core.webhooks import verify

STATUS_PATH = "/twilio/status/"

LIMIT = 1 << 20
"""Bytes of a request's body."""

_PATIENCE = 10.0
"""Seconds to write a callback down: Twilio waits for 15."""

_METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"

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


def slack_events(app: AsyncApp) -> web.RouteDef:
    """Give the route of Slack's signed requests; Bolt checks the signature."""

    async def events(request: web.Request) -> web.Response:
        response = await app.async_dispatch(await to_bolt_request(request))
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

    async def status(request: web.Request) -> web.Response:
        code = await answer(request)
        metrics.callbacks.labels(str(code)).inc()
        return web.Response(status=code)

    async def answer(request: web.Request) -> int:
        try:
            body = await request.read()
        except web.HTTPRequestEntityTooLarge:
            return 413
        pairs = parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True)
        named = request.raw_path.partition(STATUS_PATH)[2]  # with its query, which is signed too
        url = f"{public_url.rstrip('/')}{STATUS_PATH}{named}"
        try:
            verify(auth_token, url, pairs, request.headers.get("X-Twilio-Signature"))
            report = called_back(request.match_info["token"], StatusCallback.parse(pairs))
        except SignatureMismatch:
            log.warning("callback.unsigned", peer=request.remote)
            return 403
        except ValueError:  # signed, but it names no message or no status
            return 400
        return await written(report) if report else 404

    async def written(report: Report) -> int:
        try:
            async with asyncio.timeout(_PATIENCE):
                return 204 if await hear(report) else 404
        except (psycopg.Error, PoolTimeout, ConnectorException, TimeoutError, OSError) as exc:
            log.warning("callback.unwritten", why=type(exc).__name__)
            return 503

    return web.post(STATUS_PATH + "{token}", status)


class CannotListen(OSError):
    """The port is taken, or the host is none of this machine's; `strerror` says which."""


class Listener:
    """The HTTP server of a process."""

    def __init__(self, host: str, port: int, routes: list[web.RouteDef], grace: float) -> None:
        app = web.Application(client_max_size=LIMIT)
        app.add_routes(routes)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=grace)
        self._host = host
        self._port = port

    async def start(self) -> str:
        """Listen, and give the address; with port 0 the system has chosen one.

        Raises:
            CannotListen: the port is taken, or the host is none of this machine's.
        """
        await self._runner.setup()
        try:
            await web.TCPSite(self._runner, self._host, self._port).start()
        except OSError as exc:
            await self._runner.cleanup()
            raise CannotListen(exc.errno, exc.strerror or str(exc)) from exc
        host, port = self._runner.addresses[0][:2]
        return f"http://{f'[{host}]' if ':' in host else host}:{port}"

    async def stop(self) -> None:
        """Take no more requests, and finish those under way."""
        await self._runner.cleanup()
