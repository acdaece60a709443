"""Twilio's answers, written down: each counts for the owner and the attempt that it belongs to."""

from collections.abc import Sequence
from dataclasses import dataclass

import psycopg
from psycopg.errors import UniqueViolation

from bot.store.optouts import learn
from bot.store.text import storable
from commands.model import DeliveryState

# `in_doubt` too: an answer that arrives after a takeover still tells the truth; that nothing was
# sent, perhaps, after the last drain of its send, which is then not settled after all. Nobody may
# be following the send any more, so Twilio is to be asked about it again. Rows are locked in their
# order, as by everybody who changes several: no two changes can block each other.
_RECORD = """
WITH answer AS (
    SELECT * FROM unnest(
        %s::bigint[], %s::int[], %s::text[], %s::text[], %s::text[], %s::int[], %s::text[],
        %s::text[], %s::float8[], %s::bool[]
    ) AS a(id, attempt, state, sid, code, error_code, reason, request_id, pause, throttled)
), held AS (
    SELECT d.id, d.state AS was FROM delivery d JOIN answer a ON d.id = a.id
    WHERE d.attempt = a.attempt AND d.owner = %s
      AND (d.state = 'sending' OR d.state = 'in_doubt' AND a.state <> 'in_doubt')
    ORDER BY d.id FOR UPDATE OF d
), moved AS (
    UPDATE delivery d SET
        state = a.state, sid = a.sid, code = nullif(a.code, ''), error_code = a.error_code,
        reason = a.reason, request_id = a.request_id,
        throttled = d.throttled + a.throttled::int,
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

UNRECORDABLE = (psycopg.DataError, psycopg.IntegrityError)
"""What the database raises of an answer that it cannot hold."""

_INT_BITS = 32


@dataclass(frozen=True)
class Settled:
    """What became of one claim.

    `pause` is the seconds until a queued row may be claimed again, `throttled` whether it is queued
    because Twilio found the message one too many.
    """

    delivery_id: int
    attempt: int
    state: DeliveryState
    sid: str | None = None
    code: str = ""
    error_code: int | None = None
    reason: str = ""
    request_id: str = ""
    pause: float | None = None
    throttled: bool = False


def doubted(answer: Settled, exc: Exception) -> Settled:
    """Give what to record of an answer that the table does not take: nobody knows what it means."""
    twice = isinstance(exc, UniqueViolation)
    reason = "with the SID of another message" if twice else "with something that cannot be stored"
    return Settled(
        answer.delivery_id,
        answer.attempt,
        DeliveryState.IN_DOUBT,
        code="1001",
        reason=f"Twilio answered {reason}",
    )


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
        answer.throttled,
    )


async def write(
    conn: psycopg.AsyncConnection, owner: int, answers: Sequence[Settled]
) -> psycopg.AsyncCursor:
    """Record answers for the worker that claimed; `read_late` reads how many resolved a doubt.

    Raises:
        UNRECORDABLE: there is one among them that the table does not take.
    """
    columns = [list(column) for column in zip(*(_columns(a) for a in answers), strict=True)]
    cursor = await conn.execute(_RECORD, (*columns, owner))
    await learn(conn, [(answer.delivery_id, answer.error_code) for answer in answers])
    return cursor


async def read_late(cursor: psycopg.AsyncCursor) -> int:
    """Read how many answers of `write` came after their recipient was put in doubt."""
    row = await cursor.fetchone()
    return int(row[0]) if row else 0
