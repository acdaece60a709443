"""Whose App Home is looked at, and what is shown there: so that every process can keep it live.

It is kept live for an hour after it was opened: Slack does not tell of its closing.
"""

from dataclasses import dataclass
from datetime import datetime

from bot.store.database import Pool

APART = 1.0
"""Seconds between two drawings of one home."""

_OPEN = """
INSERT INTO home (user_id) VALUES (%s)
ON CONFLICT (user_id) DO UPDATE SET opened = now(), drawn = clock_timestamp(), shown = ''
RETURNING drawn, shown
"""

# Whoever is first in a second draws; the others are told how long to wait. In two steps: the row
# is locked, and what is decided holds for the one who has it.
_HELD = """
SELECT extract(epoch FROM drawn + make_interval(secs => %s) - clock_timestamp())::float8, shown
FROM home WHERE user_id = %s AND opened > now() - interval '1 hour' FOR UPDATE
"""
_DRAW = """
UPDATE home SET drawn = clock_timestamp(), shown = '' WHERE user_id = %s RETURNING drawn
"""

_SHOWN = "UPDATE home SET shown = %s WHERE user_id = %s AND drawn = %s"
_CROSSED = "UPDATE home SET shown = '' WHERE user_id = %s AND shown <> ''"


@dataclass(frozen=True)
class Turn:
    """The right to draw a home now.

    Attributes:
        user: Slack id of whose home it is.
        drawn: the moment, by which the turn is known.
        shown: digest of what is shown, empty if that is not known.
    """

    user: str
    drawn: datetime
    shown: str


class Homes:
    """Reads and writes the table."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def opened(self, user: str) -> Turn:
        """Note that a person looks at their home, which is drawn at once."""
        async with self._pool.connection() as conn:
            row = await (await conn.execute(_OPEN, (user,))).fetchone()
        if row is None:
            raise LookupError("an upsert gave no row")
        return Turn(user, *row)

    async def turn(self, user: str) -> Turn | float | None:
        """Take a turn at drawing; else give the seconds to wait, None if nobody looks any more."""
        async with self._pool.connection() as conn, conn.transaction():
            row = await (await conn.execute(_HELD, (APART, user))).fetchone()
            if row is None:
                return None
            wait, shown = row
            if wait > 0:
                return float(wait)
            drawn = await (await conn.execute(_DRAW, (user,))).fetchone()
        return Turn(user, drawn[0], shown) if drawn else None

    async def shown(self, turn: Turn, digest: str) -> bool:
        """Remember what is shown; False if a later drawing has ended before this one.

        What is seen may be the older of the two then, so it counts as unknown. A later one that is
        still under way makes up for this one.
        """
        async with self._pool.connection() as conn, conn.transaction():
            cursor = await conn.execute(_SHOWN, (digest, turn.user, turn.drawn))
            if cursor.rowcount:
                return True
            return not (await conn.execute(_CROSSED, (turn.user,))).rowcount

    async def sender(self, send_id: int) -> str:
        """Give the Slack id of who asked for a send, empty if it is gone."""
        async with self._pool.connection() as conn:
            cursor = await conn.execute("SELECT actor FROM send WHERE id = %s", (send_id,))
            row = await cursor.fetchone()
        return str(row[0]) if row else ""
