"""Pages in PostgreSQL: opened, acknowledged and resolved, each within the caller's transaction.

A page's row is locked before its messages, and these before its card, always, so that two changes
cannot block each other.
"""

from collections.abc import Sequence
from typing import Any

import psycopg
from psycopg.types.json import Jsonb

from bot.store.audit import append
from bot.store.codes import free_code
from bot.store.ladders import steps_of
from bot.store.marks import mark_pages
from bot.store.optouts import leave_out
from bot.store.text import storable
from bot.tasks import Deferrer, Order, Task
from bot.trace import trace, trace_of
from commands.intent import intent_of
from commands.model import Actor, AuditEntry, Committed, NewSend
from commands.oncall import PAGE_MOVES, Ended, Hand, PageStage
from commands.pagetext import told_text

LOOK = 3.0
"""Seconds until Twilio is first asked what became of a page's messages, unless `poll` is off: who
is not reached is to be known soon, also where a callback was lost."""

_OPEN = """
INSERT INTO page (request_key, team, channel, actor, source, sender, body, intent, link, code,
    escalation, steps, rounds, rule, storm, trace)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s,
    coalesce((SELECT trace FROM question WHERE id = %s), %s))
ON CONFLICT (request_key) DO NOTHING
RETURNING id, trace
"""

_KNOWN = "SELECT id FROM page WHERE request_key = %s"

_HEAD = """
SELECT stage, code, body, sender, acked_by, acked_user, acked_at, resolved_by, resolved_user,
    resolved_at
FROM page WHERE id = %s FOR NO KEY UPDATE
"""

_ACK = """
UPDATE page SET stage = 'acknowledged', due = NULL, acked_by = %s, acked_user = %s, acked_how = %s,
    acked_at = clock_timestamp()
WHERE id = %s RETURNING acked_at
"""

_RESOLVE = """
UPDATE page SET stage = 'resolved', due = NULL, resolved_by = %s, resolved_user = %s,
    resolved_how = %s, resolved_at = clock_timestamp()
WHERE id = %s RETURNING resolved_at
"""

# Who waits in the queue is not woken any more. What is under way cannot be called back.
_CALL_OFF = """
WITH waiting AS (
    SELECT d.id FROM delivery d JOIN send s ON s.id = d.send_id
    WHERE s.page_id = ANY(%(pages)s) AND s.page_step IS NOT NULL AND d.state = 'queued'
    ORDER BY d.id FOR UPDATE OF d
), off AS (
    UPDATE delivery d SET state = 'canceled', code = '1001', reason = %(why)s, next_check = NULL
    FROM waiting WHERE d.id = waiting.id RETURNING d.id
)
INSERT INTO event (delivery_id, state, source) SELECT id, 'canceled', 'page' FROM off
"""

# Everybody whom the page may have reached: who was called off, or refused, knows nothing of it.
_PAGED = """
SELECT DISTINCT ON (d.address) d.address, d.name
FROM delivery d JOIN send s ON s.id = d.send_id
WHERE s.page_id = %s AND s.page_step IS NOT NULL
  AND d.state NOT IN ('queued', 'failed', 'canceled', 'suppressed')
ORDER BY d.address, d.id
"""

_TELL = """
INSERT INTO send (request_key, kind, team, channel, actor, sender, body, recipients, page_id,
    page_step, look_at, trace)
SELECT %(key)s, 'page', team, channel, actor, sender, %(text)s, %(count)s, id, %(step)s,
    now() + make_interval(secs => %(look)s), trace
FROM page WHERE id = %(page)s
ON CONFLICT (request_key) DO NOTHING
RETURNING id, sender, trace
"""

_DELIVERIES = """
INSERT INTO delivery (send_id, position, address, name)
SELECT %s, position, address, name
FROM unnest(%s::text[], %s::text[]) WITH ORDINALITY AS r(address, name, position)
"""

_NOTE = "INSERT INTO page_event (page_id, what, who, how, detail) VALUES (%s, %s, %s, %s, %s)"

_SAY = "INSERT INTO page_post (page_id, kind, who, text) VALUES (%s, %s, %s, %s)"


