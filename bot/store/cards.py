"""What is shown of a send and where: snapshots to draw, and the card's own row."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby
from typing import Any, LiteralString

from bot.store.database import Pool
from bot.store.retries import LEFT_OUT
from commands.model import Delivery, DeliveryState, Kind, Recipient
from commands.snapshot import Retry, Snapshot, Standing

_HEAD = """
SELECT id, kind, channel, actor, sender, body, recipients, created, retry_of, left_by, approved_by,
    page_id
FROM send WHERE id = %s
"""

# the last column: in doubt, and looked for at Twilio
_TALLY = """
SELECT state, coalesce(code, ''), count(*),
    count(*) FILTER (WHERE state = 'in_doubt' AND next_check IS NOT NULL),
    max(attempt) FILTER (WHERE state = 'in_doubt')
FROM delivery WHERE send_id = %s GROUP BY 1, 2
"""

_RETRIES = "SELECT id, actor, recipients FROM send WHERE retry_of = %s ORDER BY id"

# The last sends of a channel, or of a person, by their index, and each one's recipients by theirs:
# a long history costs nothing. A send that is being removed may have no recipients left, and is not
# listed.
_LAST = """
SELECT s.id, s.kind, s.channel, s.actor, s.body, s.recipients, s.created, s.retry_of, t.*
FROM (
    SELECT * FROM send WHERE channel = %s AND page_id IS NULL
    ORDER BY created DESC, id DESC LIMIT %s
) AS s, LATERAL (
    SELECT state, coalesce(code, ''), count(*),
        count(*) FILTER (WHERE state = 'in_doubt' AND next_check IS NOT NULL)
    FROM delivery WHERE send_id = s.id GROUP BY 1, 2
) AS t
ORDER BY s.created DESC, s.id DESC
"""

_LAST_OF = _LAST.replace("WHERE channel = %s", "WHERE actor = %s")

_DELIVERY = "SELECT address, name, state, coalesce(code, ''), sid, error_code, reason FROM delivery"

_FIRST = f"{_DELIVERY} WHERE send_id = %s ORDER BY position LIMIT %s"

_FAILED = f"""
{_DELIVERY} WHERE send_id = %s AND state IN ('failed', 'undelivered', 'canceled', 'suppressed')
ORDER BY position LIMIT %s
"""

_FAILED_NUMBERS = """
SELECT address FROM delivery
WHERE send_id = %s AND state IN ('failed', 'undelivered', 'canceled', 'suppressed')
ORDER BY position OFFSET %s LIMIT %s
"""

_UNKNOWN = f"{_DELIVERY} WHERE send_id = %s AND state = 'in_doubt' ORDER BY position LIMIT %s"

_PLACED = """
UPDATE card SET place = %s, ts = %s, shown = %s
WHERE send_id = %s AND place = %s AND ts = %s AND shown = %s
"""

_CROSSED = "UPDATE card SET shown = '' WHERE send_id = %s AND place = 'channel'"

LISTED = 200
"""At most this many recipients of one kind leave the database for a card: more would not fit."""

LISTED_FAILED = 1_000
"""The same for those not surely reached: a private answer holds 12,000 characters of numbers."""


@dataclass(frozen=True)
class CardRow:
    """Where a send is shown.

    Attributes:
        send_id: the send.
        channel: where it was asked.
        actor: who asked.
        place: ``channel`` or ``private``; empty until the first post tells.
        ts: the channel message's timestamp, its id at Slack.
        answer_url: Slack's response_url for private answers.
        answer_until: when that URL ends.
        shown: digest of what is shown.
        told_of: how many not surely reached the sender knows of.
        notices: how often they were told.
        told_age: seconds since they were told last; None if never.
        watched: whether who asked has opened their App Home lately.
    """

    send_id: int
    channel: str
    actor: str
    place: str
    ts: str
    answer_url: str = field(repr=False)
    answer_until: datetime
    shown: str
    told_of: int
    notices: int
    told_age: float | None
    watched: bool = False


class Cards:
    """Reads snapshots, and keeps the place of each card."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def snapshot(self, send_id: int) -> Snapshot | None:
        """Read one send as it stands, None if it does not exist."""
        async with self._pool.connection() as conn, conn.pipeline():
            cursors = [
                await conn.execute(_HEAD, (send_id,)),
                await conn.execute(_TALLY, (send_id,)),
                await conn.execute(_FIRST, (send_id, LISTED)),
                await conn.execute(_FAILED, (send_id, LISTED_FAILED)),
                await conn.execute(_UNKNOWN, (send_id, LISTED_FAILED)),
                await conn.execute(_RETRIES, (send_id,)),
                await conn.execute(LEFT_OUT, {"send": send_id}),
            ]
            head, tally, first, failed, unknown, retries, [(left_out,)] = [
                await c.fetchall() for c in cursors
            ]
        if not head:
            return None
        number, kind, channel, actor, sender, body, recipients, created, *rest = head[0]
        retry_of, left, approved_by, page_id = rest
        return Snapshot(
            send_id=number,
            kind=Kind(kind),
            channel=channel,
            actor=actor,
            sender=sender,
            body=body,
            recipients=recipients,
            created=created,
            retry_of=retry_of,
            tally=_counts(tally),
            shown=_deliveries(first),
            failed=_deliveries(failed),
            unknown=_deliveries(unknown),
            looking=sum(looking for *_, looking, _ in tally),
            doubt=max((attempt or 0 for *_, attempt in tally), default=0),
            left_by=left,
            approved_by=approved_by,
            retries=tuple(Retry(*row) for row in retries),
            left_out=left_out,
            page_id=page_id,
        )

    async def failed_numbers(self, send_id: int, skip: int) -> list[str]:
        """Read up to `LISTED_FAILED` numbers that Twilio did not accept, after the first `skip`."""
        async with self._pool.connection() as conn:
            found = await conn.execute(_FAILED_NUMBERS, (send_id, skip, LISTED_FAILED))
            return [address for (address,) in await found.fetchall()]

    async def last(self, channel: str, count: int) -> tuple[Standing, ...]:
        """Read the last `count` sends of a channel, newest first."""
        return await self._lasts(_LAST, channel, count)

    async def last_of(self, user: str, count: int) -> tuple[Standing, ...]:
        """Read the last `count` sends of a person, newest first."""
        return await self._lasts(_LAST_OF, user, count)

    async def _lasts(self, sql: LiteralString, of: str, count: int) -> tuple[Standing, ...]:
        async with self._pool.connection() as conn:
            rows = await (await conn.execute(sql, (of, count))).fetchall()
        return tuple([_standing(list(part)) for _, part in groupby(rows, lambda row: row[0])])

    async def card(self, send_id: int) -> CardRow | None:
        """Read where a send is shown, None if it does not exist."""
        async with self._pool.connection() as conn:
            cursor = await conn.execute(
                "SELECT c.send_id, s.channel, s.actor, place, ts, answer_url, answer_until, shown,"
                " told_of, notices, extract(epoch FROM now() - told_at)::float8,"
                " EXISTS (SELECT 1 FROM home WHERE user_id = s.actor"
                " AND opened > now() - interval '1 hour')"
                " FROM card c JOIN send s ON s.id = c.send_id WHERE c.send_id = %s",
                (send_id,),
            )
            row = await cursor.fetchone()
        return CardRow(*row) if row else None

    async def placed(self, card: CardRow, place: str, ts: str, shown: str) -> bool:
        """Remember where the card is and what it shows; False if `card` is out of date.

        Another process has shown it since `card` was read then, and what is seen may be the older
        of the two. Its place stays; what is seen there counts as unknown.
        """
        asked = (place, ts, shown, card.send_id, card.place, card.ts, card.shown)
        async with self._pool.connection() as conn, conn.transaction():
            cursor = await conn.execute(_PLACED, asked)
            if cursor.rowcount:
                return True
            await conn.execute(_CROSSED, (card.send_id,))
        return False

    async def looked(self, send_id: int) -> None:
        """Note that what has changed so far is about to be shown: call before `snapshot`."""
        await self._run("UPDATE card SET stale = false WHERE send_id = %s AND stale", (send_id,))

    async def told(self, send_id: int, count: int) -> None:
        """Remember that the sender knows of `count` who were not surely reached."""
        await self._run(
            "UPDATE card SET told_of = %s, notices = notices + 1, told_at = now()"
            " WHERE send_id = %s",
            (count, send_id),
        )

    async def reached(self, send_id: int, count: int) -> None:
        """Remember that only `count` of those whom the sender was told of are still not reached."""
        await self._run("UPDATE card SET told_of = %s WHERE send_id = %s", (count, send_id))

    async def _run(self, sql: LiteralString, params: Sequence[object]) -> None:
        async with self._pool.connection() as conn:
            await conn.execute(sql, params)


def _standing(rows: Sequence[Sequence[Any]]) -> Standing:
    """Put together a send, from one row for each state and code of its recipients."""
    number, kind, channel, actor, body, recipients, created, retry_of = rows[0][:8]
    tally = [row[8:] for row in rows]
    return Standing(
        send_id=number,
        kind=Kind(kind),
        channel=channel,
        actor=actor,
        body=body,
        recipients=recipients,
        created=created,
        retry_of=retry_of,
        tally=_counts(tally),
        looking=sum(looking for *_, looking in tally),
    )


def _counts(tally: Iterable[Sequence[Any]]) -> dict[tuple[DeliveryState, str], int]:
    return {(DeliveryState(state), code): count for state, code, count, *_ in tally}


def _deliveries(rows: Sequence[Sequence[Any]]) -> tuple[Delivery, ...]:
    return tuple(_delivery(*row) for row in rows)


def _delivery(
    address: str,
    name: str,
    state: str,
    code: str,
    sid: str | None,
    error_code: int | None,
    reason: str,
) -> Delivery:
    return Delivery(
        Recipient(address, name), DeliveryState(state), code, sid or "", error_code, reason
    )
