"""What is asked every few seconds, and for every reply, reads no whole table."""

from typing import Any, LiteralString

from bot.store import looks, replies
from tests.bot.store.kit import Store

PAGES = """
INSERT INTO page (request_key, stage, team, channel, actor, source, sender, body, intent, code,
    steps, rounds, rule, due, created, acked_at)
SELECT 'cmd:' || n, CASE WHEN over THEN 'acknowledged' ELSE 'open' END, 'T1', 'C1', '', 'slack',
    '+15005550006', 'Water in the lab', '', n, '[{}]', 1, '', CASE WHEN NOT over THEN now() END,
    moment, CASE WHEN over THEN moment END
FROM generate_series(1, 5000) AS n,
    LATERAL (SELECT n < 4995 AS over, now() - interval '90 days' * (1 - n / 5000.0) AS moment) AS m
"""
SENDS = """
INSERT INTO send (request_key, kind, team, channel, actor, sender, body, recipients, created,
    page_id, page_step)
SELECT 'page:' || id || step, 'page', team, channel, '', sender, body, 5, created, id, step
FROM page, generate_series(0, 1) AS step ORDER BY created
"""
PLAIN = """
INSERT INTO send (request_key, kind, team, channel, actor, sender, body, recipients, created)
SELECT 'cmd:' || n, 'send', 'T1', 'C1', '', '+15005550006', '', 5,
    now() - interval '90 days' * (1 - n / 40000.0)
FROM generate_series(1, 40000) AS n
"""
DELIVERIES = """
INSERT INTO delivery (send_id, position, address)
SELECT id, n, '+1617555000' || n FROM send, generate_series(1, 5) AS n WHERE page_id IS NOT NULL
"""
EVENTS = """
INSERT INTO event (delivery_id, state, source)
SELECT id, step, 'drain' FROM delivery, unnest(ARRAY['sending', 'accepted']) AS step
"""
REPLIES = """
INSERT INTO reply (sid, at, outcome)
SELECT 'SM' || n, now(), 'unknown' FROM generate_series(1, 5000) AS n
"""


async def test_no_query_about_replies_reads_a_whole_table(store: Store) -> None:
    for sql in (PAGES, SENDS, PLAIN, DELIVERIES, EVENTS, REPLIES, "ANALYZE"):
        await store.change(sql)
    turn = {"paging": 5.0, "later": 60.0, "seldom": 300.0, "begun": True, "called": False}
    asked: list[tuple[LiteralString, Any]] = [
        (replies._CONCERNED, ("+16175550001",)),
        (replies._NEW, (["SM1", "SM9999"],)),
        (replies._TOLD, {"page": 1, "address": "+16175550001", "at": "2026-01-01"}),
        (looks._TURN, turn),
        (looks._TURN, {**turn, "called": True}),
        (looks._SENDERS, turn),
        (looks._PAGED, ("+15005550006", 21)),
    ]
    async with store.pool.connection() as conn:
        found = [await (await conn.execute(f"EXPLAIN {sql}", ask)).fetchall() for sql, ask in asked]
    lines = [line for plan in found for (line,) in plan if "Seq Scan" in line]
    assert [line for line in lines if "inbound_look" not in line] == []  # it has one row
