"""See to the work that nobody sees to: of dead processes, and of jobs that got lost.

Every process does it, one at a time; a process that was itself away for long first waits, so that
it does not take all others for dead.
"""

import asyncio

import psycopg
import structlog
from procrastinate.exceptions import ConnectorException
from psycopg_pool import PoolTimeout

from bot.jobs import Jobs
from bot.lease import Lease
from bot.metrics import Metrics
from bot.store.database import Pool
from bot.store.orphans import claimed, hasten, orphans
from bot.store.outbox import DEAD_AFTER
from bot.tasks import Order

LOOK = 0.5
"""Seconds between two looks for the jobs of dead processes."""

_EVERY = 6
"""Of so many looks, one is also for what no job does."""

_LOCK = 0x726573

log = structlog.get_logger(__name__)


class Rescue:
    """One a process; `run` runs beside the jobs."""

    def __init__(
        self, pool: Pool, jobs: Jobs, lease: Lease, metrics: Metrics | None = None
    ) -> None:
        self._pool = pool
        self._jobs = jobs
        self._lease = lease
        self._metrics = metrics or Metrics()
        self._missing: frozenset[int] = frozenset()

    async def run(self) -> None:
        """Look until cancelled."""
        looks = 0
        while True:
            await asyncio.sleep(LOOK)
            if not self._lease.steady:
                continue
            looks += 1
            try:
                await self.revive()
                if looks % _EVERY == 0:
                    await self.find()
            except (psycopg.Error, PoolTimeout, ConnectorException, OSError) as exc:
                log.warning("rescue.failed", why=type(exc).__name__)

    async def revive(self) -> int:
        """Put the jobs of dead workers back into the queue, and tell how many there were."""
        async with self._pool.connection() as conn, conn.transaction():
            if not await _first(conn):
                return 0
            manager = self._jobs.manager
            stalled = list(await manager.get_stalled_jobs(seconds_since_heartbeat=DEAD_AFTER))
            for job in stalled:
                await self._jobs.put_back(job.id or 0)
        if stalled:
            self._metrics.takeovers.inc(len(stalled))
            log.warning("jobs.taken_over", count=len(stalled))
        return len(stalled)

    async def find(self) -> int:
        """Make a job for everything that wants one, and tell how many were made.

        One that waits far beyond its time counts as well, and only has to wait no longer.
        A job that this process is said to do and does not, twice in a row, has ended without its
        end being written: it is done once more.
        """
        async with self._pool.connection() as conn, conn.transaction():
            if not await _first(conn):
                return 0
            hastened = await hasten(conn)
            wanted = [Order(task, send_id) for task, send_id in await orphans(conn)]
            for order in wanted:
                await self._jobs.defer(order, conn=conn)
        lost = await self._lost()
        for number in lost:
            await self._jobs.put_back(number)
        found = {"without_job": len(wanted), "without_end": len(lost), "too_late": hastened}
        if any(found.values()):
            log.warning("jobs.found", **found)
        return sum(found.values())

    async def _lost(self) -> frozenset[int]:
        worker = self._jobs.worker
        if worker is None:
            return frozenset()
        async with self._pool.connection() as conn:
            said = await claimed(conn, worker)
        missing = said - self._jobs.running
        lost, self._missing = missing & self._missing, missing
        return lost


async def _first(conn: psycopg.AsyncConnection) -> bool:
    """Be the one who looks, to the end of the transaction: two could revive one job twice."""
    cursor = await conn.execute("SELECT pg_try_advisory_xact_lock(%s)", (_LOCK,))
    row = await cursor.fetchone()
    return bool(row and row[0])
