"""A change marks its card: by one job however many changes, and none is forgotten."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import psycopg

from bot.store.marks import PACE, mark
from tests.bot.store.kit import Store, report
from tests.bot.store.paging import ALICE, BOB, HAND, Paging


async def fresh(store: Store, count: int = 1) -> list[int]:
    """Commit sends whose cards are shown already."""
    sends = [await store.sent(1, request_key=f"cmd:{n}") for n in range(count)]
    await store.forget_jobs()
    return sends


@asynccontextmanager
async def change(store: Store, send_id: int) -> AsyncIterator[None]:
    """Let a delivery fail and mark the card, committed at the end of the block."""
    async with store.pool.connection() as conn, conn.transaction():
        await conn.execute("UPDATE delivery SET state = 'failed' WHERE send_id = %s", (send_id,))
        await mark(conn, store.jobs, [send_id])
        yield


async def changed(store: Store, send_id: int) -> None:
    """Do as `change`, at once."""
    async with change(store, send_id):
        pass


async def seen(store: Store, send_id: int) -> int:
    """Look at a send as its card does, and tell how many failures there are to show."""
    async with asyncio.timeout(20):  # should it wait for the very change that waits for it
        await store.cards.looked(send_id)
    snap = await store.cards.snapshot(send_id)
    assert snap is not None
    return snap.failures


async def test_a_changed_card_gets_one_job_however_often_it_changes(store: Store) -> None:
    [send_id] = await fresh(store)
    for _ in range(5):
        await changed(store, send_id)
    assert await store.waiting() == [("card", send_id)]
    assert await store.rows("SELECT stale FROM card") == [(True,)]


async def test_twenty_changes_at_once_make_one_job(store: Store) -> None:
    [send_id] = await fresh(store)
    await asyncio.gather(*(changed(store, send_id) for _ in range(20)))
    assert await store.waiting() == [("card", send_id)]


async def test_the_job_waits_so_that_a_burst_is_shown_by_one_update(store: Store) -> None:
    [send_id] = await fresh(store)
    await changed(store, send_id)
    [(pause,)] = await store.rows(
        "SELECT scheduled_at - at FROM procrastinate_jobs j JOIN procrastinate_events"
        " ON job_id = j.id WHERE type = 'deferred'"
    )
    assert pause >= timedelta(seconds=PACE)


async def test_a_change_after_the_look_gets_a_job_of_its_own(store: Store) -> None:
    [send_id] = await fresh(store)
    await changed(store, send_id)
    await store.forget_jobs()
    assert await seen(store, send_id) == 1
    assert await store.rows("SELECT stale FROM card") == [(False,)]
    await changed(store, send_id)
    assert await store.waiting() == [("card", send_id)]


async def test_a_look_waits_for_the_change_that_relies_on_it_and_shows_it(store: Store) -> None:
    [send_id] = await fresh(store)
    await store.change("UPDATE card SET stale = true")  # whose job is the look below
    async with change(store, send_id):
        look = asyncio.create_task(seen(store, send_id))
        await store.someone_waits()
    assert await look == 1
    assert await store.waiting() == []


async def test_a_change_that_waits_for_a_look_is_not_taken_for_seen(store: Store) -> None:
    [send_id] = await fresh(store)
    await store.change("UPDATE card SET stale = true")
    async with store.pool.connection() as conn, conn.transaction():
        await conn.execute("UPDATE card SET stale = false")  # the look begins, and sees nothing
        coming = asyncio.create_task(changed(store, send_id))
        await store.someone_waits()
    await coming
    assert await store.waiting() == [("card", send_id)]


async def test_a_change_that_a_look_passes_by_gets_a_job(store: Store) -> None:
    [send_id] = await fresh(store)
    async with change(store, send_id):
        assert await seen(store, send_id) == 0
    assert await store.waiting() == [("card", send_id)]
    assert await seen(store, send_id) == 1


async def test_a_change_that_is_taken_back_marks_nothing(store: Store) -> None:
    [send_id] = await fresh(store)
    async with change(store, send_id):
        raise psycopg.Rollback
    assert await store.waiting() == []
    assert await store.rows("SELECT stale FROM card") == [(False,)]


async def test_several_cards_are_marked_at_once_and_each_gets_a_job(store: Store) -> None:
    first, second, third = await fresh(store, 3)
    await changed(store, second)
    async with store.pool.connection() as conn, conn.transaction():
        await mark(conn, store.jobs, [third, first, second, third])
    assert await store.waiting() == [("card", first), ("card", second), ("card", third)]


async def test_marks_in_opposite_orders_do_not_block_each_other(store: Store) -> None:
    sends = await fresh(store, 40)

    async def marked(order: list[int]) -> None:
        async with store.pool.connection() as conn, conn.transaction():
            await mark(conn, store.jobs, order)

    for _ in range(5):
        await store.change("UPDATE card SET stale = false")
        await store.forget_jobs()
        await asyncio.gather(*(marked(sends[::step]) for step in (1, -1) * 4))
        assert await store.waiting() == [("card", send_id) for send_id in sends]


async def test_a_send_without_a_card_is_nothing_to_mark(store: Store) -> None:
    await fresh(store)
    async with store.pool.connection() as conn, conn.transaction():
        await mark(conn, store.jobs, [4711])
    assert await store.waiting() == []


# -- pages --------------------------------------------------------------------------------


async def test_a_change_of_a_pages_message_shows_the_page_and_looks_what_it_does_next(
    paging: Paging,
) -> None:
    page_id, store = await paging.paged(ALICE), paging.store
    [(send_id,)] = await store.rows("SELECT id FROM send")
    await changed(store, send_id)
    assert await store.waiting() == [("page", page_id), ("page_card", page_id)]


async def test_twenty_changes_of_a_page_are_shown_by_one_job(paging: Paging) -> None:
    page_id, store = await paging.paged(ALICE), paging.store
    [(send_id,)] = await store.rows("SELECT id FROM send")
    await asyncio.gather(*(changed(store, send_id) for _ in range(20)))
    assert [job for job in await store.waiting() if job[0] == "page_card"] == [
        ("page_card", page_id)
    ]


async def test_an_acknowledgement_and_news_of_its_messages_at_once_do_not_block_each_other(
    paging: Paging,
) -> None:
    store = paging.store
    for n in range(10):
        page_id = await paging.opened(request_key=f"cmd:{n}")
        await paging.fired(page_id, ALICE, BOB)
        await paging.become(page_id, "accepted")
        ids = await store.rows(
            "SELECT d.id, sid FROM delivery d JOIN send s ON s.id = send_id WHERE page_id = %s",
            page_id,
        )
        news = [report(number, "delivered", sid=theirs) for number, theirs in ids]
        await asyncio.gather(
            store.statuses.apply(news),
            paging.views.acknowledge(page_id, HAND),
            *(store.statuses.apply([each]) for each in reversed(news)),
        )
