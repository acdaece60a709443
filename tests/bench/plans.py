"""Show how the hot queries are planned, and what they take, with 1,000,000 deliveries.

    python -m tests.bench.plans

Fills a PostgreSQL of its own in a temporary folder, then prints a Markdown table: each query, what
its plan reads, and the median of `ROUNDS` runs. A query that only reads is timed as its caller
waits for it; one that writes by `EXPLAIN ANALYZE`, in a transaction that is rolled back.
"""

import asyncio
import statistics
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import psycopg

from bot.store import embedded
from bot.store.migrate import migrate
from tests.bot.store.hot import Hot
from tests.bot.store.queries import fill, hot

SENDS, EACH, OPEN = 20_000, 50, 200
BATCH = 500
"""Callbacks written together at the most (`bot.inbox.AT_ONCE`)."""

ROUNDS = 20


def reads(plan: Mapping[str, Any]) -> Iterator[str]:
    """Give what a plan takes rows from: indexes, and tables where it reads them whole."""
    kind = plan["Node Type"]
    if "Index Name" in plan:
        yield plan["Index Name"]
    elif kind == "Seq Scan":
        yield f"**all of {plan['Relation Name']}**"
    for part in plan.get("Plans", ()):
        yield from reads(part)


async def explained(conn: psycopg.AsyncConnection, query: Hot, options: str) -> Mapping[str, Any]:
    """Explain a query in a transaction of its own, which is rolled back."""
    async with conn.transaction(force_rollback=True):
        cursor = await conn.execute(f"EXPLAIN ({options}) {query.sql}", query.params)
        [(plans,)] = await cursor.fetchall()
    found: Mapping[str, Any] = plans[0]
    return found


async def once(conn: psycopg.AsyncConnection, query: Hot) -> float:
    """Run a query and give its milliseconds."""
    if query.writes:
        found = await explained(conn, query, "ANALYZE, TIMING OFF, FORMAT JSON")
        return float(found["Planning Time"]) + float(found["Execution Time"])
    start = time.perf_counter()
    await (await conn.execute(query.sql, query.params)).fetchall()
    return (time.perf_counter() - start) * 1000


async def measured(conn: psycopg.AsyncConnection, query: Hot) -> str:
    """Give a query's line of the table."""
    plan = (await explained(conn, query, "FORMAT JSON"))["Plan"]
    times = [await once(conn, query) for _ in range(ROUNDS)]
    sources = ", ".join(dict.fromkeys(reads(plan))) or "–"
    return f"| {query.name} | {sources} | {statistics.median(times):.2f} |"


async def main(url: str) -> None:
    """Fill, measure and print."""
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as conn:
        await migrate(conn)
        start = time.perf_counter()
        await fill(conn, SENDS, EACH, OPEN)
        took = time.perf_counter() - start
        cursor = await conn.execute(
            "SELECT count(*), (SELECT count(*) FROM event), pg_database_size(current_database())"
            " FROM delivery"
        )
        [(deliveries, events, size)] = await cursor.fetchall()
        print(
            f"{SENDS:,} sends, {deliveries:,} deliveries, {events:,} events,"
            f" {OPEN} sends open; {size >> 20:,} MiB, filled in {took:.0f} s\n"
        )
        print(f"| query | reads by | ms (median of {ROUNDS}) |\n|---|---|---:|")
        for query in await hot(conn, BATCH):
            print(await measured(conn, query), flush=True)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="sms-bench-", ignore_cleanup_errors=True) as name:
        server = embedded.start(Path(name))
        asyncio.run(main(server.url))
        server.stop()
