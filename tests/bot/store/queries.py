"""The queries of the hot paths, and a ledger large enough for their plans to mean something."""

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, LiteralString

import psycopg
from psycopg.types.json import Jsonb

from bot.store import (
    answers,
    audit,
    book,
    cards,
    claims,
    codes,
    doubts,
    homes,
    intents,
    journeys,
    ledger,
    levels,
    marks,
    optouts,
    orphans,
    outbox,
    pagecards,
    pages,
    pagesteps,
    pageviews,
    purge,
    retries,
    statuses,
)
from tests.bot.store.hot import Hot

WORKER = 3
"""A worker that is alive, and holds what is `sending`."""

# Sends that came to their end over the last 90 days; the last ones of them are still open. Without
# the checks of foreign keys, which would take longer than all the rest.
FILL = """
SET LOCAL session_replication_role = replica;

INSERT INTO procrastinate_workers SELECT FROM generate_series(1, 3);

INSERT INTO send (request_key, kind, team, channel, actor, sender, body, recipients, created,
    settled, retry_of, look_at, intent)
SELECT 'cmd:' || n, CASE WHEN n %% 10 = 0 THEN 'page' ELSE 'send' END, 'T1', 'C' || n %% 100,
    'U' || n %% 500, '+15005550006', 'Water in the lab', %(each)s, moment, moment + interval '9 s',
    CASE WHEN n %% 50 = 0 THEN n - 1 END, NULL, md5((n / 5)::text)
FROM generate_series(1, %(sends)s) AS n,
    LATERAL (SELECT now() - interval '90 days' * (1 - n / %(sends)s::float8) AS moment);

UPDATE send SET settled = NULL, look_at = now() + interval '1 minute'
WHERE id > %(sends)s - %(open)s;

INSERT INTO delivery (send_id, position, address, name, state, attempt, owner, sid, code,
    attempted, next_check, doubted, error_code, reason)
SELECT s.id, p, '+1617' || lpad((s.id * 37 %% 1000000 + p)::text, 7, '0'), 'person ' || p, state, 1,
    %(owner)s, CASE WHEN state IN ('accepted', 'delivered') THEN 'SM' || md5(s.id || ':' || p) END,
    '200', s.created, CASE WHEN state = 'in_doubt' THEN now() END,
    CASE WHEN state = 'in_doubt' THEN now() END, CASE WHEN state = 'failed' THEN 30003 END, ''
FROM send s, generate_series(1, %(each)s) AS p, LATERAL (SELECT CASE
    WHEN s.settled IS NOT NULL THEN CASE WHEN p = 7 THEN 'failed' ELSE 'delivered' END
    ELSE (ARRAY['queued', 'sending', 'in_doubt', 'accepted', 'failed'])[p %% 5 + 1]
END AS state) AS chosen ORDER BY s.id, p;

INSERT INTO event (delivery_id, at, state, source)
SELECT d.id, d.attempted, e.state, e.source FROM delivery d, (VALUES
    ('sending', 'drain'), ('accepted', 'answer'), ('delivered', 'callback')) AS e(state, source);

INSERT INTO card (send_id, place, ts, shown, stale)
SELECT id, 'channel', created::text, 'digest', settled IS NULL FROM send;

INSERT INTO opt_out (sender, address, learned, at)
SELECT '+1500555' || lpad((n %% 5000)::text, 4, '0'), '+1617' || lpad(n::text, 7, '0'),
    (ARRAY['21610', 'STOP', 'START'])[n %% 3 + 1], now() FROM generate_series(1, 20000) AS n;

INSERT INTO audit (team, channel, actor, action, allowed, rule)
SELECT 'T1', 'C' || n %% 100, 'U' || n %% 500, 'send', n %% 20 > 0, 'a rule'
FROM generate_series(1, 20000) AS n;

INSERT INTO home (user_id, opened)
SELECT 'U' || n, now() - interval '1 minute' * n FROM generate_series(1, 20000) AS n;

INSERT INTO page (id, request_key, stage, team, channel, actor, source, sender, body, intent, code,
    steps, rounds, fired, due, rule, created, acked_at, resolved_at)
SELECT 1000000 + n, 'cmd:' || n, CASE WHEN waits THEN 'open' ELSE 'resolved' END, 'T1',
    'C' || n %% 100, 'U' || n %% 500, 'slack', '+15005550006', 'Water in the lab',
    md5((n / 5)::text), n::text, '[{"to": ["oncall"], "wait": 300}]', 3, 1,
    CASE WHEN waits THEN now() + interval '1 minute' END, 'a rule',
    now() - interval '90 days' * (1 - n / 20000.0), now(), CASE WHEN NOT waits THEN now() END
FROM generate_series(1, 20000) AS n, LATERAL (SELECT n > 19980 AS waits) AS chosen;

INSERT INTO page_event (page_id, what) SELECT id, what
FROM page, unnest('{asked,step,acknowledged,resolved}'::text[]) AS what;

INSERT INTO page_card (page_id, place, ts, stale) SELECT id, 'channel', id::text, due IS NOT NULL
FROM page;

INSERT INTO page_post (page_id, kind, text, ts) SELECT id, 'note', '', '1' FROM page;

INSERT INTO alert (page_id, route, key) SELECT id, 'prod', id::text FROM page;

UPDATE send SET page_id = 1020000 - %(sends)s + id, page_step = 0 WHERE kind = 'page';
"""


