"""The ledger in PostgreSQL: sends are committed here before anything leaves for Twilio."""

from collections.abc import Callable, Collection, Mapping
from typing import LiteralString

import psycopg

from bot.store.audit import append, refusals
from bot.store.database import Pool
from bot.store.doubts import requeue
from bot.store.intents import already_sent
from bot.store.marks import mark
from bot.store.optouts import OPTED_OUT, OPTED_OUT_AMONG, leave_out
from bot.store.pages import open_page
from bot.store.questions import PostgresQuestions, sent
from bot.store.retries import FAILED, LEFT_OUT
from bot.store.text import storable
from bot.tasks import Deferrer, Order, Task
from bot.trace import trace, trace_of
from commands.intent import intent_of
from commands.model import (
    Actor,
    AuditEntry,
    Committed,
    LimitReached,
    NewSend,
    Part,
    Recipient,
    Requeued,
)
from commands.question import AlreadySent, Question

_SEND = """
INSERT INTO send
    (request_key, kind, team, channel, actor, sender, body, recipients, retry_of, intent,
    approved_by, look_at, trace)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, now() + make_interval(secs => %s),
    coalesce((SELECT trace FROM question WHERE id = %s), %s))
ON CONFLICT (request_key) DO NOTHING
RETURNING id, trace
"""

_DELIVERIES = """
INSERT INTO delivery (send_id, position, address, name)
SELECT %s, position, address, name
FROM unnest(%s::text[], %s::text[]) WITH ORDINALITY AS r(address, name, position)
"""

_CARD = "INSERT INTO card (send_id, answer_url) VALUES (%s, %s)"

_USED = """
SELECT coalesce(sum(recipients), 0) FROM send
WHERE channel = %s AND created > now() - interval '24 hours' AND id <> %s
  AND (page_id IS NULL OR page_step IS NOT NULL)
"""

_HEAD = """
SELECT actor, channel, body, left_by, (SELECT count(*) FROM send r WHERE r.retry_of = s.id),
    sender
FROM send s WHERE id = %s
"""

_DOUBTFUL = """
SELECT address, name FROM delivery
WHERE send_id = %(send)s AND state = 'in_doubt' AND next_check IS NULL AND attempt <= %(attempt)s
ORDER BY position
"""

SPREAD = 250
"""Recipients from which on a second process is asked to help."""


