"""Connections that have fallen silent: they are found, and hung up at both ends.

After a failover, or behind a proxy or a NAT that has forgotten a connection, nobody says so, and
who waits for an answer waits without an end. How long he has waited tells nothing: a statement may
be long, or wait for a lock. The server tells: where it has long waited for a word on a connection
that waits for it, the question or the answer is lost.

Its end is closed first. What was lost on the way cannot come about later then, and its locks are
free; to us it is a connection that broke, and all that uses one bears that.
"""

import asyncio
import os
import socket
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from weakref import WeakKeyDictionary

import psycopg
import structlog
from psycopg.pq import TransactionStatus
from psycopg_pool import AsyncConnectionPool

from bot.store.patience import patience

LOOK = 3.0
"""Seconds between two looks; a connection is silent if two find the same."""

_ANSWER = 5.0
"""Seconds within which a new connection has to come about and answer."""

# A number alone could be another's by now, above all on another server.
_SELF = "SELECT pid, backend_start FROM pg_stat_activity WHERE pid = pg_backend_pid()"

# Not by its state: in a pipeline whose end is lost it calls itself active, and holds its locks.
_LISTENING = """
SELECT line.place::int - 1, a.state_change
FROM unnest(%s::int[], %s::timestamptz[]) WITH ORDINALITY AS line(pid, began, place)
LEFT JOIN pg_stat_activity a ON a.pid = line.pid AND a.backend_start = line.began
WHERE a.pid IS NULL OR a.wait_event = 'ClientRead'
"""

_END = """
SELECT pg_terminate_backend(pid, 1000) FROM pg_stat_activity
WHERE pid = %s AND backend_start = %s AND state_change = %s
"""

log = structlog.get_logger(__name__)


class Lines:
    """The connections of one process; `run` runs beside all that uses them."""

    def __init__(self) -> None:
        self._known: WeakKeyDictionary[psycopg.AsyncConnection, tuple[int, datetime]] = (
            WeakKeyDictionary()
        )
        self._listening: dict[psycopg.AsyncConnection, datetime | None] = {}

    async def add(self, conn: psycopg.AsyncConnection) -> None:
        """Watch over a connection, which has just been made."""
        async with asyncio.timeout(_ANSWER):
            cursor = await conn.execute(_SELF)
            row = await cursor.fetchone()
        if row:
            self._known[conn] = (row[0], row[1])

    async def run(self, url: str, *pools: AsyncConnectionPool[psycopg.AsyncConnection]) -> None:
        """Look until cancelled; where one is silent, all that rest in the pools are made anew."""
        while True:
            await asyncio.sleep(LOOK)
            try:
                if await self.look(url):
                    for pool in pools:
                        await pool.drain()
            except (psycopg.Error, TimeoutError, OSError) as exc:
                log.warning("lines.unseen", why=type(exc).__name__)

    async def look(self, url: str) -> int:
        """Hang up those that are as silent as they were at the last look; tell how many."""
        waiting = [conn for conn in self._known if _waits(conn)]
        if not waiting:
            self._listening = {}
            return 0
        async with (
            asyncio.timeout(_ANSWER),
            await psycopg.AsyncConnection.connect(url, autocommit=True, **patience(url)) as eyes,
        ):
            before, self._listening = self._listening, await self._listening_ones(eyes, waiting)
            silent = [
                (conn, since)
                for conn, since in self._listening.items()
                if conn in before and before[conn] == since and _waits(conn)
            ]
            ended = [await self._end(eyes, conn, since) for conn, since in silent]
        if any(ended):
            log.warning("lines.silent", count=sum(ended))
        return sum(ended)

    async def _listening_ones(
        self, eyes: psycopg.AsyncConnection, waiting: Sequence[psycopg.AsyncConnection]
    ) -> dict[psycopg.AsyncConnection, datetime | None]:
        """Give those on which the server waits for us, and since when; None if it has none."""
        names = [self._known[conn] for conn in waiting]
        cursor = await eyes.execute(
            _LISTENING, ([pid for pid, _ in names], [at for _, at in names])
        )
        return {waiting[place]: since for place, since in await cursor.fetchall()}

    async def _end(
        self, eyes: psycopg.AsyncConnection, conn: psycopg.AsyncConnection, since: datetime | None
    ) -> bool:
        if since is not None:
            cursor = await eyes.execute(_END, (*self._known[conn], since))
            if await cursor.fetchone() is None:  # it has heard something just now
                return False
        _hang_up(conn)
        return True


def _waits(conn: psycopg.AsyncConnection) -> bool:
    return conn.info.transaction_status == TransactionStatus.ACTIVE


def _hang_up(conn: psycopg.AsyncConnection) -> None:
    """Let whoever waits find the connection closed, as if the server had done it."""
    with (
        suppress(OSError, psycopg.Error),
        socket.socket(fileno=os.dup(conn.fileno())) as end,
    ):
        end.shutdown(socket.SHUT_RDWR)
