"""What is old and finished goes, in small batches; nothing else does."""

import asyncio
from typing import LiteralString

from bot.store.alerts import Alerts, Did, Taken
from bot.store.book import Book
from bot.store.homes import Homes
from bot.store.pages import say
from bot.store.purge import BATCH, Purge
from bot.tasks import Order, Task
from commands.changes import Change
from commands.model import Actor, AuditEntry
from commands.rules import Contact
from tests.bot.store.alerting import ROUTE, notice
from tests.bot.store.kit import Store
from tests.bot.store.paging import HAND, Paging

KEEP = 3600.0


async def aged(store: Store, send_id: int, *, settled: bool = True) -> None:
    """Let a send be older than what is kept, and finished."""
    await store.change(
        "UPDATE send SET created = now() - interval '2 hours',"
        " settled = CASE WHEN %s THEN now() - interval '2 hours' END WHERE id = %s",
        settled,
        send_id,
    )


async def old(store: Store, count: int = 3, **changes: object) -> int:
    """Commit a send that is old and finished, and forget its jobs."""
    send_id = await store.sent(count, **changes)
    await aged(store, send_id)
    await store.forget_jobs()
    return send_id


async def purged(store: Store) -> list[int]:
    """Remove all there is to remove; tell how many rows each step took."""
    purge, steps = Purge(store.pool), []
    while removed := await purge.step(KEEP):
        steps.append(removed)
    return steps


async def left(store: Store) -> list[int]:
    """The sends that are there."""
    return [number for (number,) in await store.rows("SELECT id FROM send ORDER BY id")]


async def test_an_old_send_goes_with_its_recipients_events_and_card(store: Store) -> None:
    send_id = await store.sent()
    await store.outbox.halt(send_id, "401", 20003, "no")
    await aged(store, send_id)
    await store.forget_jobs()
    assert await store.count("event") == 3
    assert await purged(store) == [4]
    assert [await store.count(t) for t in ("send", "delivery", "event", "card")] == [0] * 4


async def test_the_audit_is_kept(store: Store) -> None:
    send_id = await old(store)
    await purged(store)
    assert await store.rows("SELECT send_id FROM audit") == [(send_id,)]


async def test_what_is_young_stays(store: Store) -> None:
    await store.sent(request_key="young")
    await store.change("UPDATE send SET settled = now()")
    assert await purged(store) == []
    assert await left(store) == [1]


async def test_what_was_asked_for_long_ago_but_ended_only_just_stays(store: Store) -> None:
    await old(store)
    await store.change("UPDATE send SET settled = now()")
    assert await purged(store) == []


async def test_what_is_old_but_not_finished_stays_and_keeps_nothing_else(store: Store) -> None:
    open_one = await old(store, request_key="a")
    await aged(store, open_one, settled=False)
    await old(store, request_key="b")
    await purged(store)
    assert await left(store) == [open_one]


