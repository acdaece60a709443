"""The queue: jobs are committed with what they are about, run, and tried again."""

import asyncio
import math
from typing import LiteralString

import pytest

from bot.drain import Unfinished
from bot.jobs import Jobs
from bot.lease import Lease
from bot.store.database import Pool, open_pool
from bot.tasks import Order, Task
from tests.bot.desk import ONE_WAITS, Desk
from tests.bot.kit import Eventually
from tests.eyes import change

# Deferred


async def test_jobs_of_a_committed_send_are_done_and_gone(
    desk: Desk, pool: Pool, eventually: Eventually
) -> None:
    async with pool.connection() as conn, conn.transaction():
        await desk.jobs.defer(Order(Task.DRAIN, 7), Order(Task.CARD, 7), conn=conn)
    async with desk.working():
        await eventually(desk.idle)
    assert (desk.called(Task.DRAIN), desk.called(Task.CARD)) == ([7], [7])


async def test_a_send_that_is_rolled_back_has_no_jobs(desk: Desk, pool: Pool) -> None:
    async with pool.connection() as conn, conn.transaction(force_rollback=True):
        await desk.jobs.defer(Order(Task.DRAIN, 7), Order(Task.CARD, 7), conn=conn)
    assert desk.idle()


async def test_a_job_for_later_waits_until_then(desk: Desk) -> None:
    await desk.jobs.defer(Order(Task.TRACK, 7, 60.0))
    [(soon, late)] = desk.rows(
        "SELECT scheduled_at < now() + interval '50 s', scheduled_at > now() + interval '61 s'"
        " FROM procrastinate_jobs"
    )
    assert not soon
    assert not late


async def test_jobs_wait_by_the_databases_clock_however_far_ahead_ours_is(
    database_url: str,
) -> None:
    behind = f"{database_url}&options=-csearch_path%3Dpublic,pg_catalog"
    await change(
        database_url,
        "CREATE FUNCTION public.clock_timestamp() RETURNS timestamptz LANGUAGE SQL AS"
        " $$ SELECT pg_catalog.clock_timestamp() - interval '10 minutes' $$",
    )
    pool = await open_pool(behind)
    desk = Desk(database_url, Jobs(pool, Lease(math.inf)))
    await desk.jobs.open()
    await desk.jobs.defer(Order(Task.TRACK, 7, 60.0))
    waits: LiteralString = (
        "SELECT round(extract(epoch FROM scheduled_at - now()) / 60)::int, id"
        " FROM procrastinate_jobs"
    )
    [(minutes, number)] = desk.rows(waits)
    assert minutes == -9
    await desk.change("UPDATE procrastinate_jobs SET status = 'doing'")
    await desk.jobs.put_back(number)
    assert desk.rows(waits) == [(-10, number)]
    await pool.close()


@pytest.mark.parametrize("task", ONE_WAITS)
async def test_of_some_jobs_one_waits_for_a_send_and_further_ones_are_left_out(
    desk: Desk, task: Task
) -> None:
    for send_id in (7, 7, 8, 7):
        await desk.jobs.defer(Order(task, send_id))
    assert desk.jobs_left() == 2


@pytest.mark.parametrize("task", [Task.DRAIN, Task.CARD])
async def test_of_the_others_several_may_wait_for_a_send(desk: Desk, task: Task) -> None:
    await desk.jobs.defer(Order(task, 7), Order(task, 7))
    assert desk.jobs_left() == 2


async def test_a_job_that_is_left_out_does_not_undo_what_else_the_transaction_does(
    desk: Desk, pool: Pool
) -> None:
    await desk.jobs.defer(Order(Task.RECONCILE, 7))
    async with pool.connection() as conn, conn.transaction():
        await conn.execute("UPDATE pace SET ceiling = 7")
        await desk.jobs.defer(Order(Task.RECONCILE, 7), conn=conn)
        await desk.jobs.defer(Order(Task.RECONCILE, 8), conn=conn)
    assert desk.rows("SELECT ceiling FROM pace") == [(7,)]
    assert desk.jobs_left() == 2


async def test_while_one_runs_the_next_one_may_wait_and_runs_after_it(
    desk: Desk, eventually: Eventually
) -> None:
    desk.hold.clear()
    async with desk.working():
        await desk.jobs.defer(Order(Task.RECONCILE, 7))
        await eventually(lambda: desk.calls)
        await desk.jobs.defer(Order(Task.RECONCILE, 7))
        assert desk.jobs_left() == 2
        desk.hold.set()
        await eventually(desk.idle)
    assert desk.called(Task.RECONCILE) == [7, 7]


# Run


def traced(task: Task, send_id: int) -> Order:
    """Give a job that is called as soon as it is fetched: it need not look its trace up first."""
    return Order(task, send_id, trace="r0000000000")


async def test_what_sends_comes_before_what_only_looks(desk: Desk, eventually: Eventually) -> None:
    for task in (Task.TRACK, Task.RECONCILE, Task.CARD, Task.DRAIN):
        await desk.jobs.defer(traced(task, 7))
    async with desk.working():
        await eventually(desk.idle)
    assert [task for task, *_ in desk.calls[:2]] == [Task.DRAIN, Task.CARD]


async def test_a_card_is_shown_by_one_job_at_a_time(desk: Desk, eventually: Eventually) -> None:
    desk.hold.clear()
    await desk.jobs.defer(*[traced(Task.CARD, 7)] * 3, *[traced(Task.DRAIN, 7)] * 3)
    await desk.jobs.defer(traced(Task.TRACK, 7))
    async with desk.working():
        await eventually(
            lambda: desk.called(Task.TRACK)
        )  # whatever comes before it has had its turn
        assert (desk.called(Task.CARD), desk.called(Task.DRAIN)) == ([7], [7, 7, 7])
        desk.hold.set()
        await eventually(desk.idle)
    assert desk.most[Task.CARD] == 1
    assert len(desk.called(Task.CARD)) == 3


