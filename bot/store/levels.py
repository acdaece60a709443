"""How much there is of what: counted in the database every few seconds, each by an index."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import psycopg

from bot.store.outbox import DEAD_AFTER
from twilio_core import explain

_DELIVERIES = """
SELECT d.state, d.error_code, count(*) FROM send s JOIN delivery d ON d.send_id = s.id
WHERE s.created > now() - interval '24 hours' GROUP BY 1, 2
"""

# Who was left in doubt on the sender's word is nobody's business any more.
_DOUBTS = """
SELECT CASE WHEN d.next_check IS NULL THEN 'asked' ELSE 'looked_for' END, count(*)
FROM delivery d WHERE d.state = 'in_doubt' AND (
    d.next_check IS NOT NULL OR (SELECT left_by FROM send WHERE id = d.send_id) = ''
) GROUP BY 1
"""

# Jobs that are done are not kept, so the whole table is what waits and runs.
_JOBS = """
SELECT task_name, CASE WHEN status = 'doing' THEN 'running'
        WHEN scheduled_at > now() THEN 'later' ELSE 'due' END AS stands, count(*),
    coalesce(max(extract(epoch FROM now() - coalesce(scheduled_at, (
        SELECT min(at) FROM procrastinate_events WHERE job_id = j.id
    )))) FILTER (WHERE status = 'todo'), 0)::float8
FROM procrastinate_jobs j WHERE status IN ('todo', 'doing') GROUP BY 1, 2
"""

_PAGES = """
SELECT (SELECT count(*) FROM page WHERE stage = 'open'),
    coalesce((SELECT extract(epoch FROM now() - min(created)) FROM page WHERE stage = 'open'),
        0)::float8,
    (SELECT count(*) FROM page
     WHERE stage = 'exhausted' AND created > now() - interval '24 hours'),
    (SELECT count(*) FROM procrastinate_workers
     WHERE last_heartbeat > now() - make_interval(secs => %s))
"""


@dataclass(frozen=True)
class Levels:
    """What was counted.

    Attributes:
        deliveries: recipients of sends of the last 24 h, by state and by how far an error reaches.
        in_doubt: recipients in doubt: looked for at Twilio, or their sender asked.
        jobs: by task, and whether due, later or running.
        queue_age: seconds that the job which is due for longest has waited.
        pages_open: pages that wait for somebody.
        oldest_open: seconds since the oldest of them was opened.
        pages_exhausted: pages of the last 24 h that nobody has acknowledged and nobody is paged
            for any more.
        processes: processes that show signs of life.
    """

    deliveries: Mapping[tuple[str, str], int]
    in_doubt: Mapping[str, int]
    jobs: Mapping[tuple[str, str], int]
    queue_age: float
    pages_open: int
    oldest_open: float
    pages_exhausted: int
    processes: int


async def read_levels(conn: psycopg.AsyncConnection) -> Levels:
    """Count."""
    deliveries: Counter[tuple[str, str]] = Counter()
    for state, code, count in await (await conn.execute(_DELIVERIES)).fetchall():
        deliveries[state, str(explain(code).scope) if code else "none"] += count
    doubts = await (await conn.execute(_DOUBTS)).fetchall()
    jobs = await (await conn.execute(_JOBS)).fetchall()
    [pages] = await (await conn.execute(_PAGES, (DEAD_AFTER,))).fetchall()
    return Levels(
        deliveries,
        {"looked_for": 0, "asked": 0, **dict(doubts)},
        {(task, stands): count for task, stands, count, _ in jobs},
        max((age for _, stands, _, age in jobs if stands == "due"), default=0.0),
        *pages,
    )
