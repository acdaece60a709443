"""The ledger in PostgreSQL: sends are committed here before anything leaves for Twilio."""

from collections.abc import Sequence
from typing import Protocol

import psycopg

from bot.store.database import Pool
from bot.store.text import storable
from commands.model import AuditEntry, Committed, FailedPart, LimitReached, NewSend, Recipient

_SEND = """
INSERT INTO send (request_key, kind, team, channel, actor, sender, body, recipients, retry_of)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)
ON CONFLICT (request_key) DO NOTHING
RETURNING id
"""

_DELIVERIES = """
INSERT INTO delivery (send_id, position, address, name)
SELECT %s, position, address, name
FROM unnest(%s::text[], %s::text[]) WITH ORDINALITY AS r(address, name, position)
"""

_CARD = "INSERT INTO card (send_id, answer_url) VALUES (%s, %s)"

_AUDIT = """
INSERT INTO audit (team, channel, actor, action, allowed, rule, detail, send_id)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s)
"""

_USED = """
SELECT coalesce(sum(recipients), 0) FROM send
WHERE channel = %s AND created > now() - interval '24 hours' AND id <> %s
"""

_FAILED = """
SELECT address, name FROM delivery
WHERE send_id = %s AND state IN ('failed', 'undelivered', 'canceled', 'suppressed')
ORDER BY position
"""


class Deferrer(Protocol):
    """Whoever turns a committed send into jobs, inside the same transaction."""

    async def defer_send(
        self, conn: psycopg.AsyncConnection, send_id: int, recipients: int
    ) -> None:
        """Put the jobs of a new send into the queue."""


class PostgresLedger:
    """`commands.ports.Ledger` and `commands.ports.AuditLog` over a pool."""

    def __init__(self, pool: Pool, jobs: Deferrer) -> None:
        self._pool = pool
        self._jobs = jobs

    async def commit(self, send: NewSend) -> Committed | LimitReached:
        """Write send, deliveries, card, audit and jobs in one transaction, or nothing.

        A `request_key` that the ledger knows gives the send that it made the first time.
        """
        async with self._pool.connection() as conn:
            try:
                async with conn.transaction():
                    return await self._commit(conn, send)
            except _OverLimitError as full:
                return full.reached

    async def _commit(self, conn: psycopg.AsyncConnection, send: NewSend) -> Committed:
        if send.daily_limit is not None:  # two commands must not pass the limit together
            await conn.execute(
                "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", (send.actor.channel,)
            )
        send_id = await self._insert(conn, send)
        if send_id is None:
            return await _known(conn, send.request_key)
        if send.daily_limit is not None:
            await _check_limit(conn, send, send_id, send.daily_limit)
        await self._fill(conn, send, send_id)
        return Committed(send_id)

    async def _insert(self, conn: psycopg.AsyncConnection, send: NewSend) -> int | None:
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
            ),
        )
        row = await cursor.fetchone()
        return row[0] if row else None

    async def _fill(self, conn: psycopg.AsyncConnection, send: NewSend, send_id: int) -> None:
        addresses = [r.address for r in send.recipients]
        names = [storable(r.name) for r in send.recipients]
        async with conn.pipeline():
            await conn.execute(_DELIVERIES, (send_id, addresses, names))
            await conn.execute(_CARD, (send_id, send.answer_url))
            await conn.execute(_AUDIT, _audit_row(_allowed(send, send_id)))
        await self._jobs.defer_send(conn, send_id, len(addresses))

    async def record(self, entry: AuditEntry) -> None:
        """Append one decision that belongs to no send."""
        async with self._pool.connection() as conn:
            await conn.execute(_AUDIT, _audit_row(entry))

    async def failed_part(self, send_id: int) -> FailedPart | None:
        """Give the recipients of a send that failed, or None if there is no such send."""
        async with self._pool.connection() as conn:
            cursor = await conn.execute(
                "SELECT actor, channel, body FROM send WHERE id = %s", (send_id,)
            )
            head = await cursor.fetchone()
            if head is None:
                return None
            cursor = await conn.execute(_FAILED, (send_id,))
            failed = tuple(Recipient(*row) for row in await cursor.fetchall())
        actor, channel, body = head
        return FailedPart(send_id, actor, channel, body, failed)


class _OverLimitError(Exception):
    """Carries the verdict out of the transaction, which it rolls back."""

    def __init__(self, reached: LimitReached) -> None:
        super().__init__()
        self.reached = reached


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
        raise _OverLimitError(LimitReached(used, limit))


def _allowed(send: NewSend, send_id: int) -> AuditEntry:
    detail = f"{len(send.recipients)} recipients"
    if send.retry_of is not None:
        detail += f", again after send {send.retry_of}"
    return AuditEntry(
        send.actor, str(send.kind), allowed=True, rule=send.rule, detail=detail, send_id=send_id
    )


def _audit_row(entry: AuditEntry) -> Sequence[object]:
    actor = entry.actor
    return (
        actor.team,
        actor.channel,
        actor.user,
        entry.action,
        entry.allowed,
        entry.rule,
        storable(entry.detail),
        entry.send_id,
    )
