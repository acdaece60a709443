"""The heart of a process: a sign of life a second, over a connection of its own.

With each beat the process's lease is renewed and it learns the common pace. Nothing else uses the
connection, so that no crowd in the pool can make a healthy process look dead.
"""

import asyncio
from collections.abc import Callable

import psycopg
import structlog

from bot.lease import Lease
from bot.pace import Pace
from bot.store.patience import patience
from bot.store.pulse import beat

BEAT = 1.0
"""Seconds between two signs of life."""

_ANSWER = 2.0
"""Seconds within which the database has to take one."""

_SOON = 0.02

log = structlog.get_logger(__name__)


class Heart:
    """Beats while `run` runs."""

    def __init__(
        self,
        url: str,
        worker: Callable[[], int | None],
        reborn: Callable[[], None],
        lease: Lease,
        pace: Pace,
    ) -> None:
        """Bind the parts.

        Args:
            url: of the database.
            worker: gives the number under which this process works, None while it does not.
            reborn: has this process work under a new number, as the old one is gone.
            lease: renewed with each beat.
            pace: told what each beat brings.
        """
        self._url = url
        self._worker = worker
        self._reborn = reborn
        self._lease = lease
        self._pace = pace
        self._conn: psycopg.AsyncConnection | None = None

    async def run(self) -> None:
        """Beat until cancelled, whatever the database does."""
        try:
            while True:
                worker = self._worker()
                if worker is not None:
                    await self._beat(worker)
                await asyncio.sleep(_SOON if worker is None else BEAT)
        finally:
            await self._close()

    async def _beat(self, worker: int) -> None:
        asked = self._lease.now
        try:
            async with asyncio.timeout(_ANSWER):
                learned = await beat(await self._connection(), worker, self._pace.most)
        except (psycopg.Error, TimeoutError, OSError) as exc:
            log.warning("heart.unheard", why=type(exc).__name__)
            await self._close()
            return
        self._pace.learn(learned)
        if learned.alive:
            self._lease.renew(asked)
        else:  # others have declared it dead and taken its name away: it needs another
            log.warning("heart.unknown", worker=worker)
            self._reborn()

    async def _connection(self) -> psycopg.AsyncConnection:
        if self._conn is None:
            self._conn = await psycopg.AsyncConnection.connect(
                self._url, autocommit=True, **patience(self._url)
            )
        return self._conn

    async def _close(self) -> None:
        conn, self._conn = self._conn, None
        if conn is not None:
            await conn.close()