class PostgresLedger:
    """`commands.ports.Ledger` and `commands.ports.AuditLog` over a pool."""

    def __init__(
        self, pool: Pool, jobs: Deferrer, first_look: Callable[[], float | None] = lambda: None
    ) -> None:
        """Bind the pool.

        Args:
            pool: where the ledger is.
            jobs: takes the jobs of each send.
            first_look: gives the seconds until Twilio is first asked what became of a send's
                messages; None: it never is.
        """
        self._pool = pool
        self._jobs = jobs
        self._first_look = first_look

    async def commit(self, send: NewSend) -> Committed | LimitReached | AlreadySent | Question:
        """Write send, deliveries, card, audit and jobs in one transaction, or nothing.

        A `request_key` that the ledger knows gives the send that it made the first time; a
        question that has another answer is given as it stands.
        """
        async with self._pool.connection() as conn:
            try:
                # in a pipeline: what needs no answer does not wait for one
                async with conn.pipeline(), conn.transaction():
                    return await self._commit(conn, send)
            except _Refused as refused:
                if refused.verdict is not None:
                    return refused.verdict
        return await self._answered(send)

    async def _answered(self, send: NewSend) -> Question:
        number = send.answers.question if send.answers else 0
        question = await PostgresQuestions(self._pool, self._jobs).question(number)
        if question is None:  # removed in this moment, a day after its end
            raise LookupError(number)
        return question

    async def already(self, send: NewSend, *, told: bool = False) -> AlreadySent | None:
        """Tell who of its recipients has the same text already, if its sender is not aware."""
        async with self._pool.connection() as conn:
            return await already_sent(conn, send, told=told)

    async def _commit(self, conn: psycopg.AsyncConnection, send: NewSend) -> Committed:
        if send.daily_limit is not None:  # two commands must not pass the limit together
            await conn.execute(
                "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", (send.actor.channel,)
            )
        if send.guard:  # nor two of the same text each other
            await conn.execute(
                "SELECT pg_advisory_xact_lock(hashtextextended(%s, 1))", (intent_of(send.body),)
            )
        if already := await already_sent(conn, send):
            raise _Refused(already)
        if send.ladder:
            return await self._open(conn, send)
        inserted = await self._insert(conn, send)
        if inserted is None:
            return await _known(conn, send.request_key)
        send_id, traced = inserted
        if not await sent(conn, send, send_id):
            raise _Refused(None)
        await self._after(conn, send, send_id)
        await self._fill(conn, send, send_id, traced)
        return Committed(send_id)

    async def _open(self, conn: psycopg.AsyncConnection, send: NewSend) -> Committed:
        opened = await open_page(conn, self._jobs, send)
        if opened.repeated:
            return opened
        if not await sent(conn, send, opened.send_id):
            raise _Refused(None)
        await self._after(conn, send, opened.send_id)
        return opened

    async def _after(self, conn: psycopg.AsyncConnection, send: NewSend, number: int) -> None:
        """Show a second person that it is done, and see that the channel's limit leaves room."""
        if send.answers and send.approver:
            await self._jobs.defer(Order(Task.QUESTION, send.answers.question), conn=conn)
        if send.daily_limit is not None and send.recipients:
            await _check_limit(conn, send, number, send.daily_limit)

    async def _insert(self, conn: psycopg.AsyncConnection, send: NewSend) -> tuple[int, str] | None:
        actor = send.actor
        cursor = await conn.execute(
            _SEND,
            (
                send.request_key,
                send.kind,
                actor.team,
                actor.channel,
                actor.user,
                send.sender,
                storable(send.body),
                len(send.recipients),
                send.retry_of,
                intent_of(send.body),
                send.approver,
                self._first_look(),
                send.answers.question if send.answers else None,
                trace() or trace_of(""),
            ),
        )
        row = await cursor.fetchone()
        return (row[0], row[1]) if row else None

    async def _fill(
        self, conn: psycopg.AsyncConnection, send: NewSend, send_id: int, traced: str
    ) -> None:
        addresses = [r.address for r in send.recipients]
        names = [storable(r.name) for r in send.recipients]
        await conn.execute(_DELIVERIES, (send_id, addresses, names))
        await leave_out(conn, send_id, send.sender)
        await conn.execute(_CARD, (send_id, send.answer_url))
        await append(conn, _allowed(send, send_id))
        await self._jobs.defer(*self._orders(send_id, len(addresses), traced), conn=conn)
        if send.retry_of is not None:  # its card tells who retries it
            await mark(conn, self._jobs, [send.retry_of])

    def _orders(self, send_id: int, recipients: int, traced: str) -> list[Order]:
        drains = 2 if recipients >= SPREAD else 1
        look = self._first_look()
        return [
            *([Order(Task.DRAIN, send_id, trace=traced)] * drains),
            Order(Task.CARD, send_id, trace=traced),
            *([] if look is None else [Order(Task.TRACK, send_id, look, traced)]),
        ]

    async def record(self, entry: AuditEntry) -> None:
        """Append one decision that belongs to no send."""
        async with self._pool.connection() as conn:
            await append(conn, entry)

    async def refusals(self, count: int) -> tuple[AuditEntry, ...]:
        """Give the last `count` refusals, newest first."""
        async with self._pool.connection() as conn:
            return await refusals(conn, count)

    async def opted_out(self, sender: str, among: Collection[str] | None = None) -> frozenset[str]:
        """Give the addresses that have opted out of a sender, all or `among` these."""
        async with self._pool.connection() as conn:
            if among is None:
                cursor = await conn.execute(OPTED_OUT, (sender,))
            else:
                cursor = await conn.execute(OPTED_OUT_AMONG, (sender, list(among)))
            return frozenset(row[0] for row in await cursor.fetchall())

    async def failed_part(self, send_id: int) -> Part | None:
        """Give those who failed and were not sent to again; None if there is no such send.

        Without those who have opted out of its sender by now: they are counted only.
        """
        return await self._part(send_id, FAILED, {"send": send_id})

    async def doubtful_part(self, send_id: int, attempt: int) -> Part | None:
        """Give those in doubt whom nobody looks for any more; None if there is no such send."""
        return await self._part(send_id, _DOUBTFUL, {"send": send_id, "attempt": attempt})

    async def _part(
        self, send_id: int, whom: LiteralString, params: Mapping[str, object]
    ) -> Part | None:
        # one look for both: a retry in between would make its recipients seem new
        async with self._pool.connection() as conn, conn.transaction():
            await conn.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            cursor = await conn.execute(_HEAD, (send_id,))
            head = await cursor.fetchone()
            if head is None:
                return None
            cursor = await conn.execute(whom, params)
            recipients = tuple([Recipient(*row) for row in await cursor.fetchall()])
            cursor = await conn.execute(LEFT_OUT, {"send": send_id})
            [(left_out,)] = await cursor.fetchall()
        actor, channel, body, left_by, retries, sender = head
        return Part(send_id, actor, channel, body, recipients, retries, left_by, left_out, sender)

    async def send_again(self, send_id: int, attempt: int, actor: Actor, rule: str) -> Requeued:
        """Queue those of `doubtful_part` anew, without those who have opted out of the sender."""
        async with self._pool.connection() as conn, conn.transaction():
            done = await requeue(conn, self._jobs, send_id, self._first_look(), attempt=attempt)
            if done != Requeued():
                detail = f"{done.again} recipients in doubt, sent to again"
                detail += f"; {done.left_out} left out, opted out" if done.left_out else ""
                entry = AuditEntry(
                    actor, "again", allowed=True, rule=rule, detail=detail, send_id=send_id
                )
                await append(conn, entry)
        return done

    async def leave(self, send_id: int, actor: Actor) -> None:
        """Keep that those in doubt are left as they are."""
        rule = "doubts are decided by the sender"
        entry = AuditEntry(actor, "leave", allowed=True, rule=rule, send_id=send_id)
        async with self._pool.connection() as conn, conn.transaction():
            await conn.execute("UPDATE send SET left_by = %s WHERE id = %s", (actor.user, send_id))
            await append(conn, entry)
            await mark(conn, self._jobs, [send_id])


