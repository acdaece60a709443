"""The ledger's busy side: claim recipients, record what became of them, take over from the dead.

Every write is fenced: an answer counts only for the owner and the attempt that it belongs to, so
a process that was taken for dead cannot overwrite what its successor knows.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import psycopg
from psycopg.errors import UniqueViolation

from bot.store.database import Pool
from bot.store.marks import mark
from bot.store.optouts import learn
from bot.store.text import storable
from bot.tasks import Deferrer, Order, Task
from commands.model import DeliveryState, Kind

DEAD_AFTER = 3.5
"""Seconds without a heartbeat (one a second) after which a worker is taken for dead."""

# A worker that was declared dead, or may be at any moment, claims nothing.
_CLAIM = """
WITH next AS (
    SELECT id FROM delivery
    WHERE send_id = %(send)s AND state = 'queued'
      AND (next_check IS NULL OR next_check <= now())
      AND EXISTS (
        SELECT 1 FROM procrastinate_workers WHERE id = %(owner)s
          AND last_heartbeat > now() - make_interval(secs => %(dead)s)
      )
    ORDER BY position LIMIT %(want)s
    FOR UPDATE SKIP LOCKED
), claimed AS (
    UPDATE delivery d SET state = 'sending', owner = %(owner)s, attempt = d.attempt + 1,
        attempted = now(), next_check = NULL
    FROM next WHERE d.id = next.id
    RETURNING d.id, d.address, d.attempt, d.position
), noted AS (
    INSERT INTO event (delivery_id, state, source) SELECT id, 'sending', 'drain' FROM claimed
)
SELECT id, address, attempt FROM claimed ORDER BY position
"""

# `in_doubt` too: an answer that arrives after a takeover still tells the truth; that nothing was
# sent, perhaps, after the last drain of its send, which is then not settled after all. Nobody may
# be following the send any more, so Twilio is to be asked about it again. Rows are locked in their
# order, as by everybody who changes several: no two changes can block each other.
_RECORD = """
WITH answer AS (
    SELECT * FROM unnest(
        %s::bigint[], %s::int[], %s::text[], %s::text[], %s::text[], %s::int[], %s::text[],
        %s::text[], %s::float8[]
    ) AS a(id, attempt, state, sid, code, error_code, reason, request_id, pause)
), held AS (
    SELECT d.id, d.state AS was FROM delivery d JOIN answer a ON d.id = a.id
    WHERE d.attempt = a.attempt AND d.owner = %s
      AND (d.state = 'sending' OR d.state = 'in_doubt' AND a.state <> 'in_doubt')
    ORDER BY d.id FOR UPDATE OF d
), moved AS (
    UPDATE delivery d SET
        state = a.state, sid = a.sid, code = nullif(a.code, ''), error_code = a.error_code,
        reason = a.reason, request_id = a.request_id,
        doubted = CASE WHEN a.state = 'in_doubt' THEN now() END,
        next_check = CASE WHEN a.state = 'in_doubt' THEN now()
                          ELSE now() + make_interval(secs => a.pause) END
    FROM answer a, held WHERE d.id = a.id AND d.id = held.id
    RETURNING d.id, d.send_id, d.state, held.was
), reopened AS (
    UPDATE send SET look_at = coalesce(look_at, now()),
        settled = CASE WHEN late.queued THEN NULL ELSE settled END
    FROM (SELECT min(send_id) AS id, bool_or(state = 'queued') AS queued
          FROM moved WHERE was = 'in_doubt') AS late
    WHERE send.id = late.id
), noted AS (
    INSERT INTO event (delivery_id, state, source) SELECT id, state, 'answer' FROM moved
)
SELECT count(*) FILTER (WHERE was = 'in_doubt') FROM moved
"""

# Claimed, but the claim never reached the process (its connection broke in between), so nothing
# was posted: the one case in which a row that is `sending` may be sent to without looking.
_STRAY = """
WITH unheld AS (
    SELECT id FROM delivery d
    WHERE send_id = %(send)s AND state = 'sending' AND owner = ANY(%(owners)s::bigint[])
      AND NOT EXISTS (
        SELECT 1 FROM unnest(%(ids)s::bigint[], %(attempts)s::int[]) AS held(id, attempt)
        WHERE held.id = d.id AND held.attempt = d.attempt
    ) ORDER BY id FOR UPDATE
), stray AS (
    UPDATE delivery d SET state = 'queued', owner = NULL
    FROM unheld WHERE d.id = unheld.id
    RETURNING d.id
)
INSERT INTO event (delivery_id, state, source) SELECT id, 'queued', 'reclaim' FROM stray
"""

_ABANDONED = """
WITH orphan AS (
    SELECT id FROM delivery d
    WHERE send_id = %(send)s AND state = 'sending' AND NOT EXISTS (
        SELECT 1 FROM procrastinate_workers w
        WHERE w.id = d.owner AND w.last_heartbeat > now() - make_interval(secs => %(dead)s)
    ) ORDER BY id FOR UPDATE
), lost AS (
    UPDATE delivery d SET state = 'in_doubt', code = '1001', reason = %(reason)s,
        doubted = now(), next_check = now()
    FROM orphan WHERE d.id = orphan.id
    RETURNING d.id
)
INSERT INTO event (delivery_id, state, source) SELECT id, 'in_doubt', 'takeover' FROM lost
"""

_HALT = """
WITH waiting AS (
    SELECT id FROM delivery WHERE send_id = %(send)s AND state = 'queued' ORDER BY id FOR UPDATE
), stopped AS (
    UPDATE delivery d SET state = 'failed', code = %(code)s, error_code = %(error)s,
        reason = %(reason)s
    FROM waiting WHERE d.id = waiting.id
    RETURNING d.id
)
INSERT INTO event (delivery_id, state, source) SELECT id, 'failed', 'halt' FROM stopped
"""

_STOPPED = "the process that was sending stopped before Twilio's answer was recorded"

_LETTER = "SELECT sender, body, kind, token, created FROM send WHERE id = %s"

_SETTLE = """
UPDATE send SET settled = CASE WHEN busy.yes THEN NULL ELSE coalesce(settled, now()) END
FROM (SELECT EXISTS (
    SELECT 1 FROM delivery WHERE send_id = %(send)s AND state = 'queued'
) OR EXISTS (
    SELECT 1 FROM delivery WHERE send_id = %(send)s AND state = 'sending'
) AS yes) AS busy
WHERE id = %(send)s AND (settled IS NULL) <> busy.yes
"""

_LEFT = """
SELECT
    (SELECT extract(epoch FROM min(coalesce(next_check, now())) - now())::float8
     FROM delivery WHERE send_id = %(send)s AND state = 'queued'),
    EXISTS (SELECT 1 FROM delivery
            WHERE send_id = %(send)s AND state = 'in_doubt' AND next_check IS NOT NULL)
