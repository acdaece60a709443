"""The listening socket on 127.0.0.1, and the outages at it: a 503 page, or nobody there."""

import asyncio
from typing import Literal

from aiohttp import web
from aiohttp.typedefs import Handler

from twilio_core.testing.port import Port

SORRY = "<!DOCTYPE html><html><body><h1>Slack is having trouble</h1></body></html>"

Outage = Literal["html", "refused"]


class Door:
    """Serves an application on a free port, which stays the same through outages."""

    def __init__(self) -> None:
        self._port: Port | None = None
        self._outage: Outage | None = None
        self._lift: asyncio.Task[None] | None = None
        self._server: asyncio.Server | None = None

    @property
    def port(self) -> int:
        """The number of the port; 0 before it is open."""
        return self._port.number if self._port else 0

    async def open(self, app: web.Application) -> None:
        """Start to serve."""
        app.middlewares.append(self._gate)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5)
        await self._runner.setup()
        self._port = Port()
        await self._listen()

    async def close(self) -> None:
        """Stop to serve, and break off what is still open."""
        self._settle()
        if self._server is not None:
            self._server.close()
        if self._port is not None:
            self._port.close()
        await self._runner.cleanup()

    async def _listen(self) -> None:
        serve = self._runner.server
        if serve is None or self._port is None:
            raise RuntimeError("the runner is not set up")
        self._server = await self._port.listen(serve)

    def shut(self, seconds: float | None, kind: Outage) -> None:
        """Begin an outage at once; it ends by itself after `seconds`, or with `reopen`."""
        self._settle()
        self._outage = kind
        if kind == "refused" and self._server is not None:
            self._server.close()
            self._server = None
        if seconds is not None:
            self._lift = asyncio.create_task(self._later(seconds))

    async def reopen(self) -> None:
        """End the outage."""
        self._settle()
        await self._end()

    async def _later(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
        await self._end()

    async def _end(self) -> None:
        if self._server is None:
            await self._listen()
        self._outage = None

    def _settle(self) -> None:
        if self._lift is not None:
            self._lift.cancel()
            self._lift = None

    @web.middleware
    async def _gate(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        if self._outage == "refused" and request.transport is not None:
            request.transport.abort()  # a connection kept alive from before
        if self._outage is not None:
            return web.Response(status=503, text=SORRY, content_type="text/html")
        return await handler(request)
