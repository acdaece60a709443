"""A backup back into a database, all of it or nothing; and everything into another database.

What a backup does not know is what happened after it was made. So of what was still to be done in
it nothing is done unless that is asked for: who was queued may have been sent to since.
"""

import tempfile
from typing import IO, Final

import psycopg
from psycopg import sql

from bot.store.archive import BadArchiveError, Contents, Reader, Table
from bot.store.audit import append
from bot.store.backup import SETTINGS, TABLES, dump
from bot.store.living import check_idle
from bot.store.migrate import (
    LOCK,
    MOVED,
    MovedError,
    SchemaTooNewError,
    apply,
    begin,
    check_known,
    ours,
)
from bot.store.patience import CONNECT_TIMEOUT
from bot.store.undone import Undone, call_off, doubt
from commands.model import Actor, AuditEntry

_SINGLE: Final = frozenset({"pace", "directory_edition", "inbound_look"})
"""Tables with the one row that their migration makes."""

_RULE: Final = "who may use sms-bot on the bot's machine"
_PATIENCE = "SET lock_timeout = '10s'"


class NotEmptyError(Exception):
    """The database holds what a bot has written; `tables` says where."""

    def __init__(self, tables: list[str]) -> None:
        super().__init__(", ".join(tables))
        self.tables = tuple(tables)


class TargetError(Exception):
    """The database to move to cannot be used; the cause says why."""


async def restore(url: str, file: IO[bytes], *, resume: bool = False) -> tuple[Contents, Undone]:
    """Bring a backup into an empty database, and that to this version's schema.

    Args:
        url: of the database; nothing need be in it.
        file: the backup.
        resume: whether what was still to be done goes on. Only for a backup after which no bot
            has run; otherwise it is called off.

    Raises:
        BadArchiveError: the file is no backup, or damaged.
        NotEmptyError: the database is not empty.
        bot.store.living.StillRunningError: a bot works on it.
        bot.store.migrate.SchemaTooNewError: it belongs to a newer version.
        psycopg.Error: it cannot be reached or written.
    """
    with Reader(file) as reader:
        _check(reader.contents)
        async with (
            await psycopg.AsyncConnection.connect(
                url, autocommit=True, connect_timeout=int(CONNECT_TIMEOUT)
            ) as conn,
            conn.transaction(),
        ):
            await conn.execute(f"{SETTINGS}; {_PATIENCE}")
            await _fill(conn, reader)
            undone = await doubt(conn) + (Undone() if resume else await call_off(conn))
            await append(conn, _entry(reader.contents, undone))
        return reader.contents, undone


async def move(source: str, target: str) -> Contents:
    """Bring everything into another, empty database, where it goes on; leave a mark in the first.

    The mark keeps a bot that is started on it by mistake from doing the work a second time. From
    the first look to the mark no bot can start there.

    Raises:
        bot.store.living.StillRunningError: a bot works on one of the two.
        bot.store.backup.NoTablesError: there is nothing to be moved.
        NotEmptyError: the second is not empty.
        TargetError: the second cannot be used.
        psycopg.Error: the first cannot.
    """
    async with await psycopg.AsyncConnection.connect(
        source, autocommit=True, connect_timeout=int(CONNECT_TIMEOUT)
    ) as conn:
        await conn.execute(_PATIENCE)
        await conn.execute("SELECT pg_advisory_lock(%s)", (LOCK,))
        await check_idle(conn)
        with tempfile.TemporaryFile() as file:
            await dump(conn, file)
            await check_idle(conn)  # one that was about to start when the lock was taken
            contents = await _move_in(target, file)
        await conn.execute("INSERT INTO migration (name) VALUES (%s)", (MOVED,))
        return contents


async def _move_in(target: str, file: IO[bytes]) -> Contents:
    try:
        contents, _ = await restore(target, file, resume=True)
    except (psycopg.Error, SchemaTooNewError, MovedError) as exc:
        raise TargetError from exc
    return contents


def _entry(contents: Contents, undone: Undone) -> AuditEntry:
    detail = f"a backup of {contents.made}: {contents.rows} rows; {undone.sends} called off"
    return AuditEntry(Actor("cli", ""), "restore", allowed=True, rule=_RULE, detail=detail)


def _check(contents: Contents) -> None:
    try:
        check_known(contents.steps)
    except SchemaTooNewError as exc:
        raise BadArchiveError("was made by a newer version of sms-bot") from exc
    if not {table.name for table in contents.tables} <= set(TABLES):
        raise BadArchiveError("holds tables that are not the bot's")


async def _fill(conn: psycopg.AsyncConnection, reader: Reader) -> None:
    applied = await begin(conn)
    await check_idle(conn)
    engine = applied - set(ours(applied))
    if ours(applied):
        await _clear(conn)
    # as it was when the backup was made, so that the steps after it treat its rows as any others
    then = await apply(conn, engine, only=reader.contents.steps)
    for table in reader.contents.tables:
        await _load(conn, reader, table)
    for name, number in reader.contents.sequences.items():
        await conn.execute(
            "SELECT setval(pg_get_serial_sequence(%s, 'id'), %s, false)", (name, number)
        )
    await apply(conn, engine | set(then))


async def _clear(conn: psycopg.AsyncConnection) -> None:
    """Remove our tables, which must be empty, to make them anew as the backup has them."""
    there = [name for name in TABLES if await _is_there(conn, name)]
    names = sql.SQL(", ").join(map(sql.Identifier, there))
    await conn.execute(sql.SQL("LOCK TABLE {}").format(names))
    full = [name for name in there if name not in _SINGLE and await _is_filled(conn, name)]
    if full:
        raise NotEmptyError(full)
    await conn.execute(sql.SQL("DROP TABLE {}").format(names))
    await conn.execute("DROP FUNCTION IF EXISTS refuse_change()")
    await conn.execute("DELETE FROM migration WHERE name NOT LIKE 'procrastinate/%'")


async def _is_there(conn: psycopg.AsyncConnection, name: str) -> bool:
    cursor = await conn.execute("SELECT 1 WHERE to_regclass(%s) IS NOT NULL", (name,))
    return await cursor.fetchone() is not None


async def _is_filled(conn: psycopg.AsyncConnection, name: str) -> bool:
    cursor = await conn.execute(sql.SQL("SELECT 1 FROM {} LIMIT 1").format(sql.Identifier(name)))
    return await cursor.fetchone() is not None


async def _load(conn: psycopg.AsyncConnection, reader: Reader, table: Table) -> None:
    name = sql.Identifier(table.name)
    if table.name in _SINGLE:
        await conn.execute(sql.SQL("DELETE FROM {}").format(name))
    columns = sql.SQL(", ").join(map(sql.Identifier, table.columns))
    async with conn.cursor() as cursor:
        async with cursor.copy(sql.SQL("COPY {} ({}) FROM STDIN").format(name, columns)) as copy:
            for piece in reader.table(table):
                await copy.write(piece)
        if cursor.rowcount != table.rows:
            raise BadArchiveError(f"lacks rows of {table.name}")
