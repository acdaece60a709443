"""The steps of pages: which is due, and what firing one writes."""

from dataclasses import dataclass, field

import psycopg

from bot.store.database import Pool
from bot.store.ladders import unpacked
from bot.store.marks import mark_pages
from bot.store.pages import note, say, tell
from bot.tasks import Deferrer, Order, Task
from commands.ladder import Fired
from commands.model import Recipient, mask
from commands.oncall import Ladder, Rung
from commands.page import Reached

_STANDING = """
SELECT jsonb_build_object('steps', steps, 'rounds', rounds, 'escalation', escalation, 'link', link,
        'source', source, 'storm', storm),
    fired, extract(epoch FROM due - now())::float8, channel, body, code,
    extract(epoch FROM now() - unanswered)::float8
FROM page WHERE id = %s AND due IS NOT NULL
"""

_FIRED = """
SELECT s.page_step, count(*),
    count(*) FILTER (WHERE d.state IN ('failed', 'undelivered', 'canceled', 'suppressed'))
FROM send s JOIN delivery d ON d.send_id = s.id
WHERE s.page_id = %s AND s.page_step IS NOT NULL GROUP BY 1
"""

# Fenced by the count: of two that fire the same step, one does.
_FIRE = """
UPDATE page SET fired = fired + 1, due = now() + make_interval(secs => %s),
    unanswered = CASE WHEN %s THEN now() END
WHERE id = %s AND fired = %s AND due IS NOT NULL RETURNING id
"""

_UNANSWERED = """
UPDATE page SET unanswered = coalesce(unanswered, now()), due = least(due, now())
WHERE id = %s AND fired = %s AND due IS NOT NULL
"""

_COMPLETE = """
UPDATE page SET unanswered = CASE WHEN %s THEN unanswered END
WHERE id = %s AND fired = %s AND due IS NOT NULL RETURNING id
"""

# Whom a step has paged, and whom the same step of the round before has.
_STEP = """
SELECT d.address, d.name FROM send s JOIN delivery d ON d.send_id = s.id
WHERE s.page_id = %s AND s.page_step = %s ORDER BY d.id
"""

# Twilio was out of reach, perhaps, and the ladder has gone on: the later text says the same.
_SUPERSEDE = """
WITH older AS (
    SELECT d.id FROM send s JOIN delivery d ON d.send_id = s.id
    WHERE s.page_id = %(page)s AND s.page_step < %(step)s AND d.state = 'queued'
      AND d.address = ANY(%(addresses)s)
    ORDER BY d.id FOR UPDATE OF d
), off AS (
    UPDATE delivery d SET state = 'canceled', code = '1001', next_check = NULL,
        reason = 'not sent, because a later step of the page is'
    FROM older WHERE d.id = older.id RETURNING d.id
)
INSERT INTO event (delivery_id, state, source) SELECT id, 'canceled', 'page' FROM off
"""

_EXHAUST = """
UPDATE page SET stage = 'exhausted', due = NULL
WHERE id = %s AND fired = %s AND due IS NOT NULL RETURNING id
"""

# Two statements: what another one has noted is seen only once its lock was waited for.
_HOLD = "SELECT true FROM page WHERE id = %s AND due IS NOT NULL FOR NO KEY UPDATE"

_SAID = "SELECT true FROM page_event WHERE page_id = %s AND what = 'unreached'"


@dataclass(frozen=True)
class Standing:
    """A page that waits for somebody.

    Attributes:
        page_id: its number.
        ladder: whom it goes to.
        fired: the steps that have fired, oldest first.
        left: seconds until it is due; 0 or less if it is.
        channel: whose rules apply.
        body: its text.
        code: its reply code.
        unanswered: seconds since somebody of its present step could not be looked up; None if all
            could.
    """

    page_id: int
    ladder: Ladder
    fired: tuple[Fired, ...]
    left: float
    channel: str
    body: str = field(repr=False)
    code: str
    unanswered: float | None = None


