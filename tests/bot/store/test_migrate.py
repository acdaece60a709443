import asyncio
from typing import LiteralString

import psycopg
import pytest

from bot.store.database import open_pool
from bot.store.migrate import SchemaTooNewError, migrate


async def migrated(url: str) -> list[str]:
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as conn:
        return await migrate(conn)


async def names(url: str, sql: LiteralString) -> set[str]:
    async with await psycopg.AsyncConnection.connect(url) as conn:
        cursor = await conn.execute(sql)
        return {row[0] for row in await cursor.fetchall()}


TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"


async def test_an_empty_database_gets_everything_once(empty_database: str) -> None:
    first = await migrated(empty_database)
    assert first[-7:] == [
        "0001_ledger",
        "0002_follow",
        "0003_people",
        "0004_questions",
        "0005_pages",
        "0006_traces",
        "0007_throttled",
    ]
    ours = {"send", "delivery", "event", "card", "audit", "pace", "directory", "opt_out"}
    assert ours | {"procrastinate_jobs"} <= await names(empty_database, TABLES)
    assert await migrated(empty_database) == []


async def test_of_several_processes_that_start_at_once_one_migrates(empty_database: str) -> None:
    many = await asyncio.gather(*(migrated(empty_database) for _ in range(6)))
    assert sorted(map(bool, many)) == [False] * 5 + [True]


async def test_a_migration_that_fails_leaves_nothing_behind(empty_database: str) -> None:
    async with await psycopg.AsyncConnection.connect(empty_database, autocommit=True) as conn:
        await conn.execute("CREATE TABLE audit (mine text)")
        with pytest.raises(psycopg.errors.DuplicateTable):
            await migrate(conn)
    assert await names(empty_database, TABLES) == {"audit"}


async def test_a_database_of_a_newer_version_is_left_alone(database_url: str) -> None:
    async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as conn:
        await conn.execute("INSERT INTO migration (name) VALUES ('9999_future')")
        with pytest.raises(SchemaTooNewError, match="9999_future, made by a newer version"):
            await migrate(conn)


async def test_opening_the_pool_migrates(empty_database: str) -> None:
    pool = await open_pool(empty_database)
    await pool.close()
    assert "send" in await names(empty_database, TABLES)
