"""Bring a database to this version's schema; safe when several processes start at once.

The SQL files of `migrations` run in their order, each once, under one advisory lock and in one
transaction, and procrastinate's go with them. A library for migrations was weighed and left out:
procrastinate ships its schema and migrations as bare SQL files without a runner, so plain files
have to be run here in any case, and ours need nothing more.
"""

from collections.abc import Collection, Iterator
from importlib.resources import files
from typing import LiteralString

import psycopg
from procrastinate.schema import SchemaManager

LOCK = 0x736D73  # "sms": any number, as long as every version takes the same
MOVED = "moved"
"""Stands among the steps of a database that was left for another one; no version knows it."""

_ENGINE = "procrastinate/"


class SchemaTooNewError(Exception):
    """The database has a step that this version does not know; start the newer version."""

    def __init__(self, step: str) -> None:
        super().__init__(f"the database already has {step}, made by a newer version of sms-bot")


class MovedError(Exception):
    """Everything was moved to another database: a bot on this one would do the same work again."""

    def __init__(self) -> None:
        super().__init__("everything in it was moved to another database")


async def migrate(conn: psycopg.AsyncConnection) -> list[str]:
    """Apply what is missing, and give the names of the steps that were.

    Raises:
        SchemaTooNewError: the database was migrated by a newer version of this bot.
        MovedError: it was left for another one.
    """
    async with conn.transaction():
        return await apply(conn, await begin(conn))


async def pending(conn: psycopg.AsyncConnection, *, fresh: bool) -> tuple[list[str], str]:
    """Give the steps that `migrate` would apply, and the last that a newer version has; or empty.

    Args:
        conn: changes nothing.
        fresh: whether the database was never migrated.
    """
    rows = [] if fresh else await (await conn.execute("SELECT name FROM migration")).fetchall()
    applied, steps = {row[0] for row in rows}, _steps()
    missing = [name for name in steps if name not in applied]
    return missing, max(applied - steps.keys(), default="")


async def begin(conn: psycopg.AsyncConnection) -> set[str]:
    """Keep all others from migrating until the transaction ends; give what is applied.

    Raises:
        SchemaTooNewError: as `migrate`.
        MovedError: as well.
    """
    await conn.execute("SELECT pg_advisory_xact_lock(%s)", (LOCK,))
    # who waits for a table keeps all others from it who come later: rather give up, and start again
    await conn.execute("SET LOCAL lock_timeout = '10s'")
    await conn.execute(
        "CREATE TABLE IF NOT EXISTS migration ("
        "name text PRIMARY KEY, at timestamptz NOT NULL DEFAULT now())"
    )
    cursor = await conn.execute("SELECT name FROM migration")
    applied = {row[0] for row in await cursor.fetchall()}
    check_known(applied)
    return applied


def check_known(applied: Collection[str]) -> None:
    """Hold that all these steps are this version's."""
    if MOVED in applied:
        raise MovedError
    if unknown := set(applied) - _steps().keys():
        raise SchemaTooNewError(max(unknown))


async def apply(
    conn: psycopg.AsyncConnection, applied: Collection[str], only: Collection[str] | None = None
) -> list[str]:
    """Apply, between `begin` and the end of the transaction, what is missing; give the names.

    Args:
        conn: in the transaction of `begin`.
        applied: what is there.
        only: no other steps of our own; None: all. The engine's are always all applied.
    """
    steps = _steps()
    missing = [n for n in steps if n not in applied and (only is None or n in only or _engine(n))]
    fresh = not any(_engine(name) for name in applied)
    if fresh:  # procrastinate's schema.sql holds the sum of all its migrations
        await conn.execute(SchemaManager.get_schema())
    for name in missing:
        if not (fresh and _engine(name)):
            await conn.execute(steps[name])
        await conn.execute("INSERT INTO migration (name) VALUES (%s)", (name,))
    return missing


def ours(applied: Collection[str]) -> list[str]:
    """Give those of the steps that are not the engine's, in their order."""
    return sorted(name for name in applied if not _engine(name))


def _engine(name: str) -> bool:
    return name.startswith(_ENGINE)


def _steps() -> dict[str, LiteralString]:
    return {**_engine_steps(), **dict(_files(__package__, "migrations"))}


def _engine_steps() -> dict[str, LiteralString]:
    return {_ENGINE + name: sql for name, sql in _files("procrastinate", "sql", "migrations")}


def _files(package: str, *folder: str) -> Iterator[tuple[str, LiteralString]]:
    """Give the SQL files of a package's folder as name and text, in the order of their names."""
    found = (f for f in files(package).joinpath(*folder).iterdir() if f.name.endswith(".sql"))
    for file in sorted(found, key=lambda f: f.name):
        # packaged with the code, so as literal as the code itself
        text = file.read_text(encoding="utf-8")
        yield file.name.removesuffix(".sql"), text