async def fill(conn: psycopg.AsyncConnection, sends: int, each: int, still_open: int) -> None:
    """Fill an empty ledger, and let the planner know.

    Args:
        conn: in autocommit mode.
        sends: how many.
        each: recipients of each.
        still_open: how many of the sends are not settled.
    """
    told = {"sends": sends, "each": each, "open": still_open, "owner": WORKER}
    async with conn.transaction():
        await psycopg.AsyncClientCursor(conn).execute(FILL, told)
    await conn.execute(
        "VACUUM (ANALYZE) send, delivery, event, card, opt_out, audit, home, page, page_event,"
        " page_card, page_post, alert, procrastinate_workers"
    )


async def hot(conn: psycopg.AsyncConnection, batch: int) -> Sequence[Hot]:
    """Give every hot query, each about an open send or the recipients of several.

    Args:
        conn: to a filled ledger.
        batch: callbacks that are written together.
    """

    async def ask(sql: LiteralString) -> list[Any]:
        return [row[0] for row in await (await conn.execute(sql)).fetchall()]

    [send] = await ask("SELECT max(id) FROM send")
    [old] = await ask("SELECT min(id) FROM send")
    sending = await ask("SELECT id FROM delivery WHERE state = 'sending' ORDER BY id LIMIT 50")
    doubtful = await ask(
        "SELECT id FROM delivery WHERE state = 'in_doubt' ORDER BY id DESC LIMIT 100"
    )
    followed = await ask("SELECT id FROM delivery WHERE state = 'accepted' ORDER BY id")
    sids = await ask("SELECT sid FROM delivery WHERE sid IS NOT NULL LIMIT 100")
    cards_of = await ask("SELECT id FROM send WHERE settled IS NULL ORDER BY id")
    return [
        *_drain(send, sending),
        *_follow(send, followed[:batch], sids, doubtful),
        *_shown(send, cards_of),
        Hot("levels: recipients of a day", levels._DELIVERIES, ()),
        Hot("levels: in doubt", levels._DOUBTS, ()),
        Hot("levels: pages", levels._PAGES, (3.5,)),
        *_asked(send),
        *_opted_out(send, sending),
        *_paged((await ask("SELECT max(id) FROM page"))[0], cards_of),
        Hot("orphans: all that is to be done", orphans._NEEDED, {"late": 5.0}),
        Hot("orphans: what waits too long", orphans._HASTEN, {"late": 5.0, "back_off": 65.0}),
        *_old(old, (await ask("SELECT min(id) FROM delivery"))[0]),
    ]


def _drain(send: int, sending: Sequence[int]) -> Sequence[Hot]:
    many = len(sending)
    told = (
        *(list(sending), [1] * many, ["accepted"] * many, [f"SM{n:032}" for n in sending]),
        *(
            ["200"] * many,
            [None] * many,
            [""] * many,
            ["RQ1"] * many,
            [None] * many,
            [False] * many,
        ),
        WORKER,
    )
    owned = {"send": send, "owners": [1, 2, WORKER], "ids": list(sending), "attempts": [1] * many}
    claim = {"send": send, "owner": WORKER, "want": 25, "dead": 3.5}
    stopped = {"send": send, "code": "401", "error": 20003, "reason": "no"}
    abandoned = {"send": send, "dead": 3.5, "reason": "stopped"}
    return [
        Hot("directory: its edition", book._EDITION, ()),
        Hot("directory: a change", book._MADE, (1,)),
        Hot("drain: claim 25", claims._CLAIM, claim, writes=True),
        Hot(f"drain: record {many} answers", answers._RECORD, told, writes=True),
        Hot("drain: begin, claims that never arrived", outbox._STRAY, owned, writes=True),
        Hot("drain: begin, what the dead left", outbox._ABANDONED, abandoned, writes=True),
        Hot("drain: begin, the letter", claims.LETTER, (send,)),
        Hot("drain: halt", outbox._HALT, stopped, writes=True),
        Hot("drain: end, call off", outbox._CALL_OFF, {"send": send}, writes=True),
        Hot("drain: end, settle", outbox._SETTLE, {"send": send}, writes=True),
        Hot("drain: end, what is left", outbox._LEFT, {"send": send}),
    ]


