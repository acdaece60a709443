"""Jobs that others may have taken over are put back into the queue, and run once more."""

import pytest

from bot.drain import Unfinished
from bot.jobs import Jobs
from bot.lease import LEASE, Lease
from bot.store.database import Pool
from bot.tasks import Order, Task
from tests.bot.desk import ONE_WAITS, Desk
from tests.bot.kit import Clock, Eventually


async def leased(pool: Pool, url: str, clock: Clock, *, renewed: bool) -> tuple[Desk, Lease]:
    lease = Lease(clock=clock)
    if renewed:
        lease.renew(clock.now)
    jobs = Jobs(pool, lease)
    await jobs.open()
    return Desk(url, jobs), lease


async def test_a_job_during_which_others_may_have_taken_over_is_not_ended_but_put_back(
    pool: Pool, database_url: str, clock: Clock, eventually: Eventually
) -> None:
    desk, lease = await leased(pool, database_url, clock, renewed=True)
    desk.hold.clear()
    await desk.jobs.defer(Order(Task.DRAIN, 7))
    async with desk.working():
        await eventually(lambda: desk.calls)
        clock.now += LEASE + 1
        lease.renew(clock.now)
        desk.hold.set()
        await eventually(desk.idle)
    assert desk.called(Task.DRAIN) == [7, 7]


async def test_such_a_job_leaves_nothing_for_later_before_it_has_run_again(
    pool: Pool, database_url: str, clock: Clock, eventually: Eventually
) -> None:
    desk, _ = await leased(pool, database_url, clock, renewed=True)
    desk.left = [Unfinished(0.0)]
    desk.hold.clear()
    await desk.jobs.defer(Order(Task.DRAIN, 7))
    async with desk.working():
        await eventually(lambda: desk.calls)
        clock.now += LEASE + 1
        desk.hold.set()
        await eventually(lambda: desk.rows("SELECT id FROM procrastinate_jobs WHERE attempts = 1"))
        assert desk.jobs_left() == 1


async def test_a_job_that_waited_for_the_lease_ends_as_usual(
    pool: Pool, database_url: str, clock: Clock, eventually: Eventually
) -> None:
    desk, lease = await leased(pool, database_url, clock, renewed=False)
    desk.hold.clear()
    await desk.jobs.defer(Order(Task.DRAIN, 7))
    async with desk.working():
        await eventually(lambda: desk.calls)
        lease.renew(clock.now)
        desk.hold.set()
        await eventually(desk.idle)
    assert desk.called(Task.DRAIN) == [7]


async def claimed_by_nobody(desk: Desk) -> int:
    """Let the waiting job be one that is said to run; give its number."""
    [(number,)] = await desk.change(
        "UPDATE procrastinate_jobs SET status = 'doing' WHERE status = 'todo' RETURNING id"
    )
    return int(number)


async def test_a_job_that_is_put_back_runs_again(desk: Desk, eventually: Eventually) -> None:
    await desk.jobs.defer(Order(Task.RECONCILE, 7))
    await desk.jobs.put_back(await claimed_by_nobody(desk))
    async with desk.working():
        await eventually(desk.idle)
    assert desk.called(Task.RECONCILE) == [7]


@pytest.mark.parametrize("task", ONE_WAITS)
async def test_a_job_that_is_put_back_while_its_twin_waits_is_done_by_the_twin(
    desk: Desk, task: Task, eventually: Eventually
) -> None:
    await desk.jobs.defer(Order(task, 7))
    number = await claimed_by_nobody(desk)
    await desk.jobs.defer(Order(task, 7))
    await desk.jobs.put_back(number)
    assert desk.jobs_left() == 1
    async with desk.working():
        await eventually(desk.idle)
    assert desk.called(task) == [7]
