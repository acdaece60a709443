import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import httpx
import pytest

from twilio_core import Credentials, TwilioClient, open_http
from twilio_core.testing import FakeTwilio

SENDER = "+15005550006"

Answering = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
Listening = Callable[[Answering], AbstractAsyncContextManager[str]]
Clients = Callable[..., TwilioClient]
Inputs = Callable[..., dict[str, object]]


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


FORM: dict[str, str | list[str]] = {"To": "+16175550001", "From": SENDER, "Body": "hi"}


class Asker:
    """Asks the fake as the account, or as somebody else."""

    def __init__(self, twilio: FakeTwilio, http: httpx.AsyncClient) -> None:
        self.twilio, self.http = twilio, http

    async def __call__(
        self,
        method: str,
        path: str,
        auth: tuple[str, str] | None = None,
        **more: Any,  # noqa: ANN401 - whatever httpx takes
    ) -> httpx.Response:
        known = auth or (self.twilio.account_sid, self.twilio.auth_token)
        root = self.twilio.url + self.twilio.account_sid
        url = path if path.startswith("http") else root + path
        return await self.http.request(method, url, auth=known, **more)

    async def post(self, **changes: Any) -> httpx.Response:  # noqa: ANN401 - whatever httpx takes
        form = {name: value for name, value in {**FORM, **changes}.items() if value is not None}
        return await self("POST", "/Messages.json", data=form)

    async def code(self, **changes: Any) -> int | None:  # noqa: ANN401 - whatever httpx takes
        response = await self.post(**changes)
        code: int | None = response.json().get("code")
        return code


@pytest.fixture
async def fake() -> AsyncIterator[FakeTwilio]:
    """Not held to `violations`, which are what these tests provoke."""
    async with FakeTwilio() as twilio:
        yield twilio


@pytest.fixture
async def ask(fake: FakeTwilio) -> AsyncIterator[Asker]:
    async with open_http() as http:
        yield Asker(fake, http)
