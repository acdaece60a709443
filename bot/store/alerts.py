"""Alerts in PostgreSQL: which page each is about, in one transaction a message.

An alert that is told joins the page of its group that is open. A page that a person has
acknowledged keeps what fires there already, as that person knows of it; what is new to it, or had
been over, pages. So does what is never told as over, if it was not told for `QUIET`. An alert
without a page opens one, or folds into the route's storm page where too many were opened lately.
A page ends with the last of its alerts.

What nobody acknowledged in time is told anew by a page of its own, `AGAIN` later at the earliest:
the earlier page is closed, and nobody is told, as the new one goes on with its alerts.

A page that a person has resolved while its alerts go on firing stays quiet for `QUIET`: the person
knows. An alert that was told as resolved in between, one that is new to the group, and one that
still fires after that time page again: nobody has said that these are over.
"""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from enum import StrEnum
from typing import Final
from uuid import uuid4

import psycopg

from bot.store.alertrows import AlertPage, AlertRows
from bot.store.database import Pool
from bot.store.marks import mark_pages
from bot.store.pages import call_off, close, note, open_page
from bot.tasks import Deferrer
from commands.model import Actor, Kind, NewSend
from commands.notice import Notice, bounded
from commands.oncall import Hand, Ladder, PageStage, Way

QUIET: Final = timedelta(hours=1)
"""For how long a firing alert leaves a person alone who has resolved its page."""

AGAIN: Final = timedelta(minutes=10)
"""For how long an alert that still fires pages nobody anew after all steps were gone through."""

AT_ONCE: Final = 4
"""Messages that are written down at a time, of different routes: each takes a connection of ten."""

_NAMED = 3
"""Alerts that the text of a storm names."""

_LISTED = 20
"""Alerts that the text of a part of a group names at the most."""

# by route, not by group: the storm page is the route's
_LOCK = "SELECT pg_advisory_xact_lock(hashtextextended(%s, 2))"


@dataclass(frozen=True)
class Route:
    """Where alerts come in, and what is done with them.

    Attributes:
        name: the last part of its address.
        channel: Slack's id of the channel whose pages they are.
        sender: whom their messages are from.
        ladder: who is paged.
        storm: pages within `window`, from which on alerts fold into one; 0: never.
        window: how far back pages are counted.
    """

    name: str
    channel: str
    sender: str = field(repr=False)
    ladder: Ladder
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


class Alerts:
    """What alert sources say, written down."""

    def __init__(self, pool: Pool, jobs: Deferrer) -> None:
        self._pool = pool
        self._jobs = jobs
        # a storm waits here, with one connection, and not in the database with all of the pool's
        self._turns: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._room = asyncio.Semaphore(AT_ONCE)

    async def take(self, route: Route, notice: Notice) -> Taken:
        """Write a message down; once this returns, it is committed."""
        async with (
            self._turns[route.name],
            self._room,
            self._pool.connection() as conn,
            conn.transaction(),
        ):
            await conn.execute(_LOCK, (route.source,))
            return await _Intake(conn, self._jobs, route, notice).take()


