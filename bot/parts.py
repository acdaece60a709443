"""What the builders of `bot.app` share, and how what runs beside the rest is ended with it."""

import asyncio
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from dataclasses import dataclass, field

from aiohttp.web import RouteDef

from bot.config import Config, Settings
from bot.metrics import Metrics
from bot.policyfile import PolicySource


@dataclass
class Parts:
    """One a process.

    Attributes:
        config: all that it is told from outside.
        source: what sms.toml says now.
        stack: ends what was begun, the last first.
        stopping: set once the process is to stop.
        metrics: what it measures.
        routes: what its listener serves besides what each serves.
    """

    config: Config
    source: PolicySource
    stack: AsyncExitStack
    stopping: asyncio.Event
    metrics: Metrics = field(default_factory=Metrics)
    routes: list[RouteDef] = field(default_factory=list)

    @property
    def settings(self) -> Settings:
        """The environment."""
        return self.config.settings


def in_background(parts: Parts, name: str, work: Coroutine[None, None, None]) -> None:
    """Run something until the process ends."""
    task = asyncio.create_task(work, name=name)

    async def end() -> None:
        while not task.done():  # Python 3.11's wait_for may swallow one (python/cpython#86296)
            task.cancel()
            await asyncio.wait({task}, timeout=1.0)
        await asyncio.gather(task, return_exceptions=True)

    parts.stack.push_async_callback(end)
