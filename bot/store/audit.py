"""The audit: who asked what, where, and which rule decided; appended to, read, never changed."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import psycopg
from psycopg.errors import UndefinedColumn, UndefinedTable

from bot.store.database import locate
from bot.store.patience import CONNECT_TIMEOUT
from bot.store.text import storable
from commands.model import Actor, AuditEntry

_APPEND = """
INSERT INTO audit (team, channel, actor, action, allowed, rule, detail, send_id)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s)
"""

_ENTRIES = """
SELECT at, team, channel, actor, action, allowed, rule, detail, send_id FROM audit
WHERE at >= coalesce(%(since)s, '-infinity'::timestamptz)
  AND channel = coalesce(%(channel)s, channel)
  AND actor = coalesce(%(user)s, actor)
ORDER BY at, id
"""

_REFUSALS = """
SELECT at, team, channel, actor, action, rule, detail FROM audit
WHERE NOT allowed ORDER BY id DESC LIMIT %s
"""

BATCH: Final = 1_000
"""Rows fetched at once: all that is held in memory, however long the audit is."""


async def append(conn: psycopg.AsyncConnection, entry: AuditEntry) -> None:
    """Write one decision, in the transaction of `conn`."""
    actor = entry.actor
    row = (
        actor.team,
        actor.channel,
        actor.user,
        entry.action,
        entry.allowed,
        entry.rule,
        storable(entry.detail),
        entry.send_id,
    )
    await conn.execute(_APPEND, row)


async def refusals(conn: psycopg.AsyncConnection, count: int) -> tuple[AuditEntry, ...]:
    """Read the last refusals, newest first."""
    rows = await (await conn.execute(_REFUSALS, (count,))).fetchall()
    return tuple(
        AuditEntry(
            Actor(user, channel, team=team),
            action,
            allowed=False,
            rule=rule,
            detail=detail,
            at=at.astimezone(UTC),
        )
        for at, team, channel, user, action, rule, detail in rows
    )


@dataclass(frozen=True)
class Wanted:
    """Which entries are asked for; None does not narrow.

    Attributes:
        since: the earliest moment; timezone-aware.
        channel: Slack channel id.
        user: Slack user id.
    """

    since: datetime | None = None
    channel: str | None = None
    user: str | None = None


@dataclass(frozen=True)
class AuditRow:
    """One decision.

    Attributes:
        at: when; UTC.
        team: Slack workspace id, empty if unknown.
        channel: Slack id of where it was asked.
        user: Slack id of who asked.
        action: the verb, e.g. ``send``.
        allowed: the decision.
        rule: the rule of sms.toml that decided.
        detail: counts and reasons.
        send: number of the send it led to, None if it led to none.
    """

    at: datetime
    team: str
    channel: str
    user: str
    action: str
    allowed: bool
    rule: str
    detail: str
    send: int | None


class NoAuditError(Exception):
    """No bot has made its tables there yet, or it is somebody else's database."""


async def locate_existing(database_url: str, data_dir: Path) -> str:
    """Do as `locate`, but make no embedded database where there is none.

    Raises:
        NoAuditError: there is none.
        bot.store.embedded.CannotStartError: there is one, but it does not start.
    """
    if not database_url and not _is_made(data_dir):
        raise NoAuditError
    return await locate(database_url, data_dir)


def _is_made(data_dir: Path) -> bool:
    try:
        (data_dir / "postgres" / "PG_VERSION").stat()
    except FileNotFoundError:
        return False
    except OSError:
        return True  # perhaps; the attempt to start it tells what is in the way
    return True


@asynccontextmanager
async def reading(url: str, wanted: Wanted) -> AsyncIterator[AsyncIterator[AuditRow]]:
    """Give the entries, oldest first, as they stood at the beginning of the block.

    Raises:
        NoAuditError: the database has no such table.
        psycopg.Error: it cannot be reached or read.
    """
    async with await psycopg.AsyncConnection.connect(
        url, connect_timeout=int(CONNECT_TIMEOUT)
    ) as conn:
        await conn.set_read_only(True)
        async with conn.cursor("audit") as cursor:
            cursor.itersize = BATCH
            try:
                await cursor.execute(_ENTRIES, vars(wanted))
            except (UndefinedTable, UndefinedColumn) as exc:
                raise NoAuditError from exc
            yield (AuditRow(at.astimezone(UTC), *rest) async for at, *rest in cursor)