def _follow(
    send: int, followed: Sequence[int], sids: Sequence[str], doubtful: Sequence[int]
) -> Sequence[Hot]:
    many, ids = len(followed), list(followed)
    news = (
        *(ids, ["delivered"] * many, [f"SM{n:032}" for n in ids], ["200"] * many),
        *([None] * many, [""] * many),
    )
    events = (ids, ["delivered"] * many, ["callback"] * many)
    pauses = (list(doubtful), [1.0] * len(doubtful))
    again = {"send": send, "attempt": 2**31 - 1, "ids": list(doubtful), "source": "resend"}
    again |= {"sender": "+15005550006", "maybe": "", "stop": "by STOP", "refused": "by 21610"}
    again |= {"tried": "; not listed", "later": "; a later step"}
    return [
        Hot("callback: one row", statuses._ROWS, (ids[:1],), writes=True),
        Hot(f"callbacks: {many} rows", statuses._ROWS, (ids,), writes=True),
        Hot(f"callbacks: write {many}", statuses._WRITE, news, writes=True),
        Hot(f"callbacks: {many} events", statuses._EVENTS, events, writes=True),
        Hot("doubts: due", doubts._DUE, (send, doubts.AT_ONCE)),
        Hot("doubts: next", doubts._NEXT, (send,)),
        Hot("doubts: SIDs known", doubts._KNOWN, (list(sids),)),
        Hot("doubts: later", doubts._LATER, pauses, writes=True),
        Hot("doubts: give up", doubts._GIVE_UP, (list(doubtful), "; not listed"), writes=True),
        Hot("doubts: send again", doubts._REQUEUE, again, writes=True),
        Hot("journeys: the send", journeys._HEAD, (send,)),
        Hot("journeys: on their way", journeys._OPEN, (send, 14_400.0)),
        Hot("journeys: next look", journeys._LOOK_AT, (60.0, send), writes=True),
    ]


def _shown(send: int, several: Sequence[int]) -> Sequence[Hot]:
    return [
        Hot("card: the send", cards._HEAD, (send,)),
        Hot("card: counts", cards._TALLY, (send,)),
        Hot("card: the first", cards._FIRST, (send, cards.LISTED)),
        Hot("card: those who failed", cards._FAILED, (send, cards.LISTED_FAILED)),
        Hot("card: more who failed", cards._FAILED_NUMBERS, (send, 0, cards.LISTED_FAILED)),
        Hot("card: those in doubt", cards._UNKNOWN, (send, cards.LISTED_FAILED)),
        Hot("card: its retries", cards._RETRIES, (send,)),
        Hot("card: mark, lock", marks._LOCK, (list(several),), writes=True),
        Hot("card: mark", marks._MARK, (list(several),), writes=True),
    ]


def _asked(send: int) -> Sequence[Hot]:
    already = {
        "intent": hashlib.md5(b"7", usedforsecurity=False).hexdigest(),
        "guard": timedelta(minutes=10),
        "key": "cmd:7",
        "told": [1, 2],
        "addresses": [f"+1617{n:07}" for n in range(300)],
    }
    return [
        Hot("status: the last sends", cards._LAST, ("C1", 10)),
        Hot("home: the last sends", cards._LAST_OF, ("U1", 5)),
        Hot("home: the last refusals", audit._REFUSALS, (10,)),
        Hot("home: a turn", homes._HELD, (homes.APART, "U1"), writes=True),
        Hot("command: daily limit", ledger._USED, ("C1", send)),
        Hot("command: who has the same text", intents._ALREADY, already),
        Hot("retry: the send", ledger._HEAD, (send,)),
        Hot("retry: who failed", retries.FAILED, {"send": send}),
        Hot("retry: who has opted out", retries.LEFT_OUT, {"send": send}),
        Hot("again: those in doubt", ledger._DOUBTFUL, {"send": send, "attempt": 1}),
    ]


