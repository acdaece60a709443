"""A look at a test's database from outside, and a hand in it."""

from collections.abc import Sequence
from typing import Any, LiteralString

import psycopg

Rows = list[tuple[Any, ...]]

_open: dict[str, psycopg.Connection[tuple[Any, ...]]] = {}
"""One connection for all looks, which are often many."""

_READ_ONLY = "-c default_transaction_read_only=on"


def look(url: str, sql: LiteralString | bytes, params: Sequence[object] = ()) -> Rows:
    """Give what a query finds, at once and with the loop at rest.

    It can change nothing: to change a row may mean to wait for whoever has locked it, and if that
    is a bot on this very loop, for ever.
    """
    try:
        return _asked(url, sql, params)
    except psycopg.OperationalError:  # the connection was cut since the last look
        close(url)
        return _asked(url, sql, params)


def _asked(url: str, sql: LiteralString | bytes, params: Sequence[object]) -> Rows:
    if url not in _open:
        _open[url] = psycopg.connect(url, autocommit=True, options=_READ_ONLY)
    cursor = _open[url].execute(sql, params or None)
    return cursor.fetchall() if cursor.description else []


def close(url: str) -> None:
    """Look no more."""
    if found := _open.pop(url, None):
        found.close()


async def change(url: str, sql: LiteralString | bytes, params: Sequence[object] = ()) -> Rows:
    """Carry out a statement behind everybody's back; give its rows, if it has any."""
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as conn:
        cursor = await conn.execute(sql, params or None)
        return await cursor.fetchall() if cursor.description else []
