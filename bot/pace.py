"""How fast this process may ask Twilio, and when not at all: its part of the common pace.

Learned with each heartbeat, and at once from its own answers; told to the other processes through
the database. Where the database cannot be told, this process keeps to it alone.
"""

import asyncio
import math
import random
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

import psycopg
import structlog
from psycopg_pool import PoolTimeout

from bot.slots import Slots
from bot.store import pulse
from bot.store.database import Pool
from bot.store.pulse import Beat

FIRST_PAUSE = 0.5
LONGEST_PAUSE = 5.0
"""Seconds between two attempts to connect, while none comes about; a random quarter more or less,
so that processes do not knock together."""

PATIENCE = 300.0
"""Seconds that a Retry-After is honoured at most: a person who waits for an answer is better told
of a failure than left with an hour's silence."""

log = structlog.get_logger(__name__)


class Pace:
    """One a process; who posts asks it first and tells it what came back."""

    def __init__(self, slots: Slots, pool: Pool | None = None) -> None:
        """Keep to what `slots` allows at the start; without a pool, alone."""
        self._slots = slots
        self._most = slots.limit
        self._pool = pool
        self._live = 1
        self._ceiling: int | None = None
        self._resume = 0.0
        self._lowered = -math.inf
        self._own_until = -math.inf
        self._down_since: float | None = None
        self.last: tuple[str, datetime] | None = None
        """What this process heard last of a message, in words, and when; None for nothing yet."""

    @property
    def slots(self) -> Slots:
        """What it keeps the size of."""
        return self._slots

    @property
    def most(self) -> int:
        """How many requests one process may have under way."""
        return self._most

    @property
    def paused(self) -> float:
        """Seconds for which nobody may ask Twilio; 0 for none."""
        return max(0.0, self._resume - _now())

    @property
    def down(self) -> float:
        """Seconds since connections to Twilio began to fail; 0 while they come about."""
        return 0.0 if self._down_since is None else _now() - self._down_since

    def heard(self, words: str) -> None:
        """Keep what became of a request, for admins: neither numbers nor texts."""
        self.last = (words, datetime.now(UTC))

    def learn(self, beat: Beat) -> None:
        """Take over what the database knows."""
        self._live = max(1, beat.live)
        self._limit_to(self._believed(beat.ceiling))
        if self._down_since is not None and beat.down is None:  # another process got through
            self._resume = 0.0
        self._down_since = None if beat.down is None else _now() - beat.down
        self._rest(beat.paused)
        self._resize()

    async def throttled(self, retry_after: float | None, begun: float) -> None:
        """Heed a 429: half as many at once, and none for as long as Twilio asks.

        Args:
            retry_after: what Twilio asks, in seconds; None for nothing.
            begun: when the request was begun, by the loop's clock. If the pace has been lowered
                since, the answer says nothing about what is allowed now: fifty refused together
                halve it once, and one begun afterwards halves it again.
        """
        pause = min(retry_after or 0.0, PATIENCE)
        if begun > self._lowered:
            now = self._most * self._live if self._ceiling is None else self._ceiling
            halved = max(1, now // 2)
            self._limit_to(halved)
            self._own_until = _now() + pulse.CALM
            self._resize()
            await self._tell(lambda conn: pulse.lower(conn, halved))
        if pause:
            self._rest(pause)
            await self._tell(lambda conn: pulse.pause(conn, pause))

    async def unreachable(self) -> float:
        """Heed that no connection came about; give the seconds until the next attempt."""
        first = self._down_since is None
        if first:
            self._down_since = _now()
            self._resize()
        if first or not self.paused:
            wait = min(max(self.down / 2, FIRST_PAUSE), LONGEST_PAUSE)
            wait *= random.uniform(0.75, 1.25)  # noqa: S311 - no secret hangs on it
            self._rest(wait)
            await self._tell(lambda conn: pulse.down(conn, wait))
        return self.paused

    async def answered(self) -> None:
        """Heed an answer, whatever it says: connections come about."""
        if self._down_since is not None:
            self._down_since, self._resume = None, 0.0
            self._resize()
            await self._tell(pulse.up)

    def _rest(self, seconds: float) -> None:
        self._resume = max(self._resume, _now() + seconds)

    def _believed(self, ceiling: int | None) -> int | None:
        """Take the database's word, but for no more than this process lowered it to a moment ago.

        The word may be older than that, or the database was never told; and it raises nothing
        itself so soon.
        """
        if self._ceiling is None or _now() > self._own_until:
            return ceiling
        return self._ceiling if ceiling is None else min(ceiling, self._ceiling)

    def _limit_to(self, ceiling: int | None) -> None:
        if ceiling is not None and (self._ceiling is None or ceiling < self._ceiling):
            self._lowered = _now()
        self._ceiling = ceiling

    def _resize(self) -> None:
        """While nothing gets through, one request at a time finds out as well as fifty."""
        if self._down_since is not None:
            self._slots.resize(1)
        elif self._ceiling is None:
            self._slots.resize(self._most)
        else:
            self._slots.resize(min(self._most, max(1, self._ceiling // self._live)))

    async def _tell(self, say: Callable[[psycopg.AsyncConnection], Awaitable[None]]) -> None:
        if self._pool is None:
            return
        try:
            async with self._pool.connection() as conn:
                await say(conn)
        except (psycopg.Error, PoolTimeout, OSError) as exc:
            log.warning("pace.untold", why=type(exc).__name__)


def _now() -> float:
    return asyncio.get_running_loop().time()
