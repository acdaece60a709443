"""Recipients that one process, and no other, now sends to: how they are claimed, what they get."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import psycopg

from commands.model import Kind

DEAD_AFTER = 3.5
"""Seconds without a heartbeat (one a second) after which a worker is taken for dead."""

# A worker that was declared dead, or may be at any moment, claims nothing. Nor is anything claimed
# of a page that somebody has by now: nobody is to be woken by it any more.
_CLAIM = """
WITH next AS (
    SELECT id FROM delivery
    WHERE send_id = %(send)s AND state = 'queued'
      AND (next_check IS NULL OR next_check <= now())
      AND EXISTS (
        SELECT 1 FROM procrastinate_workers WHERE id = %(owner)s
          AND last_heartbeat > now() - make_interval(secs => %(dead)s)
      )
      AND NOT EXISTS (
        SELECT 1 FROM send s JOIN page p ON p.id = s.page_id
        WHERE s.id = %(send)s AND s.page_step IS NOT NULL AND p.due IS NULL
      )
    ORDER BY position LIMIT %(want)s
    FOR UPDATE SKIP LOCKED
), claimed AS (
    UPDATE delivery d SET state = 'sending', owner = %(owner)s, attempt = d.attempt + 1,
        attempted = now(), next_check = NULL
    FROM next WHERE d.id = next.id
    RETURNING d.id, d.address, d.attempt, d.throttled, d.position
), noted AS (
    INSERT INTO event (delivery_id, state, source) SELECT id, 'sending', 'drain' FROM claimed
)
SELECT id, address, attempt, throttled FROM claimed ORDER BY position
"""

LETTER = """
SELECT sender, body, kind, token, created, EXISTS (
    SELECT 1 FROM page WHERE id = page_id AND due IS NULL
) OR page_id IS NOT NULL AND page_step IS NULL
FROM send WHERE id = %s
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
        over: whether it belongs to a page, and nobody has to be woken by it any more.
    """

    sender: str
    body: str = field(repr=False)
    kind: Kind
    token: str = field(repr=False)
    created: datetime
    over: bool = False


@dataclass(frozen=True)
class Claim:
    """One recipient that this process, and no other, now sends to.

    `throttled` is how often Twilio found the message one too many before.
    """

    delivery_id: int
    address: str = field(repr=False)
    attempt: int
    throttled: int = 0


async def claim(
    conn: psycopg.AsyncConnection, send_id: int, owner: int, want: int
) -> psycopg.AsyncCursor:
    """Claim up to `want` recipients for a worker; `read_claims` reads whom.

    In a pipeline this waits for no answer.
    """
    asked = {"send": send_id, "owner": owner, "want": want, "dead": DEAD_AFTER}
    return await conn.execute(_CLAIM, asked)


async def read_claims(cursor: psycopg.AsyncCursor) -> list[Claim]:
    """Read whom `claim` has claimed, in the order in which they were typed."""
    return [Claim(*row) for row in await cursor.fetchall()]


def read_letter(row: Sequence[Any] | None) -> Letter | None:
    """Read a row of `LETTER`; None if there is no such send."""
    if row is None:
        return None
    sender, body, kind, token, created, over = row
    return Letter(sender, body, Kind(kind), token, created, over)
