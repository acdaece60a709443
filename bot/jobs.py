"""The job queue: which jobs exist, how they are deferred, run, retried and taken over.

procrastinate keeps the jobs in the same PostgreSQL as the ledger, so a send and its jobs are
committed together. A job that raises is tried again, at first after 1 s, at the latest after
60 s, for ever: what it does is safe to repeat. A worker beats every second; the jobs of one that
was silent for `DEAD_AFTER` are put back into the queue by any other.
"""

import asyncio
from collections.abc import Awaitable, Callable

import psycopg
import structlog
from procrastinate import App, BaseRetryStrategy, JobContext, PsycopgConnector, RetryDecision
from procrastinate.exceptions import ConnectorException
from procrastinate.jobs import Job
from procrastinate.worker import Worker

from bot.drain import Unfinished
from bot.store.database import Pool
from bot.store.outbox import DEAD_AFTER

_Drain = Callable[[int, int], Awaitable[Unfinished | None]]
_Card = Callable[[int], Awaitable[bool]]

BEAT = 1.0
"""Seconds between two heartbeats of a worker."""

GRACE = 10.0
"""Seconds that running jobs have to finish when the process is told to stop."""

_DRAIN, _CARD = "drain", "card"
_SPREAD = 250
_MOST_DRAINS = 2
_MANY = 1_000  # jobs at once: each waits on the network nearly all of its life
_RESCUE_LOCK = 0x726573
_PAUSE = 0.5

log = structlog.get_logger(__name__)


class _Patience(BaseRetryStrategy):
    def get_retry_decision(self, *, exception: BaseException, job: Job) -> RetryDecision:
        del exception  # whatever it was, the job is safe to repeat
        return RetryDecision(retry_in={"seconds": min(2**job.attempts, 60)})


class Jobs:
    """The queue of one process."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._app = App(connector=PsycopgConnector())

    async def open(self) -> None:
        """Join the pool."""
        await self._app.open_async(self._pool)

    async def defer_send(
        self, conn: psycopg.AsyncConnection, send_id: int, recipients: int
    ) -> None:
        """Defer a send's card, a drain, and for a big one more for other processes to take."""
        for _ in range(min(1 + recipients // _SPREAD, _MOST_DRAINS)):
            await self._defer(_DRAIN, send_id, conn)
        await self._defer(_CARD, send_id, conn, lock=f"card:{send_id}")

    async def _defer(
        self,
        task: str,
        send_id: int,
        conn: psycopg.AsyncConnection | None = None,
        *,
        lock: str | None = None,
        after: float = 0.0,
    ) -> None:
        job = self._app.configure_task(
            task,
            lock=lock,
            connection=conn,
            schedule_in={"seconds": after} if after else None,
        )
        await job.defer_async(send_id=send_id)

    def serve(self, drain: _Drain, card: _Card) -> None:
        """Register what the jobs do."""

        async def run_drain(context: JobContext, send_id: int) -> None:
            left = await drain(send_id, context.job.worker_id or 0)
            if left is not None:
                await self._defer(_DRAIN, send_id, after=left.after)

        async def run_card(send_id: int) -> None:
            if not await card(send_id):
                await self._defer(_CARD, send_id, lock=f"card:{send_id}")

        self._app.task(name=_DRAIN, pass_context=True, retry=_Patience())(run_drain)
        self._app.task(name=_CARD, retry=_Patience())(run_card)

    async def work(self, stopping: asyncio.Event) -> None:
        """Run jobs until `stopping`, then let those that run finish for `GRACE` seconds.

        A worker that fails, as without its database, is started anew every second.
        """
        async with asyncio.TaskGroup() as group:
            rescue = group.create_task(self._rescue_regularly())
            while not stopping.is_set():
                ended = await self._work_once(stopping)
                if not stopping.is_set():
                    log.error("worker.ended", why=repr(ended))
                    await asyncio.sleep(_PAUSE)
            rescue.cancel()

    async def _work_once(self, stopping: asyncio.Event) -> BaseException | None:
        """Run one worker to its end, or to `stopping`, and give what ended it."""
        worker = self._worker()
        running = asyncio.create_task(worker.run())  # type: ignore[no-untyped-call] # it bears no types
        stop = asyncio.create_task(stopping.wait())
        await asyncio.wait({running, stop}, return_when=asyncio.FIRST_COMPLETED)
        stop.cancel()
        while not running.done():
            # said again and again: a worker that is only just starting forgets the first one
            worker.stop()  # type: ignore[no-untyped-call] # as above
            await asyncio.wait({running}, timeout=_PAUSE)
        return running.exception()

    def _worker(self) -> Worker:
        return Worker(
            self._app,
            concurrency=_MANY,
            install_signal_handlers=False,
            update_heartbeat_interval=BEAT,
            stalled_worker_timeout=DEAD_AFTER,
            fetch_job_polling_interval=1.0,
            shutdown_graceful_timeout=GRACE,
            delete_jobs="successful",
        )

    async def _rescue_regularly(self) -> None:
        while True:
            try:
                await self.rescue()
            except (psycopg.Error, ConnectorException, OSError) as exc:
                log.warning("rescue.failed", why=type(exc).__name__)
            await asyncio.sleep(BEAT)

    async def rescue(self) -> int:
        """Put the jobs of dead workers back into the queue, and tell how many there were."""
        async with self._pool.connection() as conn, conn.transaction():
            # one rescuer at a time: a second could put back a job that already runs again
            cursor = await conn.execute("SELECT pg_try_advisory_xact_lock(%s)", (_RESCUE_LOCK,))
            row = await cursor.fetchone()
            if not row or not row[0]:
                return 0
            manager = self._app.job_manager
            stalled = list(await manager.get_stalled_jobs(seconds_since_heartbeat=DEAD_AFTER))
            for job in stalled:
                await manager.retry_job(job)
            return len(stalled)
