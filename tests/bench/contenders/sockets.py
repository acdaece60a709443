"""Bare sockets, each kept open: hardly any work for the sender, so it is Twilio that is measured.

What this reaches at 0 ms is the local Twilio's ceiling; nobody else can be faster.
"""

import asyncio
import base64
import re
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from urllib.parse import urlencode, urlsplit

from tests.bench.contender import Send, Task, contend, form

_LENGTH = re.compile(rb"\r\ncontent-length: (\d+)", re.IGNORECASE)
_CREATED = b"HTTP/1.1 201 "


class _Line(asyncio.Protocol):
    """One connection: post, wait for the whole answer, post the next."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def post_all(self, waiting: Iterator[bytes]) -> asyncio.Future[int]:
        """Post what is waiting; the future tells how many were accepted."""
        self._waiting = waiting
        self._accepted = 0
        self._over = asyncio.get_running_loop().create_future()
        self._next()
        return self._over

    def data_received(self, data: bytes) -> None:
        head, _, body = (self._begun + data).partition(b"\r\n\r\n")
        length = _LENGTH.search(head)
        if length is None or len(body) < int(length[1]):
            self._begun += data
            return
        self._accepted += head.startswith(_CREATED)
        self._next()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self._over.done():
            self._over.set_exception(exc or ConnectionResetError())

    def close(self) -> None:
        """End the connection."""
        self._transport.close()

    def _next(self) -> None:
        self._begun = b""
        request = next(self._waiting, None)
        if request is None:
            self._over.set_result(self._accepted)
        else:
            self._transport.write(request)


def _request(task: Task, to: str) -> bytes:
    body = urlencode(form(to)).encode()
    given = base64.b64encode(":".join(task.credentials).encode()).decode()
    place = urlsplit(task.messages_url)
    head = (
        f"POST {place.path} HTTP/1.1\r\nHost: {place.netloc}\r\nAuthorization: Basic {given}\r\n"
        "Content-Type: application/x-www-form-urlencoded\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


@asynccontextmanager
async def opens(task: Task) -> AsyncIterator[Send]:
    place = urlsplit(task.url)
    loop = asyncio.get_running_loop()
    host, port = place.hostname or "", place.port or 0
    pairs = [await loop.create_connection(_Line, host, port) for _ in range(task.in_flight)]
    lines = [line for _, line in pairs]

    async def send(numbers: Sequence[str]) -> int:
        waiting = iter([_request(task, to) for to in numbers])
        return sum(await asyncio.gather(*(line.post_all(waiting) for line in lines)))

    try:
        yield send
    finally:
        for line in lines:
            line.close()


if __name__ == "__main__":
    contend(opens)