class _Intake:
    """One message within its transaction.

    Locks are taken as `bot.store.pages` has it: first all pages, then messages, last all cards.
    """

    def __init__(
        self, conn: psycopg.AsyncConnection, jobs: Deferrer, route: Route, notice: Notice
    ) -> None:
        self._conn = conn
        self._jobs = jobs
        self._route = route
        self._notice = notice
        group = f"{notice.key}/"
        self._rows = AlertRows(conn, route.name, route.source, group)
        self._firing = {group + a.key: a.label for a in notice.alarms if a.firing}
        self._over = [group + a.key for a in notice.alarms if not a.firing]
        self._hand = Hand(f"alert {route.name}", Way.ALERT)
        self._pages: Sequence[AlertPage] = ()
        self._placed: defaultdict[int, list[str]] = defaultdict(list)
        """Which alerts that fire are whose."""
        self._followed: dict[int, int] = {}
        """By which page those are followed that alerts have left."""
        self._changed: set[int] = set()
        """Pages whose cards are to be shown anew."""

    async def take(self) -> Taken:
        self._pages = await self._rows.pages(self._firing, QUIET, self._route.window, AGAIN)
        gone = Counter(
            await self._rows.over(
                [page.id for page in self._pages],
                self._over,
                self._firing,
                whole=self._notice.whole,
                teller=self._notice.teller,
            )
        )
        taken = await self._fire() if self._firing else None
        ended = await self._end()
        there = [p for p in self._pages if p.id not in ended and p.stage is not PageStage.RESOLVED]
        for page in there:
            await self._note(page, gone[page.id])
        await mark_pages(self._conn, self._jobs, self._changed)
        if taken:
            return taken
        if ended:
            return Taken(Did.RESOLVED, ended[-1])
        less = [page.id for page in there if gone[page.id]]
        return Taken(Did.JOINED, less[-1]) if less else Taken(Did.NOTHING)

    async def _fire(self) -> Taken:
        """Find a page for each alert that fires."""
        new: list[str] = []
        for key in self._firing:
            page = self._page_of(key)
            (self._placed[page.id] if page else new).append(key)
        for number, keys in self._placed.items():
            await self._tell(number, keys)
            await self._follow(number, keys)
        taken = await self._place(new) if new else None
        if self._placed and (taken is None or taken.did is Did.NOTHING):
            return Taken(Did.JOINED, max(self._placed))
        return taken or Taken(Did.NOTHING)

    def _page_of(self, key: str) -> AlertPage | None:
        """Give the page that an alert is the matter of, the latest first; or what is open."""
        latest = self._pages[::-1]
        resolvable = self._notice.resolvable
        holds = (page for page in latest if page.holds(key, resolvable=resolvable))
        waits = (page for page in latest if page.stage is PageStage.OPEN and not page.storm)
        return next(holds, None) or next(waits, None)

    async def _place(self, keys: Sequence[str]) -> Taken:
        """Page about alerts that no page holds, unless a person knows, or was paged just now."""
        known = [page for page in self._pages if all(key in page.fires for key in keys)]
        for page in known:
            if page.by_hand:
                return Taken(Did.NOTHING, page.id)
            if page.exhausted_lately:
                await self._tell(page.id, keys)
                return Taken(Did.JOINED, page.id)
        storms = [page for page in self._pages if page.storm and page.current and _lives(page)]
        storm = storms[-1].id if storms else None
        if not await self._stormy(storm):
            number, did = await self._open(self._text(keys), storm=False), Did.OPENED
        elif storm is None:
            body = self._storm_text(len(keys), self._labels(keys))
            number, did = await self._open(body), Did.FOLDED
        else:
            number, did = storm, Did.FOLDED
        self._placed[number] += keys
        await self._tell(number, keys)
        storming, exhausted = did is Did.FOLDED, PageStage.EXHAUSTED
        whole = [p.id for p in self._pages if p.stage is exhausted and (storming or not p.storm)]
        await self._follow(number, keys, whole)
        if storming and whole and storm is None:
            await self._rows.rewrite(number, await self._storm_now(number))
        return Taken(did, number)

    async def _follow(self, number: int, keys: Sequence[str], whole: Sequence[int] = ()) -> None:
        """Have a page go on with its alerts alone, and with all that the pages `whole` have."""
        told = {PageStage.EXHAUSTED, PageStage.ACKNOWLEDGED}
        others = [page for page in self._pages if page.stage in told and page.id != number]
        some = [page.id for page in others if any(key in page.fires for key in keys)]
        if some or whole:
            left = await self._rows.move(number, whole, some, keys)
            self._followed |= dict.fromkeys(left, number)
            self._changed |= left

    async def _end(self) -> Sequence[int]:
        """Close the pages on which nothing fires any more."""
        ended = await self._rows.ended([page.id for page in self._pages])
        if ended:
            await call_off(self._conn, ended, "resolved")
        for number in ended:
            successor = self._followed.get(number)
            hand = Hand(f"page #{successor}", Way.ALERT) if successor else self._hand
            await close(self._conn, self._jobs, number, hand, quietly=successor is not None)
        self._changed.update(ended)
        return ended

    async def _open(self, body: str, *, storm: bool = True) -> int:
        route = self._route
        new = NewSend(
            request_key=f"{route.source}:{uuid4().hex}",
            actor=Actor("", route.channel),
            body=body,
            recipients=(),
            sender=route.sender,
            rule=f'alert {route.name}: escalation = "{route.ladder.escalation}"',
            kind=Kind.PAGE,
            ladder=replace(
                route.ladder,
                link="" if storm else self._notice.link,
                source=route.source,
                storm=storm,
            ),
        )
        return (await open_page(self._conn, self._jobs, new)).send_id

    async def _tell(self, number: int, keys: Sequence[str]) -> None:
        told = {key: self._firing[key] for key in keys}
        await self._rows.tell(number, told, self._notice.teller)

    async def _note(self, page: AlertPage, gone: int) -> None:
        """Tell how the alerts of a page changed; a repetition changes nothing.

        Its card counts them. The timeline of a storm would be nothing but this.
        """
        keys = self._placed.get(page.id, [])
        more = sum(key not in page.fires for key in keys)
        counts = ((more, "more firing"), (gone, "resolved"))
        detail = ", ".join(f"{count} {words}" for count, words in counts if count)
        body = await self._body(page, keys, changed=bool(detail))
        if body != page.body:
            await self._rows.rewrite(page.id, body)
        if detail or body != page.body:
            self._changed.add(page.id)
        if detail and not page.storm:
            who, how = self._hand.name, self._hand.way
            await note(self._conn, page.id, "joined", who=who, how=how, detail=detail)

    async def _body(self, page: AlertPage, keys: Sequence[str], *, changed: bool) -> str:
        """Say what a page is about now."""
        if page.storm:
            return await self._storm_now(page.id) if changed else page.body
        waits = page.stage is PageStage.OPEN
        return self._text(keys) if keys and (waits or self._all(keys)) else page.body

    def _text(self, keys: Sequence[str]) -> str:
        """Say what fires; of alerts that are a part of their group, which of them."""
        names = "; ".join(self._labels(keys)[:_LISTED])
        if self._all(keys) or not names:
            return self._notice.text
        return bounded(f"{len(keys):,} of {len(self._firing):,} firing: {names}")

    def _all(self, keys: Sequence[str]) -> bool:
        return len(keys) == len(self._firing)

    def _labels(self, keys: Sequence[str]) -> Sequence[str]:
        return list(dict.fromkeys(filter(None, (self._firing[key] for key in keys))))

    async def _stormy(self, storm: int | None) -> bool:
        most = self._route.storm
        return 0 < most <= await self._rows.rate(storm, self._route.window, most)

    async def _storm_now(self, number: int) -> str:
        return self._storm_text(*await self._rows.firing(number, _LISTED))

    def _storm_text(self, count: int, labels: Sequence[str]) -> str:
        alerts = "1 alert" if count == 1 else f"{count:,} alerts"
        names = "; ".join(list(dict.fromkeys(filter(None, labels)))[:_NAMED])
        such = f", such as {names}" if names else ""
        return bounded(f"Alert storm on {self._route.name}: {alerts}{such}")


def _lives(page: AlertPage) -> bool:
    return page.stage in {PageStage.OPEN, PageStage.ACKNOWLEDGED}
