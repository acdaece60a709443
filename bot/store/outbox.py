"""The ledger's busy side: claim recipients, record what became of them, take over from the dead.

Every write is fenced: an answer counts only for the owner and the attempt that it belongs to, so
a process that was taken for dead cannot overwrite what its successor knows.
"""

from collections.abc import Collection, Sequence

from bot.store.answers import UNRECORDABLE, Settled, doubted, read_late, write
from bot.store.claims import DEAD_AFTER, LETTER, Claim, Letter, claim, read_claims, read_letter
from bot.store.database import Pool
from bot.store.marks import mark
from bot.tasks import Deferrer, Order, Task
from commands.model import DeliveryState

__all__ = ["DEAD_AFTER", "Claim", "Letter", "Outbox", "Settled"]

_STOPPED = "the process that was sending stopped before Twilio's answer was recorded"

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

# Given back by a post that Twilio did not take, after somebody had the page.
_CALL_OFF = """
WITH over AS (
    SELECT s.id FROM send s JOIN page p ON p.id = s.page_id
    WHERE s.id = %(send)s AND s.page_step IS NOT NULL AND p.due IS NULL
), waiting AS (
    SELECT d.id FROM delivery d WHERE d.send_id = (SELECT id FROM over) AND d.state = 'queued'
    ORDER BY d.id FOR UPDATE
), off AS (
    UPDATE delivery d SET state = 'canceled', code = '1001', next_check = NULL,
        reason = 'not sent, because somebody has the page'
    FROM waiting WHERE d.id = waiting.id RETURNING d.id
)
INSERT INTO event (delivery_id, state, source) SELECT id, 'canceled', 'page' FROM off
"""

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
            WHERE send_id = %(send)s AND state = 'in_doubt' AND next_check IS NOT NULL),
    EXISTS (SELECT 1 FROM send WHERE id = %(send)s AND page_id IS NOT NULL)
"""


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
            head = await conn.execute(LETTER, (send_id,))
            claimed = await claim(conn, send_id, owner, want) if want else None
            letter = read_letter(await head.fetchone())
            claims = await read_claims(claimed) if claimed else []
        return None if letter is None else (letter, claims)

    async def letter(self, send_id: int) -> Letter | None:
        """Give what a send says; None if it is gone."""
        async with self._pool.connection() as conn:
            cursor = await conn.execute(LETTER, (send_id,))
            return read_letter(await cursor.fetchone())

    async def turn(
        self, send_id: int, owner: int, answers: Sequence[Settled], want: int
    ) -> list[Claim]:
        """Record `answers` and claim up to `want` recipients, in one round trip."""
        try:
            late, claims = await self._turn(send_id, owner, answers, want)
        except UNRECORDABLE:
            await self.record(send_id, owner, answers)
            _, claims = await self._turn(send_id, owner, (), want)
        else:
            await self._tell(send_id, answers, late)
        return claims

    async def _turn(
        self, send_id: int, owner: int, answers: Sequence[Settled], want: int
    ) -> tuple[int, list[Claim]]:
        async with self._pool.connection() as conn, conn.pipeline():
            recorded = await write(conn, owner, answers) if answers else None
            claimed = await claim(conn, send_id, owner, want) if want else None
            late = await read_late(recorded) if recorded else 0
            claims = await read_claims(claimed) if claimed else []
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
                        late += await read_late(await write(conn, owner, [answer]))
                except UNRECORDABLE as exc:
                    late += await read_late(await write(conn, owner, [doubted(answer, exc)]))
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
        async with self._pool.connection() as conn, conn.pipeline() as pipeline:
            await conn.execute(_CALL_OFF, {"send": send_id})
            await pipeline.sync()  # so that the next statement sees what it did
            await conn.execute(_SETTLE, {"send": send_id})
            cursor = await conn.execute(_LEFT, {"send": send_id})
            row = await cursor.fetchone()
        due: float | None = row[0] if row else None
        if row and row[1]:
            await self._jobs.defer(Order(Task.RECONCILE, send_id))
        if row and row[2]:  # a step that reached nobody is not waited out
            async with self._pool.connection() as conn, conn.transaction():
                await mark(conn, self._jobs, [send_id])
        return due
