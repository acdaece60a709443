"""Tell the cards what changed: within the change's own transaction, so that none is forgotten."""

from collections.abc import Iterable

import psycopg

from bot.tasks import Deferrer, Order, Task

PACE = 1.0
"""Seconds between two updates of a card: Slack allows about one a second in a channel."""

# Locked, not only read: a card that is being looked at now either waits for this change or is
# marked anew by it. In the order of their numbers, so that two changes cannot block each other.
_LOCK = "SELECT send_id, stale FROM card WHERE send_id = ANY(%s) ORDER BY send_id FOR UPDATE"

_MARK = "UPDATE card SET stale = true WHERE send_id = ANY(%s)"


async def mark(conn: psycopg.AsyncConnection, jobs: Deferrer, send_ids: Iterable[int]) -> None:
    """Have the cards of these sends shown anew, each by one job however often it is marked."""
    cursor = await conn.execute(_LOCK, (sorted(set(send_ids)),))
    fresh = [send_id for send_id, stale in await cursor.fetchall() if not stale]
    if fresh:
        await conn.execute(_MARK, (fresh,))
        await jobs.defer(*(Order(Task.CARD, send_id, PACE) for send_id in fresh), conn=conn)