class _Refused(Exception):
    """Carries the verdict out of the transaction, which it rolls back.

    Attributes:
        verdict: None where the question that the send answers has another answer.
    """

    def __init__(self, verdict: LimitReached | AlreadySent | None) -> None:
        super().__init__()
        self.verdict = verdict


async def _known(conn: psycopg.AsyncConnection, request_key: str) -> Committed:
    cursor = await conn.execute("SELECT id FROM send WHERE request_key = %s", (request_key,))
    row = await cursor.fetchone()
    if row is None:  # removed between the two statements: too old to be told apart
        raise LookupError(request_key)
    return Committed(row[0], repeated=True)


async def _check_limit(
    conn: psycopg.AsyncConnection, send: NewSend, send_id: int, limit: int
) -> None:
    cursor = await conn.execute(_USED, (send.actor.channel, send_id))
    row = await cursor.fetchone()
    used = int(row[0]) if row else 0
    if used + len(send.recipients) > limit:
        raise _Refused(LimitReached(used, limit))


def _allowed(send: NewSend, send_id: int) -> AuditEntry:
    detail = f"{len(send.recipients)} recipients"
    if send.retry_of is not None:
        detail += f", again after send {send.retry_of}"
    if send.approver:
        detail += f", agreed by {send.approver}"
    return AuditEntry(
        send.actor, str(send.kind), allowed=True, rule=send.rule, detail=detail, send_id=send_id
    )
