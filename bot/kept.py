"""Answers that are good for a while, and look-ups that go on when nobody waits any more."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

T = TypeVar("T")


def behind(work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
    """Start a look-up that outlives who waits for it: its error may find nobody to fetch it."""
    task = asyncio.ensure_future(work)
    task.add_done_callback(lambda done: done.cancelled() or done.exception())
    return task


@dataclass
class Kept(Generic[T]):
    """One answer, its age, and the look-up under way, one however many ask.

    Attributes:
        ask: looks the answer up.
        seconds: for how long it is good.
    """

    ask: Callable[[], Awaitable[T]]
    seconds: float
    value: T | None = None
    until: float = 0.0
    running: asyncio.Task[T] | None = field(default=None, repr=False)

    async def get(self, within: float | None = None) -> T:
        """Give the answer, looked up if there is none or it is too old.

        With `within`, one that is older than so many seconds is too old already.
        """
        spared = 0.0 if within is None else max(0.0, self.seconds - within)
        if self.value is not None and time.monotonic() < self.until - spared:
            return self.value
        if self.running is None or self.running.done():
            self.running = behind(self._refresh())
        return await asyncio.shield(self.running)

    async def _refresh(self) -> T:
        self.value = await self.ask()
        self.until = time.monotonic() + self.seconds
        return self.value


class Shelf(Generic[T]):
    """Answers by key, each good for some seconds; when it is full, the oldest goes."""

    def __init__(self, seconds: float, most: int) -> None:
        self._seconds = seconds
        self._most = most
        self._held: dict[str, tuple[float, T]] = {}

    def __len__(self) -> int:
        return len(self._held)

    def get(self, key: str) -> T | None:
        """Give what is kept, None if it is nothing or too old."""
        until, value = self._held.get(key, (0.0, None))
        return value if time.monotonic() < until else None

    def put(self, key: str, value: T) -> None:
        """Keep an answer from now on."""
        self.drop(key)  # a new answer is the youngest again
        if len(self._held) >= self._most:
            del self._held[next(iter(self._held))]
        self._held[key] = (time.monotonic() + self._seconds, value)

    def drop(self, key: str) -> None:
        """Keep nothing of this key."""
        self._held.pop(key, None)
