"""Alerts in PostgreSQL: which page each is about, in one transaction a message.

An alert that is told joins the page of its group that is open or acknowledged. A group without one
opens it, or folds into the route's storm page where too many were opened lately. A page ends with
the last of its alerts; what nobody acknowledged in time is told anew, as long as it is told.

A page that a person has resolved while its alerts go on firing stays quiet for `QUIET`: the person
knows. An alert that was told as resolved in between, one that is new to the group, and one that
still fires after that time page again: nobody has said that these are over.
"""

import asyncio
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import Any, Final, LiteralString
from uuid import uuid4

import psycopg

from bot.oncallfile import Escalation, ladder_of
from bot.store.database import Pool
from bot.store.marks import mark_pages
from bot.store.pages import note, open_page, resolve, rewrite
from bot.tasks import Deferrer
from commands.model import Actor, Kind, NewSend
from commands.notice import Notice, bounded
from commands.oncall import Hand, PageStage, Way

QUIET: Final = timedelta(hours=1)
"""For how long a firing alert leaves a person alone who has resolved its page."""

_NAMED = 3
"""Alerts that the text of a storm names."""

# by route, not by group: the storm page is the route's
_LOCK = "SELECT pg_advisory_xact_lock(hashtextextended(%s, 2))"

# A route has few pages that wait or were resolved lately. The group's name is a digest of fixed
# length and a stroke, so none is the beginning of another. Locked: an alert that joins a page while
# somebody resolves it would page nobody.
_PAGES = """
SELECT p.id, p.stage, p.body, p.storm, p.resolved_how NOT IN ('', 'alert'), a.key, a.firing
FROM page p JOIN alert a ON a.page_id = p.id
WHERE p.source = %s AND (p.resolved_at IS NULL OR p.resolved_at > now() - %s)
  AND starts_with(a.key, %s)
ORDER BY p.id, a.key FOR NO KEY UPDATE OF p
"""

_TOLD = """
INSERT INTO alert (page_id, route, teller, key, label)
SELECT %s, %s, %s, key, label FROM unnest(%s::text[], %s::text[]) AS told(key, label)
ON CONFLICT (page_id, key) DO UPDATE SET firing = true, times = alert.times + 1, last = now(),
    label = excluded.label, teller = excluded.teller
"""

# Those told as over, and of a message that names all of its group whatever it does not name, if it
# is the same source that named it: another one of the route does not know of it.
_OVER = """
UPDATE alert SET firing = false, last = now()
WHERE page_id = ANY(%(pages)s) AND starts_with(key, %(group)s) AND firing
  AND (key = ANY(%(over)s) OR (%(whole)s AND teller = %(teller)s AND NOT key = ANY(%(firing)s)))
RETURNING page_id
"""

_ENDED = """
SELECT id FROM page WHERE id = ANY(%s) AND stage <> 'resolved'
  AND NOT EXISTS (SELECT FROM alert WHERE page_id = page.id AND firing)
ORDER BY id
"""

_STORM = """
SELECT id, stage, body, storm FROM page
WHERE source = %s AND resolved_at IS NULL AND storm AND stage IN ('open', 'acknowledged')
ORDER BY id DESC LIMIT 1 FOR NO KEY UPDATE
"""

# Pages that were opened, and alerts that would have opened one: a storm lasts while it blows, and
# its page is the only one for as long.
_RATE = """
SELECT (SELECT count(*) FROM page
        WHERE source = %(source)s AND NOT storm AND created > now() - %(window)s)
     + (SELECT count(*) FROM alert
        WHERE page_id = %(page)s AND since > now() - %(window)s)
"""

_FOLDED = "SELECT label FROM alert WHERE page_id = %s ORDER BY since, key"


@dataclass(frozen=True)
class Route:
    """Where alerts come in, and what is done with them.

    Attributes:
        name: the last part of its address.
        channel: Slack's id of the channel whose pages they are.
        sender: whom their messages are from.
        escalation: who is paged.
        storm: pages within `window`, from which on alerts fold into one; 0: never.
        window: how far back pages are counted.
    """

    name: str
    channel: str
    sender: str = field(repr=False)
    escalation: Escalation
    storm: int
    window: timedelta

    @property
    def source(self) -> str:
        """How its pages name where they come from."""
        return f"alert:{self.name}"


class Did(StrEnum):
    """What became of a message of an alert source."""

    OPENED = "opened"
    """There is a new page."""
    JOINED = "joined"
    """Its page has it."""
    FOLDED = "folded"
    """The page of a storm counts it."""
    RESOLVED = "resolved"
    """A page has ended with it."""
    NOTHING = "nothing"
    """No page is about it, or a person knows already."""


@dataclass(frozen=True)
class Taken:
    """A message of an alert source is written down.

    Attributes:
        did: what became of it.
        page: the page that it is about, None if there is none.
    """

    did: Did
    page: int | None = None


@dataclass
class _Page:
    """A page of the route; `alerts`: those of the group, and whether each fired so far."""

    id: int
    stage: PageStage
    body: str = field(repr=False)
    storm: bool
    by_hand: bool = False
    alerts: dict[str, bool] = field(default_factory=dict)

    @property
    def live(self) -> bool:
        return self.stage in {PageStage.OPEN, PageStage.ACKNOWLEDGED}


class Alerts:
    """What alert sources say, written down."""

    def __init__(self, pool: Pool, jobs: Deferrer) -> None:
        self._pool = pool
        self._jobs = jobs
        # a storm waits here, with one connection, and not in the database with all of the pool's
        self._turn = asyncio.Lock()

    async def take(self, route: Route, notice: Notice) -> Taken:
        """Write a message down; once this returns, it is committed."""
        async with self._turn, self._pool.connection() as conn, conn.transaction():
            await conn.execute(_LOCK, (route.source,))
            return await _Intake(conn, self._jobs, route, notice).take()


