"""What a broken connection means, proved over real sockets, for both transports of httpx."""

import asyncio
import socket
import struct
from collections.abc import AsyncIterator

import aiohttp
import httpx
import pytest

from tests.twilio_core.kit import Answering, Listening
from twilio_core import (
    Credentials,
    NewMessage,
    OutcomeUnknown,
    Rejected,
    TwilioClient,
    TwilioError,
    Unreachable,
    open_http,
)

MESSAGE = NewMessage("+16175550001", "+15005550006", "hi")
CREDENTIALS = Credentials("AC" + "0" * 32, "token")
RESET = struct.pack("ii", 1, 0)


async def read_all(reader: asyncio.StreamReader) -> None:
    head = await reader.readuntil(b"\r\n\r\n")
    length = head.lower().split(b"content-length:")[1].split(b"\r\n")[0]
    await reader.readexactly(int(length))


def raw(answer: bytes) -> Answering:
    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_all(reader)
        writer.write(answer)
        await writer.drain()

    return handler


@pytest.fixture(params=["aiohttp", "httpcore"])
async def http(request: pytest.FixtureRequest) -> AsyncIterator[httpx.AsyncClient]:
    opened = open_http(limit=5) if request.param == "aiohttp" else httpx.AsyncClient()
    async with opened:
        yield opened


async def ending(http: httpx.AsyncClient, url: str, within: float = 5.0) -> TwilioError:
    client = TwilioClient(http, CREDENTIALS, url, timeout=within)
    with pytest.raises(TwilioError) as caught:
        await client.create(MESSAGE)
    assert "6175550001" not in caught.value.reason
    assert CREDENTIALS.account_sid not in caught.value.reason
    return caught.value


async def test_a_refused_port_means_it_never_left(http: httpx.AsyncClient) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))  # bound, not listening
        error = await ending(http, f"http://127.0.0.1:{unused.getsockname()[1]}/")
    assert type(error) is Unreachable
    assert "no connection" in error.reason


async def test_an_unknown_host_means_it_never_left(http: httpx.AsyncClient) -> None:
    assert type(await ending(http, "http://nowhere.invalid/")) is Unreachable


