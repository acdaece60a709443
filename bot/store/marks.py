"""Tell the cards what changed: within the change's own transaction, so that none is forgotten.

A job of which only one waits for a send is put into the queue after its card is marked, always:
whoever puts in another waits for the first one's transaction, as for a lock.
"""

from collections.abc import Iterable

import psycopg

from bot.tasks import Deferrer, Order, Task

PACE = 1.0
"""Seconds between two updates of a card: Slack allows about one a second in a channel."""

# Locked, not only read: a card that is being looked at now either waits for this change or is
# marked anew by it. In the order of their numbers, so that two changes cannot block each other.
_LOCK = "SELECT send_id, stale FROM card WHERE send_id = ANY(%s) ORDER BY send_id FOR UPDATE"

_MARK = "UPDATE card SET stale = true WHERE send_id = ANY(%s)"


# The messages of a page have no cards of their own: its card shows them, and its next step may
# depend on them.
_PAGES = "SELECT DISTINCT page_id FROM send WHERE id = ANY(%s) AND page_id IS NOT NULL ORDER BY 1"

_LOCK_PAGES = "SELECT page_id, stale FROM page_card WHERE page_id = ANY(%s) ORDER BY 1 FOR UPDATE"

_MARK_PAGES = "UPDATE page_card SET stale = true WHERE page_id = ANY(%s)"


async def mark_pages(
    conn: psycopg.AsyncConnection, jobs: Deferrer, page_ids: Iterable[int]
) -> None:
    """Have the cards of these pages shown anew, each by one job however often it is marked."""
    cursor = await conn.execute(_LOCK_PAGES, (sorted(set(page_ids)),))
    fresh = [page_id for page_id, stale in await cursor.fetchall() if not stale]
    if fresh:
        await conn.execute(_MARK_PAGES, (fresh,))
        await jobs.defer(*(Order(Task.PAGE_CARD, page, PACE) for page in fresh), conn=conn)


async def mark(conn: psycopg.AsyncConnection, jobs: Deferrer, send_ids: Iterable[int]) -> None:
    """Have the cards of these sends shown anew, each by one job however often it is marked."""
    numbers = sorted(set(send_ids))
    pages = await (await conn.execute(_PAGES, (numbers,))).fetchall()
    if pages:  # locked before the cards, as a page is before its messages
        await mark_pages(conn, jobs, [page for (page,) in pages])
        await jobs.defer(*(Order(Task.PAGE, page) for (page,) in pages), conn=conn)
    cursor = await conn.execute(_LOCK, (numbers,))
    fresh = [send_id for send_id, stale in await cursor.fetchall() if not stale]
    if fresh:
        await conn.execute(_MARK, (fresh,))
        await jobs.defer(*(Order(Task.CARD, send_id, PACE) for send_id in fresh), conn=conn)
