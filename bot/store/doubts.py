"""Recipients in doubt: who they are, what is done about them once Twilio was looked at."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import psycopg

from bot.store.database import Pool
from bot.store.marks import mark
from bot.store.optouts import reasons
from bot.tasks import Deferrer, Order, Task
from commands.model import Kind, Requeued

AT_ONCE = 100
"""Recipients that one look is for; further ones have the next."""

_DUE = """
SELECT id, address, attempt, attempted, extract(epoch FROM now() - doubted)::float8, resent
FROM delivery
WHERE send_id = %s AND state = 'in_doubt' AND next_check <= now()
ORDER BY next_check, id LIMIT %s
"""

_NEXT = """
SELECT extract(epoch FROM min(next_check) - now())::float8 FROM delivery
WHERE send_id = %s AND state = 'in_doubt' AND next_check IS NOT NULL
"""

_KNOWN = "SELECT sid FROM delivery WHERE sid = ANY(%s)"

_LATER = """
WITH looked AS (
    SELECT d.id, n.pause FROM delivery d
    JOIN unnest(%s::bigint[], %s::float8[]) AS n(id, pause) ON d.id = n.id
    WHERE d.state = 'in_doubt' AND d.next_check IS NOT NULL ORDER BY d.id FOR UPDATE OF d
)
UPDATE delivery d SET next_check = now() + make_interval(secs => looked.pause)
FROM looked WHERE d.id = looked.id
"""

# The person, or the page, is told what was tried: the reason of the doubt stays before it.
_GIVE_UP = """
WITH over AS (
    SELECT id FROM delivery
    WHERE id = ANY(%s) AND state = 'in_doubt' AND next_check IS NOT NULL ORDER BY id FOR UPDATE
), left_so AS (
    UPDATE delivery d SET next_check = NULL, reason = d.reason || %s
    FROM over WHERE d.id = over.id RETURNING d.id, d.send_id
), noted AS (
    INSERT INTO event (delivery_id, state, source) SELECT id, 'in_doubt', 'not found' FROM left_so
)
SELECT send_id FROM left_so LIMIT 1
"""

# Nobody is woken by a page that somebody has, or twice where a later step has come to them already.
# Who has opted out of the sender since is not sent to again, and stays in doubt: whether the first
# request has arrived nobody knows still. Who was to be sent to by itself, and is not, is looked for
# no more, in the same statement: as they were due they would be due again at once, and for ever.
_REQUEUE = """
WITH doubt AS (
    SELECT id, address, next_check IS NOT NULL AS sought FROM delivery
    WHERE send_id = %(send)s AND state = 'in_doubt' AND attempt <= %(attempt)s
      AND CASE WHEN %(ids)s::bigint[] IS NULL THEN next_check IS NULL
               ELSE id = ANY(%(ids)s::bigint[]) AND NOT resent END
    ORDER BY id FOR UPDATE
), known AS (
    SELECT doubt.id, doubt.sought, o.learned, EXISTS (
        SELECT 1 FROM send s JOIN page p ON p.id = s.page_id
        WHERE s.id = %(send)s AND p.due IS NULL
    ) AS over, EXISTS (
        SELECT 1 FROM send s JOIN send later ON later.page_id = s.page_id
            AND later.page_step > s.page_step
        JOIN delivery l ON l.send_id = later.id AND l.address = doubt.address
        WHERE s.id = %(send)s
    ) AS later
    FROM doubt LEFT JOIN opt_out o
    ON o.sender = %(sender)s AND o.address = doubt.address AND o.learned <> 'START'
), again AS (
    UPDATE delivery d SET state = 'queued', owner = NULL, next_check = NULL, doubted = NULL,
        resent = d.resent OR %(ids)s::bigint[] IS NOT NULL
    FROM known WHERE d.id = known.id AND NOT over AND NOT later AND known.learned IS NULL
    RETURNING d.id
), left_out AS (
    UPDATE delivery d SET next_check = NULL, reason = %(maybe)s || CASE known.learned
        WHEN 'STOP' THEN %(stop)s::text ELSE %(refused)s::text END
    FROM known WHERE d.id = known.id AND NOT over AND NOT later AND known.learned IS NOT NULL
    RETURNING d.id, known.sought
), given_up AS (
    UPDATE delivery d SET next_check = NULL,
        reason = d.reason || %(tried)s || CASE WHEN over THEN '' ELSE %(later)s::text END
    FROM known WHERE d.id = known.id AND (over OR later) AND known.sought
    RETURNING d.id
), noted AS (
    INSERT INTO event (delivery_id, state, source) SELECT id, 'queued', %(source)s FROM again
  UNION ALL
    SELECT id, 'in_doubt', 'not found' FROM left_out WHERE sought
  UNION ALL
    SELECT id, 'in_doubt', 'not found' FROM given_up
)
SELECT (SELECT count(*) FROM again), (SELECT count(*) FROM left_out),
    (SELECT count(*) FROM given_up)
