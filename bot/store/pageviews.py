"""Reads pages: to answer them, to draw them, to tell what happened."""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from psycopg.rows import dict_row

from bot.store.database import Pool
from bot.store.pages import acknowledge, resolve
from bot.tasks import Deferrer
from commands.masking import hide_numbers
from commands.model import NOT_ACCEPTED, Delivery, DeliveryState, Kind, Recipient, mask
from commands.oncall import Answerable, Ended, Hand, PageStage
from commands.pageview import Done, Happening, PageView, Timeline
from commands.snapshot import Snapshot

_ANSWERABLE = """
SELECT p.id, p.channel, p.actor, p.stage, p.code, p.body, p.created, coalesce((
    SELECT array_agg(DISTINCT d.address) FROM send s JOIN delivery d ON d.send_id = s.id
    WHERE s.page_id = p.id AND s.page_step IS NOT NULL
), '{}')
FROM page p
"""

_ONE = f"{_ANSWERABLE} WHERE p.id = %s"

# Those that wait, however old; of the others the last ones. Each part by an index of its own.
_LATELY = f"""
SELECT * FROM (
    (SELECT id FROM page WHERE channel = %(channel)s AND stage = 'open' ORDER BY id DESC LIMIT 50)
  UNION
    (SELECT id FROM page WHERE channel = %(channel)s ORDER BY created DESC LIMIT %(count)s)
) AS latest JOIN LATERAL ({_ANSWERABLE} WHERE p.id = latest.id) AS one ON true
ORDER BY latest.id DESC
"""  # noqa: S608 - both parts are ours

_PAGED = f"""
{_ANSWERABLE} WHERE p.stage = 'open' AND EXISTS (
    SELECT 1 FROM send s JOIN delivery d ON d.send_id = s.id
    WHERE s.page_id = p.id AND s.page_step IS NOT NULL AND d.address = ANY(%s)
) ORDER BY p.id DESC LIMIT 20
"""  # noqa: S608 - as above

_HEAD = """
SELECT p.*, jsonb_array_length(steps) AS size,
    (SELECT count(*) FROM alert WHERE page_id = p.id) AS alerts,
    (SELECT count(*) FROM alert WHERE page_id = p.id AND firing) AS firing,
    (SELECT string_agg(detail, '; ' ORDER BY id) FROM page_event
     WHERE page_id = p.id AND what = 'missed' AND id > coalesce((
        SELECT id FROM page_event WHERE page_id = p.id AND what = 'step'
        ORDER BY id DESC OFFSET jsonb_array_length(steps) - 1 LIMIT 1
    ), 0)) AS missed
FROM page p WHERE id = %s
"""

# Each one's latest message, in the order in which they were first paged.
_PEOPLE = """
SELECT address, name, state, coalesce(code, '') AS code, sid, error_code, reason,
    state = 'in_doubt' AND next_check IS NOT NULL AS looking
FROM (
    SELECT DISTINCT ON (d.address) d.*, min(d.id) OVER (PARTITION BY d.address) AS first
    FROM send s JOIN delivery d ON d.send_id = s.id
    WHERE s.page_id = %s AND s.page_step IS NOT NULL
    ORDER BY d.address, d.id DESC
) AS latest ORDER BY first
"""

_EVENTS = """
SELECT at, what, who, how, detail FROM page_event WHERE page_id = %s ORDER BY at, id
"""

_MESSAGES = """
SELECT e.at, e.state, e.source, d.name, d.address, d.reason, s.page_step
FROM send s JOIN delivery d ON d.send_id = s.id JOIN event e ON e.delivery_id = d.id
WHERE s.page_id = %s ORDER BY e.at, e.id
"""


