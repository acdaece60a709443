"""The rows of alerts: which page each is told on, and whether it fires there.

A key is the digest of its group, a stroke, and what tells the alert from others of the group: the
keys of a group are a range. What is asked is bounded by the message, not by how many alerts a
page has.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, LiteralString

import psycopg

from bot.store.text import storable
from commands.oncall import PageStage

# Those of the group, and of the route's storms, that wait or were resolved lately: a route has few.
# Locked, in the order of their numbers, before anything is read of them: an alert that joins a page
# while somebody resolves it would page nobody.
_LOCK = """
SELECT id FROM page
WHERE source = %(source)s AND (resolved_at IS NULL OR resolved_at > now() - %(quiet)s)
  AND (storm AND resolved_at IS NULL OR EXISTS (
    SELECT FROM alert a WHERE a.page_id = page.id AND a.key >= %(group)s AND a.key < %(end)s
  ))
ORDER BY id FOR NO KEY UPDATE
"""

_PAGES = """
SELECT id, stage, body, storm, resolved_how NOT IN ('', 'alert'),
    coalesce(acked_at > now() - %(window)s, false), stage = 'exhausted' AND EXISTS (
        SELECT FROM page_event
        WHERE page_id = page.id AND what = 'exhausted' AND at > now() - %(pause)s
    )
FROM page WHERE id = ANY(%(pages)s) ORDER BY id
"""

_FIRES = """
SELECT page_id, key, last > now() - %(quiet)s FROM alert
WHERE page_id = ANY(%(pages)s) AND key = ANY(%(keys)s) AND firing
"""

# Those told as over, and of a message that names all of its group whatever it does not name, if it
# is the same source that named it: another one of the route does not know of it.
_OVER = """
UPDATE alert SET firing = false, last = now()
WHERE page_id = ANY(%(pages)s) AND key >= %(group)s AND key < %(end)s AND firing
  AND (key = ANY(%(over)s) OR (%(whole)s AND teller = %(teller)s AND NOT key = ANY(%(keys)s)))
RETURNING page_id
"""

_TOLD = """
INSERT INTO alert (page_id, route, teller, key, label)
SELECT %s, %s, %s, key, label FROM unnest(%s::text[], %s::text[]) AS told(key, label)
ON CONFLICT (page_id, key) DO UPDATE SET firing = true, times = alert.times + 1, last = now(),
    label = excluded.label, teller = excluded.teller
"""

_CARRY = """
INSERT INTO alert (page_id, route, teller, key, label, times, since, last)
SELECT DISTINCT ON (key) %s, route, teller, key, label, times, since, last
FROM alert WHERE page_id = ANY(%s) AND firing ORDER BY key, last DESC
ON CONFLICT (page_id, key) DO UPDATE SET firing = true
"""

_LEAVE = """
UPDATE alert SET firing = false
WHERE firing AND (page_id = ANY(%s) OR (page_id = ANY(%s) AND key = ANY(%s)))
RETURNING page_id
"""

_ENDED = """
SELECT id FROM page WHERE id = ANY(%s) AND stage <> 'resolved'
  AND NOT EXISTS (SELECT FROM alert WHERE page_id = page.id AND firing)
ORDER BY id
"""

# Pages that were opened, and alerts that would have opened one: a storm lasts while it blows, and
# its page is the only one for as long. Counted no further than need be.
_RATE = """
SELECT (SELECT count(*) FROM (
        SELECT FROM page
        WHERE source = %(source)s AND NOT storm AND created > now() - %(window)s LIMIT %(most)s
    ) AS opened)
     + (SELECT count(*) FROM (
        SELECT FROM alert
        WHERE page_id = %(page)s AND since > now() - %(window)s LIMIT %(most)s
    ) AS folded)
