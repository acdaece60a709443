"""A backup, and what it becomes in another database."""

import io
import json
import zipfile
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from psycopg import sql

from bot.store.archive import BadArchiveError, Contents
from bot.store.backup import TABLES, NoTablesError, backup
from bot.store.living import StillRunningError
from bot.store.migrate import MovedError, SchemaTooNewError, migrate
from bot.store.orphans import orphans
from bot.store.restore import NotEmptyError, TargetError, move, restore
from bot.store.undone import Undone
from bot.tasks import Task
from tests.bot.store.filled import FIFTH, FIRST, FOURTH, add, make
from tests.eyes import change, close, look

Rows = dict[str, list[tuple[Any, ...]]]


@pytest.fixture
async def full(empty_database: str) -> str:
    """A database with rows in every table."""
    async with await psycopg.AsyncConnection.connect(empty_database, autocommit=True) as conn:
        await make(conn, "0001")
        await conn.execute(FIRST)
        await add(conn, "0002", "0003", "0004")
        await conn.execute(FOURTH.encode())
        await migrate(conn)
        await conn.execute(FIFTH)
    return empty_database


@pytest.fixture
async def target(postgres: str) -> AsyncIterator[str]:
    """Another database in which nothing was ever made."""
    url = postgres.replace("/postgres?", "/target?")
    await change(postgres, b"CREATE DATABASE target")
    yield url
    close(url)
    await change(postgres, b"DROP DATABASE target WITH (FORCE)")


def table(url: str, name: str) -> list[tuple[Any, ...]]:
    """Every row of a table, as text."""
    statement = sql.SQL("SELECT t::text FROM {} t ORDER BY 1").format(sql.Identifier(name))
    return look(url, statement.as_string().encode())


def rows(url: str) -> Rows:
    """Every row of every table."""
    return {name: table(url, name) for name in TABLES}


async def saved(url: str) -> tuple[io.BytesIO, Contents]:
    file = io.BytesIO()
    return file, await backup(url, file)


async def beat(url: str, age: float = 0.0) -> None:
    """Let a bot seem to work on a database."""
    when = timedelta(seconds=age)
    await change(
        url, b"INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now() - %s)", (when,)
    )


def test_every_table_of_ours_is_in_a_backup(database_url: str) -> None:
    there = look(
        database_url,
        b"SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
        b" AND tablename NOT LIKE 'procrastinate%%' AND tablename <> 'migration'",
    )
    assert {name for (name,) in there} == set(TABLES)


async def test_a_backup_holds_rows_of_every_table(full: str) -> None:
    _, contents = await saved(full)
    assert [t.name for t in contents.tables if not t.rows] == []
    assert contents.rows == sum(map(len, rows(full).values()))


async def test_what_is_restored_to_go_on_is_what_was_there(full: str, target: str) -> None:
    file, _ = await saved(full)
    _, undone = await restore(target, file, resume=True)
    assert undone == Undone(doubts=1)
    old, new = rows(full), rows(target)
    apart = [name for name in TABLES if old[name] != new[name]]
    assert apart == ["delivery", "event", "audit"]  # of the one in doubt, and of the restoring
    states = b"SELECT address, send_id, state FROM delivery WHERE state <> 'sending' ORDER BY id"
    assert set(look(full, states)) < set(look(target, states))


async def test_what_goes_on_is_found_by_the_next_bot(full: str, target: str) -> None:
    file, _ = await saved(full)
    await restore(target, file, resume=True)
    await change(target, b"UPDATE send SET created = created - interval '1 minute'")
    await change(target, b"UPDATE delivery SET next_check = next_check - interval '1 minute'")
    await change(target, b"UPDATE page SET due = due - interval '1 minute'")
    async with await psycopg.AsyncConnection.connect(target) as conn:
        found = {(task, number) for task, number in await orphans(conn)}
    assert {(Task.DRAIN, 2), (Task.URGENT, 3), (Task.RECONCILE, 1), (Task.PAGE, 4)} <= found


async def test_numbers_are_not_given_twice(full: str, target: str) -> None:
    await change(
        full, b"SELECT nextval(pg_get_serial_sequence('send', 'id'))"
    )  # 8, of a removed one
    file, _ = await saved(full)
    await restore(target, file)
    new = await change(
        target,
        b"INSERT INTO send (request_key, kind, team, channel, actor, sender, body, recipients)"
        b" VALUES ('new', 'send', '', '', '', '', '', 1) RETURNING id",
    )
    assert new == [(9,)]
    late = await change(target, b"INSERT INTO event (delivery_id, state, source)"
                b" VALUES (1, 'x', 'y') RETURNING id")  # fmt: skip
    assert late > look(target, b"SELECT max(id) FROM event WHERE state <> 'x'")


