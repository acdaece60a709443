"""Connections that fall silent, and those that only take long."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import psycopg
import pytest

from bot.store.database import open_pool
from bot.store.lines import Lines
from tests.bot.cable import cabled
from tests.bot.kit import Eventually
from tests.eyes import change, look

OTHERS = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
)


@pytest.fixture
def lines() -> Lines:
    return Lines()


@asynccontextmanager
async def watched(url: str, lines: Lines) -> AsyncIterator[psycopg.AsyncConnection]:
    conn = await psycopg.AsyncConnection.connect(url, autocommit=True)
    await lines.add(conn)
    yield conn
    await conn.close()


async def test_a_connection_of_which_an_answer_is_lost_is_hung_up_at_the_second_look(
    database_url: str, lines: Lines
) -> None:
    async with cabled(database_url) as (cable, url), watched(url, lines) as conn:
        await cable.die()
        asked = asyncio.create_task(conn.execute("SELECT 1"))
        await asyncio.sleep(0)
        assert [await lines.look(url), await lines.look(url)] == [0, 1]
        with pytest.raises(psycopg.OperationalError):
            await asked


async def test_what_a_silent_connection_had_begun_is_undone_and_holds_nobody_up(
    database_url: str, lines: Lines
) -> None:
    async with cabled(database_url) as (cable, url), watched(url, lines) as conn:
        await conn.execute("BEGIN")
        await conn.execute("UPDATE pace SET ceiling = 7")
        await cable.die()
        asked = asyncio.create_task(conn.execute("COMMIT"))
        await asyncio.sleep(0)
        assert [await lines.look(url), await lines.look(url)] == [0, 1]
        assert await change(database_url, "UPDATE pace SET raised = now() RETURNING ceiling") == [
            (None,)
        ]
        await asyncio.gather(asked, return_exceptions=True)


async def test_a_pipeline_whose_end_is_lost_on_the_way_is_undone_and_hung_up(
    database_url: str, lines: Lines, eventually: Eventually
) -> None:
    waits = (
        "SELECT pid FROM pg_stat_activity WHERE wait_event = 'ClientRead' AND state = 'active'"
        " AND datname = current_database()"
    )

    async def half(conn: psycopg.AsyncConnection, dead: asyncio.Event) -> None:
        async with conn.pipeline():
            await conn.execute("UPDATE pace SET ceiling = 7")
            await dead.wait()

    async with cabled(database_url) as (cable, url), watched(url, lines) as conn:
        dead = asyncio.Event()
        asked = asyncio.create_task(half(conn, dead))
        await eventually(lambda: look(database_url, waits))
        await cable.die()
        dead.set()
        await asyncio.sleep(0)
        assert [await lines.look(url), await lines.look(url)] == [0, 1]
        assert await change(database_url, "UPDATE pace SET raised = now() RETURNING ceiling") == [
            (None,)
        ]
        with pytest.raises(psycopg.OperationalError):
            await asked


async def test_a_connection_that_the_server_has_forgotten_is_hung_up(
    database_url: str, lines: Lines
) -> None:
    async with cabled(database_url) as (cable, url), watched(url, lines) as conn:
        await cable.die()
        look(database_url, OTHERS)
        asked = asyncio.create_task(conn.execute("SELECT 1"))
        await asyncio.sleep(0)
        assert [await lines.look(url), await lines.look(url)] == [0, 1]
        with pytest.raises(psycopg.OperationalError):
            await asked


async def test_a_statement_that_waits_for_a_lock_is_left_alone(
    database_url: str, lines: Lines
) -> None:
    async with (
        await psycopg.AsyncConnection.connect(database_url) as other,
        watched(database_url, lines) as conn,
    ):
        await other.execute("LOCK TABLE pace")
        asked = asyncio.create_task(conn.execute("UPDATE pace SET ceiling = 7"))
        await asyncio.sleep(0)
        assert [await lines.look(database_url) for _ in range(4)] == [0, 0, 0, 0]
        await other.rollback()
        await asked


async def test_a_connection_that_is_asked_again_and_again_is_left_alone(
    database_url: str, lines: Lines
) -> None:
    async with watched(database_url, lines) as conn:

        async def ask() -> None:
            while True:
                await conn.execute("SELECT 1")

        asking = asyncio.create_task(ask())
        assert not any([await lines.look(database_url) for _ in range(20)])
        assert not asking.done()
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)


async def test_a_connection_of_which_nothing_is_asked_is_left_alone(
    database_url: str, lines: Lines
) -> None:
    async with cabled(database_url) as (cable, url), watched(url, lines) as conn:
        await conn.execute("BEGIN")
        await cable.die()
        assert [await lines.look(url) for _ in range(3)] == [0, 0, 0]
        assert not conn.closed


async def test_a_pool_whose_connections_have_all_fallen_silent_serves_again(
    database_url: str, lines: Lines
) -> None:
    async with cabled(database_url) as (cable, url):
        pool = await open_pool(url, lines)
        looking = asyncio.create_task(lines.run(url, pool))
        async with pool.connection(), pool.connection(), pool.connection():
            pass  # three of them rest in it
        await cable.die()
        async with pool.connection() as conn:
            cursor = await conn.execute("SELECT 1")
            assert await cursor.fetchone() == (1,)
        looking.cancel()
        await asyncio.gather(looking, return_exceptions=True)
        await pool.close()
