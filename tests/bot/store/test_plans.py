"""No query of a hot path reads a whole table, whether planned for its values or for any."""

from collections.abc import Iterator, Mapping
from typing import Any

import psycopg

from bot.store import audit, cards
from tests.bot.store.queries import fill, hot

WATCHED = frozenset(
    {"send", "delivery", "event", "card", "opt_out", "audit", "home"}
    | {"page", "page_event", "page_card", "page_post", "alert"}
)


def scanned(plan: Mapping[str, Any]) -> Iterator[str]:
    """Give the tables that a plan reads from end to end."""
    if plan["Node Type"] == "Seq Scan":
        yield plan["Relation Name"]
    for part in plan.get("Plans", ()):
        yield from scanned(part)


def nodes(plan: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Give every step of a plan."""
    yield plan
    for part in plan.get("Plans", ()):
        yield from nodes(part)


async def test_no_hot_query_reads_a_whole_table(database_url: str) -> None:
    async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as conn:
        await fill(conn, sends=6_000, each=10, still_open=250)
        found = {}
        for query in await hot(conn, batch=200):
            ways = (
                (f"EXPLAIN (FORMAT JSON) {query.sql}", query.params),
                (f"EXPLAIN (FORMAT JSON, GENERIC_PLAN) {query.numbered}", None),
            )
            for sql, params in ways:
                cursor = await conn.execute(sql, params)
                [(plans,)] = await cursor.fetchall()
                if read := WATCHED & set(scanned(plans[0]["Plan"])):
                    found[query.name, params is None] = read
        assert found == {}


async def test_the_last_sends_of_a_channel_are_read_without_its_older_ones_or_others(
    database_url: str,
) -> None:
    async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as conn:
        await fill(conn, sends=6_000, each=1, still_open=0)
        cursor = await conn.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {cards._LAST}", ("C1", 10))
        [(plans,)] = await cursor.fetchall()
        [read] = [n for n in nodes(plans[0]["Plan"]) if n.get("Relation Name") == "send"]
        passed = read.get("Rows Removed by Filter", 0)
        assert 10 <= read["Actual Rows"] + passed < 20  # of the 60 that the channel has


async def test_the_last_sends_of_a_person_are_read_without_their_older_ones_or_others(
    database_url: str,
) -> None:
    async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as conn:
        await fill(conn, sends=20_000, each=1, still_open=0)
        cursor = await conn.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {cards._LAST_OF}", ("U1", 5))
        [(plans,)] = await cursor.fetchall()
        [read] = [n for n in nodes(plans[0]["Plan"]) if n.get("Relation Name") == "send"]
        passed = read.get("Rows Removed by Filter", 0)
        assert 5 <= read["Actual Rows"] + passed < 10  # of the 40 that they have


async def test_the_last_refusals_are_read_without_what_was_allowed(database_url: str) -> None:
    async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as conn:
        await fill(conn, sends=10, each=1, still_open=0)
        cursor = await conn.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {audit._REFUSALS}", (10,))
        [(plans,)] = await cursor.fetchall()
        [read] = [n for n in nodes(plans[0]["Plan"]) if n.get("Relation Name") == "audit"]
        assert read["Actual Rows"] + read.get("Rows Removed by Filter", 0) == 10