async def test_what_was_to_be_done_is_called_off(full: str, target: str) -> None:
    file, _ = await saved(full)
    _, undone = await restore(target, file)
    assert undone == Undone(doubts=1, sends=3, pages=1, questions=2)
    old = look(full, b"SELECT id, state FROM delivery ORDER BY id")
    new: dict[int, str] = dict(look(target, b"SELECT id, state FROM delivery"))
    becomes = {"queued": "canceled", "sending": "in_doubt"}
    assert new == {number: becomes.get(state, state) for number, state in old}
    assert look(target, b"SELECT count(*) FROM send WHERE settled IS NULL") == [(0,)]
    assert look(target, b"SELECT stage, count(*) FROM page GROUP BY 1 ORDER BY 1") == [
        ("acknowledged", 1),
        ("exhausted", 2),
        ("resolved", 1),
    ]
    assert look(target, b"SELECT count(*) FROM question WHERE stage IN ('confirm', 'approve')") == [
        (0,)
    ]


async def test_what_was_called_off_is_told(full: str, target: str) -> None:
    file, _ = await saved(full)
    await restore(target, file)
    told = b"SELECT DISTINCT reason FROM delivery WHERE state = 'canceled' AND send_id > 1"
    assert look(target, told) == [("restored from a backup, and perhaps sent after it was made",)]
    assert look(target, b"SELECT send_id FROM card WHERE stale") == [(2,)]
    assert look(target, b"SELECT page_id, detail FROM page_event WHERE what = 'closed'") == [
        (4, "restored from a backup")
    ]
    [(said,)] = look(target, b"SELECT text FROM page_post ORDER BY id DESC LIMIT 1")
    assert "nobody is paged" in said
    assert look(target, b"SELECT stale FROM page_card WHERE page_id = 4") == [(True,)]
    [(actor, detail)] = look(target, b"SELECT actor, detail FROM audit WHERE action = 'restore'")
    assert actor == "cli"
    assert detail.endswith("3 called off")


async def test_doubts_are_looked_for_and_never_sent_again_by_themselves(
    full: str, target: str
) -> None:
    file, _ = await saved(full)
    await restore(target, file)
    doubts = b"SELECT next_check IS NOT NULL, resent, owner FROM delivery WHERE state = 'in_doubt'"
    assert sorted(look(target, doubts), key=str) == [(True, True, 7), (True, True, None)]


async def test_a_backup_of_the_version_before_is_brought_to_this_one(
    empty_database: str, target: str
) -> None:
    async with await psycopg.AsyncConnection.connect(empty_database, autocommit=True) as conn:
        await make(conn, "0001")
        await conn.execute(FIRST)
        file, contents = await saved(empty_database)
        assert contents.steps == ["0001_ledger"]
        await restore(target, file, resume=True)
        await migrate(conn)
    # as if the database itself had been brought to this version
    assert look(target, b"SELECT told_of, notices FROM card ORDER BY send_id") == look(
        empty_database, b"SELECT told_of, notices FROM card ORDER BY send_id"
    )
    steps = b"SELECT name FROM migration ORDER BY name"
    assert look(target, steps) == look(empty_database, steps)


async def test_a_database_that_a_bot_has_only_made_counts_as_empty(full: str, target: str) -> None:
    async with await psycopg.AsyncConnection.connect(target, autocommit=True) as conn:
        await migrate(conn)
    file, _ = await saved(full)
    await restore(target, file)
    assert len(table(target, "send")) == 3


async def test_nothing_is_restored_over_rows(full: str) -> None:
    file, _ = await saved(full)
    old = rows(full)
    with pytest.raises(NotEmptyError) as caught:
        await restore(full, file)
    assert {"send", "audit", "opt_out"} <= set(caught.value.tables)
    assert rows(full) == old


@pytest.mark.parametrize("age", [0.0, 10.0])
async def test_nothing_is_restored_under_a_bot(full: str, target: str, age: float) -> None:
    async with await psycopg.AsyncConnection.connect(target, autocommit=True) as conn:
        await migrate(conn)
    file, _ = await saved(full)
    await beat(target, age)
    with pytest.raises(StillRunningError):
        await restore(target, file)


async def test_an_empty_database_has_no_backup(empty_database: str, target: str) -> None:
    with pytest.raises(NoTablesError):
        await saved(empty_database)
    async with await psycopg.AsyncConnection.connect(target, autocommit=True) as conn:
        await make(conn)
    with pytest.raises(NoTablesError):
        await saved(target)


