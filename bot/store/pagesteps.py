"""The steps of pages: which is due, and what firing one writes."""

from dataclasses import dataclass, field

import psycopg

from bot.store.database import Pool
from bot.store.ladders import unpacked
from bot.store.marks import mark_pages
from bot.store.pages import note, say, tell
from bot.tasks import Deferrer, Order, Task
from commands.ladder import Fired
from commands.model import mask
from commands.oncall import Ladder, Rung
from commands.page import Reached

_STANDING = """
SELECT jsonb_build_object('steps', steps, 'rounds', rounds, 'escalation', escalation, 'link', link,
        'source', source, 'storm', storm),
    fired, extract(epoch FROM due - now())::float8, channel, body, code
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
UPDATE page SET fired = fired + 1, due = now() + make_interval(secs => %s)
WHERE id = %s AND fired = %s AND due IS NOT NULL RETURNING id
"""

_HASTEN = """
UPDATE page SET due = now() WHERE id = %s AND fired = %s AND due > now()
"""

_EXHAUST = """
UPDATE page SET stage = 'exhausted', due = NULL
WHERE id = %s AND fired = %s AND due <= now() RETURNING id
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
    """

    page_id: int
    ladder: Ladder
    fired: tuple[Fired, ...]
    left: float
    channel: str
    body: str = field(repr=False)
    code: str


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
        data, fired, left, channel, body, code = row
        # a step that reached nobody made no send
        done = tuple(counts.get(step, Fired(0, 0)) for step in range(fired))
        return Standing(page_id, unpacked(data), done, left, channel, body, code)

    async def fire(
        self, page: Standing, index: int, rung: Rung, reached: Reached, text: str
    ) -> bool:
        """Page whom a step reaches, and set the time of the next; False if somebody else did."""
        wait = rung.wait.total_seconds()
        async with self._pool.connection() as conn, conn.transaction():
            cursor = await conn.execute(_FIRE, (wait, page.page_id, index))
            if await cursor.fetchone() is None:
                return False
            await self._note(conn, page, index, reached)
            people = [(r.address, r.name) for r in reached.recipients]
            if people:
                key = f"step:{index}"
                await tell(conn, self._jobs, page.page_id, key, text, people, step=index)
            await self._jobs.defer(Order(Task.PAGE, page.page_id, wait), conn=conn)
            await mark_pages(conn, self._jobs, [page.page_id])
        return True

    async def _note(
        self, conn: psycopg.AsyncConnection, page: Standing, index: int, reached: Reached
    ) -> None:
        total = len(page.ladder.rungs) * page.ladder.rounds
        names = ", ".join(r.name or mask(r.address) for r in reached.recipients) or "nobody"
        step = f"step {index + 1} of {total}: {names}"
        await note(conn, page.page_id, "step", detail=step)
        if reached.missed:
            missed = "; ".join(f"{p.entry}: {p.why}" for p in reached.missed)
            await note(conn, page.page_id, "missed", detail=missed)

    async def hasten(self, page_id: int, fired: int) -> None:
        """Let a page be due now: the step that was waited for has reached nobody."""
        async with self._pool.connection() as conn:
            await conn.execute(_HASTEN, (page_id, fired))

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
