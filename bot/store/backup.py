"""Everything that the bot knows, as it stood at one moment, into a file; a bot may run meanwhile.

The job engine's tables are left out: a job is only a hint, and what wants one is found in the rows
(`bot.store.orphans`).
"""

from collections.abc import AsyncIterator
from typing import IO, Any, Final

import psycopg
from psycopg import IsolationLevel, sql

from bot.store.archive import Contents, Piece, Table, Writer
from bot.store.migrate import check_known, ours
from bot.store.patience import CONNECT_TIMEOUT

TABLES: Final = (
    "page",
    "send",
    "delivery",
    "event",
    "card",
    "audit",
    "directory",
    "directory_edition",
    "directory_change",
    "opt_out",
    "home",
    "question",
    "page_event",
    "page_card",
    "page_post",
    "reply",
    "alert",
    "pace",
    "inbound_look",
)
"""All tables of ours but `migration`; each comes after those that it refers to."""

SETTINGS: Final = "SET TIME ZONE 'UTC'; SET datestyle = 'ISO'; SET client_encoding = 'UTF8'"
"""What the text of a value depends on: the same for who writes and who reads."""

_COLUMNS = """
SELECT attname, attidentity <> '' FROM pg_attribute
WHERE attrelid = to_regclass(%s) AND attnum > 0 AND NOT attisdropped AND attgenerated = ''
ORDER BY attnum
"""

_NOW = """SELECT to_char(now(), 'YYYY-MM-DD"T"HH24:MI:SS"Z"')"""


class NoTablesError(Exception):
    """No bot has made its tables there yet, or it is somebody else's database."""


async def backup(url: str, file: IO[bytes]) -> Contents:
    """Write a backup of a database into a file; give what it holds.

    Raises:
        NoTablesError: no bot was ever there.
        bot.store.migrate.SchemaTooNewError: it belongs to a newer version.
        bot.store.migrate.MovedError: it was left for another one.
        psycopg.Error: it cannot be reached or read.
    """
    async with await psycopg.AsyncConnection.connect(
        url, autocommit=True, connect_timeout=int(CONNECT_TIMEOUT)
    ) as conn:
        return await dump(conn, file)


async def dump(conn: psycopg.AsyncConnection, file: IO[bytes]) -> Contents:
    """Do as `backup`, on a connection with autocommit."""
    await conn.execute(SETTINGS)
    await conn.set_isolation_level(IsolationLevel.REPEATABLE_READ)
    async with conn.transaction():
        steps = await _steps(conn)
        [made] = await _one(conn, sql.SQL(_NOW))
        writer = Writer(file)
        tables = [t for name in TABLES if (t := await _dump_table(conn, writer, name))]
        sequences = {t.name: n for t in tables if (n := await _next(conn, t.name)) is not None}
        contents = Contents(made, steps, tables, sequences)
    writer.finish(contents)
    return contents


async def _steps(conn: psycopg.AsyncConnection) -> list[str]:
    [made] = await _one(conn, sql.SQL("SELECT to_regclass('migration') IS NOT NULL"))
    if not made:
        raise NoTablesError
    rows = await (await conn.execute("SELECT name FROM migration")).fetchall()
    applied = [name for (name,) in rows]
    check_known(applied)
    if not ours(applied):
        raise NoTablesError
    return ours(applied)


async def _dump_table(conn: psycopg.AsyncConnection, writer: Writer, name: str) -> Table | None:
    """Write a table; None if this database, of an older version, has no such one."""
    columns = [column for column, _ in await (await conn.execute(_COLUMNS, (name,))).fetchall()]
    if not columns:
        return None
    statement = sql.SQL("COPY {} ({}) TO STDOUT").format(
        sql.Identifier(name), sql.SQL(", ").join(map(sql.Identifier, columns))
    )
    async with conn.cursor() as cursor:
        digest = await writer.table(name, _rows(cursor, statement))
        return Table(name, columns, cursor.rowcount, digest)


async def _rows(cursor: psycopg.AsyncCursor, statement: sql.Composed) -> AsyncIterator[Piece]:
    async with cursor.copy(statement) as copy:
        async for piece in copy:
            yield piece


async def _next(conn: psycopg.AsyncConnection, table: str) -> int | None:
    """Give the next number of a table's identity column, None if it has none.

    A sequence is in no snapshot: it may be further than the rows, and never behind them.
    """
    rows = await (await conn.execute(_COLUMNS, (table,))).fetchall()
    counted = [column for column, identity in rows if identity]
    if not counted:
        return None
    where = sql.SQL("SELECT pg_get_serial_sequence(%s, %s)")
    [sequence] = await _one(conn, where, (table, counted[0]))
    name = sql.SQL(sequence)  # quoted as need be
    [number] = await _one(conn, sql.SQL("SELECT last_value + is_called::int FROM {}").format(name))
    return int(number)


async def _one(
    conn: psycopg.AsyncConnection, statement: sql.SQL | sql.Composed, params: tuple[str, ...] = ()
) -> tuple[Any, ...]:
    row = await (await conn.execute(statement, params)).fetchone()
    if row is None:
        raise LookupError("no row")
    return row
