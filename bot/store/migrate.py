"""Bring a database to this version's schema; safe when several processes start at once.

The SQL files of `migrations` run in their order, each once, under one advisory lock and in one
transaction, and procrastinate's go with them. A library for migrations was weighed and left out:
procrastinate ships its schema and migrations as bare SQL files without a runner, so plain files
have to be run here in any case, and ours need nothing more.
"""

from collections.abc import Iterator
from importlib.resources import files
from typing import LiteralString

import psycopg
from procrastinate.schema import SchemaManager

_LOCK = 0x736D73  # "sms": any number, as long as every version takes the same
_ENGINE = "procrastinate/"


class SchemaTooNewError(Exception):
    """The database has a step that this version does not know; start the newer version."""

    def __init__(self, step: str) -> None:
        super().__init__(f"the database already has {step}, made by a newer version of sms-bot")


async def migrate(conn: psycopg.AsyncConnection) -> list[str]:
    """Apply what is missing, and give the names of the steps that were.

    Raises:
        SchemaTooNewError: the database was migrated by a newer version of this bot.
    """
    async with conn.transaction():
        await conn.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))
        await conn.execute(
            "CREATE TABLE IF NOT EXISTS migration ("
            "name text PRIMARY KEY, at timestamptz NOT NULL DEFAULT now())"
        )
        cursor = await conn.execute("SELECT name FROM migration")
        return await _apply_missing(conn, {row[0] for row in await cursor.fetchall()})


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


def _steps() -> dict[str, LiteralString]:
    return {**_engine_steps(), **dict(_files(__package__, "migrations"))}


async def _apply_missing(conn: psycopg.AsyncConnection, applied: set[str]) -> list[str]:
    steps = _steps()
    if unknown := applied - steps.keys():
        raise SchemaTooNewError(max(unknown))
    missing = [name for name in steps if name not in applied]
    fresh = not any(name.startswith(_ENGINE) for name in applied)
    if fresh:  # procrastinate's schema.sql holds the sum of all its migrations
        await conn.execute(SchemaManager.get_schema())
    for name in missing:
        if not (fresh and name.startswith(_ENGINE)):
            await conn.execute(steps[name])
        await conn.execute("INSERT INTO migration (name) VALUES (%s)", (name,))
    return missing


def _engine_steps() -> dict[str, LiteralString]:
    return {_ENGINE + name: sql for name, sql in _files("procrastinate", "sql", "migrations")}


def _files(package: str, *folder: str) -> Iterator[tuple[str, LiteralString]]:
    """Give the SQL files of a package's folder as name and text, in the order of their names."""
    found = (f for f in files(package).joinpath(*folder).iterdir() if f.name.endswith(".sql"))
    for file in sorted(found, key=lambda f: f.name):
        # packaged with the code, so as literal as the code itself
        text = file.read_text(encoding="utf-8")
        yield file.name.removesuffix(".sql"), text
