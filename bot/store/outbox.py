"""The ledger's busy side: claim recipients, record what became of them, take over from the dead.

Every write is fenced: an answer counts only for the owner and the attempt that it belongs to, so
a process that was taken for dead cannot overwrite what its successor knows.
"""

from collections.abc import Collection, Sequence
from dataclasses import astuple, dataclass, field, replace

import psycopg
from psycopg.errors import UniqueViolation

from bot.store.database import Pool
from bot.store.text import storable
from commands.model import DeliveryState

DEAD_AFTER = 4.0
"""Seconds without a heartbeat (one a second) after which a worker is taken for dead."""

# A worker that was declared dead has no row any more, and so claims nothing.
_CLAIM = """
WITH next AS (
    SELECT id FROM delivery
    WHERE send_id = %(send)s AND state = 'queued'
      AND (next_check IS NULL OR next_check <= now())
      AND EXISTS (SELECT 1 FROM procrastinate_workers WHERE id = %(owner)s)
    ORDER BY position LIMIT %(want)s
    FOR UPDATE SKIP LOCKED
), claimed AS (
    UPDATE delivery d SET state = 'sending', owner = %(owner)s, attempt = d.attempt + 1
    FROM next WHERE d.id = next.id
    RETURNING d.id, d.address, d.attempt, d.position
), noted AS (
    INSERT INTO event (delivery_id, state, source) SELECT id, 'sending', 'drain' FROM claimed
)
SELECT id, address, attempt FROM claimed ORDER BY position
"""

# `in_doubt` too: an answer that arrives after a takeover still tells the truth.
_RECORD = """
WITH answer AS (
    SELECT * FROM unnest(
        %s::bigint[], %s::int[], %s::text[], %s::text[], %s::text[], %s::int[], %s::text[],
        %s::text[], %s::float8[]
    ) AS a(id, attempt, state, sid, code, error_code, reason, request_id, pause)
), moved AS (
    UPDATE delivery d SET
        state = a.state, sid = a.sid, code = nullif(a.code, ''), error_code = a.error_code,
        reason = a.reason, request_id = a.request_id,
        next_check = now() + make_interval(secs => a.pause)
    FROM answer a
    WHERE d.id = a.id AND d.attempt = a.attempt AND d.owner = %s
      AND d.state IN ('sending', 'in_doubt')
    RETURNING d.id, d.state
)
INSERT INTO event (delivery_id, state, source) SELECT id, state, 'answer' FROM moved
"""

# Claimed, but the claim never reached the process (its connection broke in between), so nothing
# was posted: the one case in which a row that is `sending` may be sent to without looking.
_STRAY = """
WITH stray AS (
    UPDATE delivery d SET state = 'queued', owner = NULL
    WHERE send_id = %(send)s AND state = 'sending' AND owner = ANY(%(owners)s::bigint[])
      AND NOT EXISTS (
        SELECT 1 FROM unnest(%(ids)s::bigint[], %(attempts)s::int[]) AS held(id, attempt)
        WHERE held.id = d.id AND held.attempt = d.attempt
    )
    RETURNING d.id
)
INSERT INTO event (delivery_id, state, source) SELECT id, 'queued', 'reclaim' FROM stray
"""

_ABANDONED = """
WITH lost AS (
    UPDATE delivery d SET state = 'in_doubt', code = '1001', reason = %(reason)s
    WHERE send_id = %(send)s AND state = 'sending' AND NOT EXISTS (
        SELECT 1 FROM procrastinate_workers w
        WHERE w.id = d.owner AND w.last_heartbeat > now() - make_interval(secs => %(dead)s)
    )
    RETURNING d.id
)
INSERT INTO event (delivery_id, state, source) SELECT id, 'in_doubt', 'takeover' FROM lost
"""

_HALT = """
WITH stopped AS (
    UPDATE delivery d SET state = 'failed', code = %s, error_code = %s, reason = %s
    WHERE send_id = %s AND state = 'queued'
    RETURNING d.id
)
INSERT INTO event (delivery_id, state, source) SELECT id, 'failed', 'halt' FROM stopped
"""

_STOPPED = "the process that was sending stopped before Twilio's answer was recorded"

