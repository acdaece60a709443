"""A look at a test's database from outside: one connection for all looks, which are often many."""

from collections.abc import Sequence
from typing import Any, LiteralString

import psycopg

_open: dict[str, psycopg.Connection[tuple[Any, ...]]] = {}


def look(
    url: str, sql: LiteralString | bytes, params: Sequence[object] = ()
) -> list[tuple[Any, ...]]:
    """Carry out a statement; give its rows, if it has any."""
    try:
        return _asked(url, sql, params)
    except psycopg.OperationalError:  # the connection was cut since the last look
        close(url)
        return _asked(url, sql, params)


def _asked(url: str, sql: LiteralString | bytes, params: Sequence[object]) -> list[tuple[Any, ...]]:
    if url not in _open:
        _open[url] = psycopg.connect(url, autocommit=True)
    cursor = _open[url].execute(sql, params or None)
    return cursor.fetchall() if cursor.description else []


def close(url: str) -> None:
    """Look no more."""
    if found := _open.pop(url, None):
        found.close()
