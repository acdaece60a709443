"""An alert is looked up without reading the pages that have ended, or all that a storm counts."""

from datetime import timedelta

from bot.store import alertrows
from tests.bot.store.kit import Store

PAGES = """
INSERT INTO page (request_key, stage, team, channel, actor, source, sender, body, intent, code,
    steps, rounds, rule, due, created, resolved_at, storm)
SELECT 'alert:' || n, CASE WHEN over THEN 'resolved' ELSE 'open' END, 'T1', 'C1', '',
    'alert:prom', '+15005550006', 'Water in the lab', '', n, '[{}]', 1, '', NULL, moment,
    CASE WHEN over THEN moment END, n = 5000
FROM generate_series(1, 5000) AS n,
    LATERAL (SELECT n < 4995 AS over, now() - interval '90 days' * (1 - n / 5000.0) AS moment) AS m
"""
ALERTS = """
INSERT INTO alert (page_id, route, key, firing, since)
SELECT page.id, 'prom', md5(n::text) || '/' || n, n < 5,
    now() - interval '1 day' * (1 - n::float / count)
FROM page, LATERAL (SELECT CASE WHEN storm THEN 30000 ELSE 5 END AS count) AS c,
    generate_series(1, count) AS n
"""
HOUR = timedelta(hours=1)
ASKED = {
    "source": "alert:prom",
    "quiet": HOUR,
    "window": timedelta(minutes=5),
    "pause": HOUR,
    "group": "c4ca4238a0b923820dcc509a6f75849b/",
    "end": "c4ca4238a0b923820dcc509a6f75849b0",
    "pages": [4999, 5000],
    "page": 5000,
    "keys": ["c4ca4238a0b923820dcc509a6f75849b/1"],
    "over": ["c4ca4238a0b923820dcc509a6f75849b/2"],
    "whole": True,
    "teller": "",
    "most": 5,
}


async def test_an_alert_is_looked_up_without_the_pages_that_have_ended(store: Store) -> None:
    await store.change(PAGES)
    await store.change(ALERTS)
    await store.change("ANALYZE")
    async with store.pool.connection() as conn:
        rows = await (await conn.execute(f"EXPLAIN {alertrows._LOCK}", ASKED)).fetchall()
    plan = "\n".join(line for (line,) in rows)
    assert plan.count("page_source_resolved") == 2
    assert "Seq Scan" not in plan


async def test_what_a_message_costs_does_not_grow_with_its_storm(store: Store) -> None:
    await store.change(PAGES)
    await store.change(ALERTS)
    await store.change("ANALYZE")
    read = 0
    async with store.pool.connection() as conn:
        for sql, asked in (
            (alertrows._LOCK, ASKED),
            (alertrows._FIRES, ASKED),
            (alertrows._OVER, ASKED),
            (alertrows._ENDED, ([4999, 5000],)),
            (alertrows._RATE, ASKED),
            (alertrows._COUNT, (5000,)),
            (alertrows._LABELS, (5000, 20)),
        ):
            explain = f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {sql}"
            [(plan,)] = await (await conn.execute(explain, asked)).fetchall()
            root = plan[0]["Plan"]
            read += root["Shared Hit Blocks"] + root["Shared Read Blocks"]
    assert read < 150  # of 500 that the alerts of the storm have
