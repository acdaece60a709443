"""A database of the version before, with data in it, brought to this one."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any, LiteralString

import psycopg
import pytest
from psycopg.rows import namedtuple_row

from bot.store.migrate import begin, migrate
from tests.bot.store.filled import FIRST, FOURTH, add, ask, make


@pytest.fixture
async def database(empty_database: str) -> AsyncIterator[psycopg.AsyncConnection[Any]]:
    """A connection to an empty database."""
    async with await psycopg.AsyncConnection.connect(
        empty_database, autocommit=True, row_factory=namedtuple_row
    ) as conn:
        yield conn


@pytest.fixture
async def before(database: psycopg.AsyncConnection[Any]) -> psycopg.AsyncConnection[Any]:
    """A database that the first version made and filled."""
    await make(database, "0001")
    await database.execute(FIRST)
    return database


@pytest.fixture
async def previous(before: psycopg.AsyncConnection[Any]) -> psycopg.AsyncConnection[Any]:
    """A database that every version up to the one before this has had, and filled."""
    await add(before, "0002", "0003", "0004")
    await before.execute(FOURTH)
    return before


LATER = [
    "0002_follow",
    "0003_people",
    "0004_questions",
    "0005_pages",
    "0006_traces",
    "0007_throttled",
]

KEPT: tuple[LiteralString, ...] = (
    "SELECT id, request_key, body, recipients, created, settled FROM send ORDER BY id",
    "SELECT id, address, state, attempt, owner, sid, code, next_check FROM delivery ORDER BY id",
    "SELECT * FROM event ORDER BY id",
    "SELECT send_id, place, ts, answer_url, answer_until, shown FROM card ORDER BY send_id",
    "SELECT * FROM audit",
)


async def test_everything_that_was_there_is_kept(before: psycopg.AsyncConnection[Any]) -> None:
    old = [await ask(before, sql) for sql in KEPT]
    assert [len(rows) for rows in old] == [2, 11, 11, 2, 1]
    assert await migrate(before) == LATER
    assert [await ask(before, sql) for sql in KEPT] == old


async def test_each_send_of_before_gets_a_token_of_its_own(
    before: psycopg.AsyncConnection[Any],
) -> None:
    await migrate(before)
    (one,), (two,) = await ask(before, "SELECT token FROM send")
    assert len(one) == len(two) == 32
    assert one != two


async def test_messages_of_before_are_not_followed(before: psycopg.AsyncConnection[Any]) -> None:
    await migrate(before)
    assert await ask(before, "SELECT DISTINCT look_at, left_by FROM send") == [(None, "")]
    assert await ask(before, "SELECT DISTINCT attempted, resent FROM delivery") == [(None, False)]


async def test_doubts_of_before_are_the_senders_to_decide(
    before: psycopg.AsyncConnection[Any],
) -> None:
    await migrate(before)
    assert await ask(
        before, "SELECT doubted, next_check FROM delivery WHERE state = 'in_doubt'"
    ) == [(None, None)]


async def test_who_was_told_of_failures_before_is_not_told_of_them_again(
    before: psycopg.AsyncConnection[Any],
) -> None:
    await migrate(before)
    found = await ask(
        before, "SELECT told_of, notices, told_at <= now(), stale FROM card ORDER BY send_id"
    )
    assert found == [(10, 1, True, False), (0, 0, None, False)]


async def test_the_common_pace_begins_without_a_limit(
    before: psycopg.AsyncConnection[Any],
) -> None:
    await migrate(before)
    assert await ask(before, "SELECT ceiling, down_since FROM pace") == [(None, None)]


async def test_of_several_processes_that_find_the_version_before_one_migrates(
    before: psycopg.AsyncConnection[Any], empty_database: str
) -> None:
    async def start() -> list[str]:
        async with await psycopg.AsyncConnection.connect(empty_database, autocommit=True) as conn:
            return await migrate(conn)

    many = await asyncio.gather(*(start() for _ in range(6)))
    assert sorted(many) == [[]] * 5 + [LATER]
    assert [len(rows) for rows in [await ask(before, sql) for sql in KEPT]] == [2, 11, 11, 2, 1]


ALL: tuple[LiteralString, ...] = (
    "SELECT to_jsonb(s) - 'page_id' - 'page_step' - 'trace' FROM send s ORDER BY id",
    "SELECT to_jsonb(d) - 'throttled' FROM delivery d ORDER BY id",
    "SELECT * FROM event ORDER BY id",
    "SELECT * FROM card ORDER BY send_id",
    "SELECT * FROM audit ORDER BY id",
    "SELECT pace::text FROM pace",
    "SELECT * FROM directory ORDER BY key",
    "SELECT * FROM directory_edition",
    "SELECT * FROM directory_change ORDER BY id",
    "SELECT * FROM opt_out ORDER BY sender, address",
    "SELECT * FROM home",
    "SELECT to_jsonb(q) - 'ladder' - 'trace' FROM question q ORDER BY id",
)


async def test_everything_of_the_version_before_is_kept(
    previous: psycopg.AsyncConnection[Any],
) -> None:
    old = [[tuple(row) for row in await ask(previous, statement)] for statement in ALL]
    assert [len(rows) for rows in old] == [3, 12, 11, 2, 1, 1, 2, 1, 2, 3, 1, 6]
    assert await migrate(previous) == LATER[3:]
    new = [[tuple(row) for row in await ask(previous, statement)] for statement in ALL]
    assert new == old
    assert await ask(previous, "SELECT DISTINCT page_id, page_step FROM send") == [(None, None)]
    assert await ask(previous, "SELECT DISTINCT throttled FROM delivery") == [(0,)]
    assert await ask(previous, "SELECT DISTINCT ladder FROM question") == [(None,)]


async def test_the_numbers_go_on_where_they_were(previous: psycopg.AsyncConnection[Any]) -> None:
    await migrate(previous)
    await previous.execute(
        "INSERT INTO page (request_key, team, channel, actor, source, sender, body, intent, code,"
        " steps, rounds, rule)"
        """ VALUES ('p', 'T1', 'C1', 'U1', 'slack', 'MG1', 'Fire', '', 'A', '[{}]', 1, '')"""
    )
    assert await ask(previous, "SELECT id FROM page") == [(4,)]


async def test_no_table_of_the_version_before_is_written_anew(
    previous: psycopg.AsyncConnection[Any],
) -> None:
    where: LiteralString = (
        "SELECT relname, pg_relation_filenode(oid) FROM pg_class"
        " WHERE relname IN ('send', 'delivery', 'event', 'card', 'audit', 'question') ORDER BY 1"
    )
    old = await ask(previous, where)
    await migrate(previous)
    assert await ask(previous, where) == old


async def test_a_table_that_somebody_holds_is_not_waited_for_for_ever(
    previous: psycopg.AsyncConnection[Any],
) -> None:
    async with previous.transaction():
        await begin(previous)
        assert await ask(previous, "SHOW lock_timeout") == [("10s",)]
    assert await ask(previous, "SHOW lock_timeout") == [("0",)]
