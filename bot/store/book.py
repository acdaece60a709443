"""The directory that admins keep in Slack, in PostgreSQL: `commands.ports.Book`.

Whoever reads a policy gets both directories in one. The whole of it is kept in memory, and read
again when its edition has risen: a command costs one small query, with 10,000 contacts as well.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import psycopg
import structlog
from psycopg.types.json import Jsonb
from psycopg_pool import PoolTimeout

from bot.store.audit import append
from bot.store.database import Pool
from commands.changes import Change, Made
from commands.model import AuditEntry
from commands.rules import Contact, Group, Policy

PATIENCE = 1.0
"""Seconds for a look at the edition; without an answer the last known directory is used."""

_EDITION = "SELECT edition FROM directory_edition"
_ENTRIES = "SELECT kind, name, number, slack, members, actor FROM directory ORDER BY key"

_RAISE = "UPDATE directory_edition SET edition = edition + 1 WHERE edition = %s"

_PUT = """
INSERT INTO directory (key, kind, name, number, slack, members, actor)
VALUES (%s, %s, %s, %s, %s, %s, %s)
ON CONFLICT (key) DO UPDATE SET kind = excluded.kind, name = excluded.name,
    number = excluded.number, slack = excluded.slack, members = excluded.members,
    actor = excluded.actor
"""

_TAKE = "DELETE FROM directory WHERE key = %s"

_NOTE = """
INSERT INTO directory_change (actor, before, after, undoes) VALUES (%s, %s, %s, %s) RETURNING id
"""

_MADE = """
SELECT before, after, actor, at, EXISTS (SELECT 1 FROM directory_change u WHERE u.undoes = c.id)
FROM directory_change c WHERE id = %s
"""

Entry = Contact | Group

log = structlog.get_logger(__name__)


class Book:
    """One for the process."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._edition = 0
        self._contacts: tuple[Contact, ...] = ()
        self._groups: tuple[Group, ...] = ()
        self._whole: tuple[Policy, Policy] | None = None

    async def over(self, base: Policy) -> Policy:
        """Give a policy with this directory beside its own; what stands in sms.toml wins."""
        try:
            async with asyncio.timeout(PATIENCE), self._pool.connection() as conn:
                await self._renew(conn)
        except (psycopg.Error, PoolTimeout, TimeoutError, OSError) as exc:
            log.warning("directory.unread", why=type(exc).__name__)
        if self._whole is None or self._whole[0] is not base:
            self._whole = (base, self._merged(base))
        return self._whole[1]

    async def write(
        self, change: Change, edition: int, entry: AuditEntry, undoes: int | None = None
    ) -> int | None:
        """Write a change and its audit entry, if the directory is still at `edition`."""
        async with self._pool.connection() as conn, conn.transaction():
            if not await _raised(conn, edition):
                return None
            await _put(conn, change, entry.actor.user)
            await append(conn, entry)
            return await _noted(conn, change, entry.actor.user, undoes)

    async def write_all(self, changes: Sequence[Change], edition: int, entry: AuditEntry) -> bool:
        """Write many changes and one audit entry, or nothing if it is not at `edition` any more."""
        async with self._pool.connection() as conn, conn.transaction():
            if not await _raised(conn, edition):
                return False
            async with conn.pipeline():
                for change in changes:
                    await _put(conn, change, entry.actor.user)
                    await conn.execute(_NOTE, _note(change, entry.actor.user, None))
            await append(conn, entry)
        return True

    async def made(self, number: int) -> Made | None:
        """Give a change that was made; None if there is none of this number."""
        async with self._pool.connection() as conn:
            row = await (await conn.execute(_MADE, (number,))).fetchone()
        if row is None:
            return None
        before, after, actor, at, undone = row
        return Made(Change(_entry(before), _entry(after)), actor, at, undone)

    async def _renew(self, conn: psycopg.AsyncConnection) -> None:
        row = await (await conn.execute(_EDITION)).fetchone()
        edition = int(row[0]) if row else 0
        if edition == self._edition:
            return
        rows = await (await conn.execute(_ENTRIES)).fetchall()
        found = [_of(*each) for each in rows]
        self._contacts = tuple(each for each in found if isinstance(each, Contact))
        self._groups = tuple(each for each in found if isinstance(each, Group))
        # read before its entries: should they be newer, the next look reads them again
        self._edition, self._whole = edition, None

    def _merged(self, base: Policy) -> Policy:
        contacts, groups = (*base.contacts, *self._contacts), (*base.groups, *self._groups)
        return replace(base, contacts=contacts, groups=groups, edition=self._edition)


async def _raised(conn: psycopg.AsyncConnection, edition: int) -> bool:
    return bool((await conn.execute(_RAISE, (edition,))).rowcount)


async def _noted(
    conn: psycopg.AsyncConnection, change: Change, actor: str, undoes: int | None
) -> int | None:
    row = await (await conn.execute(_NOTE, _note(change, actor, undoes))).fetchone()
    return int(row[0]) if row else None


def _note(change: Change, actor: str, undoes: int | None) -> Sequence[object]:
    return actor, _json(change.before), _json(change.after), undoes


async def _put(conn: psycopg.AsyncConnection, change: Change, actor: str) -> None:
    if change.before is not None:
        await conn.execute(_TAKE, (change.before.name.casefold(),))
    if change.after is not None:
        await conn.execute(_PUT, _row(change.after, actor))


def _row(entry: Entry, actor: str) -> Sequence[object]:
    key = entry.name.casefold()
    if isinstance(entry, Group):
        return key, "group", entry.name, "", "", list(entry.members), actor
    return key, "contact", entry.name, entry.number, entry.slack, [], actor


def _json(entry: Entry | None) -> Jsonb | None:
    if isinstance(entry, Contact):
        return Jsonb({"name": entry.name, "number": entry.number, "slack": entry.slack})
    if isinstance(entry, Group):
        return Jsonb({"name": entry.name, "members": list(entry.members)})
    return None


def _entry(told: Mapping[str, Any] | None) -> Entry | None:
    if told is None:
        return None
    if "members" in told:
        return Group(told["name"], tuple(told["members"]))
    return Contact(told["name"], told["number"], told["slack"])


def _of(kind: str, name: str, number: str, slack: str, members: Sequence[str], actor: str) -> Entry:
    if kind == "group":
        return Group(name, tuple(members), actor)
    return Contact(name, number, slack, actor)
