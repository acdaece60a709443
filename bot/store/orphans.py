"""Find what the ledger says is to be done, and no job does: the queue can lose a job, a row not.

A job is lost where a process that was taken for dead wakes up and ends it, or where its end could
not be written. Whoever runs one that is not lost does no harm.
"""

import psycopg

from bot.tasks import Task

OVERDUE = 5.0
"""Seconds for which something may be due without a job before one is made."""

_NEEDED = """
WITH needed AS (
    SELECT CASE kind WHEN 'page' THEN 'urgent' ELSE 'drain' END AS task, id AS send_id FROM send
    WHERE settled IS NULL AND created < now() - make_interval(secs => %(late)s)
  UNION ALL
    SELECT 'track', id FROM send WHERE look_at < now() - make_interval(secs => %(late)s)
  UNION ALL
    SELECT 'card', send_id FROM card WHERE stale
  UNION ALL
    SELECT 'page', id FROM page WHERE due < now() - make_interval(secs => %(late)s)
  UNION ALL
    SELECT 'page_card', page_id FROM page_card WHERE stale
  UNION ALL
    SELECT DISTINCT 'reconcile', send_id FROM delivery
    WHERE state = 'in_doubt' AND next_check < now() - make_interval(secs => %(late)s)
)
SELECT task, send_id FROM needed n WHERE NOT EXISTS (
    SELECT 1 FROM procrastinate_jobs j
    WHERE j.status IN ('todo', 'doing') AND j.task_name = n.task
      AND (j.args->>'send_id')::bigint = n.send_id
) LIMIT 1000
"""

_MINE = "SELECT id FROM procrastinate_jobs WHERE status = 'doing' AND worker_id = %s"


async def orphans(conn: psycopg.AsyncConnection) -> list[tuple[Task, int]]:
    """Give each task and send that want a job."""
    cursor = await conn.execute(_NEEDED, {"late": OVERDUE})
    return [(Task(task), send_id) for task, send_id in await cursor.fetchall()]


async def claimed(conn: psycopg.AsyncConnection, worker: int) -> frozenset[int]:
    """Give the jobs that a worker is said to be doing."""
    cursor = await conn.execute(_MINE, (worker,))
    return frozenset(row[0] for row in await cursor.fetchall())