async def open_page(conn: psycopg.AsyncConnection, jobs: Deferrer, new: NewSend) -> Committed:
    """Open the page of `new.ladder`; one of a known `request_key` is given as it is.

    Its first step fires as soon as this is committed.

    Raises:
        bot.store.codes.NoCodeError: all codes are in use.
    """
    ladder, actor = new.ladder, new.actor
    if ladder is None:
        raise ValueError("a page needs a ladder")
    code = await free_code(conn)
    row = await (
        await conn.execute(
            _OPEN,
            (
                new.request_key,
                actor.team,
                actor.channel,
                actor.user,
                ladder.source,
                new.sender,
                storable(new.body),
                intent_of(new.body),
                storable(ladder.link),
                code,
                ladder.escalation,
                Jsonb(steps_of(ladder)),
                ladder.rounds,
                new.rule,
                ladder.storm,
                new.answers.question if new.answers else None,
                trace() or trace_of(""),
            ),
        )
    ).fetchone()
    if row is None:
        [known] = await _one(conn, _KNOWN, (new.request_key,))
        return Committed(known, repeated=True)
    await _opened(conn, jobs, new, *row)
    return Committed(row[0])


async def _opened(
    conn: psycopg.AsyncConnection, jobs: Deferrer, new: NewSend, page_id: int, traced: str
) -> None:
    ladder = new.ladder
    source = ladder.source if ladder else ""
    await conn.execute(
        "INSERT INTO page_card (page_id, answer_url) VALUES (%s, %s)", (page_id, new.answer_url)
    )
    await note(conn, page_id, "asked", who=new.actor.user or source, how=source.partition(":")[0])
    whom = f"escalation {ladder.escalation}" if ladder and ladder.escalation else ""
    named = sum(len(rung.to) for rung in ladder.rungs) if ladder else 0
    detail = whom or f"{len(new.recipients) or named} recipients"
    if new.approver:
        detail += f", agreed by {new.approver}"
    await append(
        conn,
        AuditEntry(new.actor, "page", allowed=True, rule=new.rule, detail=detail, send_id=page_id),
    )
    orders = (Order(task, page_id, trace=traced) for task in (Task.PAGE, Task.PAGE_CARD))
    await jobs.defer(*orders, conn=conn)


async def acknowledge(
    conn: psycopg.AsyncConnection, jobs: Deferrer, page_id: int, hand: Hand
) -> Ended | None:
    """Note who has a page, and tell everybody paged; None if there is no such page.

    The first one wins: pending steps stop, and whoever comes later is told who has it.
    """
    head = await _head(conn, page_id)
    if head is None:
        return None
    if PageStage.ACKNOWLEDGED not in PAGE_MOVES[PageStage(head[0])]:
        return _standing(page_id, head)
    [at] = await _one(conn, _ACK, (storable(hand.name), hand.user, hand.way, page_id))
    said = f"{hand.name} has it:"
    await _end(conn, jobs, page_id, head, hand, ("acknowledged", said))
    await mark_pages(conn, jobs, [page_id])
    return Ended(page_id, True, PageStage.ACKNOWLEDGED, hand.name, hand.user, head[1], at)


async def resolve(
    conn: psycopg.AsyncConnection, jobs: Deferrer, page_id: int, hand: Hand
) -> Ended | None:
    """Close a page, and tell those paged; None if there is no such page."""
    ended = await close(conn, jobs, page_id, hand)
    if ended and ended.first:
        await mark_pages(conn, jobs, [page_id])
    return ended


async def close(
    conn: psycopg.AsyncConnection,
    jobs: Deferrer,
    page_id: int,
    hand: Hand,
    *,
    quietly: bool = False,
) -> Ended | None:
    """Close a page as `resolve` does, except for its card, which is the last of all to be locked.

    Where several are closed at once their cards are marked at the end, and all are called off
    before. `quietly`: nobody is told, as another page goes on with it.
    """
    head = await _head(conn, page_id)
    if head is None:
        return None
    if PageStage.RESOLVED not in PAGE_MOVES[PageStage(head[0])]:
        return _standing(page_id, head)
    [at] = await _one(conn, _RESOLVE, (storable(hand.name), hand.user, hand.way, page_id))
    words = ("continued", "") if quietly else ("resolved", f"Resolved by {hand.name}:")
    await _end(conn, jobs, page_id, head, hand, words)
    return Ended(page_id, True, PageStage.RESOLVED, hand.name, hand.user, head[1], at)


