"""The HTTP listener: health, metrics, and Slack's events where there is no Socket Mode."""

from collections.abc import Awaitable, Callable

from aiohttp import web
from slack_bolt.adapter.aiohttp import to_aiohttp_response, to_bolt_request
from slack_bolt.async_app import AsyncApp

from bot.metrics import Metrics

_METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"


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


class CannotListen(OSError):
    """The port is taken, or the host is none of this machine's; `strerror` says which."""


class Listener:
    """The HTTP server of a process."""

    def __init__(self, host: str, port: int, routes: list[web.RouteDef], grace: float) -> None:
        app = web.Application()
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