def _paged(page: int, sends: Sequence[int]) -> Sequence[Hot]:
    told = {"key": "page:1:told", "text": "", "count": 1, "step": None, "page": page, "look": 3.0}
    later = {"page": page, "step": 1, "addresses": ["+16170000006"]}
    same = {
        "intent": hashlib.md5(b"7", usedforsecurity=False).hexdigest(),
        "key": "cmd:7",
        "steps": Jsonb([{"to": ["oncall"], "wait": 300}]),
        "escalation": "",
        "aware": [1, 2],
        "told": [1, 2],
        "guard": timedelta(minutes=10),
    }
    return [
        Hot("page: a code that is free", codes._CODE, ()),
        Hot("page: who is paged with the same text", intents._ALREADY_PAGE, same),
        Hot("page: as it stands", pagesteps._STANDING, (page,)),
        Hot("page: the steps that fired", pagesteps._FIRED, (page,)),
        Hot("page: fire", pagesteps._FIRE, (300.0, False, page, 1), writes=True),
        Hot("page: whom a step has paged", pagesteps._STEP, (page, 0)),
        Hot("page: nobody looked up", pagesteps._UNANSWERED, (page, 1), writes=True),
        Hot("page: complete a step", pagesteps._COMPLETE, (False, page, 1), writes=True),
        Hot("page: a later step instead", pagesteps._SUPERSEDE, later, writes=True),
        Hot("page: who may have got it", pages._PAGED, (page,)),
        Hot("page: call off", pages._CALL_OFF, {"pages": [page], "why": "over"}, writes=True),
        Hot("page: tell", pages._TELL, told, writes=True),
        Hot("page: to be answered", pageviews._ONE, (page,)),
        Hot("page: those of a channel", pageviews._LATELY, {"channel": "C1", "count": 20}),
        Hot("page: those that wait for somebody", pageviews._PAGED, (["+16170000006"],)),
        Hot("page: its head", pageviews._HEAD, (page,)),
        Hot("page: its people", pageviews._PEOPLE, (page,)),
        Hot("page: what happened to it", pageviews._EVENTS, (page,)),
        Hot("page: what happened to its messages", pageviews._MESSAGES, (page,)),
        Hot("page: its card", pagecards._CARD, (page,)),
        Hot("page: what is to be said", pagecards._WAITING, (page,)),
        Hot("page: whose messages changed", marks._PAGES, (list(sends),)),
        Hot("page: mark, lock", marks._LOCK_PAGES, ([page, page - 1],), writes=True),
        Hot("page: mark", marks._MARK_PAGES, ([page, page - 1],), writes=True),
    ]


def _opted_out(send: int, refused: Sequence[int]) -> Sequence[Hot]:
    sender, many = "+15005550006", len(refused)
    told = {"send": send, "sender": sender, "stop": "by STOP", "refused": "by 21610"}
    said = {
        "address": "+16170000006",
        "senders": [sender, "MG" + "0" * 32],
        "word": "START",
        "at": datetime.now(UTC),
        "everywhere": True,
    }
    return [
        Hot("command: who has opted out", optouts._LEAVE_OUT, told, writes=True),
        Hot("recipients: who has opted out", optouts.OPTED_OUT, (sender,)),
        Hot("preview: who has opted out", optouts.OPTED_OUT_AMONG, (sender, ["+16170000006"])),
        Hot(f"drain: {many} refused for it", optouts._REFUSED, (list(refused),), writes=True),
        Hot("reply: STOP or START", optouts._SAID, said, writes=True),
    ]


def _old(send: int, delivery: int) -> Sequence[Hot]:
    """What removes a send: the two queries, and those that its foreign keys ask by themselves."""
    unlink: LiteralString = "UPDATE send SET retry_of = NULL WHERE retry_of = %s"
    ended = {"keep": 7_776_000.0, "fires": 7_776_000.0, "batch": purge.BATCH}
    return [
        Hot("purge: what is old", purge._OLD, (7_776_000.0, 7_776_000.0)),
        Hot("purge: pages", purge._PAGES, ended, writes=True),
        Hot(
            "purge: a page's sends",
            "UPDATE send SET page_id = NULL WHERE page_id = %s",
            (1,),
            writes=True,
        ),
        Hot("purge: homes", purge._HOMES, (purge.BATCH,), writes=True),
        Hot("purge: a batch of deliveries", purge._DELIVERIES, (send, purge.BATCH), writes=True),
        Hot("purge: events", "DELETE FROM event WHERE delivery_id = %s", (delivery,), writes=True),
        Hot("purge: the card", "DELETE FROM card WHERE send_id = %s", (send,), writes=True),
        Hot("purge: what repeats it", unlink, (send,), writes=True),
    ]