async def _end(
    conn: psycopg.AsyncConnection,
    jobs: Deferrer,
    page_id: int,
    head: Sequence[Any],
    hand: Hand,
    words: tuple[str, str],
) -> None:
    """Stop what is pending, and tell everybody paged what became of it, if there are words."""
    (_, code, body, *_), (what, said) = head, words
    # first: whoever a drain has claimed by then is paged, and is told
    await call_off(conn, [page_id], what)
    paged = await (await conn.execute(_PAGED, (page_id,))).fetchall()
    await note(conn, page_id, what, who=hand.name, how=hand.way)
    actor = Actor(hand.user, await _channel(conn, page_id))
    entry = AuditEntry(
        actor, what, allowed=True, rule="pages", detail=f"by {hand.way}", send_id=page_id
    )
    await append(conn, entry)
    if paged and said:
        await tell(conn, jobs, page_id, what, told_text(said, body, code), paged)


async def call_off(conn: psycopg.AsyncConnection, page_ids: Sequence[int], what: str) -> None:
    """Wake nobody by these pages any more; one order of locks, however many pages."""
    await conn.execute(_CALL_OFF, {"pages": page_ids, "why": f"{what} before it was sent"})


async def tell(
    conn: psycopg.AsyncConnection,
    jobs: Deferrer,
    page_id: int,
    key: str,
    text: str,
    people: Sequence[tuple[str, str]],
    *,
    step: int | None = None,
) -> int | None:
    """Send an SMS that belongs to a page, before all ordinary ones; None if it was sent before.

    Args:
        conn: in a transaction.
        jobs: takes the job that posts it.
        page_id: the page.
        key: what makes it the same when it is asked for once more, within the page.
        text: what it says.
        people: address and name of each.
        step: which step of the page it is; None if it only tells something.
    """
    asked = {
        "key": f"page:{page_id}:{key}",
        "text": storable(text),
        "count": len(people),
        "step": step,
        "page": page_id,
        "look": LOOK,
    }
    row = await (await conn.execute(_TELL, asked)).fetchone()
    if row is None:
        return None
    send_id, sender, traced = row
    addresses = [address for address, _ in people]
    await conn.execute(_DELIVERIES, (send_id, addresses, [storable(name) for _, name in people]))
    await leave_out(conn, send_id, sender)
    orders = (Order(Task.URGENT, send_id, 0.0, traced), Order(Task.TRACK, send_id, LOOK, traced))
    await jobs.defer(*orders, conn=conn)
    return int(send_id)


async def note(
    conn: psycopg.AsyncConnection,
    page_id: int,
    what: str,
    *,
    who: str = "",
    how: str = "",
    detail: str = "",
) -> None:
    """Write something into a page's timeline."""
    await conn.execute(_NOTE, (page_id, what, storable(who), how, storable(detail)))


async def say(
    conn: psycopg.AsyncConnection,
    jobs: Deferrer,
    page_id: int,
    kind: str,
    text: str,
    *,
    who: str = "",
) -> None:
    """Have something said in Slack about a page.

    Args:
        conn: in a transaction.
        jobs: takes the job that says it.
        page_id: the page.
        kind: ``reply`` for a person's words and ``note`` for ours, under the card; ``loud`` for
            ours, in the channel, which is mentioned.
        text: plain characters.
        who: whose words they are.
    """
    await conn.execute(_SAY, (page_id, kind, storable(who), storable(text)))
    await mark_pages(conn, jobs, [page_id])


async def _head(conn: psycopg.AsyncConnection, page_id: int) -> Sequence[Any] | None:
    return await (await conn.execute(_HEAD, (page_id,))).fetchone()


async def _channel(conn: psycopg.AsyncConnection, page_id: int) -> str:
    [channel] = await _one(conn, "SELECT channel FROM page WHERE id = %s", (page_id,))
    return str(channel)


def _standing(page_id: int, head: Sequence[Any]) -> Ended:
    """Tell who has a page already, or resolved it."""
    stage, code, _, _, *done = head
    by, user, at = done[3:] if stage == PageStage.RESOLVED else done[:3]
    return Ended(page_id, False, PageStage(stage), by, user, code, at)


async def _one(conn: psycopg.AsyncConnection, sql: Any, params: Sequence[object]) -> Sequence[Any]:  # noqa: ANN401
    row = await (await conn.execute(sql, params)).fetchone()
    if row is None:
        raise LookupError
    return row
