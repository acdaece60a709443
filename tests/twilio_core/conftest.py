import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest

from tests.twilio_core.kit import SENDER, Answering, Ask, Clients, Inputs, Listening
from twilio_core import Credentials, TwilioClient, open_http
from twilio_core.testing import FakeTwilio


@pytest.fixture
async def twilio() -> AsyncIterator[FakeTwilio]:
    async with FakeTwilio() as fake:
        yield fake
    assert fake.violations == []


@pytest.fixture
def inputs(twilio: FakeTwilio) -> Inputs:
    """Build the inputs of the activity for the fake; `sender` stands for `from`."""

    def build(to: object = "+16175550001", **changes: object) -> dict[str, object]:
        given: dict[str, object] = {
            "accountSid": twilio.account_sid,
            "authToken": twilio.auth_token,
            "urlString": twilio.url,
            "messageBody": "disk full on db1",
            "to": to,
            "from": changes.pop("sender", SENDER),
        }
        return given | changes

    return build


@pytest.fixture
async def clients(twilio: FakeTwilio) -> AsyncIterator[Clients]:
    """Open clients of the fake's account, over aiohttp or over a transport of the test."""
    opened: list[TwilioClient] = []

    def build(
        base_url: str = "",
        *,
        transport: httpx.AsyncBaseTransport | None = None,
        credentials: Credentials | None = None,
        timeout: float = 15.0,
    ) -> TwilioClient:
        http = httpx.AsyncClient(transport=transport) if transport else open_http(limit=10)
        known = credentials or Credentials(twilio.account_sid, twilio.auth_token)
        opened.append(TwilioClient(http, known, base_url or twilio.url, timeout=timeout))
        return opened[-1]

    yield build
    for client in opened:
        await client.aclose()


@pytest.fixture
def listening() -> Listening:
    """Listen on loopback with a raw handler; gives the http address."""

    @asynccontextmanager
    async def listen(answer: Answering) -> AsyncIterator[str]:
        tasks: set[asyncio.Task[None]] = set()

        def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            async def serve() -> None:
                try:
                    await answer(reader, writer)
                finally:
                    writer.close()

            task = asyncio.get_running_loop().create_task(serve())
            tasks.add(task)

        server = await asyncio.start_server(accept, "127.0.0.1", 0)
        host, port = server.sockets[0].getsockname()
        yield f"http://{host}:{port}/Accounts/"
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    return listen


@pytest.fixture
async def fake() -> AsyncIterator[FakeTwilio]:
    """Not held to `violations`, which are what these tests provoke."""
    async with FakeTwilio() as twilio:
        yield twilio


@pytest.fixture
async def ask(fake: FakeTwilio) -> AsyncIterator[Ask]:
    async with open_http() as http:
        yield Ask(fake, http)