"""

_COUNT = "SELECT count(*) FROM alert WHERE page_id = %s AND firing"

_LABELS = """
SELECT label FROM alert WHERE page_id = %s AND firing ORDER BY since, key LIMIT %s
"""


@dataclass
class AlertPage:
    """A page of a route as it stood before the message.

    Attributes:
        id: its number.
        stage: where it is.
        body: its text.
        storm: whether it counts the alerts of a storm.
        by_hand: whether a person has resolved it.
        acked_lately: within the route's storm window.
        exhausted_lately: so lately that nobody is to be paged anew.
        fires: which alerts of the message fired there, and whether they were told lately.
    """

    id: int
    stage: PageStage
    body: str = field(repr=False)
    storm: bool
    by_hand: bool
    acked_lately: bool
    exhausted_lately: bool
    fires: dict[str, bool] = field(default_factory=dict)

    def holds(self, key: str, *, resolvable: bool) -> bool:
        """Tell whether an alert is this page's matter still, so that it pages nobody anew.

        A person who has a page knows of what fires there. A repetition says that it still does; of
        an alert that is never told as over, each may be another trouble.
        """
        if self.stage is PageStage.OPEN:
            return key in self.fires
        known = key in self.fires and (resolvable or self.fires[key])
        return self.stage is PageStage.ACKNOWLEDGED and known and self.current

    @property
    def current(self) -> bool:
        """Whether alerts may be counted here: a storm that somebody has had for long is another."""
        return not self.storm or self.stage is PageStage.OPEN or self.acked_lately


@dataclass(frozen=True)
class AlertRows:
    """What one message asks and changes, within its transaction.

    Attributes:
        conn: in a transaction.
        route: the route's name.
        source: how its pages name it.
        group: what the keys of the group begin with, with its stroke.
    """

    conn: psycopg.AsyncConnection
    route: str
    source: str
    group: str

    async def pages(
        self, keys: Collection[str], quiet: timedelta, window: timedelta, pause: timedelta
    ) -> Sequence[AlertPage]:
        """Lock what may be concerned, and give it as it stands, in the order of the numbers."""
        asked = {"source": self.source, "quiet": quiet, "window": window, "pause": pause}
        asked |= self._range | {"keys": list(keys)}
        held = [number for (number,) in await self._rows(_LOCK, asked)]
        asked |= {"pages": held}
        found = {row[0]: row[1:] for row in await self._rows(_PAGES, asked)}
        pages = {n: AlertPage(n, PageStage(stage), *row) for n, (stage, *row) in found.items()}
        for number, key, lately in await self._rows(_FIRES, asked):
            pages[number].fires[key] = lately
        return list(pages.values())

    async def over(
        self,
        pages: Collection[int],
        over: Collection[str],
        firing: Collection[str],
        *,
        whole: bool,
        teller: str,
    ) -> Sequence[int]:
        """Note which alerts are over; give the page of each."""
        told = {"pages": list(pages), "over": list(over), "keys": list(firing), "whole": whole}
        rows = await self._rows(_OVER, told | self._range | {"teller": teller})
        return [number for (number,) in rows]

    async def tell(self, page: int, alerts: Mapping[str, str], teller: str) -> None:
        """Note that alerts fire, by key and label."""
        told = (page, self.route, teller, list(alerts), list(alerts.values()))
        await self.conn.execute(_TOLD, told)

    async def rewrite(self, page: int, body: str) -> None:
        """Give a page another text: its later steps and its card say that."""
        await self.conn.execute("UPDATE page SET body = %s WHERE id = %s", (storable(body), page))

    async def move(
        self, page: int, whole: Collection[int], some: Collection[int], keys: Collection[str]
    ) -> set[int]:
        """Have a page go on with all alerts of the pages `whole`, and with those `keys` of `some`.

        Gives those that had any.
        """
        await self.conn.execute(_CARRY, (page, list(whole)))
        left = await self._rows(_LEAVE, (list(whole), list(some), list(keys)))
        return {number for (number,) in left}

    async def ended(self, pages: Collection[int]) -> Sequence[int]:
        """Give those of these pages on which nothing fires any more."""
        return [number for (number,) in await self._rows(_ENDED, (list(pages),))]

    async def rate(self, page: int | None, window: timedelta, most: int) -> int:
        """Count what came lately, up to `most` pages and `most` alerts of a storm's page."""
        asked = {"source": self.source, "page": page, "window": window, "most": most}
        [(count,)] = await self._rows(_RATE, asked)
        return int(count)

    async def firing(self, page: int, some: int) -> tuple[int, Sequence[str]]:
        """Count what fires on a page, and give the labels of some, the first to come."""
        [(count,)] = await self._rows(_COUNT, (page,))
        return count, [label for (label,) in await self._rows(_LABELS, (page, some))]

    @property
    def _range(self) -> dict[str, object]:
        return {"group": self.group, "end": self.group[:-1] + chr(ord(self.group[-1]) + 1)}

    async def _rows(
        self, sql: LiteralString, params: Sequence[object] | Mapping[str, object]
    ) -> Sequence[tuple[Any, ...]]:
        return await (await self.conn.execute(sql, params)).fetchall()
