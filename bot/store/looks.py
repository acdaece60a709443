"""Whether Twilio is to be asked for replies now, by this process, and for which."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from bot.store.database import Pool

PAGING = 5.0
"""Seconds between two looks while somebody is waited for."""

LATER = 60.0
"""The same while something may still be answered; with a webhook, while somebody is waited for."""

SELDOM = 300.0
"""The same with a webhook while a page may still be resolved, or acknowledged late."""

FEW = 20
"""People whose replies are asked for one by one, where a Messaging Service hides its numbers."""

# What may be answered was sent. The last send by its number: its time alone has no index.
_TURN = """
WITH pace AS (
    SELECT CASE
        WHEN EXISTS (SELECT 1 FROM page WHERE due IS NOT NULL)
            THEN CASE WHEN %(called)s THEN %(later)s ELSE %(paging)s END
        WHEN %(called)s THEN CASE
            WHEN EXISTS (SELECT 1 FROM page WHERE stage IN ('acknowledged', 'exhausted')
                AND created > now() - interval '24 hours')
            THEN CASE WHEN %(begun)s THEN %(seldom)s ELSE 0 END
        END
        WHEN (SELECT created FROM send ORDER BY id DESC LIMIT 1) > now() - interval '24 hours'
            THEN %(later)s
    END::float8 AS seconds
), taken AS (
    UPDATE inbound_look SET looked = now() FROM pace
    WHERE looked <= now() - make_interval(secs => seconds) RETURNING now() AS at
)
SELECT (SELECT at FROM taken), seconds,
    extract(epoch FROM looked - now())::float8 + seconds
FROM pace, inbound_look
"""

# Of plain sends the last ones only: their answers are words to Twilio, which it obeys by itself.
# No further back than replies are remembered (`bot.store.purge`): they would be heard twice.
_SENDERS = """
SELECT sender, greatest(min(since), now() - interval '36 hours'), bool_or(open) FROM (
    SELECT sender, created AS since, true AS open FROM page WHERE due IS NOT NULL
  UNION ALL
    SELECT sender, created, false FROM page
    WHERE stage IN ('acknowledged', 'exhausted') AND created > now() - interval '24 hours'
  UNION ALL
    SELECT sender, created, false
    FROM (SELECT sender, created FROM send ORDER BY id DESC LIMIT 1000) AS last
    WHERE NOT %(called)s AND created > now() - interval '24 hours'
) AS used GROUP BY sender ORDER BY sender
"""

_PAGED = """
SELECT DISTINCT d.address FROM page p
JOIN send s ON s.page_id = p.id AND s.page_step IS NOT NULL
JOIN delivery d ON d.send_id = s.id
WHERE p.due IS NOT NULL AND p.sender = %s ORDER BY 1 LIMIT %s
"""


@dataclass(frozen=True)
class Turn:
    """What a process is told that wants to look.

    Attributes:
        at: now, by the database's clock, if this process is to look; None if it is not.
        wait: seconds until the next look; None if there is nothing to look for.
    """

    at: datetime | None
    wait: float | None


@dataclass(frozen=True)
class Sender:
    """One of ours, to whom people may reply.

    Attributes:
        name: the From.
        since: when the first of what may be answered began.
        paging: whether somebody is waited for.
        people: of a Messaging Service, who was paged through it; none if they are too many.
    """

    name: str = field(repr=False)
    since: datetime
    paging: bool
    people: tuple[str, ...] = field(default=(), repr=False)


class Looks:
    """What `bot.listen` needs of the ledger."""

    def __init__(self, pool: Pool, *, called_back: bool) -> None:
        """Bind the pool; with `called_back` a look is only for what a lost webhook left behind."""
        self._pool = pool
        self._called = {"called": called_back}
        self._begun = False

    async def turn(self) -> Turn:
        """Take the turn if it is time: whoever asks next, in whichever process, waits.

        With a webhook the first turn is the process's own: calls were lost while none listened.
        """
        pace = {"paging": PAGING, "later": LATER, "seldom": SELDOM, "begun": self._begun}
        async with self._pool.connection() as conn:
            row = await (await conn.execute(_TURN, {**pace, **self._called})).fetchone()
        self._begun = True
        at, seconds, left = row or (None, None, None)
        return Turn(at, seconds if at else left)

    async def senders(self) -> Sequence[Sender]:
        """Give the senders to whom people may reply."""
        async with self._pool.connection() as conn:
            rows = await (await conn.execute(_SENDERS, self._called)).fetchall()
            found = []
            for name, since, paging in rows:
                asked = (name, FEW + 1)
                paged = await (await conn.execute(_PAGED, asked)).fetchall() if paging else []
                people = tuple(address for (address,) in paged) if len(paged) <= FEW else ()
                found.append(Sender(name, since, paging, people))
        return found