async def test_a_job_that_fails_is_tried_again(desk: Desk, eventually: Eventually) -> None:
    desk.faults = 1
    await desk.jobs.defer(Order(Task.DRAIN, 7))
    async with desk.working():
        await eventually(desk.idle)
    assert desk.called(Task.DRAIN) == [7, 7]


async def test_a_job_that_failed_often_is_tried_again_within_a_minute(
    desk: Desk, eventually: Eventually
) -> None:
    desk.faults = 1
    await desk.jobs.defer(Order(Task.DRAIN, 7))
    await desk.change("UPDATE procrastinate_jobs SET attempts = 500")
    async with desk.working():
        await eventually(
            lambda: desk.rows("SELECT id FROM procrastinate_jobs WHERE attempts = 501")
        )
    [(status, waits, within)] = desk.rows(
        "SELECT status, scheduled_at > now() + interval '30 s',"
        " scheduled_at <= now() + interval '60 s' FROM procrastinate_jobs"
    )
    assert (status, waits, within) == ("todo", True, True)


async def test_an_unfinished_job_runs_again(desk: Desk, eventually: Eventually) -> None:
    desk.left = [Unfinished(0.2), Unfinished(0.0)]
    await desk.jobs.defer(Order(Task.TRACK, 7))
    async with desk.working():
        await eventually(desk.idle)
    assert desk.called(Task.TRACK) == [7, 7, 7]


async def test_what_belongs_to_a_page_runs_before_all_that_waits(
    desk: Desk, eventually: Eventually
) -> None:
    for send_id in range(50):
        await desk.jobs.defer(traced(Task.DRAIN, send_id), traced(Task.TRACK, send_id))
    await desk.jobs.defer(traced(Task.PAGE, 100), traced(Task.URGENT, 101))
    async with desk.working():
        await eventually(desk.idle)
    assert {send_id for _, send_id, _ in desk.calls[:2]} == {100, 101}


async def test_the_process_knows_its_number_and_what_runs(
    desk: Desk, eventually: Eventually
) -> None:
    desk.hold.clear()
    numbers = [desk.jobs.worker]
    async with desk.working():
        await desk.jobs.defer(Order(Task.DRAIN, 7))
        await eventually(lambda: desk.calls)
        [(worker,)] = desk.rows("SELECT id FROM procrastinate_workers")
        assert desk.calls == [(Task.DRAIN, 7, worker)]
        [(job,)] = desk.rows("SELECT id FROM procrastinate_jobs")
        assert desk.jobs.running == {job}
        numbers.append(desk.jobs.worker)
        desk.hold.set()
        await eventually(desk.idle)
        assert desk.jobs.running == frozenset()
    numbers.append(desk.jobs.worker)
    assert numbers == [None, worker, None]


async def test_a_process_that_stops_lets_its_jobs_finish(
    desk: Desk, eventually: Eventually
) -> None:
    desk.hold.clear()
    await desk.jobs.defer(Order(Task.DRAIN, 7))
    async with desk.working():
        await eventually(lambda: desk.calls)
        asyncio.get_running_loop().call_later(0.2, desk.hold.set)
    assert desk.idle()


# A worker in trouble


async def test_a_worker_whose_connections_break_works_on(
    desk: Desk, eventually: Eventually
) -> None:
    async with desk.working():
        await eventually(lambda: desk.jobs.worker)
        desk.rows(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        async with asyncio.timeout(20):
            while not desk.called(Task.DRAIN):
                try:
                    await desk.jobs.defer(Order(Task.DRAIN, 7))
                except Exception:  # noqa: BLE001 - whichever connection it was
                    await asyncio.sleep(0.1)
                await asyncio.sleep(0.1)
        await eventually(desk.idle, 30)


async def test_a_worker_that_others_have_struck_off_works_on_under_another_number(
    desk: Desk, eventually: Eventually
) -> None:
    async with desk.working():
        await eventually(lambda: desk.jobs.worker)
        before = desk.jobs.worker
        await desk.change("DELETE FROM procrastinate_workers")
        await desk.jobs.defer(Order(Task.DRAIN, 7))
        await eventually(desk.idle)
        assert desk.jobs.worker != before
    assert desk.called(Task.DRAIN) == [7]


async def test_a_worker_that_is_told_that_its_number_is_gone_works_under_another(
    desk: Desk, eventually: Eventually
) -> None:
    async with desk.working():
        await eventually(lambda: desk.jobs.worker)
        before = desk.jobs.worker
        desk.jobs.renew()
        await eventually(lambda: desk.jobs.worker not in {None, before})
        await desk.jobs.defer(Order(Task.DRAIN, 7))
        await eventually(desk.idle)
        assert desk.calls == [(Task.DRAIN, 7, desk.jobs.worker)]


async def test_a_process_that_does_not_work_has_no_number_to_change(desk: Desk) -> None:
    desk.jobs.renew()
    assert desk.jobs.worker is None


async def test_many_starts_and_stops_in_a_row_all_end(pool: Pool) -> None:
    for pause in range(0, 40, 3):
        jobs, stopping = Jobs(pool, Lease(math.inf)), asyncio.Event()
        await jobs.open()
        working = asyncio.create_task(jobs.work(stopping))
        for _ in range(pause):
            await asyncio.sleep(0)
        stopping.set()
        async with asyncio.timeout(15):
            await working