"""


@dataclass(frozen=True)
class Letter:
    """What is the same for every recipient of a send.

    Attributes:
        sender: the From.
        body: the text.
        kind: plain send or page.
        token: the send's part of the address for status callbacks.
        created: when it was committed.
    """

    sender: str
    body: str = field(repr=False)
    kind: Kind
    token: str = field(repr=False)
    created: datetime


@dataclass(frozen=True)
class Claim:
    """One recipient that this process, and no other, now sends to."""

    delivery_id: int
    address: str = field(repr=False)
    attempt: int


@dataclass(frozen=True)
class Settled:
    """What became of one claim. `pause` is the seconds until a queued row may be claimed again."""

    delivery_id: int
    attempt: int
    state: DeliveryState
    sid: str | None = None
    code: str = ""
    error_code: int | None = None
    reason: str = ""
    request_id: str = ""
    pause: float | None = None


class Outbox:
    """What `drain` needs of the ledger."""

    def __init__(self, pool: Pool, jobs: Deferrer) -> None:
        self._pool = pool
        self._jobs = jobs

    async def begin(
        self,
        send_id: int,
        owners: Collection[int],
        held: Collection[tuple[int, int]],
        owner: int = 0,
        want: int = 0,
    ) -> tuple[Letter, list[Claim]] | None:
        """Put in order what others left, claim up to `want` recipients, and give what to send.

        What a dead worker was sending is put in doubt: it may have been sent. What `owners`, all
        of them the caller, claimed without learning of it is queued again. All in one round trip.

        Args:
            send_id: the send; None is given if it is gone.
            owners: every worker that the calling process has been.
            held: its claims as delivery and attempt; no claim may be under way meanwhile.
            owner: the worker that claims.
            want: how many it has room for.
        """
        ids, attempts = [i for i, _ in held], [a for _, a in held]
        async with self._pool.connection() as conn, conn.pipeline() as pipeline:
            await conn.execute(
                _STRAY, {"send": send_id, "owners": list(owners), "ids": ids, "attempts": attempts}
            )
            await pipeline.sync()  # a transaction each: together they lock rows in no order
            await conn.execute(
                _ABANDONED, {"send": send_id, "dead": DEAD_AFTER, "reason": _STOPPED}
            )
            await pipeline.sync()
            head = await conn.execute(_LETTER, (send_id,))
            claimed = await _claim(conn, send_id, owner, want) if want else None
            letter = _letter(await head.fetchone())
            claims = await _claims(claimed) if claimed else []
        return None if letter is None else (letter, claims)

    async def letter(self, send_id: int) -> Letter | None:
        """Give what a send says; None if it is gone."""
        async with self._pool.connection() as conn:
            cursor = await conn.execute(_LETTER, (send_id,))
            return _letter(await cursor.fetchone())

    async def turn(
        self, send_id: int, owner: int, answers: Sequence[Settled], want: int
    ) -> list[Claim]:
        """Record `answers` and claim up to `want` recipients, in one round trip."""
        try:
            late, claims = await self._turn(send_id, owner, answers, want)
        except _UNRECORDABLE:
            await self.record(send_id, owner, answers)
            _, claims = await self._turn(send_id, owner, (), want)
        else:
            await self._tell(send_id, answers, late)
        return claims

    async def _turn(
        self, send_id: int, owner: int, answers: Sequence[Settled], want: int
    ) -> tuple[int, list[Claim]]:
        async with self._pool.connection() as conn, conn.pipeline():
            recorded = await _record(conn, owner, answers) if answers else None
            claimed = await _claim(conn, send_id, owner, want) if want else None
            late = await _count(recorded) if recorded else 0
            claims = await _claims(claimed) if claimed else []
        return late, claims

    async def record(self, send_id: int, owner: int, answers: Sequence[Settled]) -> None:
        """Record answers one by one, so that one that cannot be leaves the others alone.

        Twilio may name one SID twice; which of the two it means cannot be known, so the second is
        left in doubt, and so is whatever else the table does not take.
        """
        late = 0
        for answer in answers:
            async with self._pool.connection() as conn:
                try:
                    async with conn.transaction():
                        late += await _count(await _record(conn, owner, [answer]))
                except _UNRECORDABLE as exc:
                    late += await _count(await _record(conn, owner, [_doubted(answer, exc)]))
        await self._tell(send_id, answers, late)

    async def _tell(self, send_id: int, answers: Sequence[Settled], late: int) -> None:
        """Have doubts looked into; those resolved late (`late`) are shown, and followed anew."""
        if any(answer.state is DeliveryState.IN_DOUBT for answer in answers):
            await self._jobs.defer(Order(Task.RECONCILE, send_id))
        if late:
            async with self._pool.connection() as conn, conn.transaction():
                await mark(conn, self._jobs, [send_id])
                await self._jobs.defer(Order(Task.TRACK, send_id), conn=conn)

    async def halt(self, send_id: int, code: str, error_code: int | None, reason: str) -> None:
        """Fail everybody who still waits: nobody else would get through either."""
        told = {"send": send_id, "code": code, "error": error_code, "reason": reason}
        async with self._pool.connection() as conn:
            await conn.execute(_HALT, told)

    async def end(self, send_id: int) -> float | None:
        """Mark the send as settled if nobody is queued or being sent to, and see to its doubts.

        Gives the seconds until a queued recipient may be claimed, None if nobody is queued.
        """
        async with self._pool.connection() as conn, conn.pipeline():
            await conn.execute(_SETTLE, {"send": send_id})
            cursor = await conn.execute(_LEFT, {"send": send_id})
            row = await cursor.fetchone()
        due: float | None = row[0] if row else None
        if row and row[1]:
            await self._jobs.defer(Order(Task.RECONCILE, send_id))
        return due


def _letter(row: Sequence[Any] | None) -> Letter | None:
    if row is None:
        return None
    sender, body, kind, token, created = row
    return Letter(sender, body, Kind(kind), token, created)


async def _claim(
    conn: psycopg.AsyncConnection, send_id: int, owner: int, want: int
) -> psycopg.AsyncCursor:
    asked = {"send": send_id, "owner": owner, "want": want, "dead": DEAD_AFTER}
    return await conn.execute(_CLAIM, asked)


async def _claims(cursor: psycopg.AsyncCursor) -> list[Claim]:
    return [Claim(*row) for row in await cursor.fetchall()]


_UNRECORDABLE = (psycopg.DataError, psycopg.IntegrityError)


def _doubted(answer: Settled, exc: Exception) -> Settled:
    twice = isinstance(exc, UniqueViolation)
    reason = "with the SID of another message" if twice else "with something that cannot be stored"
    return Settled(
        answer.delivery_id,
        answer.attempt,
        DeliveryState.IN_DOUBT,
        code="1001",
        reason=f"Twilio answered {reason}",
    )


_INT_BITS = 32


def _columns(answer: Settled) -> tuple[object, ...]:
    """Give the values of `_RECORD`, without what no column can hold of Twilio's words."""
    code = answer.error_code
    return (
        answer.delivery_id,
        answer.attempt,
        str(answer.state),
        storable(answer.sid) if answer.sid else None,
        answer.code,
        code if (code or 0).bit_length() < _INT_BITS else None,
        storable(answer.reason),
        storable(answer.request_id),
        answer.pause,
    )


async def _record(
    conn: psycopg.AsyncConnection, owner: int, answers: Sequence[Settled]
) -> psycopg.AsyncCursor:
    columns = [list(column) for column in zip(*(_columns(a) for a in answers), strict=True)]
    cursor = await conn.execute(_RECORD, (*columns, owner))
    await learn(conn, [(answer.delivery_id, answer.error_code) for answer in answers])
    return cursor


async def _count(cursor: psycopg.AsyncCursor) -> int:
    row = await cursor.fetchone()
    return int(row[0]) if row else 0
