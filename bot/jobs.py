"""The job queue: which jobs exist, how they are deferred, run, retried and taken over.

procrastinate keeps the jobs in the same PostgreSQL as the ledger, so a send and its jobs are
committed together. A job that raises is tried again, at first after 1 s, at the latest after
60 s, for ever: what it does is safe to repeat. A worker beats every second (`bot.heart`); the jobs
of one that was silent for `DEAD_AFTER` are put back into the queue by any other (`bot.rescue`).
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import nullcontext
from datetime import datetime, timedelta

import psycopg
import structlog
from procrastinate import App, BaseRetryStrategy, JobContext, PsycopgConnector, RetryDecision
from procrastinate.exceptions import AlreadyEnqueued, UniqueViolation
from procrastinate.jobs import Job, Status
from procrastinate.manager import JobManager
from procrastinate.worker import Worker

from bot.drain import Unfinished
from bot.lease import Lease
from bot.store.database import Pool
from bot.store.lines import Lines
from bot.store.outbox import DEAD_AFTER
from bot.store.traces import written_trace
from bot.tasks import Order, Task
from bot.trace import tracing

Handler = Callable[[int, int], Awaitable[Unfinished | None]]
"""Does something about a send, given its number and the worker's; says if it must run again."""

GRACE = 10.0
"""Seconds that running jobs have to finish when the process is told to stop."""

_MANY = 1_000  # jobs at once: each waits on the network nearly all of its life
_NEVER = 86_400.0  # the heart beats, not the library
_PAUSE = 0.5

# A page comes first, and what sends before what only looks.
_PRIORITY: Mapping[Task, int] = {
    Task.URGENT: 30,
    Task.PAGE: 30,
    Task.PAGE_CARD: 20,
    Task.DRAIN: 10,
    Task.CARD: 5,
    Task.NOTICE: 5,
}
_ONE_WAITS = frozenset({Task.NOTICE, Task.RECONCILE, Task.TRACK, Task.HOME})

_ABOUT: Mapping[Task, str] = {
    Task.PAGE: "page",
    Task.PAGE_CARD: "page",
    Task.QUESTION: "question",
}
"""What the number of a job names, in the log; of others it is a send."""

log = structlog.get_logger(__name__)


class TakenOverError(Exception):
    """Others may have taken this job over: it must not be ended under them, but put back."""


class _Patience(BaseRetryStrategy):
    def get_retry_decision(self, *, exception: BaseException, job: Job) -> RetryDecision:
        del exception  # whatever it was, the job is safe to repeat
        return RetryDecision(retry_in={"seconds": min(2**job.attempts, 60)})


async def _told(work: Awaitable[Unfinished | None]) -> Unfinished | None:
    """Wait for a job, and log its error where it is known what it is about."""
    try:
        return await work
    except Exception as exc:
        log.warning("job.failed", error=type(exc).__name__)
        raise