class _Intake:
    """One message within its transaction."""

    def __init__(
        self, conn: psycopg.AsyncConnection, jobs: Deferrer, route: Route, notice: Notice
    ) -> None:
        self._conn = conn
        self._jobs = jobs
        self._route = route
        self._notice = notice
        self._group = f"{notice.key}/"
        self._firing = {self._group + a.key: a.label for a in notice.alarms if a.firing}
        self._hand = Hand(f"alert {route.name}", Way.ALERT)

    async def take(self) -> Taken:
        pages = await self._pages()
        live = next((page for page in pages if page.live), None)
        gone = await self._end_alerts(pages)
        taken = await self._fire(pages, live) if self._firing else None
        ended = await self._end_pages(pages)
        if live and live.id not in ended:
            await self._note(live, gone[live.id])
        if taken:
            return taken
        if ended:
            return Taken(Did.RESOLVED, ended[-1])
        return Taken(Did.JOINED, live.id) if live and gone[live.id] else Taken(Did.NOTHING)

    async def _pages(self) -> Sequence[_Page]:
        """Give the pages that have alerts of the group, as they stood before this message."""
        asked = (self._route.source, QUIET, self._group)
        pages: dict[int, _Page] = {}
        for number, stage, body, storm, by_hand, key, firing in await self._rows(_PAGES, asked):
            page = _Page(number, PageStage(stage), body, storm, by_hand)
            pages.setdefault(number, page).alerts[key] = firing
        return list(pages.values())

    async def _end_alerts(self, pages: Iterable[_Page]) -> Counter[int]:
        """Note which alerts are over; count them by page."""
        told = {
            "pages": [page.id for page in pages],
            "group": self._group,
            "over": [self._group + a.key for a in self._notice.alarms if not a.firing],
            "whole": self._notice.whole,
            "teller": self._notice.teller,
            "firing": list(self._firing),
        }
        return Counter(number for (number,) in await self._rows(_OVER, told))

    async def _end_pages(self, pages: Iterable[_Page]) -> Sequence[int]:
        ended = [number for (number,) in await self._rows(_ENDED, ([p.id for p in pages],))]
        for number in ended:
            await resolve(self._conn, self._jobs, number, self._hand)
        return ended

    async def _fire(self, pages: Iterable[_Page], live: _Page | None) -> Taken:
        if live:
            return await self._join(live, Did.JOINED)
        for page in pages:
            if page.by_hand and all(page.alerts.get(key) for key in self._firing):
                return Taken(Did.NOTHING, page.id)
        storm = await self._storm_page()
        if not await self._stormy(storm):
            return await self._open(self._notice.text, self._notice.link, Did.OPENED)
        if storm:
            return await self._join(storm, Did.FOLDED)
        return await self._open(self._storm_text(list(self._firing.values())), "", Did.FOLDED)

    async def _join(self, page: _Page, did: Did) -> Taken:
        await self._tell(page.id)
        body = self._notice.text
        if page.storm:
            folded = await self._rows(_FOLDED, (page.id,))
            body = self._storm_text([label for (label,) in folded])
        if body != page.body:
            await rewrite(self._conn, self._jobs, page.id, body)
        return Taken(did, page.id)

    async def _open(self, body: str, link: str, did: Did) -> Taken:
        route = self._route
        new = NewSend(
            request_key=f"{route.source}:{uuid4().hex}",
            actor=Actor("", route.channel),
            body=body,
            recipients=(),
            sender=route.sender,
            rule=f'alert {route.name}: escalation = "{route.escalation.name}"',
            kind=Kind.PAGE,
            ladder=ladder_of(
                route.escalation, link=link, source=route.source, storm=did is Did.FOLDED
            ),
        )
        number = (await open_page(self._conn, self._jobs, new)).send_id
        await self._tell(number)
        return Taken(did, number)

    async def _tell(self, number: int) -> None:
        who = (number, self._route.name, self._notice.teller)
        told = (*who, list(self._firing), list(self._firing.values()))
        await self._conn.execute(_TOLD, told)

    async def _note(self, page: _Page, gone: int) -> None:
        """Tell how the alerts of a page changed; a repetition changes nothing.

        Its card counts them. The timeline of a storm would be nothing but this.
        """
        more = sum(not page.alerts.get(key) for key in self._firing)
        counts = ((more, "more firing"), (gone, "resolved"))
        detail = ", ".join(f"{count} {words}" for count, words in counts if count)
        if detail:
            await mark_pages(self._conn, self._jobs, [page.id])
        if detail and not page.storm:
            who, how = self._hand.name, self._hand.way
            await note(self._conn, page.id, "joined", who=who, how=how, detail=detail)

    async def _storm_page(self) -> _Page | None:
        rows = await self._rows(_STORM, (self._route.source,))
        return _Page(*rows[0]) if rows else None

    async def _stormy(self, storm: _Page | None) -> bool:
        route = self._route
        page = storm.id if storm else None
        asked = {"source": route.source, "window": route.window, "page": page}
        [(count,)] = await self._rows(_RATE, asked)
        return 0 < route.storm <= int(count)

    def _storm_text(self, labels: Collection[str]) -> str:
        alerts = "1 alert" if len(labels) == 1 else f"{len(labels):,} alerts"
        names = "; ".join(list(dict.fromkeys(filter(None, labels)))[:_NAMED])
        such = f", such as {names}" if names else ""
        return bounded(f"Alert storm on {self._route.name}: {alerts}{such}")

    async def _rows(
        self, sql: LiteralString, params: Sequence[object] | Mapping[str, object]
    ) -> Sequence[tuple[Any, ...]]:
        return await (await self._conn.execute(sql, params)).fetchall()
