"""The bench's processes: started here and ended here, whatever happens."""

import asyncio
import json
import os
import sys
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import aiohttp
import psutil

ROOT = Path(__file__).parents[2]
_PATIENCE = 15.0
"""Seconds that a process has to end by itself; the bot's own grace is 10."""
_SAMPLE = 0.02
_PAGE = 1000


class BrokenError(Exception):
    """A process of the bench did not do its part; the text says which."""


@dataclass
class Child:
    """A process that speaks JSON, one object a line.

    Attributes:
        module: what runs in it.
        process: as asyncio has it.
        peak: bytes of its memory, at the most so far; sampled.
    """

    module: str
    process: asyncio.subprocess.Process
    peak: int = 0
    _facts: psutil.Process = field(init=False)

    def __post_init__(self) -> None:
        self._facts = psutil.Process(self.process.pid)

    async def tell(self, **facts: object) -> None:
        """Give it one line."""
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(facts).encode() + b"\n")
        await self.process.stdin.drain()

    async def told(self, within: float) -> dict[str, Any]:
        """Wait for its next line.

        Raises:
            BrokenError: there is none within so many seconds.
        """
        assert self.process.stdout is not None
        line = b""
        with suppress(TimeoutError):
            async with asyncio.timeout(within):
                line = await self.process.stdout.readline()
        if not line:
            raise BrokenError(f"{self.module} has ended, or said nothing for {within:.0f} s")
        found: dict[str, Any] = json.loads(line)
        return found

    def cpu(self) -> float:
        """Give the seconds of CPU that it has used."""
        times = self._facts.cpu_times()
        return times.user + times.system

    async def watch(self) -> None:
        """Sample its memory until it ends."""
        with suppress(psutil.Error):
            while True:
                self.peak = max(self.peak, self._facts.memory_info().rss)
                await asyncio.sleep(_SAMPLE)


@asynccontextmanager
async def child(module: str, *options: str) -> AsyncIterator[Child]:
    """Run a module of this checkout, deaf to a Ctrl-C of the terminal's; leaving ends it."""
    # a proxy in the environment would be asked for the way to the loopback
    env = {name: value for name, value in os.environ.items() if "_proxy" not in name.lower()}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", module, *options,
        cwd=ROOT, env=env, start_new_session=True,
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        started = Child(module, process)
        watching = asyncio.create_task(started.watch())
        try:
            yield started
        finally:
            watching.cancel()
    finally:
        await _end(process)


async def _end(process: asyncio.subprocess.Process) -> None:
    for stop in (process.terminate, process.kill):
        with suppress(ProcessLookupError):
            stop()
        with suppress(TimeoutError):
            async with asyncio.timeout(_PATIENCE):
                await process.wait()
                return


@dataclass(frozen=True)
class Twilio:
    """A local Twilio that is a process of its own.

    Attributes:
        url: the Accounts root.
        account_sid: its account.
        auth_token: the account's secret.
        child: its process.
    """

    url: str
    account_sid: str
    auth_token: str
    child: Child

    async def taken(self) -> Counter[str]:
        """Count the messages that it has for each number, by its own list."""
        found: Counter[str] = Counter()
        url = f"{self.url}{self.account_sid}/Messages.json?PageSize={_PAGE}"
        secret = aiohttp.encode_basic_auth(self.account_sid, self.auth_token)
        async with aiohttp.ClientSession(headers={"Authorization": secret}) as session:
            while url:
                async with session.get(url) as answer:
                    page = await answer.json()
                found.update(message["to"] for message in page["messages"])
                url = page["next_page_uri"] and urljoin(self.url, page["next_page_uri"])
        return found


@asynccontextmanager
async def twilio(latency: float, refuses_above: int = 0) -> AsyncIterator[Twilio]:
    """Run a local Twilio for the length of the block."""
    options = ["--latency", str(latency)]
    options += ["--limit", str(refuses_above)] if refuses_above else []
    async with child("twilio_core.testing", *options) as process:
        told = await process.told(within=_PATIENCE)
        yield Twilio(told["url"], told["account_sid"], told["auth_token"], process)
