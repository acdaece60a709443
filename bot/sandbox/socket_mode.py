"""Socket Mode: tickets, WebSocket connections, envelopes and their acks.

https://docs.slack.dev/apis/events-api/using-socket-mode
"""

import asyncio
import contextlib
import json
import secrets
import time
from dataclasses import dataclass

from aiohttp import WSMsgType, web

from bot.sandbox.model import Answer, Json, Retry
from bot.sandbox.workspace import APP

MOST_CONNECTIONS = 10
GRACE = {"warning": 10.0, "refresh_requested": 1.0, "link_disabled": 0.0}
"""Seconds between a disconnect message and the close."""


@dataclass(eq=False)
class _Line:
    """One live connection."""

    socket: web.WebSocketResponse
    request: web.Request
    served: int = 0


class SocketMode:
    """The far end of the app's sockets.

    Attributes:
        enabled: False after ``link_disabled``: no new address is given.
        late_acks: acks that came after the limit, or twice; Slack ignores them.
    """

    def __init__(self, ping_interval: float) -> None:
        self.enabled = True
        self.late_acks: list[Json] = []
        self._ping_interval = ping_interval
        self._tickets: set[str] = set()
        self._failing: list[int] = []
        self._lines: list[_Line] = []
        self._turn = 0
        self._waiting: list[tuple[str, asyncio.Future[Json]]] = []
        self._change = asyncio.Condition()
        self._closers: set[asyncio.Task[None]] = set()

    @property
    def live(self) -> int:
        """How many connections there are."""
        return len(self._lines)

    def ticket(self) -> str:
        """Make a ticket, good for one handshake."""
        ticket = secrets.token_hex(16)
        self._tickets.add(ticket)
        return ticket

    def fail_handshakes(self, times: int, status: int) -> None:
        """Refuse the next handshakes; their tickets are used up all the same."""
        self._failing = [status] * times

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Serve one connection from its handshake to its end."""
        ticket = request.query.get("ticket", "")
        if ticket not in self._tickets:
            return web.Response(status=404, text="ticket used or unknown")
        self._tickets.remove(ticket)
        if self._failing:
            return web.Response(status=self._failing.pop(), text="handshake refused")
        socket = web.WebSocketResponse(heartbeat=self._ping_interval)
        await socket.prepare(request)
        if self.live >= MOST_CONNECTIONS:
            await socket.send_json({"type": "disconnect", "reason": "too_many_websockets"})
            await socket.close()
            return socket
        await self._serve(_Line(socket, request))
        return socket

    async def _serve(self, line: _Line) -> None:
        self._lines.append(line)
        try:
            await line.socket.send_json(self._hello())
            await self._announce()
            async for message in line.socket:
                if message.type is WSMsgType.TEXT:
                    self._ack(json.loads(message.data))
        except ConnectionError:
            pass  # the client went away within the hello
        finally:
            self._lines.remove(line)
            await self._announce()

    def _hello(self) -> Json:
        debug = {"host": "sandbox", "build_number": 1, "approximate_connection_time": 18060}
        return {
            "type": "hello",
            "num_connections": self.live,
            "debug_info": debug,
            "connection_info": {"app_id": APP},
        }

    async def _announce(self) -> None:
        async with self._change:
            self._change.notify_all()

    def _ack(self, ack: Json) -> None:
        for envelope_id, waiting in self._waiting:
            if envelope_id == ack.get("envelope_id") and not waiting.done():
                waiting.set_result(ack.get("payload") or {})
                return
        self.late_acks.append(ack)

    async def deliver(
        self, kind: str, payload: Json, envelope_id: str, limit: float, retry: Retry | None = None
    ) -> Answer:
        """Send an envelope to the next connection in turn and wait for its ack.

        To the ack of an event no payload can be given, and it says how often it was delivered.
        """
        started = time.monotonic()
        line = self._lines[self._turn % len(self._lines)]
        self._turn += 1
        line.served += 1
        # set up before sending: the ack may come while send_json still waits
        waiting: asyncio.Future[Json] = asyncio.get_running_loop().create_future()
        entry = (envelope_id, waiting)
        self._waiting.append(entry)
        envelope: Json = {"type": kind, "envelope_id": envelope_id, "payload": payload}
        envelope["accepts_response_payload"] = kind != "events_api"
        if kind == "events_api":
            attempt = {"retry_attempt": retry.number, "retry_reason": retry.reason} if retry else {}
            envelope |= {"retry_attempt": 0, "retry_reason": ""} | attempt
        try:
            async with asyncio.timeout(limit):
                with contextlib.suppress(ConnectionError):
                    await line.socket.send_json(envelope)
                body = await waiting
        except TimeoutError:
            return Answer("socket", elapsed=time.monotonic() - started, timed_out=True)
        finally:
            self._waiting.remove(entry)
        text = json.dumps(body) if body else ""
        return Answer("socket", 200, text, body, time.monotonic() - started)

    async def connected(self, within: float, count: int) -> None:
        """Wait until there are at least `count` connections.

        Raises:
            TimeoutError: there are fewer after `within` seconds.
        """
        async with asyncio.timeout(within), self._change:
            await self._change.wait_for(lambda: self.live >= count)

    async def disconnect(self, reason: str, grace: float | None) -> None:
        """Announce the end to every connection and close it after a while."""
        self.enabled = self.enabled and reason != "link_disabled"
        message = {"type": "disconnect", "reason": reason, "debug_info": {"host": "sandbox"}}
        for line in list(self._lines):
            with contextlib.suppress(ConnectionError):
                await line.socket.send_json(message)
            wait = GRACE.get(reason, 0.0) if grace is None else grace
            task = asyncio.create_task(self._close_later(line, wait))
            self._closers.add(task)
            task.add_done_callback(self._closers.discard)

    async def _close_later(self, line: _Line, wait: float) -> None:
        await asyncio.sleep(wait)
        await line.socket.close()

    def drop(self) -> None:
        """Break every connection without a word."""
        for line in list(self._lines):
            if line.request.transport is not None:
                line.request.transport.abort()

    async def close(self) -> None:
        """Close every connection in good order, and end what waits to."""
        for task in list(self._closers):
            task.cancel()
        await asyncio.gather(*self._closers, return_exceptions=True)
        for line in list(self._lines):
            await line.socket.close(code=1001)