async def test_a_large_send_goes_in_batches(store: Store) -> None:
    await old(store, BATCH + BATCH // 2)
    assert await Purge(store.pool).step(KEEP) == BATCH
    assert [await store.count(t) for t in ("send", "delivery")] == [1, BATCH // 2]
    assert await purged(store) == [BATCH // 2 + 1]
    assert await left(store) == []


async def test_a_send_of_exactly_one_batch_goes_too(store: Store) -> None:
    await old(store, BATCH)
    assert await purged(store) == [BATCH, 1]
    assert await left(store) == []


async def test_the_oldest_goes_first(store: Store) -> None:
    first, second = await old(store, request_key="a"), await old(store, request_key="b")
    await store.change("UPDATE send SET created = created - interval '1 day' WHERE id = %s", second)
    await Purge(store.pool).step(KEEP)
    assert await left(store) == [first]


async def test_a_retry_outlives_what_it_repeats(store: Store) -> None:
    first = await store.sent(request_key="a")
    second = await store.sent(request_key="b", retry_of=first)
    await aged(store, first)
    await store.forget_jobs()
    await purged(store)
    assert await store.rows("SELECT id, retry_of FROM send") == [(second, None)]
    assert await store.states(second) == ["queued"] * 3


async def test_a_retry_that_goes_leaves_what_it_repeats(store: Store) -> None:
    first = await store.sent(request_key="a")
    await old(store, request_key="b", retry_of=first)
    await purged(store)
    assert await left(store) == [first]


async def test_jobs_that_ended_long_ago_go_and_no_others(store: Store) -> None:
    for send_id in range(1, 6):
        await store.jobs.defer(Order(Task.DRAIN, send_id))
    await store.change(
        "UPDATE procrastinate_jobs SET status ="
        " ('{failed,failed,todo,doing,cancelled}'::procrastinate_job_status[])[id]"
    )
    await store.change("UPDATE procrastinate_events SET at = now() - interval '2 hours'")
    await store.change("UPDATE procrastinate_events SET at = now() WHERE job_id = 2")
    assert await purged(store) == [2]
    assert await store.rows("SELECT id FROM procrastinate_jobs ORDER BY id") == [(2,), (3,), (4,)]


async def test_one_process_at_a_time_removes(store: Store) -> None:
    await old(store)
    async with store.pool.connection() as conn, conn.transaction():
        await conn.execute("SELECT 1 FROM delivery FOR UPDATE")
        first = asyncio.create_task(Purge(store.pool).step(KEEP))
        await store.someone_waits()
        async with asyncio.timeout(20):  # should it wait for the first
            assert await Purge(store.pool).step(KEEP) == 0
    assert await first == 4


async def test_old_changes_of_the_directory_go_and_the_directory_stays(store: Store) -> None:
    book = Book(store.pool)
    entry = AuditEntry(Actor("U0ADMIN", "C0ONCALL"), "contacts", allowed=True, rule="admins")
    for edition, name in enumerate(("old", "young")):
        await book.write(Change(None, Contact(name, "+16175551299")), edition, entry)
    await store.change("UPDATE directory_change SET at = at - interval '2 hours' WHERE id = 1")
    assert await purged(store) == [1]
    assert await store.rows("SELECT id FROM directory_change") == [(2,)]
    assert await store.count("directory") == 2


async def test_a_home_that_nobody_has_opened_for_a_day_goes(store: Store) -> None:
    homes = Homes(store.pool)
    for user in ("U0OLD", "U0YOUNG"):
        await homes.opened(user)
    await store.change("UPDATE home SET opened = now() - interval '25 hours' WHERE user_id <> %s",
                       "U0YOUNG")  # fmt: skip
    assert await purged(store) == [1]
    assert await store.rows("SELECT user_id FROM home") == [("U0YOUNG",)]


async def opened_long_ago(store: Store, page_id: int) -> None:
    """Let a page be opened longer ago than what is kept."""
    await store.change(
        "UPDATE page SET created = created - interval '2 hours' WHERE id = %s", page_id
    )


async def aged_page(paging: Paging, page_id: int) -> None:
    """Let a page be older than what is kept, as are its messages and all that happened to it."""
    store = paging.store
    await opened_long_ago(store, page_id)
    await store.change("ALTER TABLE page_event DISABLE TRIGGER USER")
    await store.change(
        "UPDATE page_event SET at = at - interval '2 hours' WHERE page_id = %s", page_id
    )
    await store.change("ALTER TABLE page_event ENABLE TRIGGER USER")
    for (send_id,) in await store.rows("SELECT id FROM send WHERE page_id = %s", page_id):
        await aged(store, send_id)
    await store.forget_jobs()


async def test_an_old_page_goes_with_its_messages_and_all_that_was_said_about_it(
    paging: Paging,
) -> None:
    page_id, store = await paging.paged(), paging.store
    async with store.pool.connection() as conn, conn.transaction():
        await say(conn, store.jobs, page_id, "reply", "on my way")
    await store.change(
        "INSERT INTO reply (sid, at, page_id, outcome) VALUES ('SM1', now(), %s, 'words')", page_id
    )
    await store.change(
        "INSERT INTO alert (page_id, route, key, firing) VALUES (%s, 'prod', 'a', false)", page_id
    )
    await paging.views.acknowledge(page_id, HAND)
    await aged_page(paging, page_id)
    await purged(store)
    tables: tuple[LiteralString, ...] = ("page", "page_event", "page_card", "page_post", "reply")
    assert [await store.count(table) for table in (*tables, "alert", "send")] == [0] * 7


async def test_an_old_page_that_waits_for_somebody_stays(paging: Paging) -> None:
    page_id = await paging.opened()
    await aged_page(paging, page_id)
    assert await purged(paging.store) == []
    assert await paging.store.count("page") == 1


async def test_a_page_that_was_opened_long_ago_but_ended_only_just_stays(paging: Paging) -> None:
    acked, closed, tired = [await paging.opened(request_key=key) for key in "abc"]
    for page_id in (acked, closed, tired):
        await aged_page(paging, page_id)
    await paging.views.acknowledge(acked, HAND)
    await paging.views.resolve(closed, HAND)
    await paging.steps.exhaust(await paging.standing(tired), "nobody")
    await purged(paging.store)
    found = await paging.store.rows("SELECT id FROM page ORDER BY id")
    assert found == [(acked,), (closed,), (tired,)]


async def test_an_alert_that_somebody_has_does_not_page_anew_however_old_its_page_is(
    paging: Paging,
) -> None:
    store, alerts = paging.store, Alerts(paging.store.pool, paging.store.jobs)
    page_id = (await alerts.take(ROUTE, notice("g", "a"))).page or 0
    await paging.views.acknowledge(page_id, HAND)
    await aged_page(paging, page_id)
    await purged(store)
    assert await alerts.take(ROUTE, notice("g", "a")) == Taken(Did.JOINED, page_id)


async def test_an_old_page_goes_where_its_alert_was_not_told_again_or_a_person_has_closed_it(
    paging: Paging,
) -> None:
    store, alerts = paging.store, Alerts(paging.store.pool, paging.store.jobs)
    silent = (await alerts.take(ROUTE, notice("g", "a"))).page or 0
    closed = (await alerts.take(ROUTE, notice("h", "b"))).page or 0
    await paging.views.acknowledge(silent, HAND)
    await paging.views.resolve(closed, HAND)
    await store.change(
        "UPDATE alert SET last = now() - interval '8 days' WHERE page_id = %s", silent
    )
    for page_id in (silent, closed):
        await aged_page(paging, page_id)
    await purged(store)
    assert await store.count("page") == 0


async def test_a_page_that_goes_leaves_a_message_that_is_not_finished(paging: Paging) -> None:
    page_id, store = await paging.paged(), paging.store
    await paging.views.acknowledge(page_id, HAND)
    await aged_page(paging, page_id)
    await store.change("UPDATE send SET settled = NULL")
    await purged(store)
    assert await store.count("page") == 0
    assert await store.rows("SELECT DISTINCT page_id FROM send") == [(None,)]


async def test_what_strangers_wrote_goes_but_not_before_it_could_not_be_heard_again(
    store: Store,
) -> None:
    await store.change(
        "INSERT INTO reply (sid, at, received, outcome)"
        " SELECT 'SM' || n, now(), now() - interval '1 day' * n - interval '1 minute', 'unknown'"
        " FROM generate_series(0, 3) n"
    )
    assert await purged(store) == [2]
    assert await store.rows("SELECT sid FROM reply ORDER BY 1") == [("SM0",), ("SM1",)]


async def test_the_messages_of_a_page_that_waits_for_somebody_stay(paging: Paging) -> None:
    page_id = await paging.paged()
    await aged_page(paging, page_id)
    assert await purged(paging.store) == []
    assert await paging.store.count("delivery") == 2
