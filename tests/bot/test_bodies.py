"""Bodies of requests on a real socket: whole ones, and the many that are not."""

import asyncio
import gzip
import logging
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import pytest
from aiohttp import web

from bot.bodies import read_body
from bot.web import Listener

LIMIT = 100_000


class Reader:
    """A listener that answers with the length of what it read."""

    def __init__(self) -> None:
        self.address = ""
        self.ended = asyncio.Event()
        self.fault: web.HTTPException | None = None

    async def read(self, request: web.Request) -> web.Response:
        try:
            return web.Response(text=str(len(await read_body(request, LIMIT, 0.3))))
        except web.HTTPException as exc:
            self.fault = exc
            return web.Response(status=exc.status)
        finally:
            self.ended.set()

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        parts = urlsplit(self.address)
        return await asyncio.open_connection(parts.hostname, parts.port)

    async def post(self, body: bytes, *headers: str, length: int | None = None) -> bytes:
        """Send a body as it is, of which `length` bytes are announced; give the first line."""
        reader, writer = await self.connect()
        writer.write(head(len(body) if length is None else length, *headers) + body)
        line = await reader.readline()
        writer.close()
        return line.strip()


def head(length: int, *headers: str) -> bytes:
    lines = ("POST / HTTP/1.1", "Host: x", f"Content-Length: {length}", *headers, "", "")
    return "\r\n".join(lines).encode()


@pytest.fixture
async def site() -> AsyncIterator[Reader]:
    made = Reader()
    listener = Listener("127.0.0.1", 0, [web.post("/", made.read)], 1.0)
    made.address = await listener.start()
    yield made
    await listener.stop()


@pytest.mark.parametrize("size", [0, 1, LIMIT])
async def test_a_body_within_the_limit_is_read_whole(site: Reader, size: int) -> None:
    assert await site.post(b"x" * size) == b"HTTP/1.1 200 OK"


async def test_a_longer_body_is_too_large(site: Reader) -> None:
    assert (await site.post(b"x" * (LIMIT + 1))).startswith(b"HTTP/1.1 413")


async def test_a_packed_body_counts_as_it_is_unpacked(site: Reader) -> None:
    packed = "Content-Encoding: gzip"
    assert await site.post(gzip.compress(b"x" * LIMIT), packed) == b"HTTP/1.1 200 OK"
    assert (await site.post(gzip.compress(b"x" * 10 * LIMIT), packed)).startswith(b"HTTP/1.1 413")


async def test_a_body_that_does_not_come_is_not_waited_for(site: Reader) -> None:
    assert (await site.post(b"x", length=2)).startswith(b"HTTP/1.1 408")


async def test_a_body_that_comes_by_the_byte_is_not_waited_for(site: Reader) -> None:
    reader, writer = await site.connect()
    writer.write(head(1000))

    async def drip() -> None:
        while True:
            writer.write(b"x")
            await asyncio.sleep(0.05)

    dripping = asyncio.create_task(drip())
    assert (await reader.readline()).startswith(b"HTTP/1.1 408")
    dripping.cancel()
    writer.close()


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
async def test_a_body_that_cannot_be_unpacked_is_malformed(
    site: Reader, encoding: str, caplog: pytest.LogCaptureFixture
) -> None:
    line = await site.post(b"\x07no such thing" * 20, f"Content-Encoding: {encoding}")
    assert line.startswith(b"HTTP/1.1 400")
    assert [r for r in caplog.records if r.levelno >= logging.ERROR] == []


async def test_a_client_that_leaves_amid_the_body_is_no_error(
    site: Reader, caplog: pytest.LogCaptureFixture
) -> None:
    _, writer = await site.connect()
    writer.write(head(1000) + b"x")
    await writer.drain()
    await asyncio.sleep(0.05)
    writer.close()
    await site.ended.wait()
    assert isinstance(site.fault, web.HTTPBadRequest)
    assert [r for r in caplog.records if r.levelno >= logging.ERROR] == []
