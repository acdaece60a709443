"""Signs of life of a process, and the pace at which all of them together ask Twilio.

Both stand in the database, so that processes see each other. The pace is one row: halved when
Twilio finds the requests too many (429), raised again step by step; and a pause for everybody
when no connection comes about or Twilio names a time to wait.
"""

from dataclasses import dataclass

import psycopg

from bot.store.outbox import DEAD_AFTER

CALM = 2.0
"""Seconds without a 429 after which the ceiling begins to rise."""

STEPS = 25
"""Seconds in which the ceiling rises by as much as one process may have under way."""

# Once a second at the most, whoever of them asks: what was posted before the last change says
# nothing about it.
_RAISE = """
UPDATE pace SET raised = now(),
    ceiling = nullif(least(ceiling + greatest(%(most)s / %(steps)s, 1), %(top)s), %(top)s)
WHERE ceiling IS NOT NULL AND lowered < now() - make_interval(secs => %(calm)s)
  AND raised < now() - interval '0.9 seconds'
"""

_BEAT = """
WITH beaten AS (
    UPDATE procrastinate_workers SET last_heartbeat = now() WHERE id = %(worker)s RETURNING id
)
SELECT EXISTS (SELECT 1 FROM beaten),
    (SELECT count(*) FROM procrastinate_workers
     WHERE last_heartbeat > now() - make_interval(secs => %(dead)s)),
    ceiling, extract(epoch FROM greatest(paused, now()) - now())::float8,
    extract(epoch FROM now() - down_since)::float8
FROM pace
"""

# Not halved here: two processes that were refused under the same ceiling halve it once.
_LOWER = "UPDATE pace SET lowered = now(), ceiling = least(ceiling, %s)"

_PAUSE = "UPDATE pace SET paused = greatest(paused, now() + make_interval(secs => %s))"

# The first failure begins the outage; one that is known already counts on.
_DOWN = """
UPDATE pace SET down_since = coalesce(down_since, now()),
    paused = greatest(paused, now() + make_interval(secs => %s))
"""

_UP = "UPDATE pace SET down_since = NULL, paused = '-infinity' WHERE down_since IS NOT NULL"


@dataclass(frozen=True)
class Beat:
    """What a process learns with each sign of life.

    Attributes:
        alive: whether its worker is still registered.
        live: how many processes show signs of life.
        ceiling: requests under way at once, of all processes; None for as many as they like.
        paused: seconds until anybody may ask Twilio; 0 for now.
        down: seconds since connections to Twilio began to fail; None while they come about.
    """

    alive: bool
    live: int
    ceiling: int | None
    paused: float
    down: float | None


async def beat(conn: psycopg.AsyncConnection, worker: int, most: int) -> Beat:
    """Show a sign of life, and learn the pace.

    Args:
        conn: a connection that nothing else waits for.
        worker: the worker's number.
        most: how many requests one process may have under way.
    """
    cursor = await conn.execute(_BEAT, {"worker": worker, "dead": DEAD_AFTER})
    row = await cursor.fetchone()
    if row is None:
        raise LookupError("the table pace has no row")
    alive, live, ceiling, paused, down = row
    if ceiling is not None:
        top = most * max(live, 1)
        told = {"most": most, "steps": STEPS, "calm": CALM, "top": top}
        await conn.execute(_RAISE, told)
    return Beat(alive, live, ceiling, paused, down)


async def lower(conn: psycopg.AsyncConnection, ceiling: int) -> None:
    """Let all processes have no more than so many requests under way."""
    await conn.execute(_LOWER, (ceiling,))


async def pause(conn: psycopg.AsyncConnection, seconds: float) -> None:
    """Let nobody ask Twilio for some seconds."""
    await conn.execute(_PAUSE, (seconds,))


async def down(conn: psycopg.AsyncConnection, seconds: float) -> None:
    """Note that no connection came about, and let nobody try for some seconds."""
    await conn.execute(_DOWN, (seconds,))


async def up(conn: psycopg.AsyncConnection) -> None:
    """Note that connections come about again."""
    await conn.execute(_UP)
