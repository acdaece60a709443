"""What is to be done and no job does, of each kind."""

from typing import LiteralString

import pytest

from bot.store.orphans import BACK_OFF, claimed, hasten, orphans
from bot.tasks import Order, Task
from tests.bot.store.kit import Store
from tests.bot.store.paging import Paging

WANTED: dict[Task, LiteralString] = {
    Task.DRAIN: "UPDATE send SET settled = NULL, created = now() - interval '6 s'",
    Task.TRACK: "UPDATE send SET look_at = now() - interval '6 s'",
    Task.CARD: "UPDATE card SET stale = true",
    Task.RECONCILE: "UPDATE delivery SET state = 'in_doubt', next_check = now() - interval '6 s'",
}
JUST: dict[Task, LiteralString] = {
    Task.DRAIN: "UPDATE send SET settled = NULL, created = now()",
    Task.TRACK: "UPDATE send SET look_at = now()",
    Task.CARD: "UPDATE card SET stale = false",
    Task.RECONCILE: "UPDATE delivery SET state = 'in_doubt', next_check = now()",
}
each_kind = pytest.mark.parametrize("task", list(WANTED))


async def quiet(store: Store) -> int:
    """Commit a send about which nothing is to be done, and no job does anything."""
    send_id = await store.sent(3)
    await store.change("UPDATE delivery SET state = 'failed'")
    await store.change("UPDATE send SET settled = now(), look_at = NULL")
    await store.forget_jobs()
    return send_id


async def found(store: Store, *changes: LiteralString) -> list[tuple[Task, int]]:
    """Change the database and look at it at the same moment."""
    async with store.pool.connection() as conn, conn.transaction():
        for change in changes:
            await conn.execute(change)
        return await orphans(conn)


async def test_nothing_is_wanted_where_nothing_is_to_be_done(store: Store) -> None:
    await quiet(store)
    assert await found(store) == []


@each_kind
async def test_what_is_due_and_has_no_job_is_found_once_a_send(store: Store, task: Task) -> None:
    send_id = await quiet(store)
    assert await found(store, WANTED[task]) == [(task, send_id)]


@each_kind
async def test_what_has_only_just_become_due_is_left_to_its_own_job(
    store: Store, task: Task
) -> None:
    await quiet(store)
    assert await found(store, JUST[task]) == []


@each_kind
@pytest.mark.parametrize("status", ["todo", "doing"])
async def test_what_a_job_waits_for_or_does_is_no_orphan(
    store: Store, task: Task, status: str
) -> None:
    send_id = await quiet(store)
    await store.change(WANTED[task])
    await store.jobs.defer(Order(task, send_id))
    await store.change(
        "UPDATE procrastinate_jobs SET status = %s::procrastinate_job_status", status
    )
    assert await found(store) == []


async def test_a_job_that_ended_or_is_about_something_else_does_not_count(store: Store) -> None:
    send_id = await quiet(store)
    await store.change(WANTED[Task.DRAIN])
    await store.jobs.defer(Order(Task.DRAIN, send_id))
    await store.change("UPDATE procrastinate_jobs SET status = 'failed'")
    await store.jobs.defer(Order(Task.DRAIN, send_id + 1))
    await store.jobs.defer(Order(Task.CARD, send_id))
    assert await found(store) == [(Task.DRAIN, send_id)]


async def test_a_doubt_that_nobody_looks_for_wants_no_job(store: Store) -> None:
    send_id = await quiet(store)
    await store.doubted(send_id)
    assert await found(store) == []


async def test_all_that_is_wanted_is_found_together(store: Store) -> None:
    send_id = await quiet(store)
    everything = await found(store, *WANTED.values())
    assert sorted(everything) == sorted((task, send_id) for task in WANTED)


async def put_off(store: Store, task: Task, send_id: int, seconds: float) -> int:
    """Have one job for it, which waits so long; tell how many are hastened, of all there are."""
    await store.forget_jobs()
    await store.jobs.defer(Order(task, send_id, seconds))
    async with store.pool.connection() as conn:
        return await hasten(conn)


TIMED = [Task.DRAIN, Task.TRACK, Task.RECONCILE]
DUE = "SELECT task_name FROM procrastinate_jobs WHERE scheduled_at <= now()"