class PostgresPages:
    """`commands.ports.Pages` over a pool."""

    def __init__(self, pool: Pool, jobs: Deferrer) -> None:
        self._pool = pool
        self._jobs = jobs

    async def answerable(self, page_id: int) -> Answerable | None:
        """Give a page as far as it takes to answer it; None if there is none of this number."""
        async with self._pool.connection() as conn:
            row = await (await conn.execute(_ONE, (page_id,))).fetchone()
        return _answerable(row) if row else None

    async def lately(self, channel: str, count: int) -> tuple[Answerable, ...]:
        """Give the pages of a channel that wait, and its last `count`, newest first."""
        asked = {"channel": channel, "count": count}
        async with self._pool.connection() as conn:
            rows = await (await conn.execute(_LATELY, asked)).fetchall()
        return tuple(_answerable(row[1:]) for row in rows)

    async def paged(self, addresses: Collection[str]) -> tuple[Answerable, ...]:
        """Give the pages that wait and have come to one of these addresses, newest first."""
        async with self._pool.connection() as conn:
            rows = await (await conn.execute(_PAGED, (list(addresses),))).fetchall()
        return tuple(map(_answerable, rows))

    async def acknowledge(self, page_id: int, hand: Hand) -> Ended | None:
        """Note who has a page, and tell everybody paged; None if there is no such page."""
        async with self._pool.connection() as conn, conn.transaction():
            return await acknowledge(conn, self._jobs, page_id, hand)

    async def resolve(self, page_id: int, hand: Hand) -> Ended | None:
        """Close a page, and tell everybody paged; None if there is no such page."""
        async with self._pool.connection() as conn, conn.transaction():
            return await resolve(conn, self._jobs, page_id, hand)

    async def view(self, page_id: int) -> PageView | None:
        """Give a page as it stands; None if there is none of this number."""
        async with self._pool.connection() as conn:
            cursor = conn.cursor(row_factory=dict_row)
            head = await (await cursor.execute(_HEAD, (page_id,))).fetchone()
            if head is None:
                return None
            people = await (await cursor.execute(_PEOPLE, (page_id,))).fetchall()
        return _view(head, people)

    async def timeline(self, page_id: int) -> Timeline | None:
        """Give everything that happened to a page; None if there is none of this number."""
        view = await self.view(page_id)
        if view is None:
            return None
        async with self._pool.connection() as conn:
            ours = await (await conn.execute(_EVENTS, (page_id,))).fetchall()
            theirs = await (await conn.execute(_MESSAGES, (page_id,))).fetchall()
        entries = [Happening(*row) for row in ours] + [_message(*row) for row in theirs]
        return Timeline(view, tuple(sorted(map(_masked, entries), key=lambda entry: entry.at)))


def _masked(entry: Happening) -> Happening:
    """Hide numbers; a Slack id and a person's own words are left as they are."""
    detail = entry.detail if entry.what == "replied" else hide_numbers(entry.detail)
    return replace(entry, who=hide_numbers(entry.who), detail=detail)


def _answerable(row: Sequence[Any]) -> Answerable:
    page_id, channel, actor, stage, code, body, created, addresses = row
    return Answerable(
        page_id, channel, actor, PageStage(stage), code, body, created, frozenset(addresses)
    )


def _message(
    at: datetime, state: str, source: str, name: str, address: str, reason: str, step: int | None
) -> Happening:
    detail = "told what became of it" if step is None else f"step {step + 1}"
    if DeliveryState(state) in NOT_ACCEPTED and reason:
        detail += f": {reason}"
    return Happening(at, state, name or mask(address), source, detail)


def _view(head: dict[str, Any], people: Sequence[dict[str, Any]]) -> PageView:
    return PageView(
        page_id=head["id"],
        stage=PageStage(head["stage"]),
        code=head["code"],
        source=head["source"],
        escalation=head["escalation"],
        link=head["link"],
        people=_snapshot(head, people),
        steps=head["size"] * head["rounds"],
        fired=head["fired"],
        due=head["due"],
        missed=head["missed"] or "",
        acked=_done(head, "acked"),
        resolved=_done(head, "resolved"),
        firing=head["firing"],
        alerts=head["alerts"],
    )


def _done(head: dict[str, Any], what: str) -> Done | None:
    if head[f"{what}_at"] is None:
        return None
    return Done(*(head[f"{what}_{part}"] for part in ("by", "user", "how", "at")))


def _snapshot(head: dict[str, Any], rows: Sequence[dict[str, Any]]) -> Snapshot:
    people = tuple(_delivery(row) for row in rows)
    return Snapshot(
        send_id=head["id"],
        kind=Kind.PAGE,
        channel=head["channel"],
        actor=head["actor"],
        sender=head["sender"],
        body=head["body"],
        recipients=len(people),
        created=head["created"],
        retry_of=None,
        tally=Counter((person.state, person.code) for person in people),
        shown=people,
        failed=tuple(p for p in people if p.state in NOT_ACCEPTED),
        unknown=tuple(p for p in people if p.state is DeliveryState.IN_DOUBT),
        looking=sum(row["looking"] for row in rows),
    )


def _delivery(row: dict[str, Any]) -> Delivery:
    return Delivery(
        Recipient(row["address"], row["name"]),
        DeliveryState(row["state"]),
        row["code"],
        row["sid"] or "",
        row["error_code"],
        row["reason"],
    )
