"""Socket Mode that stays up: slack_sdk's client under a watchdog.

After a failed handshake the SDK tries the same single-use address for ever, and after a failed
request for a new one it may not try at all (slackapi/python-slack-sdk). The watchdog looks once a
second and sees to it that every attempt asks Slack for a fresh address.
"""

import asyncio
import contextlib
from typing import Any

import structlog
from slack_bolt.adapter.socket_mode.async_internals import send_async_response
from slack_bolt.adapter.socket_mode.internals import build_headers
from slack_bolt.async_app import AsyncApp
from slack_sdk.socket_mode.aiohttp import SocketModeClient
from slack_sdk.socket_mode.async_client import AsyncBaseSocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.web.async_client import AsyncWebClient

from bot.slack.link import Link
from bot.slack.requests import dispatched
from bot.slack.voice import error_of

_LOOK = 1.0
_BLINK = 0.01
_PING = 5.0
_LONGEST_PAUSE = 30.0
_DOUBLINGS = 5
_ATTEMPT = 60.0
"""Seconds after which an attempt to connect is given up for a new one."""

log = structlog.get_logger(__name__)


class SocketConnection:
    """Receives Slack's requests over a WebSocket and hands them to Bolt."""

    def __init__(
        self, app: AsyncApp, app_token: str, client: AsyncWebClient, link: Link | None = None
    ) -> None:
        self._app = app
        self._app_token = app_token
        self._client = client
        self._link = link or Link()
        self._socket: SocketModeClient | None = None
        self._handling: set[asyncio.Task[Any]] = set()
        self._watch: asyncio.Task[None] | None = None

    async def connected(self) -> bool:
        """Tell whether Slack can reach us now."""
        return self._socket is not None and await self._socket.is_connected()

    def start(self) -> None:
        """Connect, and stay connected until `stop`."""
        self._socket = SocketModeClient(
            app_token=self._app_token,
            web_client=self._client,
            ping_interval=_PING,
            logger=self._app.logger,
        )
        self._socket.socket_mode_request_listeners.append(self._handle)
        self._watch = asyncio.create_task(self._stay_connected(self._socket))

    async def stop(self, grace: float) -> None:
        """Answer the requests under way for `grace` seconds, and close at a moment without any.

        Slack cannot be told to choose another connection: as long as this one is open, it may get
        further requests. They are answered as well, for half of the time if they never end.
        """
        if self._socket is None or self._watch is None:
            return
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(grace / 2):
                while self._handling or not self._socket.message_queue.empty():  # noqa: ASYNC110
                    await asyncio.sleep(_BLINK)
        self._socket.socket_mode_request_listeners.clear()
        if self._handling:
            await asyncio.wait(self._handling, timeout=grace / 2)
        late = [self._watch, *self._handling]
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)
        await self._socket.close()  # type: ignore[no-untyped-call] # the SDK leaves it untyped

    async def _handle(self, client: AsyncBaseSocketModeClient, request: SocketModeRequest) -> None:
        task = asyncio.current_task()
        if task is not None:  # the SDK keeps no reference: the loop could drop it half-way
            self._handling.add(task)
            task.add_done_callback(self._handling.discard)
        response = await dispatched(
            self._app, mode="socket_mode", body=request.payload, headers=build_headers(request)
        )
        try:
            await send_async_response(client, request, response, 0.0)
        except ConnectionError as exc:  # Slack then delivers it again, or tells the person
            log.warning("ack.lost", error=type(exc).__name__)

    async def _stay_connected(self, socket: SocketModeClient) -> None:
        failures = 0
        while True:
            if await socket.is_connected():
                failures = 0
                self._link.connected()
            elif socket.connect_operation_lock.locked():
                socket.wss_uri = None  # used up; the SDK's own attempt then asks for another
                self._link.lost()
            else:
                self._link.lost()
                failures += 0 if await _connect(socket, self._link) else 1
            await asyncio.sleep(min(_LOOK * 2 ** min(failures, _DOUBLINGS), _LONGEST_PAUSE))


async def _connect(socket: SocketModeClient, link: Link) -> bool:
    """Connect anew; tell whether it worked."""
    attempt = asyncio.ensure_future(socket.connect_to_new_endpoint())
    try:
        async with asyncio.timeout(_ATTEMPT):
            while not attempt.done():
                await asyncio.wait({attempt}, timeout=_LOOK)
                socket.wss_uri = None  # used up: the SDK, which tries again by itself, asks anew
            attempt.result()
            connected = await socket.is_connected()
    except Exception as exc:  # noqa: BLE001 - whatever it is, without another try Slack stays away
        log.warning("slack.unreachable", error=error_of(exc))
        link.failing(error_of(exc))
        return False
    finally:
        attempt.cancel()
        await asyncio.gather(attempt, return_exceptions=True)
    if connected:
        log.info("slack.connected", mode="socket")
        link.connected()
    return connected
