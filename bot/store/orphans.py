"""Find what the ledger says is to be done, and no job does: the queue can lose a job, a row not.

A job is lost where a process that was taken for dead wakes up and ends it, or where its end could
not be written. Whoever runs one that is not lost does no harm. It can also be put off too far, by a
process whose clock is ahead.
"""

import psycopg

from bot.tasks import Task

OVERDUE = 5.0
"""Seconds for which something may be due without a job before one is made."""

BACK_OFF = 65.0
"""Seconds past its time for which a job may wait: one that fails is tried again within a minute."""

# Of what only shows something Slack may say how long it is to wait, so that has no time.
_ALL = """
WITH needed AS (
    SELECT CASE kind WHEN 'page' THEN 'urgent' ELSE 'drain' END AS task, id AS send_id,
        greatest((SELECT paused FROM pace), (
            SELECT min(coalesce(next_check, created)) FROM delivery
            WHERE send_id = send.id AND state = 'queued'
        )) AS due
    FROM send
    WHERE settled IS NULL AND created < now() - make_interval(secs => %(late)s)
  UNION ALL
    SELECT 'track', id, look_at FROM send
    WHERE look_at < now() - make_interval(secs => %(late)s)
  UNION ALL
    SELECT 'card', send_id, NULL FROM card WHERE stale
  UNION ALL
    SELECT 'page', id, due FROM page WHERE due < now() - make_interval(secs => %(late)s)
  UNION ALL
    SELECT 'page_card', page_id, NULL FROM page_card WHERE stale
  UNION ALL
    SELECT 'reconcile', send_id, min(next_check) FROM delivery
    WHERE state = 'in_doubt' AND next_check < now() - make_interval(secs => %(late)s)
    GROUP BY send_id
)
"""

_NEEDED = f"""{_ALL}
SELECT task, send_id FROM needed n WHERE NOT EXISTS (
    SELECT 1 FROM procrastinate_jobs j
    WHERE j.status IN ('todo', 'doing') AND j.task_name = n.task
      AND (j.args->>'send_id')::bigint = n.send_id
) LIMIT 1000
"""  # noqa: S608 - both parts are ours

_HASTEN = f"""{_ALL}
UPDATE procrastinate_jobs j SET scheduled_at = now() FROM needed n
WHERE j.status = 'todo' AND j.task_name = n.task AND (j.args->>'send_id')::bigint = n.send_id
  AND j.scheduled_at > greatest(n.due, now()) + make_interval(secs => %(back_off)s)
  AND n.due IS NOT NULL
"""  # noqa: S608 - as above

_MINE = "SELECT id FROM procrastinate_jobs WHERE status = 'doing' AND worker_id = %s"


async def orphans(conn: psycopg.AsyncConnection) -> list[tuple[Task, int]]:
    """Give each task and send that want a job."""
    cursor = await conn.execute(_NEEDED, {"late": OVERDUE})
    return [(Task(task), send_id) for task, send_id in await cursor.fetchall()]


async def hasten(conn: psycopg.AsyncConnection) -> int:
    """Let the jobs run that wait far beyond the time of what they do; tell how many."""
    cursor = await conn.execute(_HASTEN, {"late": OVERDUE, "back_off": BACK_OFF})
    return cursor.rowcount


async def claimed(conn: psycopg.AsyncConnection, worker: int) -> frozenset[int]:
    """Give the jobs that a worker is said to be doing."""
    cursor = await conn.execute(_MINE, (worker,))
    return frozenset(row[0] for row in await cursor.fetchall())
