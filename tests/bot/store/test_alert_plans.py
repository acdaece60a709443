"""An alert is looked up without reading the pages that have ended."""

from bot.store import alerts
from tests.bot.store.kit import Store

PAGES = """
INSERT INTO page (request_key, stage, team, channel, actor, source, sender, body, intent, code,
    steps, rounds, rule, due, created, resolved_at)
SELECT 'alert:' || n, CASE WHEN over THEN 'resolved' ELSE 'open' END, 'T1', 'C1', '',
    'alert:prom', '+15005550006', 'Water in the lab', '', n, '[{}]', 1, '', NULL, moment,
    CASE WHEN over THEN moment END
FROM generate_series(1, 5000) AS n,
    LATERAL (SELECT n < 4995 AS over, now() - interval '90 days' * (1 - n / 5000.0) AS moment) AS m
"""
ALERTS = """
INSERT INTO alert (page_id, route, key)
SELECT id, 'prom', md5(id::text) || '/' || n FROM page, generate_series(1, 5) AS n
"""


async def test_an_alert_is_looked_up_without_the_pages_that_have_ended(store: Store) -> None:
    await store.change(PAGES)
    await store.change(ALERTS)
    await store.change("ANALYZE page, alert")
    told = await store.rows(f"EXPLAIN {alerts._PAGES}", "alert:prom", alerts.QUIET, "0123/")
    told = [*told, *await store.rows(f"EXPLAIN {alerts._STORM}", "alert:prom")]
    plan = "\n".join(line for (line,) in told)
    assert plan.count("page_source_resolved") == 3
    assert "Seq Scan" not in plan
