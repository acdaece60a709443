"""Whether a bot works on a database."""

import psycopg

ALIVE = """
SELECT EXISTS (
    SELECT 1 FROM procrastinate_workers WHERE last_heartbeat > now() - interval '15 seconds'
)
"""
"""A worker beats once a second and signs off when it stops; one that was killed counts for 15 s."""


class StillRunningError(Exception):
    """A bot works on the database."""


async def check_idle(conn: psycopg.AsyncConnection) -> None:
    """Hold that no bot works there; the engine's tables need not exist.

    Raises:
        StillRunningError: one does.
    """
    made = await (await conn.execute("SELECT to_regclass('procrastinate_workers')")).fetchone()
    if made and made[0] is None:
        return
    row = await (await conn.execute(ALIVE)).fetchone()
    if row and row[0]:
        raise StillRunningError