async def test_a_host_that_speaks_no_tls_means_it_never_left(
    http: httpx.AsyncClient, listening: Listening
) -> None:
    async def plain(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 this is not TLS\r\n")
        await writer.drain()

    async with listening(plain) as url:
        error = await ending(http, url.replace("http:", "https:"))
    assert type(error) is Unreachable


async def test_a_host_that_hangs_in_the_tls_handshake_means_it_never_left(
    http: httpx.AsyncClient, listening: Listening
) -> None:
    async def silent(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        await reader.read()

    async with listening(silent) as url:
        error = await ending(http, url.replace("http:", "https:"), within=1.5)
    assert type(error) is Unreachable
    assert "in time" in error.reason


async def test_a_full_pool_means_it_never_left(listening: Listening) -> None:
    async def silent(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        await reader.read()

    async with listening(silent) as url, open_http(limit=1) as http:
        slow = asyncio.create_task(ending(http, url, within=5))
        await asyncio.sleep(0.05)
        assert type(await ending(http, url, within=0.2)) is Unreachable
        slow.cancel()


@pytest.mark.parametrize("scheme", ["https", "http"])
async def test_a_close_without_an_answer_is_in_doubt_only_once_written(
    http: httpx.AsyncClient, listening: Listening, scheme: str
) -> None:
    async def close(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        if scheme == "http":
            await read_all(reader)

    async with listening(close) as url:
        error = await ending(http, url.replace("http:", f"{scheme}:"))
    assert type(error) is (OutcomeUnknown if scheme == "http" else Unreachable)


async def test_a_reset_after_the_write_is_in_doubt(
    http: httpx.AsyncClient, listening: Listening
) -> None:
    async def reset(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_all(reader)
        raw_socket = writer.get_extra_info("socket")
        raw_socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        writer.transport.abort()

    async with listening(reset) as url:
        assert type(await ending(http, url)) is OutcomeUnknown


async def test_a_reset_before_the_request_was_read_is_in_doubt(
    http: httpx.AsyncClient, listening: Listening
) -> None:
    async def reset(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        raw_socket = writer.get_extra_info("socket")
        raw_socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        writer.transport.abort()

    async with listening(reset) as url:
        assert type(await ending(http, url)) is OutcomeUnknown


async def test_silence_is_in_doubt(http: httpx.AsyncClient, listening: Listening) -> None:
    async def silent(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        await reader.read()

    async with listening(silent) as url:
        error = await ending(http, url, within=0.2)
    assert type(error) is OutcomeUnknown
    assert "in time" in error.reason


async def test_an_answer_that_trickles_forever_is_in_doubt(
    http: httpx.AsyncClient, listening: Listening
) -> None:
    async def trickle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_all(reader)
        writer.write(b"HTTP/1.1 201 Created\r\nContent-Length: 1000\r\n\r\n")
        while True:
            writer.write(b" ")
            await asyncio.sleep(0.02)

    async with listening(trickle) as url:
        assert type(await ending(http, url, within=0.2)) is OutcomeUnknown


async def test_a_created_whose_body_breaks_off_is_in_doubt(
    http: httpx.AsyncClient, listening: Listening
) -> None:
    cut = b'HTTP/1.1 201 Created\r\nContent-Length: 100\r\n\r\n{"sid": "SM'
    async with listening(raw(cut)) as url:
        error = await ending(http, url)
    assert type(error) is OutcomeUnknown
    assert error.status == 201


async def test_a_refusal_whose_body_breaks_off_is_still_a_refusal(
    http: httpx.AsyncClient, listening: Listening
) -> None:
    cut = b'HTTP/1.1 400 Bad Request\r\nContent-Length: 100\r\n\r\n{"code": 21'
    async with listening(raw(cut)) as url:
        error = await ending(http, url)
    assert type(error) is Rejected
    assert error.status == 400


@pytest.mark.parametrize(
    "answer",
    [
        b"SSH-2.0-OpenSSH_9.6\r\n\r\n",
        b"HTTP/1.1 banana\r\n\r\n",
        b"HTTP/1.1 201 Created\r\nContent-Length: banana\r\n\r\n",
        b"HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\nbanana\r\n",
        b"HTTP/1.1 201 Created\r\nContent-Encoding: gzip\r\nContent-Length: 6\r\n\r\nbanana",
        b"HTTP/1.1 201 Created\r\nX: " + b"x" * 200_000 + b"\r\n\r\n",
    ],
)
async def test_an_answer_that_is_not_http_is_in_doubt(
    http: httpx.AsyncClient, listening: Listening, answer: bytes
) -> None:
    async with listening(raw(answer)) as url:
        assert type(await ending(http, url)) is OutcomeUnknown


async def test_an_endless_body_is_read_to_the_limit_only(
    http: httpx.AsyncClient, listening: Listening
) -> None:
    written = 0

    async def flood(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal written
        await read_all(reader)
        writer.write(b"HTTP/1.1 201 Created\r\n\r\n")
        while not writer.is_closing():
            writer.write(b"x" * 65536)
            written += 65536
            await writer.drain()

    async with listening(flood) as url:
        assert type(await ending(http, url)) is OutcomeUnknown
    assert written < 16 << 20


async def test_a_kept_connection_that_died_does_not_send_twice(listening: Listening) -> None:
    read = 0

    async def once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal read
        await read_all(reader)
        read += 1
        writer.write(b'HTTP/1.1 201 Created\r\nContent-Length: 14\r\n\r\n{"sid": "SM1"}')
        await read_all(reader)  # kept alive for a second one, which gets no answer
        read += 1

    async with listening(once) as url, open_http() as http:
        client = TwilioClient(http, CREDENTIALS, url)
        assert (await client.create(MESSAGE)).sid == "SM1"
        assert type(await ending(http, url)) is OutcomeUnknown
    assert read == 2


@pytest.mark.parametrize(
    ("raised", "expected"),
    [
        (httpx.ConnectError("x"), Unreachable),
        (httpx.ConnectTimeout("x"), Unreachable),
        (httpx.PoolTimeout("x"), Unreachable),
        (httpx.ProxyError("x"), Unreachable),
        (httpx.UnsupportedProtocol("x"), Unreachable),
        (httpx.ReadTimeout("x"), OutcomeUnknown),
        (httpx.WriteTimeout("x"), OutcomeUnknown),
        (httpx.ReadError("x"), OutcomeUnknown),
        (httpx.RemoteProtocolError("x"), OutcomeUnknown),
        (aiohttp.ServerDisconnectedError(), OutcomeUnknown),
        (aiohttp.ClientOSError(104, "x"), OutcomeUnknown),
        (aiohttp.ConnectionTimeoutError(), Unreachable),
        (aiohttp.InvalidURL("x"), Unreachable),
        (TimeoutError(), OutcomeUnknown),
        (ValueError("x"), OutcomeUnknown),
        (RuntimeError("x"), OutcomeUnknown),
    ],
)
async def test_whatever_a_transport_raises_ends_in_the_tree(
    raised: Exception, expected: type[TwilioError]
) -> None:
    def explode(_: httpx.Request) -> httpx.Response:
        raise raised

    async with httpx.AsyncClient(transport=httpx.MockTransport(explode)) as http:
        error = await ending(http, "http://127.0.0.1/")
    assert type(error) is expected
    assert error.__cause__ is raised
