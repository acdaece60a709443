"""Work that nobody sees to: jobs of dead processes, jobs without an end, rows without a job."""

import asyncio
import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from bot.lease import LEASE, Lease
from bot.rescue import LOOK, Rescue
from bot.store.database import Pool
from bot.store.outbox import DEAD_AFTER
from bot.tasks import Order, Task
from tests.bot.desk import ONE_WAITS, Desk
from tests.bot.engine import Engine
from tests.bot.kit import Clock, Eventually


@pytest.fixture
def rescue(pool: Pool, desk: Desk) -> Rescue:
    return Rescue(pool, desk.jobs, Lease(math.inf))


async def worker(desk: Desk, silent_for: float) -> int:
    """Register a worker that was last heard of so many seconds ago."""
    [(number,)] = await desk.change(
        "INSERT INTO procrastinate_workers (last_heartbeat)"
        " VALUES (now() - make_interval(secs => %s)) RETURNING id",
        silent_for,
    )
    return int(number)


async def claimed(desk: Desk, task: Task, by: int | None, send_id: int = 7) -> int:
    """Let a job be said to run under a worker; give its number."""
    await desk.jobs.defer(Order(task, send_id))
    [(number,)] = await desk.change(
        "UPDATE procrastinate_jobs SET status = 'doing', worker_id = %s"
        " WHERE status = 'todo' RETURNING id",
        by,
    )
    return int(number)


def waiting(desk: Desk) -> list[tuple[str, int]]:
    return desk.rows(
        "SELECT task_name, (args->>'send_id')::int FROM procrastinate_jobs"
        " WHERE status = 'todo' ORDER BY 1, 2"
    )


# Jobs of dead processes


async def test_the_job_of_a_process_that_died_is_put_back(desk: Desk, rescue: Rescue) -> None:
    await claimed(desk, Task.DRAIN, await worker(desk, DEAD_AFTER + 1))
    assert await rescue.revive() == 1
    assert waiting(desk) == [("drain", 7)]


async def test_the_job_of_a_process_that_was_struck_off_is_put_back(
    desk: Desk, rescue: Rescue
) -> None:
    await claimed(desk, Task.DRAIN, None)
    assert await rescue.revive() == 1
    assert waiting(desk) == [("drain", 7)]


async def test_the_job_of_a_process_that_lives_is_left_to_it(desk: Desk, rescue: Rescue) -> None:
    await claimed(desk, Task.DRAIN, await worker(desk, DEAD_AFTER / 2))
    assert await rescue.revive() == 0
    assert waiting(desk) == []


async def test_of_several_processes_one_takes_over(desk: Desk, pool: Pool) -> None:
    dead = await worker(desk, 60)
    for send_id in range(20):
        await claimed(desk, Task.DRAIN, dead, send_id)
    rescuers = [Rescue(pool, desk.jobs, Lease(math.inf)) for _ in range(4)]
    assert sum(await asyncio.gather(*(each.revive() for each in rescuers))) == 20
    assert desk.rows("SELECT DISTINCT attempts, status FROM procrastinate_jobs") == [(1, "todo")]


@pytest.mark.parametrize("task", ONE_WAITS)
async def test_a_dead_processs_job_whose_twin_waits_is_left_to_the_twin(
    desk: Desk, rescue: Rescue, task: Task
) -> None:
    await claimed(desk, task, await worker(desk, 60))
    await desk.jobs.defer(Order(task, 7))
    assert await rescue.revive() == 1
    assert waiting(desk) == [(task, 7)]
    assert desk.jobs_left() == 1


# Jobs whose end was not written


async def test_a_job_that_this_process_is_said_to_do_and_does_not_is_done(
    desk: Desk, rescue: Rescue, eventually: Eventually
) -> None:
    async with desk.working():
        await eventually(lambda: desk.jobs.worker)
        await desk.change(
            "INSERT INTO procrastinate_jobs (queue_name, task_name, args, status, worker_id)"
            " VALUES ('default', 'drain', '{\"send_id\": 9}', 'doing', %s)",
            desk.jobs.worker,
        )
        assert await rescue.find() == 0  # it may be about to begin, or to end
        assert await rescue.find() == 1
        await eventually(desk.idle)
    assert desk.called(Task.DRAIN) == [9]


async def test_a_job_that_runs_is_left_alone_however_long(
    desk: Desk, rescue: Rescue, eventually: Eventually
) -> None:
    desk.hold.clear()
    await desk.jobs.defer(Order(Task.DRAIN, 7))
    async with desk.working():
        await eventually(lambda: desk.calls)
        assert [await rescue.find() for _ in range(3)] == [0, 0, 0]
        desk.hold.set()
        await eventually(desk.idle)
    assert desk.called(Task.DRAIN) == [7]


async def test_a_job_that_failed_while_its_twin_waited_is_ended(
    desk: Desk, rescue: Rescue, eventually: Eventually
) -> None:
    desk.faults = 1
    desk.hold.clear()
    async with desk.working():
        await desk.jobs.defer(Order(Task.RECONCILE, 7))
        await eventually(lambda: desk.calls)
        await desk.jobs.defer(Order(Task.RECONCILE, 7, 0.5))
        desk.hold.set()
        await eventually(lambda: len(desk.calls) == 2 and desk.jobs_left() == 1)
        # the first one is left: the queue has taken it neither back nor off
        assert [await rescue.find(), await rescue.find()] == [0, 1]
        await eventually(desk.idle)


async def test_a_process_that_does_not_work_has_no_jobs_to_lose(rescue: Rescue) -> None:
    assert [await rescue.find() for _ in range(2)] == [0, 0]


# Rows without a job

