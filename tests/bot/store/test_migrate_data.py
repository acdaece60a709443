"""A database of the version before, with data in it, brought to this one."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from importlib.resources import files
from typing import Any, LiteralString

import psycopg
import pytest
from procrastinate.schema import SchemaManager
from psycopg.rows import namedtuple_row

from bot.store.migrate import _engine_steps, migrate

FILL = """
INSERT INTO send (request_key, kind, team, channel, actor, sender, body, recipients, settled)
VALUES ('cmd:1', 'send', 'T1', 'C1', 'U1', '+15005550006', 'Water', 6, now()),
       ('cmd:2', 'send', 'T1', 'C1', 'U1', '+15005550006', 'Fire', 1, NULL);

INSERT INTO delivery (send_id, position, address, state, attempt, owner, sid, code, next_check)
SELECT 1, n, '+1617555000' || n, s, 1, 7,
    CASE WHEN s IN ('accepted', 'delivered') THEN 'SM' || n END, '200',
    CASE WHEN s = 'queued' THEN timestamptz '2030-01-01' END
FROM unnest('{queued,sending,in_doubt,accepted,delivered,failed}'::text[])
    WITH ORDINALITY AS state(s, n);

INSERT INTO delivery (send_id, position, address) VALUES (2, 1, '+16175550000');
INSERT INTO event (delivery_id, state, source) SELECT id, state, 'answer' FROM delivery;
INSERT INTO card (send_id, place, ts, shown, told)
VALUES (1, 'channel', '1700000000.000100', 'digest', true), (2, '', '', '', false);
INSERT INTO audit (team, channel, actor, action, allowed, rule, send_id)
VALUES ('T1', 'C1', 'U1', 'send', true, 'channel C1', 1);
"""


@pytest.fixture
async def before(empty_database: str) -> AsyncIterator[psycopg.AsyncConnection[Any]]:
    """A connection to a database that the version before made and filled."""
    folder = files("bot.store").joinpath("migrations")
    first = folder.joinpath("0001_ledger.sql").read_text("utf-8")
    async with await psycopg.AsyncConnection.connect(
        empty_database, autocommit=True, row_factory=namedtuple_row
    ) as conn:
        await conn.execute(
            "CREATE TABLE migration (name text PRIMARY KEY, at timestamptz NOT NULL DEFAULT now());"
            "INSERT INTO migration (name) VALUES ('0001_ledger')"
        )
        await conn.execute(
            "INSERT INTO migration (name) SELECT unnest(%s::text[])", (list(_engine_steps()),)
        )
        await conn.execute(SchemaManager.get_schema())
        await conn.execute(first)
        await conn.execute(FILL)
        yield conn


async def ask(conn: psycopg.AsyncConnection[Any], sql: LiteralString) -> Sequence[Any]:
    """Ask the database."""
    return await (await conn.execute(sql)).fetchall()


LATER = ["0002_follow", "0003_people", "0004_questions", "0005_pages", "0006_traces"]

KEPT: tuple[LiteralString, ...] = (
    "SELECT id, request_key, body, recipients, created, settled FROM send ORDER BY id",
    "SELECT id, address, state, attempt, owner, sid, code, next_check FROM delivery ORDER BY id",
    "SELECT * FROM event ORDER BY id",
    "SELECT send_id, place, ts, answer_url, answer_until, shown FROM card ORDER BY send_id",
    "SELECT * FROM audit",
)


async def test_everything_that_was_there_is_kept(before: psycopg.AsyncConnection[Any]) -> None:
    old = [await ask(before, sql) for sql in KEPT]
    assert [len(rows) for rows in old] == [2, 7, 7, 2, 1]
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
    assert found == [(6, 1, True, False), (0, 0, None, False)]


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
    assert [len(rows) for rows in [await ask(before, sql) for sql in KEPT]] == [2, 7, 7, 2, 1]
