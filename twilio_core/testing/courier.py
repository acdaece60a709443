"""Carries the fake's webhooks: signed form posts, in the background, remembered with their end."""

import asyncio
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from twilio_core.webhooks import signature

_TIMEOUT = aiohttp.ClientTimeout(total=15, sock_connect=5)


@dataclass(frozen=True)
class Delivered:
    """A webhook that was posted.

    Attributes:
        url: where to.
        form: what it said.
        status: the HTTP status it was answered with; 0 when nobody answered.
    """

    url: str = field(repr=False)
    form: Mapping[str, str] = field(repr=False)
    status: int


class Courier:
    """Posts webhooks, signed with one auth token."""

    def __init__(self, auth_token: str) -> None:
        """Open nothing yet: most tests have no webhooks."""
        self._auth_token = auth_token
        self._session: aiohttp.ClientSession | None = None
        self._tasks: set[asyncio.Task[Any]] = set()
        self._idle = asyncio.Event()
        self._idle.set()
        self.log: list[Delivered] = []

    async def post(self, url: str, form: Mapping[str, str]) -> int:
        """Post a form and return the HTTP status, 0 when there was none."""
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=_TIMEOUT)
        headers = {"X-Twilio-Signature": signature(self._auth_token, url, form)}
        try:
            async with self._session.post(url, data=form, headers=headers) as response:
                await response.read()
                status = response.status
        except (aiohttp.ClientError, TimeoutError):
            status = 0
        self.log.append(Delivered(url, form, status))
        return status

    def spawn(self, work: Coroutine[Any, Any, Any]) -> None:
        """Do something in the background, until `close`."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        self._idle.clear()
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not self._tasks:
            self._idle.set()

    async def settle(self) -> None:
        """Wait until nothing is on its way."""
        await self._idle.wait()

    async def close(self) -> None:
        """Drop what is still on its way."""
        for task in self._tasks:
            task.cancel()
        await self.settle()
        if self._session is not None:
            await self._session.close()
            self._session = None
