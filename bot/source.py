"""A list that is read behind those who search it.

The last reading serves while a newer one is under way, and one that failed is not tried again at
once.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

import structlog

from bot.kept import behind
from bot.slack.voice import SLACK_ERRORS, error_of
from commands.errors import LookupFailed

T = TypeVar("T")

_REST = 10.0
"""Seconds without another try after a failure: somebody types a key a second."""

_STALE = 3
"""A list this many times as old as it should be is none any more."""

log = structlog.get_logger(__name__)


@dataclass
class Source(Generic[T]):
    """One list.

    Attributes:
        name: for the log.
        ask: reads it.
        seconds: for how long a reading is good.
        clock: monotonic seconds.
    """

    name: str
    ask: Callable[[], Awaitable[tuple[T, ...]]]
    seconds: float
    clock: Callable[[], float] = time.monotonic
    _value: tuple[T, ...] | None = field(default=None, repr=False)
    _read_at: float = 0.0
    _due: float = 0.0
    _running: asyncio.Task[None] | None = field(default=None, repr=False)

    @property
    def known(self) -> tuple[T, ...] | None:
        """What was read last; None if that is nothing, or too long ago."""
        old = self.clock() - self._read_at > self.seconds * _STALE
        return None if old else self._value

    def look(self) -> asyncio.Task[None] | None:
        """Begin a reading if it is time; give the one to wait for, None if there is none."""
        idle = self._running is None or self._running.done()
        if idle and self.clock() >= self._due:
            self._running = behind(self._read())
            idle = False
        return None if idle or self.known is not None else self._running

    async def _read(self) -> None:
        try:
            self._value = await self.ask()
        except (LookupFailed, *SLACK_ERRORS) as exc:
            log.warning("suggestions.unread", what=self.name, error=error_of(exc))
            self._due = self.clock() + _REST
        else:
            self._read_at = self.clock()
            self._due = self._read_at + self.seconds
