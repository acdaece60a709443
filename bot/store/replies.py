"""What people write to our numbers: each heard once, however it comes, and done in the same breath.

Of a stranger nothing is kept but the message's SID, so that they are counted once.
"""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

import psycopg

from bot.store.database import Pool
from bot.store.optouts import heard, is_out
from bot.store.pages import acknowledge, note, resolve, say, tell
from bot.store.text import storable
from bot.tasks import Deferrer
from commands.model import mask
from commands.numbers import is_number
from commands.oncall import Ended, Hand, PageStage, Way
from commands.optout import Word
from commands.pagetext import told_text
from commands.reply import (
    Acknowledges,
    Concern,
    HelpWord,
    OptWord,
    Resolves,
    Speaks,
    Unclear,
    meaning,
    read_reply,
)
from commands.rules import Contact

# Written first: whoever else has the same message waits here for what becomes of it.
_ONCE = """
INSERT INTO reply (sid, at, outcome) VALUES (%s, coalesce(%s, now()), 'unknown')
ON CONFLICT (sid) DO NOTHING RETURNING at
"""

_KEPT = """
UPDATE reply SET page_id = %s, address = %s, who = %s, body = %s, outcome = %s WHERE sid = %s
"""

# From the pages to their deliveries: addresses by themselves have no index. Who was not sent
# anything, as their line was refused or it waits still, cannot mean the page but by its code. Who
# was sent to again after a doubt may have had the first request, and `attempted` is the last one's:
# the first is in the events, without those that put them back into the queue, as it did not arrive.
_CONCERNED = """
WITH near AS (
    SELECT id FROM page WHERE stage = 'open'
  UNION
    SELECT page_id FROM send
    WHERE page_step IS NOT NULL AND created > now() - interval '7 days'
), paged AS (
    SELECT s.page_id, s.created, d.name, coalesce(d.attempted, s.created) AS at, (
            SELECT min(e.at) FROM (
                SELECT at, state, lead(state) OVER (ORDER BY id) AS next
                FROM event WHERE delivery_id = d.id
            ) AS e WHERE e.state = 'sending' AND e.next IS DISTINCT FROM 'queued'
        ) AS sent,
        d.state NOT IN ('queued', 'failed', 'canceled', 'suppressed') AS reached
    FROM near
    JOIN send s ON s.page_id = near.id AND s.page_step IS NOT NULL
    JOIN delivery d ON d.send_id = s.id AND d.address = %s
)
SELECT p.id, p.code, p.stage,
    coalesce(min(least(at, sent)) FILTER (WHERE reached), min(paged.created)),
    coalesce(max(at) FILTER (WHERE reached), max(paged.created)) AS last,
    p.resolved_at, bool_or(reached), (array_agg(paged.name ORDER BY paged.created DESC))[1]
FROM paged JOIN page p ON p.id = page_id
GROUP BY p.id
HAVING p.stage = 'open' OR max(greatest(at, paged.created)) > now() - interval '7 days'
ORDER BY last DESC
"""

_NEW = """
SELECT sid FROM unnest(%s::text[]) AS t(sid)
WHERE NOT EXISTS (SELECT 1 FROM reply WHERE reply.sid = t.sid)
"""

# Everybody paged is told at once who has it: whoever is too late by moments is told by that.
_TOLD = """
SELECT body, %(at)s > now() - interval '1 minute' AND EXISTS (
    SELECT 1 FROM send s JOIN delivery d ON d.send_id = s.id
    WHERE s.request_key = 'page:' || page.id || ':' || page.stage
      AND d.address = %(address)s AND d.state <> 'suppressed'
)
FROM page WHERE id = %(page)s
"""

WORDLESS = "(no text)"
"""Shown for a message that carries nothing but pictures."""


class Outcome(StrEnum):
    """What became of a reply."""

    ACK = "ack"
    RESOLVE = "resolve"
    WORDS = "words"
    LATE = "late"
    UNCLEAR = "unclear"
    OPTOUT = "optout"
    HELP = "help"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Reply:
    """A message from a person to one of our numbers.

    Attributes:
        sid: Twilio's id of it, the same by webhook and by list.
        from_: who wrote.
        to: which of our numbers.
        body: what they wrote.
        at: when they did; None: now.
        service: ``MG…`` of the service that received it, empty if it is not known.
        opt_out_type: STOP, START or HELP where Twilio says that it is one; else empty.
    """

    sid: str
    from_: str = field(repr=False)
    to: str = field(repr=False)
    body: str = field(repr=False)
    at: datetime | None
    service: str = ""
    opt_out_type: str = ""


@dataclass(frozen=True)
class _Writer:
    """Who wrote a reply, when, and the pages that were for them, the latest first."""

    hand: Hand
    at: datetime
    pages: tuple[Concern, ...]


