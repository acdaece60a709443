"""What a database is like, without changing it: for `sms-bot check`."""

import time
from dataclasses import dataclass
from datetime import datetime

import psycopg

from bot.store.migrate import pending

_ASK = """
SELECT clock_timestamp(), has_schema_privilege('public', 'CREATE'),
    to_regclass('public.migration') IS NULL
"""


@dataclass(frozen=True)
class Facts:
    """What was found.

    Attributes:
        version: of PostgreSQL, e.g. 18.
        missing: the steps of the schema that the next start makes.
        unknown: the last step that a newer version has made; empty for none.
        fresh: whether it was never set up.
        may_create: whether its user may create tables.
        ahead: seconds by which its clock is ahead of ours.
    """

    version: int
    missing: tuple[str, ...] = ()
    unknown: str = ""
    fresh: bool = False
    may_create: bool = True
    ahead: float = 0.0


async def read_facts(conn: psycopg.AsyncConnection) -> Facts:
    """Look."""
    asked = time.time()
    [row] = await (await conn.execute(_ASK)).fetchall()
    ours = (asked + time.time()) / 2  # the answer was made somewhere between
    now, may_create, fresh = row
    missing, unknown = await pending(conn, fresh=fresh)
    version = conn.info.server_version // 10_000
    ahead = _seconds(now) - ours
    return Facts(version, tuple(missing), unknown, fresh, may_create, ahead)


def _seconds(moment: datetime) -> float:
    return moment.timestamp()
