"""What was still to be done in a database that was brought back from a backup.

Nobody is texted, paged or asked by what may have ended long ago: it is said to have been called
off, and a person can decide otherwise. Who was just being sent to is in doubt, as after a crash,
and looked for at Twilio.
"""

from dataclasses import astuple, dataclass
from typing import Self

import psycopg

_WHY = "restored from a backup, and perhaps sent after it was made"

# The worker that had it belongs to another database, where its number says nothing.
_DOUBT = """
WITH lost AS (
    UPDATE delivery SET state = 'in_doubt', code = '1001', owner = NULL, doubted = now(),
        reason = 'restored from a backup that was made while it was being sent',
        next_check = CASE WHEN attempted IS NOT NULL THEN now() END
    WHERE state = 'sending' RETURNING id
)
INSERT INTO event (delivery_id, state, source) SELECT id, 'in_doubt', 'restore' FROM lost
"""

_CALL_OFF = """
WITH off AS (
    UPDATE delivery SET state = 'canceled', code = '1001', reason = %s, next_check = NULL
    WHERE state = 'queued' RETURNING id
)
INSERT INTO event (delivery_id, state, source) SELECT id, 'canceled', 'restore' FROM off
"""

# A page's doubt would be sent again by itself, once: as if that had happened already.
_NOT_AGAIN = "UPDATE delivery SET resent = true WHERE state = 'in_doubt' AND NOT resent"

_SETTLE = """
WITH settled AS (
    UPDATE send SET settled = now() WHERE settled IS NULL RETURNING id
)
UPDATE card SET stale = true FROM settled WHERE send_id = id
"""

_PAGES = """
WITH closed AS (
    UPDATE page SET stage = 'exhausted', due = NULL, unanswered = NULL
    WHERE stage = 'open' RETURNING id
), noted AS (
    INSERT INTO page_event (page_id, what, detail) SELECT id, 'closed', %(why)s FROM closed
), told AS (
    INSERT INTO page_post (page_id, kind, text) SELECT id, 'note', %(told)s FROM closed
)
UPDATE page_card SET stale = true FROM closed WHERE page_id = id
"""

_PAGES_LEFT = "SELECT count(*) FROM page WHERE stage = 'open'"

_QUESTIONS = """
UPDATE question SET stage = 'expired', turn = turn + 1, expires = least(expires, now())
WHERE stage IN ('confirm', 'approve')
"""

_TOLD = (
    "This page was restored from a backup, so nobody is paged by it any more. "
    "If it is still wanted, page again."
)


@dataclass(frozen=True)
class Undone:
    """How many were not done.

    Attributes:
        doubts: recipients who are looked for at Twilio.
        sends: recipients called off.
        pages: pages closed.
        questions: questions that count as not answered in time.
    """

    doubts: int = 0
    sends: int = 0
    pages: int = 0
    questions: int = 0

    def __add__(self, other: Self) -> "Undone":
        return Undone(*map(sum, zip(astuple(self), astuple(other), strict=True)))


async def doubt(conn: psycopg.AsyncConnection) -> Undone:
    """Put in doubt what was being sent."""
    return Undone(doubts=(await conn.execute(_DOUBT)).rowcount)


async def call_off(conn: psycopg.AsyncConnection) -> Undone:
    """Call off what was still to be sent, paged or asked."""
    sends = (await conn.execute(_CALL_OFF, (_WHY,))).rowcount
    await conn.execute(_NOT_AGAIN)
    await conn.execute(_SETTLE)
    [pages] = (await (await conn.execute(_PAGES_LEFT)).fetchone()) or (0,)
    await conn.execute(_PAGES, {"why": "restored from a backup", "told": _TOLD})
    questions = (await conn.execute(_QUESTIONS)).rowcount
    return Undone(sends=sends, pages=pages, questions=questions)