class Replies:
    """Hears replies, and does what they ask for."""

    def __init__(self, pool: Pool, jobs: Deferrer) -> None:
        self._pool = pool
        self._jobs = jobs

    async def new(self, sids: list[str]) -> set[str]:
        """Give those of these messages that were not heard yet."""
        async with self._pool.connection() as conn:
            return {sid for (sid,) in await (await conn.execute(_NEW, (sids,))).fetchall()}

    async def hear(self, reply: Reply, contact: Contact | None = None) -> Outcome | None:
        """Do what a reply asks for, in one transaction; None if it was heard before.

        Args:
            reply: what was written.
            contact: whom the directory has for its sender.
        """
        async with self._pool.connection() as conn, conn.transaction():
            once = await (await conn.execute(_ONCE, (reply.sid, reply.at))).fetchone()
            if once is None:
                return None
            writer = await _writer(conn, reply, contact, once[0])
            outcome, page_id = await self._act(conn, reply, writer)
            known = page_id is not None
            kept = (reply.from_, writer.hand.name, storable(reply.body)) if known else ("", "", "")
            await conn.execute(_KEPT, (page_id, *kept, outcome, reply.sid))
        return outcome

    async def _act(
        self, conn: psycopg.AsyncConnection, reply: Reply, writer: _Writer
    ) -> tuple[Outcome, int | None]:
        """Do what is asked for; give the page that it is about, None if it is about none."""
        latest = writer.pages[0].page_id if writer.pages else None
        out = await is_out(conn, reply.from_, reply.to, reply.service)
        match read_reply(reply.body, reply.opt_out_type, out=out):
            case OptWord(word):
                await self._opt(conn, reply, word, writer)
                return Outcome.OPTOUT, latest
            case HelpWord():
                return Outcome.HELP, latest
            case said:
                match meaning(said, writer.pages, writer.at):
                    case None:
                        return Outcome.UNKNOWN, None
                    case Speaks(page_id):
                        await self._speak(conn, page_id, reply, writer.hand)
                        return Outcome.WORDS, page_id
                    case Unclear() as unclear:
                        await self._ask(conn, unclear, reply, writer.hand)
                        return Outcome.UNCLEAR, unclear.page_id
                    case Acknowledges() | Resolves() as command:
                        return await self._obey(conn, command, reply, writer.hand), command.page_id

    async def _obey(
        self,
        conn: psycopg.AsyncConnection,
        command: Acknowledges | Resolves,
        reply: Reply,
        hand: Hand,
    ) -> Outcome:
        if isinstance(command, Resolves):
            done, ended = Outcome.RESOLVE, await resolve(conn, self._jobs, command.page_id, hand)
        else:
            done, ended = Outcome.ACK, await acknowledge(conn, self._jobs, command.page_id, hand)
        if ended and ended.first:
            return done
        if ended:
            await self._late(conn, ended, reply, hand)
        return Outcome.LATE

    async def _late(
        self, conn: psycopg.AsyncConnection, ended: Ended, reply: Reply, hand: Hand
    ) -> None:
        """Tell who was too late who has the page, unless they are being told so anyway."""
        await note(conn, ended.page_id, "late", who=hand.name, how=hand.way)
        asked = {"page": ended.page_id, "address": reply.from_, "at": ended.at}
        [(body, told)] = await (await conn.execute(_TOLD, asked)).fetchall()
        if not told:
            over = ended.stage is PageStage.RESOLVED
            said = f"Resolved by {ended.by}:" if over else f"{ended.by} has it:"
            text = told_text(said, body, ended.code)
            await self._answer(conn, ended.page_id, f"late:{reply.sid}", text, hand)

    async def _speak(
        self, conn: psycopg.AsyncConnection, page_id: int, reply: Reply, hand: Hand
    ) -> None:
        words = reply.body.strip() or WORDLESS
        await note(conn, page_id, "replied", who=hand.name, how=hand.way, detail=words)
        await say(conn, self._jobs, page_id, "reply", words, who=hand.name)

    async def _ask(
        self, conn: psycopg.AsyncConnection, unclear: Unclear, reply: Reply, hand: Hand
    ) -> None:
        await self._answer(conn, unclear.page_id, f"unclear:{reply.sid}", unclear.question, hand)

    async def _answer(
        self, conn: psycopg.AsyncConnection, page_id: int, key: str, text: str, hand: Hand
    ) -> None:
        await tell(conn, self._jobs, page_id, key, text, [(hand.address, hand.name)])

    async def _opt(
        self, conn: psycopg.AsyncConnection, reply: Reply, word: Word, writer: _Writer
    ) -> None:
        """Remember the word, and tell those who wait for this person that no page reaches them."""
        # before any page's card is locked, as where Twilio's refusals are learned from
        await heard(conn, reply.from_, reply.to, word, writer.at, reply.service)
        who, stop = writer.hand.name, word is Word.STOP
        what = "opted out" if stop else "opted in"
        for number in sorted(p.page_id for p in writer.pages if p.stage is PageStage.OPEN):
            await note(conn, number, what, who=who, how=writer.hand.way)
            if stop:
                text = f"{who} has texted {word}: no further page reaches them."
                await say(conn, self._jobs, number, "note", text)


async def _writer(
    conn: psycopg.AsyncConnection, reply: Reply, contact: Contact | None, at: datetime
) -> _Writer:
    rows = await (await conn.execute(_CONCERNED, (reply.from_,))).fetchall()
    pages = tuple(
        Concern(number, code, PageStage(stage), *rest) for number, code, stage, *rest, _ in rows
    )
    called = contact.name if contact else rows[0][-1] if rows else ""
    # a verified number is often called by itself
    name = called if called and not is_number(called) else mask(reply.from_)
    user = contact.slack if contact else ""
    return _Writer(Hand(name, Way.SMS, user, reply.from_), at, pages)
