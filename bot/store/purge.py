"""Remove what is old: sends, pages, replies, changes of the directory, questions, homes, jobs.

In small batches, each a transaction of its own, so that nothing else waits for long. The audit is
kept: it holds neither numbers nor texts.
"""

from bot.store.database import Pool

BATCH = 1_000
"""Deliveries removed at once."""

HEARD = 172_800.0
"""Seconds for which a reply is remembered at least: longer than Twilio's list is looked back at."""

FIRES = 604_800.0
"""Seconds for which an alert that was not told of again still counts as firing, at least: longer
than sources wait before they repeat one. Some never tell of its end; their pages go all the same.
"""

_LOCK = 0x6B656570

_OLD = """
SELECT id FROM send
WHERE created < now() - make_interval(secs => %s) AND settled IS NOT NULL
  AND settled < now() - make_interval(secs => %s)
  AND NOT EXISTS (SELECT 1 FROM page p WHERE p.id = page_id AND p.due IS NOT NULL)
ORDER BY created LIMIT 1
"""

_DELIVERIES = """
DELETE FROM delivery WHERE id IN (SELECT id FROM delivery WHERE send_id = %s LIMIT %s)
"""

_JOBS = """
DELETE FROM procrastinate_jobs WHERE id IN (
    SELECT j.id FROM procrastinate_jobs j
    WHERE j.status NOT IN ('todo', 'doing') AND NOT EXISTS (
        SELECT 1 FROM procrastinate_events e
        WHERE e.job_id = j.id AND e.at > now() - make_interval(secs => %s)
    ) LIMIT %s
)
"""

# They hold the numbers of people who were removed, and cannot be undone any more.
_CHANGES = """
DELETE FROM directory_change WHERE id IN (
    SELECT id FROM directory_change WHERE at < now() - make_interval(secs => %s)
    ORDER BY at LIMIT %s
)
"""

# They are not kept live any more (`bot.store.homes`); opening one makes another row.
_HOMES = """
DELETE FROM home WHERE user_id = ANY(ARRAY(
    SELECT user_id FROM home WHERE opened < now() - interval '1 day' ORDER BY opened LIMIT %s
))
"""


# They hold a text and numbers, and are answered by now or never. A day later nobody clicks on them.
_QUESTIONS = """
DELETE FROM question WHERE id IN (
    SELECT id FROM question WHERE expires < now() - interval '1 day' ORDER BY expires LIMIT %s
)
"""


# With what was written about them, and what was said to them; those that wait for somebody stay.
# Every end is an event, and the last one counts: a page may be acknowledged or resolved long after
# it was opened. While an alert fires on it, it tells who knows: without it the alert pages anew.
# Values, not EXISTS, which the planner may join: both are asked of the few pages that old only.
_PAGES = """
DELETE FROM page WHERE id = ANY(ARRAY(
    SELECT id FROM page WHERE created < now() - make_interval(secs => %(keep)s) AND due IS NULL
      AND coalesce((SELECT max(at) FROM page_event WHERE page_id = page.id), created)
        < now() - make_interval(secs => %(keep)s)
      AND (stage = 'resolved' OR (
        SELECT true FROM alert WHERE page_id = page.id AND firing
          AND last > now() - make_interval(secs => %(fires)s) LIMIT 1
      ) IS NULL)
    ORDER BY created LIMIT %(batch)s
))
"""

# What strangers wrote is known by its number only.
_REPLIES = """
DELETE FROM reply WHERE sid = ANY(ARRAY(
    SELECT sid FROM reply WHERE received < now() - make_interval(secs => %s)
    ORDER BY received LIMIT %s
))
"""


class Purge:
    """Removes old sends; one process at a time."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def step(self, keep: float) -> int:
        """Remove one batch of what ended more than `keep` seconds ago; tell how many rows.

        None are left once it gives 0, or another process is at it.
        """
        async with self._pool.connection() as conn, conn.transaction():
            cursor = await conn.execute("SELECT pg_try_advisory_xact_lock(%s)", (_LOCK,))
            locked = await cursor.fetchone()
            if not locked or not locked[0]:
                return 0
            cursor = await conn.execute(_OLD, (keep, keep))
            old = await cursor.fetchone()
            if old is None:
                jobs = (await conn.execute(_JOBS, (keep, BATCH))).rowcount
                changes = (await conn.execute(_CHANGES, (keep, BATCH))).rowcount
                questions = (await conn.execute(_QUESTIONS, (BATCH,))).rowcount
                homes = (await conn.execute(_HOMES, (BATCH,))).rowcount
                ended = {"keep": keep, "fires": max(keep, FIRES), "batch": BATCH}
                pages = (await conn.execute(_PAGES, ended)).rowcount
                replies = (await conn.execute(_REPLIES, (max(keep, HEARD), BATCH))).rowcount
                return jobs + changes + questions + homes + pages + replies
            removed = (await conn.execute(_DELIVERIES, (old[0], BATCH))).rowcount
            if removed < BATCH:
                removed += (
                    await conn.execute("DELETE FROM send WHERE id = %s", (old[0],))
                ).rowcount
            return removed
