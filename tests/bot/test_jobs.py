import asyncio
from collections.abc import AsyncIterator

import psycopg
import pytest

from bot.drain import Unfinished
from bot.jobs import Jobs
from bot.store.database import Pool, open_pool
from tests.bot.kit import Eventually


@pytest.fixture
async def pool(database_url: str) -> AsyncIterator[Pool]:
    pool = await open_pool(database_url)
    yield pool
    await pool.close()


class Desk:
    """Two jobs that note their calls; `faults` says how often a drain fails first."""

    def __init__(self) -> None:
        self.drains: list[tuple[int, int]] = []
        self.cards: list[int] = []
        self.faults = 0
        self.left: list[Unfinished] = []
        self.unshown = 0

    async def drain(self, send_id: int, owner: int) -> Unfinished | None:
        self.drains.append((send_id, owner))
        if self.faults:
            self.faults -= 1
            raise RuntimeError("try again")
        return self.left.pop() if self.left else None

    async def card(self, send_id: int) -> bool:
        self.cards.append(send_id)
        self.unshown -= 1
        return self.unshown < 0


@pytest.fixture
async def desk(pool: Pool) -> AsyncIterator[tuple[Desk, Jobs]]:
    desk, jobs, stopping = Desk(), Jobs(pool), asyncio.Event()
    await jobs.open()
    jobs.serve(desk.drain, desk.card)
    working = asyncio.create_task(jobs.work(stopping))
    yield desk, jobs
    await asyncio.sleep(0.3)
    stopping.set()
    async with asyncio.timeout(15):
        await working


async def deferred(pool: Pool, jobs: Jobs, send_id: int, recipients: int = 1) -> None:
    async with pool.connection() as conn, conn.transaction():
        await jobs.defer_send(conn, send_id, recipients)


def left(url: str) -> int:
    with psycopg.connect(url) as conn:
        [(number,)] = conn.execute("SELECT count(*) FROM procrastinate_jobs").fetchall()
    return int(number)


async def test_a_committed_send_is_drained_and_shown_and_its_jobs_are_gone(
    desk: tuple[Desk, Jobs], pool: Pool, database_url: str, eventually: Eventually
) -> None:
    seen, jobs = desk
    await deferred(pool, jobs, 7)
    await eventually(lambda: left(database_url) == 0)
    assert [send_id for send_id, _ in seen.drains] == [7]
    assert seen.cards == [7]
    assert seen.drains[0][1] > 0


async def test_a_send_that_is_rolled_back_has_no_jobs(
    desk: tuple[Desk, Jobs], pool: Pool, database_url: str
) -> None:
    _, jobs = desk
    async with pool.connection() as conn, conn.transaction(force_rollback=True):
        await jobs.defer_send(conn, 7, 1)
    assert left(database_url) == 0


async def test_a_job_that_fails_is_tried_again(
    desk: tuple[Desk, Jobs], pool: Pool, database_url: str, eventually: Eventually
) -> None:
    seen, jobs = desk
    seen.faults = 1
    await deferred(pool, jobs, 7)
    await eventually(lambda: left(database_url) == 0)
    assert len(seen.drains) == 2


async def test_an_unfinished_send_is_drained_again_and_an_unfinished_card_shown_again(
    desk: tuple[Desk, Jobs], pool: Pool, database_url: str, eventually: Eventually
) -> None:
    seen, jobs = desk
    seen.left, seen.unshown = [Unfinished(0.2), Unfinished(0.0)], 1
    await deferred(pool, jobs, 7)
    await eventually(lambda: left(database_url) == 0)
    assert (len(seen.drains), len(seen.cards)) == (3, 2)


async def test_the_job_of_a_dead_worker_is_put_back(
    desk: tuple[Desk, Jobs], pool: Pool, database_url: str, eventually: Eventually
) -> None:
    seen, _jobs = desk
    async with pool.connection() as conn:
        await conn.execute(
            "INSERT INTO procrastinate_jobs (queue_name, task_name, args, status, worker_id)"
            " VALUES ('default', 'drain', '{\"send_id\": 9}', 'doing', NULL)"
        )
    await eventually(lambda: left(database_url) == 0)
    assert [send_id for send_id, _ in seen.drains] == [9]


async def test_a_worker_whose_connections_break_works_on(
    desk: tuple[Desk, Jobs], pool: Pool, database_url: str, eventually: Eventually
) -> None:
    seen, jobs = desk
    await asyncio.sleep(0.5)
    with psycopg.connect(database_url, autocommit=True) as conn:
        conn.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    await asyncio.sleep(0.1)
    async with asyncio.timeout(20):
        while True:
            try:
                await deferred(pool, jobs, 7)
                break
            except psycopg.OperationalError:
                await asyncio.sleep(0.1)
    await eventually(lambda: left(database_url) == 0, 30)
    assert [send_id for send_id, _ in seen.drains] == [7]


async def test_many_starts_and_stops_in_a_row_all_end(pool: Pool) -> None:
    for pause in range(0, 40, 3):
        jobs, stopping = Jobs(pool), asyncio.Event()
        await jobs.open()
        working = asyncio.create_task(jobs.work(stopping))
        for _ in range(pause):
            await asyncio.sleep(0)
        stopping.set()
        async with asyncio.timeout(15):
            await working
