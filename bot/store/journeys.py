"""Messages on their way: which ones Twilio is to be asked about, and when next."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from bot.store.database import Pool

_HEAD = """
SELECT s.sender, s.created,
    (SELECT extract(epoch FROM now() - max(attempted))::float8 FROM delivery
     WHERE send_id = s.id),
    EXISTS (SELECT 1 FROM delivery WHERE send_id = s.id AND (
        state IN ('queued', 'sending') OR state = 'in_doubt' AND next_check IS NOT NULL))
FROM send s WHERE id = %s
"""

_OPEN = """
SELECT id, sid FROM delivery
WHERE send_id = %s AND state IN ('accepted', 'sent') AND sid IS NOT NULL
  AND attempted > now() - make_interval(secs => %s)
ORDER BY position
"""

_LOOK_AT = "UPDATE send SET look_at = now() + make_interval(secs => %s) WHERE id = %s"


@dataclass(frozen=True)
class Journeys:
    """What is on its way of one send.

    Attributes:
        sender: the From.
        created: when the send was committed.
        age: seconds since its last request to Twilio; 0 if there was none yet.
        waiting: whether somebody is queued, being sent to or looked for.
        open: SID and delivery of every message whose end is not known.
    """

    sender: str
    created: datetime
    age: float
    waiting: bool
    open: dict[str, int] = field(repr=False)

    @property
    def over(self) -> bool:
        """True once there is nothing to be asked, now or later."""
        return not self.open and not self.waiting


class Itinerary:
    """What `track` needs of the ledger."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def journeys(self, send_id: int, follow: float) -> Journeys | None:
        """Give what is on its way; None if there is no such send.

        Args:
            send_id: the send.
            follow: seconds after its request for which a message is followed.
        """
        async with self._pool.connection() as conn, conn.pipeline():
            cursors = [
                await conn.execute(_HEAD, (send_id,)),
                await conn.execute(_OPEN, (send_id, follow)),
            ]
            head, found = [await cursor.fetchall() for cursor in cursors]
        if not head:
            return None
        sender, created, age, waiting = head[0]
        return Journeys(sender, created, age or 0.0, waiting, _by_sid(found))

    async def look_at(self, send_id: int, after: float | None) -> None:
        """Note when Twilio is next asked, in seconds from now; None for never again."""
        async with self._pool.connection() as conn:
            await conn.execute(_LOOK_AT, (after, send_id))


def _by_sid(rows: Sequence[tuple[int, str]]) -> dict[str, int]:
    return {sid: number for number, sid in rows}