async def test_a_newer_database_has_no_backup_by_this_version(full: str) -> None:
    await change(full, b"INSERT INTO migration (name) VALUES ('9999_newer')")
    with pytest.raises(SchemaTooNewError):
        await saved(full)


def altered(file: io.BytesIO, name: str, change: bytes | None) -> io.BytesIO:
    """Give another zip, in which one member is changed, or left out."""
    other = io.BytesIO()
    with zipfile.ZipFile(file) as old, zipfile.ZipFile(other, "w") as new:
        for each in old.namelist():
            data = old.read(each)
            if each == name and change is not None:
                new.writestr(each, data.replace(b"Fire", change))
            elif each != name:
                new.writestr(each, data)
    return other


def listed(file: io.BytesIO, **changes: object) -> io.BytesIO:
    """Give another zip, whose list is changed."""
    other = io.BytesIO()
    with zipfile.ZipFile(file) as old, zipfile.ZipFile(other, "w") as new:
        for each in old.namelist():
            data = old.read(each)
            whole = json.loads(data) | changes if each == "backup.json" else None
            new.writestr(each, json.dumps(whole) if whole else data)
    return other


async def refused(url: str, file: io.BytesIO) -> str:
    with pytest.raises(BadArchiveError) as caught:
        await restore(url, file)
    assert look(url, b"SELECT to_regclass('send')") == [(None,)]
    return str(caught.value)


async def test_what_is_no_whole_backup_is_refused(full: str, target: str) -> None:
    file, contents = await saved(full)
    whole = file.getvalue()
    none = "is no backup of sms-bot, or not a whole one"
    assert await refused(target, io.BytesIO(b"")) == none
    assert await refused(target, io.BytesIO(whole[: len(whole) // 2])) == none
    assert await refused(target, altered(file, "backup.json", None)) == none
    assert await refused(target, listed(file, format=2)) == none
    assert await refused(target, listed(file, more=1)) == none
    assert await refused(target, altered(file, "send.copy", None)) == "is damaged in send"
    assert await refused(target, altered(file, "send.copy", b"Ice!")) == "was changed in send"
    newer = [*contents.steps, "9999_newer"]
    assert "newer version" in await refused(target, listed(file, steps=newer))
    [first, *_] = [vars(each) for each in contents.tables]
    strange = [{**first, "name": "pg_authid"}]
    assert "not the bot's" in await refused(target, listed(file, tables=strange))
    lacking = [{**first, "rows": 5}]
    assert await refused(target, listed(file, tables=lacking)) == "lacks rows of page"


async def test_a_flipped_bit_is_found(full: str, target: str) -> None:
    file, _ = await saved(full)
    with zipfile.ZipFile(file) as whole:
        begin = whole.getinfo("send.copy").header_offset
    data = bytearray(file.getvalue())
    data[begin + 120] ^= 16
    assert await refused(target, io.BytesIO(data)) == "is damaged in send"


async def test_everything_moves_and_no_bot_starts_on_what_is_left(full: str, target: str) -> None:
    contents = await move(full, target)
    assert contents.rows == sum(map(len, rows(full).values()))
    assert len(table(target, "send")) == 3
    assert look(target, b"SELECT count(*) FROM delivery WHERE state = 'queued'") == [(3,)]
    async with await psycopg.AsyncConnection.connect(full, autocommit=True) as conn:
        with pytest.raises(MovedError):
            await migrate(conn)
    async with await psycopg.AsyncConnection.connect(target, autocommit=True) as conn:
        assert await migrate(conn) == []
    with pytest.raises(MovedError):
        await move(full, target)


@pytest.mark.parametrize("running", ["source", "target"])
async def test_nothing_moves_while_a_bot_runs(full: str, target: str, running: str) -> None:
    async with await psycopg.AsyncConnection.connect(target, autocommit=True) as conn:
        await migrate(conn)
    await beat({"source": full, "target": target}[running])
    with pytest.raises(StillRunningError):
        await move(full, target)
    assert table(target, "send") == []
    async with await psycopg.AsyncConnection.connect(full, autocommit=True) as conn:
        assert await migrate(conn) == []


async def test_a_move_to_where_nothing_can_be_written_leaves_all_as_it_is(full: str) -> None:
    with pytest.raises(TargetError) as caught:
        await move(full, "postgresql://postgres@127.0.0.1:1/none")
    assert isinstance(caught.value.__cause__, psycopg.OperationalError)
    async with await psycopg.AsyncConnection.connect(full, autocommit=True) as conn:
        assert await migrate(conn) == []