ROWS = {
    "drain": "UPDATE send SET created = now() - interval '10 s'",
    "track": "UPDATE send SET settled = now(), look_at = now() - interval '10 s'",
    "card": "UPDATE card SET stale = true",
    "reconcile": "UPDATE delivery SET state = 'in_doubt', next_check = now() - interval '10 s'",
}


async def without_job(engine: Engine, task: str) -> int:
    """Commit a send, lose its jobs, and let it need this one."""
    engine.clock.tune(poll=0)
    send_id = await engine.sent(1)
    await engine.change("DELETE FROM procrastinate_jobs")
    if task != "drain":
        await engine.change("UPDATE send SET settled = now()")
    await engine.change(ROWS[task])
    return send_id


def of(engine: Engine) -> Rescue:
    return Rescue(engine.pool, engine.jobs, Lease(math.inf))


@pytest.mark.parametrize("task", list(ROWS))
async def test_what_the_ledger_says_is_to_be_done_gets_a_job_and_one_only(
    engine: Engine, task: str
) -> None:
    send_id = await without_job(engine, task)
    rescue = of(engine)
    assert [await rescue.find(), await rescue.find()] == [1, 0]
    assert await engine.rows("SELECT task_name FROM procrastinate_jobs") == [(task,)]
    assert await engine.waiting(task) == [send_id]


async def test_a_job_that_was_put_off_by_a_clock_far_ahead_runs_now(engine: Engine) -> None:
    send_id = await without_job(engine, "drain")
    await engine.jobs.defer(Order(Task.DRAIN, send_id, 600))
    rescue = of(engine)
    assert [await rescue.find(), await rescue.find()] == [1, 0]
    due = "SELECT task_name FROM procrastinate_jobs WHERE scheduled_at <= now()"
    assert await engine.rows(due) == [("drain",)]


@pytest.mark.parametrize("task", list(ROWS))
@pytest.mark.parametrize("status", ["todo", "doing"])
async def test_what_has_a_job_needs_no_other(engine: Engine, task: str, status: str) -> None:
    send_id = await without_job(engine, task)
    await engine.jobs.defer(Order(Task(task), send_id))
    await engine.change(
        "UPDATE procrastinate_jobs SET status = %s::procrastinate_job_status", status
    )
    assert await of(engine).find() == 0


async def test_the_job_of_another_send_does_not_count(engine: Engine) -> None:
    send_id = await without_job(engine, "drain")
    await engine.jobs.defer(Order(Task.DRAIN, send_id + 1), Order(Task.CARD, send_id))
    assert await of(engine).find() == 1


async def test_a_send_that_has_just_been_committed_is_given_time(engine: Engine) -> None:
    await engine.sent(1)
    await engine.change("DELETE FROM procrastinate_jobs")
    assert await of(engine).find() == 0


async def test_a_send_that_has_ended_needs_nothing(engine: Engine) -> None:
    await engine.posted(2)
    for message in engine.twilio.messages.values():
        message.move("delivered")
    [(send_id,)] = await engine.rows("SELECT id FROM send")
    await engine.track().run(send_id)
    await engine.change("DELETE FROM procrastinate_jobs")
    await engine.change("UPDATE card SET stale = false")
    await engine.change("UPDATE send SET created = now() - interval '10 s'")
    assert await of(engine).find() == 0


async def test_of_several_processes_one_makes_the_missing_jobs(engine: Engine) -> None:
    await without_job(engine, "drain")
    assert sum(await asyncio.gather(*(of(engine).find() for _ in range(4)))) == 1


# In the background


@asynccontextmanager
async def looking(rescue: Rescue) -> AsyncIterator[None]:
    running = asyncio.create_task(rescue.run())
    yield
    assert not running.done()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_a_process_looks_for_the_dead_and_for_the_lost_by_itself(
    engine: Engine, desk: Desk, eventually: Eventually
) -> None:
    await without_job(engine, "drain")
    await engine.jobs.defer(Order(Task.TRACK, 4711))
    await engine.change("UPDATE procrastinate_jobs SET status = 'doing'")
    async with looking(of(engine)):
        await engine.becomes(
            "SELECT task_name, status::text FROM procrastinate_jobs ORDER BY 1",
            ("drain", "todo"),
            ("track", "todo"),
        )


async def test_a_process_that_was_itself_away_does_not_take_the_others_for_dead(
    pool: Pool, desk: Desk, clock: Clock, eventually: Eventually
) -> None:
    lease = Lease(clock=clock)
    await claimed(desk, Task.DRAIN, await worker(desk, 60))
    async with looking(Rescue(pool, desk.jobs, lease)):
        await asyncio.sleep(2.5 * LOOK)
        assert waiting(desk) == []  # it is not alive itself yet
        lease.renew(clock.now)
        clock.now += LEASE + 1
        lease.renew(clock.now)
        await asyncio.sleep(2.5 * LOOK)
        assert waiting(desk) == []  # it has come back just now
        clock.now += LEASE
        lease.renew(clock.now)
        await eventually(lambda: waiting(desk) == [("drain", 7)])


async def test_a_database_that_fails_is_asked_again(
    pool: Pool, desk: Desk, eventually: Eventually
) -> None:
    async with looking(Rescue(pool, desk.jobs, Lease(math.inf))):
        for _ in range(5):
            desk.rows(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
            await asyncio.sleep(LOOK / 2)
        number = await worker(desk, 60)
        await desk.change(
            "INSERT INTO procrastinate_jobs (queue_name, task_name, args, status, worker_id)"
            " VALUES ('default', 'drain', '{\"send_id\": 7}', 'doing', %s)",
            number,
        )
        await eventually(lambda: waiting(desk) == [("drain", 7)])