class PageSteps:
    """What `bot.climb` needs of the ledger."""

    def __init__(self, pool: Pool, jobs: Deferrer) -> None:
        self._pool = pool
        self._jobs = jobs

    async def standing(self, page_id: int) -> Standing | None:
        """Give a page that waits for somebody; None if none is waited for."""
        async with self._pool.connection() as conn, conn.pipeline():
            head = await conn.execute(_STANDING, (page_id,))
            steps = await conn.execute(_FIRED, (page_id,))
            row = await head.fetchone()
            counts = {step: Fired(*pair) for step, *pair in await steps.fetchall()}
        if row is None:
            return None
        data, fired, left, channel, body, code, unanswered = row
        # a step that reached nobody made no send
        done = tuple(counts.get(step, Fired(0, 0)) for step in range(fired))
        return Standing(page_id, unpacked(data), done, left, channel, body, code, unanswered)

    async def fire(
        self, page: Standing, index: int, rung: Rung, reached: Reached, text: str
    ) -> bool:
        """Page whom a step reaches, and set the time of the next; False if somebody else did."""
        wait = rung.wait.total_seconds()
        async with self._pool.connection() as conn, conn.transaction():
            asked = (wait, reached.unanswered, page.page_id, index)
            cursor = await conn.execute(_FIRE, asked)
            if await cursor.fetchone() is None:
                return False
            await self._note(conn, page, index, reached)
            await self._send(conn, page, index, reached, text)
            await self._jobs.defer(Order(Task.PAGE, page.page_id, wait), conn=conn)
            await mark_pages(conn, self._jobs, [page.page_id])
        return True

    async def _send(
        self,
        conn: psycopg.AsyncConnection,
        page: Standing,
        index: int,
        reached: Reached,
        text: str,
    ) -> None:
        rows = await (await conn.execute(_STEP, (page.page_id, index))).fetchall()
        paged = {address for address, _ in rows}
        people = [(r.address, r.name) for r in reached.recipients if r.address not in paged]
        if not people:
            return
        addresses = [address for address, _ in people]
        superseded = {"page": page.page_id, "step": index, "addresses": addresses}
        await conn.execute(_SUPERSEDE, superseded)
        key = f"step:{index}:{len(paged)}"
        await tell(conn, self._jobs, page.page_id, key, text, people, step=index)

    async def step(self, page_id: int, index: int) -> tuple[Recipient, ...]:
        """Give whom a step has paged."""
        async with self._pool.connection() as conn:
            rows = await (await conn.execute(_STEP, (page_id, index))).fetchall()
        return tuple(Recipient(*row) for row in rows)

    async def complete(self, page: Standing, index: int, reached: Reached, text: str) -> None:
        """Page those of the step that has fired last who could not be looked up before.

        With `reached.unanswered` it is still to be tried again.
        """
        async with self._pool.connection() as conn, conn.transaction():
            asked = (reached.unanswered, page.page_id, index + 1)
            if await (await conn.execute(_COMPLETE, asked)).fetchone() is None:
                return
            if reached.recipients or not reached.unanswered:
                await self._note(conn, page, index, reached)
            await self._send(conn, page, index, reached, text)
            await mark_pages(conn, self._jobs, [page.page_id])

    async def _note(
        self, conn: psycopg.AsyncConnection, page: Standing, index: int, reached: Reached
    ) -> None:
        total = len(page.ladder.rungs) * page.ladder.rounds
        names = ", ".join(r.name or mask(r.address) for r in reached.recipients) or "nobody"
        step = f"step {index + 1} of {total}: {names}"
        await note(conn, page.page_id, "step", detail=step)
        if reached.missed:
            missed = "; ".join(f"{p.entry}: {p.why}" for p in reached.missed)
            await note(conn, page.page_id, "missed", detail=f"step {index + 1}: {missed}")

    async def unanswered(self, page_id: int, fired: int) -> None:
        """Note that nobody of the next step could be looked up; it is due from now on."""
        async with self._pool.connection() as conn:
            await conn.execute(_UNANSWERED, (page_id, fired))

    async def exhaust(self, page: Standing, loud: str) -> None:
        """End a ladder that nobody has answered, and say so in the channel."""
        async with self._pool.connection() as conn, conn.transaction():
            cursor = await conn.execute(_EXHAUST, (page.page_id, len(page.fired)))
            if await cursor.fetchone() is None:
                return
            await note(conn, page.page_id, "exhausted")
            await say(conn, self._jobs, page.page_id, "loud", loud)

    async def alone(self, page: Standing, loud: str) -> None:
        """Say in the channel, once, that the whole ladder has reached nobody."""
        async with self._pool.connection() as conn, conn.transaction():
            held = await (await conn.execute(_HOLD, (page.page_id,))).fetchone()
            if held is None or await (await conn.execute(_SAID, (page.page_id,))).fetchone():
                return
            await note(conn, page.page_id, "unreached")
            await say(conn, self._jobs, page.page_id, "loud", loud)