@pytest.mark.parametrize("task", TIMED)
async def test_a_job_that_waits_far_beyond_its_time_runs_at_once(store: Store, task: Task) -> None:
    send_id = await quiet(store)
    await store.change(WANTED[task])
    assert await put_off(store, task, send_id, BACK_OFF + 60) == 1
    assert await store.rows(DUE) == [(task,)]


@pytest.mark.parametrize("task", TIMED)
async def test_a_job_that_failed_and_is_tried_again_within_a_minute_waits_that_long(
    store: Store, task: Task
) -> None:
    send_id = await quiet(store)
    await store.change(WANTED[task])
    assert await put_off(store, task, send_id, 60) == 0


@pytest.mark.parametrize("task", TIMED)
async def test_a_job_whose_time_has_not_come_waits_however_long(store: Store, task: Task) -> None:
    send_id = await quiet(store)
    assert await put_off(store, task, send_id, 3_600) == 0


@pytest.mark.parametrize(
    "pause",
    [
        "UPDATE pace SET paused = now() + interval '1 hour'",
        "UPDATE delivery SET state = 'queued', next_check = now() + interval '1 hour'",
    ],
)
async def test_a_drain_waits_as_long_as_twilio_is_not_to_be_asked(
    store: Store, pause: LiteralString
) -> None:
    send_id = await quiet(store)
    await store.change(WANTED[Task.DRAIN])
    await store.change(pause)
    assert await put_off(store, Task.DRAIN, send_id, 3_600) == 0


async def test_a_card_waits_as_long_as_slack_says(store: Store) -> None:
    send_id = await quiet(store)
    await store.change(WANTED[Task.CARD])
    assert await put_off(store, Task.CARD, send_id, 3_600) == 0


async def test_the_jobs_that_a_worker_is_said_to_do_are_told(store: Store) -> None:
    send_id = await quiet(store)
    mine, other = await store.worker(), await store.worker()
    for _ in range(3):
        await store.jobs.defer(Order(Task.DRAIN, send_id))
    [(first,), (second,), _] = await store.rows("SELECT id FROM procrastinate_jobs ORDER BY id")
    doing = "UPDATE procrastinate_jobs SET status = 'doing', worker_id = %s WHERE id = %s"
    await store.change(doing, mine, first)
    await store.change(doing, other, second)
    async with store.pool.connection() as conn:
        assert await claimed(conn, mine) == {first}


PAGES: dict[Task, LiteralString] = {
    Task.PAGE: "UPDATE page SET due = now() - interval '6 s'",
    Task.PAGE_CARD: "UPDATE page_card SET stale = true",
}


async def quiet_page(paging: Paging) -> int:
    """Have a page whose step is not due, and no job does anything."""
    page_id = await paging.paged()
    await paging.store.change("UPDATE send SET settled = now(), look_at = NULL")
    return page_id


async def test_of_a_page_that_waits_nothing_is_to_be_done(paging: Paging) -> None:
    await quiet_page(paging)
    assert await found(paging.store) == []


@pytest.mark.parametrize("task", list(PAGES))
async def test_a_timer_or_a_card_of_a_page_that_was_lost_is_found(
    paging: Paging, task: Task
) -> None:
    page_id = await quiet_page(paging)
    assert await found(paging.store, PAGES[task]) == [(task, page_id)]
    await paging.store.jobs.defer(Order(task, page_id))
    assert await found(paging.store, PAGES[task]) == []


async def test_the_step_of_a_page_that_waits_far_beyond_its_time_fires_at_once(
    paging: Paging,
) -> None:
    page_id = await quiet_page(paging)
    await paging.store.change(PAGES[Task.PAGE])
    assert await put_off(paging.store, Task.PAGE, page_id, 600) == 1
    assert await paging.store.rows(DUE) == [(Task.PAGE,)]


async def test_what_a_page_has_queued_is_posted_by_a_job_of_its_own(paging: Paging) -> None:
    await quiet_page(paging)
    [(send_id,)] = await paging.store.rows("SELECT id FROM send")
    assert await found(paging.store, WANTED[Task.DRAIN]) == [(Task.URGENT, send_id)]
