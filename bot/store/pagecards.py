"""Where pages are shown, and what else is to be said about them in Slack."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import LiteralString

from bot.store.database import Pool

_CARD = """
SELECT c.page_id, p.channel, p.actor, place, ts, c.answer_url, answer_until, shown
FROM page_card c JOIN page p ON p.id = c.page_id WHERE c.page_id = %s
"""

_PLACED = """
UPDATE page_card SET place = %s, ts = %s, shown = %s
WHERE page_id = %s AND place = %s AND ts = %s AND shown = %s
"""

_CROSSED = "UPDATE page_card SET shown = '', stale = true WHERE page_id = %s"

_WAITING = "SELECT id, kind, who, text FROM page_post WHERE page_id = %s AND ts = '' ORDER BY id"


@dataclass(frozen=True)
class PageCard:
    """Where a page is shown.

    Attributes:
        page_id: the page.
        channel: where it belongs.
        actor: Slack id of who asked; empty for an alert or a script.
        place: ``channel`` or ``private``; empty until the first post tells.
        ts: the channel message's timestamp, its id at Slack.
        answer_url: Slack's response_url for private answers.
        answer_until: when that URL ends.
        shown: digest of what is shown.
    """

    page_id: int
    channel: str
    actor: str
    place: str
    ts: str
    answer_url: str = field(repr=False)
    answer_until: datetime
    shown: str


@dataclass(frozen=True)
class Saying:
    """Something to be said about a page.

    Attributes:
        number: its row.
        kind: ``reply``, ``note`` or ``loud``.
        who: whose words they are; empty for the bot's.
        text: plain characters.
    """

    number: int
    kind: str
    who: str
    text: str = field(repr=False)


class PageCards:
    """What `bot.slack.pager` needs of the ledger."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def card(self, page_id: int) -> PageCard | None:
        """Read where a page is shown, and note that it is about to be shown as it is now.

        None if there is no such page.
        """
        await self._run("UPDATE page_card SET stale = false WHERE page_id = %s AND stale", page_id)
        async with self._pool.connection() as conn:
            row = await (await conn.execute(_CARD, (page_id,))).fetchone()
        return PageCard(*row) if row else None

    async def placed(self, card: PageCard, place: str, ts: str, shown: str) -> bool:
        """Remember where the page is shown and what; False if `card` is out of date.

        Another process has shown it since, as after a takeover, and what is seen may be the older
        of the two: it counts as unknown, and is shown anew.
        """
        asked = (place, ts, shown, card.page_id, card.place, card.ts, card.shown)
        async with self._pool.connection() as conn, conn.transaction():
            if (await conn.execute(_PLACED, asked)).rowcount:
                return True
            await conn.execute(_CROSSED, (card.page_id,))
        return False

    async def waiting(self, page_id: int) -> Sequence[Saying]:
        """Give what is still to be said, in its order."""
        async with self._pool.connection() as conn:
            rows = await (await conn.execute(_WAITING, (page_id,))).fetchall()
        return [Saying(*row) for row in rows]

    async def said(self, saying: Saying, ts: str) -> None:
        """Remember that something was said."""
        await self._run("UPDATE page_post SET ts = %s WHERE id = %s", ts, saying.number)

    async def _run(self, sql: LiteralString, *params: object) -> None:
        async with self._pool.connection() as conn:
            await conn.execute(sql, params)