class Jobs:
    """The queue of one process."""

    def __init__(self, pool: Pool, lease: Lease, lines: Lines | None = None) -> None:
        self._pool = pool
        self._lease = lease
        # not for the pool, which brings its own: for the one connection that listens
        self._app = App(connector=PsycopgConnector(configure=lines.add if lines else None))
        self._worker: Worker | None = None
        self._running: set[int] = set()

    @property
    def worker(self) -> int | None:
        """The number under which this process works; None while it does not."""
        return self._worker.worker_id if self._worker else None

    @property
    def running(self) -> frozenset[int]:
        """The jobs that run here."""
        return frozenset(self._running)

    @property
    def manager(self) -> JobManager:
        """The library's own hand on the queue."""
        return self._app.job_manager

    def renew(self) -> None:
        """Work under a new number: the present one is not known any more."""
        if self._worker:
            self._worker.stop()  # type: ignore[no-untyped-call] # it bears no types

    async def open(self) -> None:
        """Join the pool."""
        await self._app.open_async(self._pool)

    async def defer(self, *orders: Order, conn: psycopg.AsyncConnection | None = None) -> None:
        """Put jobs into the queue, in the transaction of `conn` or in one of their own."""
        # one that waits already must not undo what else the transaction does
        savepoint = conn.transaction() if conn and len(orders) == 1 else nullcontext()
        try:
            async with savepoint:
                now = await self._now(conn) if any(order.after for order in orders) else None
                jobs = [self._job(order, now) for order in orders]
                await self.manager.batch_defer_jobs_async(jobs, connection=conn)
        except AlreadyEnqueued:
            if len(orders) > 1:
                raise

    async def _now(self, conn: psycopg.AsyncConnection | None = None) -> datetime:
        """Read the database's clock: jobs are fetched by it, and ours may be ahead."""
        async with nullcontext(conn) if conn else self._pool.connection() as asked:
            cursor = await asked.execute("SELECT clock_timestamp()")
            row = await cursor.fetchone()
        if row is None:
            raise LookupError("the database tells no time")
        now: datetime = row[0]
        return now

    def _job(self, order: Order, now: datetime | None) -> Job:
        name = f"{order.task}:{order.send_id}"
        deferrer = self._app.configure_task(
            order.task,
            lock=name if order.task in {Task.CARD, Task.PAGE_CARD} else None,
            queueing_lock=name if order.task in _ONE_WAITS else None,
            priority=_PRIORITY.get(order.task, 0),
            schedule_at=now + timedelta(seconds=order.after) if now and order.after else None,
        )
        traced = {"trace": order.trace} if order.trace else {}
        return deferrer.make_new_job(send_id=order.send_id, **traced)

    async def put_back(self, number: int) -> None:
        """Have a job that is said to run, and does not, run again.

        Where another of its kind waits for the same send already, that one serves for both.
        """
        try:
            await self.manager.retry_job_by_id_async(number, retry_at=await self._now())
        except UniqueViolation:
            await self.manager.finish_job_by_id_async(number, Status.FAILED, delete_job=True)

    def serve(self, handlers: Mapping[Task, Handler]) -> None:
        """Register what the jobs do."""
        for task, handler in handlers.items():
            self._app.task(name=task, pass_context=True, retry=_Patience())(
                self._running_one(task, handler)
            )

    def _running_one(self, task: Task, handler: Handler) -> Callable[..., Awaitable[None]]:
        async def run(context: JobContext, send_id: int, trace: str = "") -> None:
            epoch, number = self._lease.epoch, context.job.id or 0
            self._running.add(number)
            try:
                traced = trace or await written_trace(self._pool, task, send_id)
                with tracing(traced, task=str(task), **{_ABOUT.get(task, "send"): send_id}):
                    left = await _told(handler(send_id, context.job.worker_id or 0))
                if epoch != self._lease.epoch:
                    raise TakenOverError
                if left is not None:
                    await self.defer(Order(task, send_id, left.after, traced))
            finally:
                self._running.discard(number)

        return run

    async def work(self, stopping: asyncio.Event) -> None:
        """Run jobs until `stopping`, then let those that run finish for `GRACE` seconds.

        A worker that fails, as without its database, is started anew every second.
        """
        while not stopping.is_set():
            ended = await self._work_once(stopping)
            if not stopping.is_set():
                log.error("worker.ended", why=repr(ended))
                await asyncio.sleep(_PAUSE)

    async def _work_once(self, stopping: asyncio.Event) -> BaseException | None:
        """Run one worker to its end, or to `stopping`, and give what ended it."""
        worker = self._worker = self._new_worker()
        running = asyncio.create_task(worker.run())  # type: ignore[no-untyped-call] # it bears no types
        stop = asyncio.create_task(stopping.wait())
        await asyncio.wait({running, stop}, return_when=asyncio.FIRST_COMPLETED)
        stop.cancel()
        while not running.done():
            # said again and again: a worker that is only just starting forgets the first one
            worker.stop()  # type: ignore[no-untyped-call] # as above
            await asyncio.wait({running}, timeout=_PAUSE)
        self._worker = None
        return running.exception()

    def _new_worker(self) -> Worker:
        return Worker(
            self._app,
            concurrency=_MANY,
            install_signal_handlers=False,
            update_heartbeat_interval=_NEVER,
            stalled_worker_timeout=DEAD_AFTER,
            fetch_job_polling_interval=1.0,
            shutdown_graceful_timeout=GRACE,
            delete_jobs="successful",
        )