"""

MAYBE = "no clear answer from Twilio; not sent again: "
"""What stands before the reason of who was in doubt, and is left out of the second request."""

LATER_STEP = "; not sent again, as a later step was for them too"
"""What a reason ends in where the page itself has come to them anew meanwhile."""

_REOPEN = """
UPDATE send SET settled = NULL, left_by = '', look_at = now() + make_interval(secs => %s)
WHERE id = %s RETURNING kind
"""

_EVERY_ATTEMPT = 2**31 - 1

NOT_LISTED = "; Twilio's list does not show it"
UNLISTED = "; Twilio's list could not be had"
"""What a reason ends in once the looking is over: after a look, or without one."""


@dataclass(frozen=True)
class Doubt:
    """One recipient of whom nobody knows whether Twilio has the message.

    Attributes:
        delivery_id: the row.
        address: whom it is for.
        attempt: the attempt in doubt.
        attempted: the moment before its request.
        age: seconds since the doubt began.
        resent: whether a page was sent again by itself before.
    """

    delivery_id: int
    address: str = field(repr=False)
    attempt: int
    attempted: datetime
    age: float
    resent: bool


class Doubts:
    """What `reconcile` needs of the ledger."""

    def __init__(self, pool: Pool, jobs: Deferrer) -> None:
        self._pool = pool
        self._jobs = jobs

    async def due(self, send_id: int) -> Sequence[Doubt]:
        """Give those for whom Twilio is to be looked at now, `AT_ONCE` at most."""
        async with self._pool.connection() as conn:
            cursor = await conn.execute(_DUE, (send_id, AT_ONCE))
            return [Doubt(*row) for row in await cursor.fetchall()]

    async def next(self, send_id: int) -> float | None:
        """Give the seconds until the next look, None if nobody is looked for."""
        async with self._pool.connection() as conn:
            cursor = await conn.execute(_NEXT, (send_id,))
            row = await cursor.fetchone()
        return row[0] if row else None

    async def known(self, sids: Collection[str]) -> frozenset[str]:
        """Give those of the SIDs that belong to a recipient already."""
        async with self._pool.connection() as conn:
            cursor = await conn.execute(_KNOWN, (list(sids),))
            return frozenset(row[0] for row in await cursor.fetchall())

    async def later(self, pauses: Collection[tuple[int, float]]) -> None:
        """Look again for these deliveries, each after its own seconds."""
        ids, seconds = [i for i, _ in pauses], [s for _, s in pauses]
        async with self._pool.connection() as conn:
            await conn.execute(_LATER, (ids, seconds))

    async def give_up(self, ids: Collection[int], tried: str = NOT_LISTED) -> None:
        """Look for these no more: what became of them is not known, and their sender is asked.

        Args:
            ids: the deliveries.
            tried: what was done to find out, to be told after the reason of the doubt.
        """
        async with self._pool.connection() as conn, conn.transaction():
            cursor = await conn.execute(_GIVE_UP, (list(ids), tried))
            if row := await cursor.fetchone():
                await mark(conn, self._jobs, [row[0]])

    async def resend(
        self,
        send_id: int,
        ids: Collection[int],
        look_after: float | None,
        tried: str = NOT_LISTED,
    ) -> int:
        """Queue these of a page anew, each once in its life; tell how many there were.

        The others are given up: who has opted out of the sender, whom a later step was for, and
        everybody once somebody has the page.

        Args:
            send_id: whose recipients.
            ids: the deliveries.
            look_after: seconds until Twilio is asked about their delivery; None: it never is.
            tried: what was done to find out, to be told of who is given up.
        """
        async with self._pool.connection() as conn, conn.transaction():
            done = await requeue(conn, self._jobs, send_id, look_after, ids=list(ids), tried=tried)
        return done.again


async def requeue(
    conn: psycopg.AsyncConnection,
    jobs: Deferrer,
    send_id: int,
    look_after: float | None,
    *,
    attempt: int = _EVERY_ATTEMPT,
    ids: list[int] | None = None,
    tried: str = "",
) -> Requeued:
    """Queue recipients in doubt anew, within the caller's transaction; tell how many there were.

    Who has opted out of the sender meanwhile stays in doubt: Twilio would refuse them.

    Args:
        conn: in a transaction.
        jobs: takes the jobs that follow from it.
        send_id: whose recipients.
        look_after: seconds until Twilio is asked about their delivery; None: it never is.
        attempt: doubts of later attempts are left.
        ids: these deliveries by themselves, and whoever of them is not queued is given up; None, on
            a person's word, for all that nobody looks for any more.
        tried: what was done to find out, to be told of who is given up.
    """
    source = "asked" if ids is None else "resend"
    whom = {"attempt": attempt, "ids": ids, "source": source, "tried": tried}
    done, given_up = await _requeue(conn, send_id, whom)
    if done.again:
        cursor = await conn.execute(_REOPEN, (look_after, send_id))
        [(kind,)] = await cursor.fetchall()
        drain = Task.URGENT if kind == Kind.PAGE else Task.DRAIN
        await jobs.defer(Order(drain, send_id), conn=conn)
    if given_up or done != Requeued():
        await mark(conn, jobs, [send_id])
    if done.again and look_after is not None:  # after the card: see `bot.store.marks`
        await jobs.defer(Order(Task.TRACK, send_id, look_after), conn=conn)
    return done


async def _requeue(
    conn: psycopg.AsyncConnection, send_id: int, whom: Mapping[str, object]
) -> tuple[Requeued, int]:
    """Give who is queued or left out, and how many others are looked for no more."""
    cursor = await conn.execute("SELECT sender FROM send WHERE id = %s", (send_id,))
    head = await cursor.fetchone()
    if head is None:
        return Requeued(), 0
    [sender] = head
    told = {"sender": sender, "maybe": MAYBE, "later": LATER_STEP, **reasons(sender)}
    cursor = await conn.execute(_REQUEUE, {"send": send_id, **whom, **told})
    [(again, left_out, given_up)] = await cursor.fetchall()
    return Requeued(again, left_out), given_up
