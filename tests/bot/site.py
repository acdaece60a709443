"""The listener as Twilio reaches it: behind a proxy, at an address with a path of its own."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from io import BytesIO
from urllib.parse import urlencode

import aiohttp
from aiohttp import web

from bot.metrics import Metrics
from bot.store.replies import Reply
from bot.store.statuses import Report
from bot.web import INBOUND_PATH, STATUS_PATH, Listener, routes, twilio_inbound, twilio_status
from twilio_core.webhooks import signature

TOKEN = "12345" * 6
"""The account's auth token."""


async def ready() -> str:
    return ""


@dataclass
class Site:
    """A listener, and a client that knows how to sign.

    Attributes:
        public_url: what Twilio was told.
        address: where the listener is.
        metrics: of the process.
        token: what the client signs with.
        path: of the webhook.
    """

    public_url: str
    address: str
    metrics: Metrics
    token: str = field(default=TOKEN, repr=False)
    path: str = STATUS_PATH

    async def post(
        self,
        name: str,
        form: Mapping[str, str],
        *,
        signed_for: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> int:
        """Post a callback as Twilio does, and give the status of the answer.

        Args:
            name: the last part of the address, with its query if there is one.
            form: what is said.
            signed_for: the address that the signature is computed over; the public one if None.
            headers: in place of the signature.
        """
        url = signed_for or f"{self.public_url}{self.path}{name}"
        signed = {"X-Twilio-Signature": signature(self.token, url, form)}
        told = {"Content-Type": "application/x-www-form-urlencoded"}
        told |= signed if headers is None else headers
        return await self.raw(name, BytesIO(urlencode(form).encode()), told)

    async def raw(self, name: str, data: object, headers: Mapping[str, str]) -> int:
        """Post anything at all, and give the status of the answer."""
        url = f"{self.address}{self.path}{name}"
        async with (
            aiohttp.ClientSession() as session,
            session.post(url, data=data, headers=headers) as answer,
        ):
            await answer.read()
            return answer.status

    def counted(self, status: int) -> bool:
        """Tell whether exactly one call was answered so, and none of the other webhook's."""
        about = "reply" if self.path == INBOUND_PATH else "status"
        text = self.metrics.text().decode()
        found = [line for line in text.splitlines() if line.startswith("sms_callbacks_total{")]
        return found == [f'sms_callbacks_total{{about="{about}",status="{status}"}} 1.0']


@asynccontextmanager
async def listening(
    hear: Callable[[Report], Awaitable[bool]],
    public_url: str = "https://sms.example.com",
    *more: web.RouteDef,
    token: str = TOKEN,
) -> AsyncIterator[Site]:
    """Serve callbacks for the length of the block."""
    metrics = Metrics()
    table = [*routes(ready, metrics), twilio_status(public_url, token, hear, metrics), *more]
    listener = Listener("127.0.0.1", 0, table, 1.0)
    yield Site(public_url.rstrip("/"), await listener.start(), metrics, token)
    await listener.stop()


@asynccontextmanager
async def reachable(
    hear: Callable[[Reply], Awaitable[object]],
    public_url: str = "https://sms.example.com",
    token: str = TOKEN,
) -> AsyncIterator[Site]:
    """Serve people's replies for the length of the block."""
    metrics = Metrics()
    listener = Listener("127.0.0.1", 0, [twilio_inbound(public_url, token, hear, metrics)], 1.0)
    address = await listener.start()
    yield Site(public_url.rstrip("/"), address, metrics, token, INBOUND_PATH)
    await listener.stop()


@asynccontextmanager
async def proxied(prefix: str) -> AsyncIterator[tuple[str, Callable[[str], None]]]:
    """Run a proxy that cuts a path prefix off; give its address and how to aim it."""
    target = ""

    async def forward(request: web.Request) -> web.Response:
        url = target + request.raw_path.removeprefix(prefix)
        kept = ("X-Twilio-Signature", "Content-Type")
        headers = {name: request.headers[name] for name in kept}
        async with (
            aiohttp.ClientSession() as session,
            session.post(url, data=await request.read(), headers=headers) as answer,
        ):
            return web.Response(status=answer.status)

    def aim(address: str) -> None:
        nonlocal target
        target = address

    proxy = Listener("127.0.0.1", 0, [web.post(prefix + "/{rest:.*}", forward)], 1.0)
    yield await proxy.start() + prefix, aim
    await proxy.stop()
