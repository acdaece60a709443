"""The page's server: the built files, a stream of what a person sees, and what they do."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from aiohttp import web

from bot.sandbox.browser.deeds import DEEDS
from bot.sandbox.browser.guard import Guard, decorate
from bot.sandbox.browser.room import Room
from bot.sandbox.browser.screen import screen
from bot.sandbox.demo_cast import PEOPLE
from bot.sandbox.model import Impossible, Refused

STATIC: Final = Path(__file__).with_name("static")
"""What `make frontend` builds."""

_LOOK: Final = 0.1
"""Seconds between two looks at what has changed: the local Slack tells nobody."""


class Site:
    """Answers the page."""

    def __init__(self, room: Room) -> None:
        self._room = room
        self._over = asyncio.Event()
        self.guard = Guard()

    def app(self) -> web.Application:
        """Wire the routes."""
        app = web.Application(middlewares=[self.guard.middleware()])
        app.on_response_prepare.append(decorate)
        app.on_shutdown.append(self._end)
        app.router.add_get("/", self._index)
        app.router.add_get("/api/screen", self._stream)
        app.router.add_post("/api/{deed}", self._do)
        app.router.add_static("/assets", STATIC / "assets")
        return app

    async def _end(self, _app: web.Application) -> None:
        self._over.set()

    async def _index(self, _request: web.Request) -> web.FileResponse:
        return web.FileResponse(STATIC / "index.html")

    async def _stream(self, request: web.Request) -> web.StreamResponse:
        """Send what the person sees, now and after every change."""
        user = request.query.get("user", "")
        if user not in PEOPLE.values():
            return web.Response(status=404, text="Nobody has this id.\n")
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        with contextlib.suppress(ConnectionResetError):  # the page was closed
            await self._tell(response, user)
        return response

    async def _tell(self, response: web.StreamResponse, user: str) -> None:
        last = ""
        while not self._over.is_set():
            now = json.dumps(screen(self._room, user))
            if now != last:
                await response.write(f"data: {now}\n\n".encode())
                last = now
            await self._rest()

    async def _rest(self) -> None:
        try:
            await asyncio.wait_for(self._over.wait(), _LOOK)
        except TimeoutError:
            return

    async def _do(self, request: web.Request) -> web.Response:
        """Do one thing: 200 with what came of it, 400 or 409 with why it cannot be done."""
        deed = DEEDS.get(request.match_info["deed"])
        if deed is None:
            return _no(404, "There is no such thing to do.")
        try:
            told = await request.json()
        except ValueError:
            return _no(400, "This is no JSON.")
        if not isinstance(told, dict) or told.get("user") not in PEOPLE.values():
            return _no(400, "Somebody has to do it: user is missing.")
        try:
            return web.json_response(await deed(self._room, told["user"], told))
        except Impossible as why:
            return _no(409, f"{why}")
        except Refused as no:
            return _no(409, f"Slack refuses: {no.error}")


def _no(status: int, why: str) -> web.Response:
    return web.json_response({"error": why}, status=status)


@asynccontextmanager
async def serving(room: Room, port: int = 0) -> AsyncIterator[str]:
    """Serve the page on loopback, on any free port unless told; gives its address."""
    site = Site(room)
    runner = web.AppRunner(site.app(), access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", port).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/?token={site.guard.token}"
    finally:
        await runner.cleanup()