_SETTLE = """
UPDATE send SET settled = now() WHERE id = %s AND settled IS NULL AND NOT EXISTS (
    SELECT 1 FROM delivery WHERE send_id = send.id AND state = 'queued'
) AND NOT EXISTS (
    SELECT 1 FROM delivery WHERE send_id = send.id AND state = 'sending'
)
"""

_NEXT_DUE = """
SELECT extract(epoch FROM min(coalesce(next_check, now())) - now())::float8
FROM delivery WHERE send_id = %s AND state = 'queued'
"""


@dataclass(frozen=True)
class Letter:
    """What is the same for every recipient of a send."""

    sender: str
    body: str = field(repr=False)


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

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def begin(
        self, send_id: int, owners: Collection[int], held: Collection[tuple[int, int]]
    ) -> Letter | None:
        """Put in order what others left, and give what is to be sent; None if the send is gone.

        What a dead worker was sending is put in doubt: it may have been sent. What `owners`, all
        of them the caller, claimed without learning of it is queued again.

        Args:
            send_id: the send.
            owners: every worker that the calling process has been.
            held: its claims as delivery and attempt; no claim may be under way meanwhile.
        """
        ids, attempts = [i for i, _ in held], [a for _, a in held]
        async with self._pool.connection() as conn, conn.pipeline():
            await conn.execute(
                _STRAY, {"send": send_id, "owners": list(owners), "ids": ids, "attempts": attempts}
            )
            await conn.execute(
                _ABANDONED, {"send": send_id, "dead": DEAD_AFTER, "reason": _STOPPED}
            )
            cursor = await conn.execute("SELECT sender, body FROM send WHERE id = %s", (send_id,))
            row = await cursor.fetchone()
        return Letter(*row) if row else None

    async def turn(
        self, send_id: int, owner: int, answers: Sequence[Settled], want: int
    ) -> list[Claim]:
        """Record `answers` and claim up to `want` recipients, in one round trip."""
        try:
            return await self._turn(send_id, owner, answers, want)
        except _UNRECORDABLE:
            await self.record(owner, answers)
            return await self._turn(send_id, owner, (), want)

    async def _turn(
        self, send_id: int, owner: int, answers: Sequence[Settled], want: int
    ) -> list[Claim]:
        async with self._pool.connection() as conn, conn.pipeline():
            if answers:
                await _record(conn, owner, answers)
            if not want:
                return []
            cursor = await conn.execute(_CLAIM, {"send": send_id, "owner": owner, "want": want})
            return [Claim(*row) for row in await cursor.fetchall()]

    async def record(self, owner: int, answers: Sequence[Settled]) -> None:
        """Record answers one by one, so that one that cannot be leaves the others alone.

        Twilio may name one SID twice; which of the two it means cannot be known, so the second is
        left in doubt, and so is whatever else the table does not take.
        """
        for answer in answers:
            async with self._pool.connection() as conn:
                try:
                    await _record(conn, owner, [answer])
                except _UNRECORDABLE as exc:
                    await _record(conn, owner, [_doubted(answer, exc)])

    async def halt(self, send_id: int, code: str, error_code: int | None, reason: str) -> None:
        """Fail everybody who still waits: nobody else would get through either."""
        async with self._pool.connection() as conn:
            await conn.execute(_HALT, (code, error_code, reason, send_id))

    async def end(self, send_id: int) -> float | None:
        """Mark the send as settled if nobody is queued or being sent to.

        Gives the seconds until a queued recipient may be claimed, None if nobody is queued.
        """
        async with self._pool.connection() as conn, conn.pipeline():
            await conn.execute(_SETTLE, (send_id,))
            cursor = await conn.execute(_NEXT_DUE, (send_id,))
            row = await cursor.fetchone()
        return row[0] if row else None


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


def _fit(answer: Settled) -> Settled:
    """Take out of Twilio's words what no column can hold."""
    return replace(
        answer,
        sid=storable(answer.sid) if answer.sid else None,
        reason=storable(answer.reason),
        request_id=storable(answer.request_id),
        error_code=answer.error_code if (answer.error_code or 0).bit_length() < _INT_BITS else None,
    )


_INT_BITS = 32


async def _record(conn: psycopg.AsyncConnection, owner: int, answers: Sequence[Settled]) -> None:
    columns = [list(column) for column in zip(*(astuple(_fit(a)) for a in answers), strict=True)]
    await conn.execute(_RECORD, (*columns, owner))
